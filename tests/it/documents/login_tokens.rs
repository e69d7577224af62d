//! Seed 3, "Login with Prosper", promise by promise: the code, the exchange, the token and the profile.

use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::AccountId;
use prosper::fault::Fault;
use prosper::store::changes::Change;
use prosper::store::engine::{Tx, Unit};
use serde_json::{Value, json};

use super::{ada_and_acme, after_consent, invalid_token};
use crate::prosper::exchange::{form, request};
use crate::prosper::login::CALLBACK;
use crate::prosper::{Prosper, minutes, seconds};

const EXCHANGE: &str = "/login/oauth/access-token";

#[tokio::test]
async fn a_code_works_once() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let code = app.code_of(&ada).await;
    let token = app.exchange(&code).await.login_token();
    for _ in 0..3 {
        app.exchange(&code).await.says(400, "Invalid code");
    }
    p.user(&token).await.is(200);
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    let (first, second) = (browser.code_for(&app).await, browser.code_for(&app).await);
    p.clock.advance(minutes(4) + seconds(59));
    app.exchange(&first).await.login_token();
    p.clock.advance(seconds(1));
    app.exchange(&second).await.says(400, "Code has expired");
}

#[tokio::test]
async fn a_code_shows_nothing_and_cannot_be_altered() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    let (one, two) = (browser.code_for(&app).await, browser.code_for(&app).await);
    assert_ne!(one, two);

    let blob = data_encoding::BASE64URL_NOPAD.decode(one.as_bytes()).expect("base64url");
    let shown = |needle: &[u8]| blob.windows(needle.len()).any(|window| window == needle);
    assert!(!shown(ada.email.as_bytes()) && !shown(CALLBACK.as_bytes()));
    assert!(!shown(app.id.bytes()) && !shown(&ada.id.0.to_be_bytes()));
    for at in 0..one.len() {
        let mut altered = one.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("ASCII");
        app.exchange(&altered).await.says(400, "Invalid code");
    }
    app.exchange(&one).await.login_token();
}

#[tokio::test]
async fn a_code_is_useless_without_the_secret() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let other = ada.has_login_app("Another", &["https://other.example/cb"]).await;
    let code = app.code_of(&ada).await;
    let attempt = async |secret: Value| {
        let mut body = json!({"client_id": app.client_id, "code": code});
        if !secret.is_null() {
            body["client_secret"] = secret;
        }
        app.exchange_json(&body.to_string()).await
    };
    for secret in [Value::Null, json!(""), json!("guess"), json!(other.secret), json!(app.client_id)] {
        attempt(secret).await.says(400, "Invalid secret");
    }
    app.exchange(&code).await.login_token();
}

#[tokio::test]
async fn a_token_lives_fifteen_minutes() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let token = app.token_of(&ada).await;
    p.clock.advance(minutes(14) + seconds(59));
    p.user(&token).await.is(200);
    p.clock.advance(seconds(1));
    invalid_token(&p.user(&token).await);
}

#[tokio::test]
async fn authorizing_again_gives_a_new_token_and_nothing_else_does() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    p.clock.advance(minutes(15));

    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let refused = app.exchange_form(&refresh).await;
    assert_eq!(refused.is(400).json()["error"], "unsupported_grant_type", "{}", refused.told());
    let pairs = [("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str())];
    assert_ne!(p.token(&[&refresh[..], &pairs].concat()).await.status, 200);

    let back = browser.get(&app.authorize_url(CALLBACK, "s")).await;
    let fresh = app.exchange(&back.location_parameter("code").expect("a code")).await.login_token();
    assert_ne!(fresh, token);
    p.user(&fresh).await.is(200);
}

#[tokio::test]
async fn the_exchange_takes_json_and_form_alike() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    let (one, two) = (browser.code_for(&app).await, browser.code_for(&app).await);
    app.exchange(&one).await.login_token();
    app.exchange_form(&[("code", &two)]).await.login_token();
    let get = p.get(EXCHANGE).await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")), "{}", get.told());
}

#[tokio::test]
async fn a_good_exchange_answers_with_four_members() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let answer = app.exchange(&app.code_of(&ada).await).await;
    let mut json = answer.is(200).json();
    assert!(json["access_token"].take().is_string());
    let expected = json!({"access_token": null, "token_type": "bearer", "scope": "user:email", "expires_in": 900});
    assert_eq!(json, expected);
}

#[tokio::test]
async fn a_token_is_opaque_base64() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let token = app.token_of(&ada).await;
    let blob = data_encoding::BASE64_NOPAD.decode(token.as_bytes()).expect("base64 without padding");
    assert!(blob.len() >= 48, "an id of 128 bits, a nonce and a tag");
    let shown = |needle: &[u8]| blob.windows(needle.len()).any(|window| window == needle);
    assert!(!shown(ada.email.as_bytes()) && !shown(app.id.bytes()) && !shown(b"user:email"));
}

#[tokio::test]
async fn the_failures_of_the_exchange_are_met_row_by_row() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let other = ada.has_login_app("Another", &["https://other.example/cb"]).await;
    let code = app.code_of(&ada).await;
    let with = async |client_id: &str, secret: &str, code: &str| {
        let body = json!({"client_id": client_id, "client_secret": secret, "code": code});
        app.exchange_json(&body.to_string()).await
    };
    with(&app.client_id, &app.secret, "not a code").await.says(400, "Invalid code");
    with(&other.client_id, &other.secret, &code).await.says(400, "Invalid client id");
    with("00000000000000000000000000000000", &app.secret, &code).await.says(400, "Client not found");
    with(&app.client_id, &other.secret, &code).await.says(400, "Invalid secret");
    // None of which used it up.
    with(&app.client_id, &app.secret, &code).await.login_token();
    with(&app.client_id, &app.secret, &code).await.says(400, "Invalid code");
}

#[tokio::test]
async fn the_profile_is_read_with_a_bearer_header_alone() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let token = app.token_of(&ada).await;
    p.user(&token).await.is(200);
    let query = form(&[("access_token", &token)]);
    invalid_token(&p.get(&format!("/api/v2/user?{query}")).await);
    for header in
        [token.clone(), format!("Basic {token}"), "Bearer".into(), "Bearer ".into(), format!("Bearer {token}=")]
    {
        invalid_token(&p.send(request("GET", "/api/v2/user", &[("authorization", &header)], "")).await);
    }
    for malformed in ["x", &token[1..], &token[..token.len() - 1], &format!("{token}AAAA")] {
        invalid_token(&p.user(malformed).await);
    }
}

#[tokio::test]
async fn the_profile_has_seven_members() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let profile = p.user(&app.token_of(&ada).await).await.is(200).never_stored().json();
    let expected = json!({
        "uid": ada.uid.to_string(), "id": ada.id.0, "login": "ada@example.com", "email": "ada@example.com",
        "firstName": "Ada", "lastName": "Lovelace", "userName": "ada@example.com",
    });
    assert_eq!(profile, expected);
    let parts: Vec<_> = profile["uid"].as_str().expect("text").split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12]);
    assert!(profile["id"].is_i64());
}

#[tokio::test]
async fn uid_and_id_stay_when_the_email_changes() {
    let p = Prosper::start().await;
    let (mut ada, app) = ada_and_acme(&p).await;
    let before = p.user(&app.token_of(&ada).await).await.is(200).json();

    p.p.store.write(Move { id: ada.id, email: "countess@example.com", name: "Ada King" }).await.expect("written");
    ada.email = "countess@example.com".into();
    let after = p.user(&app.token_of(&ada).await).await.is(200).json();
    assert_eq!((&before["uid"], &before["id"]), (&after["uid"], &after["id"]));
    for member in ["email", "login", "userName"] {
        assert_eq!(after[member], "countess@example.com");
    }
}

/// An account gets another address and name. There is no page for it yet.
struct Move {
    id: AccountId,
    email: &'static str,
    name: &'static str,
}

impl Unit for Move {
    type Out = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let sql = "update accounts set email = ?2, folded_email = ?2, name = ?3 where id = ?1";
        tx.execute(sql, prosper::values![self.id, self.email, self.name]).await?;
        tx.changed(Change::Account(self.id));
        Ok(())
    }
}

#[tokio::test]
async fn a_full_name_is_split_at_its_first_and_last_space() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let token = app.token_of(&ada).await;
    for (name, first, last) in [
        ("Alice Smith", "Alice", "Smith"),
        ("Ada King Noel Lovelace", "Ada", "Lovelace"),
        ("Prince", "Prince", ""),
        ("Ana  María de la Cruz", "Ana", "Cruz"),
    ] {
        p.p.store.write(Move { id: ada.id, email: "ada@example.com", name }).await.expect("written");
        let profile = p.user(&token).await.is(200).json();
        assert_eq!((&profile["firstName"], &profile["lastName"]), (&json!(first), &json!(last)), "{name}");
    }
}

#[tokio::test]
async fn a_login_token_opens_the_profile_and_nothing_else() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let token = app.token_of(&ada).await;
    p.resource(&token).await.is(401);
    let api = ada.has_app(ApplicationKind::Api, "Orders").await;
    assert_eq!(api.introspect(&token).await.is(200).json(), json!({"active": false}));
    let bearer = format!("Bearer {token}");
    for page in ["/oauth", "/account/settings", "/account/connected-apps"] {
        let answer = p.send(request("GET", page, &[("authorization", &bearer)], "")).await;
        assert!(answer.location().starts_with("/login"), "{}", answer.told());
    }
    p.user(&token).await.is(200);
}

#[tokio::test]
async fn of_parallel_exchanges_one_succeeds() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    for _ in 0..5 {
        let code = browser.code_for(&app).await;
        let answers = futures_util::future::join_all((0..10).map(|_| app.exchange(&code))).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((good.len(), bad.len()), (1, 9));
        for answer in bad {
            answer.says(400, "Invalid code");
        }
        p.user(&good[0].login_token()).await.is(200);
    }
}

#[tokio::test]
async fn pkce_is_not_needed_and_replaces_no_secret() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = after_consent(&ada, &app).await;
    app.exchange(&browser.code_for(&app).await).await.login_token();

    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"; // RFC 7636, appendix B
    let place = app.asks_well(&[("code_challenge", challenge), ("code_challenge_method", "S256")]);
    let code = browser.get(&place).await.location_parameter("code").expect("a code");
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let mut body = json!({"client_id": app.client_id, "code": code, "code_verifier": verifier});
    app.exchange_json(&body.to_string()).await.says(400, "Invalid secret");
    body["client_secret"] = json!(app.secret);
    app.exchange_json(&body.to_string()).await.login_token();
}
