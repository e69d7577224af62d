//! Seed 3, 4.2: a code for a token, and the table of what can go wrong (L-10 to L-16; security AT rows).

use prosper::crypto::seal::{from_base64, to_base64url};
use prosper::domain::application::ApplicationKind;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;
use serde_json::json;

use crate::prosper::exchange::request;
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Browser, Person, Prosper, Start, almost, hours, minutes, seconds};

/// "Swap the one-time code for an access token." Both content types, and Basic as well. L-11, L-12, R-37, AT-31.
#[tokio::test]
async fn a_code_is_traded_for_a_token_in_json_as_a_form_and_by_basic() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;

    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    p.user(&token).await.is(200);
    let code = browser.code_for(&app).await;
    app.exchange_form(&[("code", &code)]).await.login_token();

    let code = browser.code_for(&app).await;
    let basic = prosper::web::read::to_basic(&app.client_id, &app.secret);
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json; charset=utf-8")];
    let body = json!({"code": code, "client_id": app.client_id, "unknown": [1, {"a": null}]}).to_string();
    p.send(request("POST", "/login/oauth/access-token", &headers, &body)).await.login_token();

    // A Bearer header beside body credentials is ignored, and so is the query.
    let code = browser.code_for(&app).await;
    let body = json!({"code": code, "client_id": app.client_id, "client_secret": app.secret}).to_string();
    let headers = [("authorization", "Bearer x"), ("content-type", "application/json")];
    let place = "/login/oauth/access-token?code=other&client_id=other&grant_type=password";
    p.send(request("POST", place, &headers, &body)).await.login_token();
}

/// The table of 4.2, each row met by the fault it describes, as a bare string and as an RFC 6749 object. L-13, L-14, L-16.
#[tokio::test]
async fn each_row_of_the_table_is_met_by_its_own_fault_in_both_shapes() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let other = ada.has_login_app("Other", &["https://other.example/cb"]).await;
    let off = ada.has_login_app("Off", &[CALLBACK]).await;
    let personal = ada.registers_own_app("Ada").await;
    let partner = ada.has_app(ApplicationKind::Partner, "Partner").await;
    let browser = ada.signs_in().await;
    browser.code_for(&off).await;
    off.changes(ApplicationChange::Disabled(true)).await;
    let expired = browser.code_for(&app).await;
    p.clock.advance(minutes(5));
    let good = browser.code_for(&app).await;
    let zeros = "0".repeat(32);

    let id = |id: &str| vec![("client_id", id.to_owned())];
    let code = |code: &str| vec![("code", code.to_owned())];
    let secret = |secret: &str| vec![("client_secret", secret.to_owned())];
    let of =
        |app: &App<'_>, secret: &str| vec![("client_id", app.client_id.clone()), ("client_secret", secret.to_owned())];
    let (not_found, wrong_secret) = ("invalid_client", "invalid_client");
    for (changes, words, error) in [
        (id(&zeros), "Client not found", not_found),
        (id("nope"), "Client not found", not_found),
        (id(""), "Client not found", not_found),
        (id(&app.client_id.to_uppercase()), "Client not found", not_found),
        (of(&off, &off.secret), "Client not found", not_found),
        (of(&personal, &personal.secret), "Client not found", not_found),
        (of(&partner, &partner.secret), "Client not found", not_found),
        (code("nonsense"), "Invalid code", "invalid_grant"),
        (code(""), "Invalid code", "invalid_grant"),
        (code(&expired), "Code has expired", "invalid_grant"),
        (of(&other, &other.secret), "Invalid client id", "invalid_grant"),
        (secret("wrong"), "Invalid secret", wrong_secret),
        (secret(""), "Invalid secret", wrong_secret),
        (secret(&other.secret), "Invalid secret", wrong_secret),
        // Two faults at once: the earlier row of L-14 is the answer.
        ([id(&zeros), code("nonsense"), secret("wrong")].concat(), "Client not found", not_found),
        ([code("nonsense"), secret("wrong")].concat(), "Invalid code", "invalid_grant"),
        ([code(&expired), secret("wrong")].concat(), "Code has expired", "invalid_grant"),
        ([of(&other, "wrong"), code(&expired)].concat(), "Code has expired", "invalid_grant"),
        (of(&other, "wrong"), "Invalid client id", "invalid_grant"),
        ([id(&off.client_id), secret("wrong")].concat(), "Client not found", not_found),
    ] {
        let mut pairs =
            vec![("client_id", app.client_id.clone()), ("client_secret", app.secret.clone()), ("code", good.clone())];
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(changes);
        let mut members: serde_json::Map<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        app.exchange_json(&json!(members).to_string()).await.says(400, words);
        let form: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        p.post("/login/oauth/access-token", &form).await.says(400, words);
        members.insert("grant_type".into(), json!("authorization_code"));
        app.exchange_json(&json!(members).to_string()).await.refused(400, error, words);
        let form = [&form[..], &[("grant_type", "authorization_code")]].concat();
        p.post("/login/oauth/access-token", &form).await.refused(400, error, words);
    }
    // None of it used the code up.
    app.exchange(&good).await.login_token();
}

/// L-16: "a missing or malformed parameter is the row it makes true".
#[tokio::test]
async fn members_that_are_missing_or_no_text_are_the_row_they_make_true() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let code = app.code_of(&ada).await;
    let (id, secret) = (app.client_id.as_str(), app.secret.as_str());
    for (body, words) in [
        (json!({}), "Client not found"),
        (json!({"client_id": id}), "Invalid code"),
        (json!({"client_id": 5, "client_secret": secret, "code": code}), "Client not found"),
        (json!({"client_id": null, "client_secret": secret, "code": code}), "Client not found"),
        (json!({"client_id": [id], "client_secret": secret, "code": code}), "Client not found"),
        (json!({"client_id": id, "client_secret": secret, "code": 5}), "Invalid code"),
        (json!({"client_id": id, "client_secret": secret, "code": {"code": code}}), "Invalid code"),
        (json!({"client_id": id, "client_secret": secret}), "Invalid code"),
        (json!({"client_id": id, "code": code}), "Invalid secret"),
        (json!({"client_id": id, "client_secret": true, "code": code}), "Invalid secret"),
        (json!({"client_id": id, "client_secret": secret, "code": code, "redirect_uri": 5}), "Invalid code"),
        (json!({"client_id": id, "client_secret": secret, "code": code, "code_verifier": []}), "Invalid code"),
    ] {
        app.exchange_json(&body.to_string()).await.says(400, words);
    }
    let empty = json!({"client_id": id, "client_secret": secret, "code": code, "redirect_uri": "", "code_verifier": null, "grant_type": ""});
    app.exchange_json(&empty.to_string()).await.login_token();
}

/// L-16, R-37, R-38: what cannot be read is "Invalid request", in the shape the request asks for. AT-16, AT-18, AT-20.
#[tokio::test]
async fn what_cannot_be_read_is_an_invalid_request_and_changes_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let code = app.code_of(&ada).await;
    let (id, secret) = (app.client_id.as_str(), app.secret.as_str());
    let good = format!(r#"{{"client_id":"{id}","client_secret":"{secret}","code":"{code}"}}"#);
    let form = format!("client_id={id}&client_secret={secret}&code={code}");
    let (json_type, form_type) = ("application/json", "application/x-www-form-urlencoded");
    let doubled = |member: &str| format!("{}{member}}}", &good[..good.len() - 1]);
    for (kind, body) in [
        (json_type, doubled(r#","code":"BAD""#)),
        (json_type, doubled(r#","c\u006fde":"BAD""#)),
        (json_type, doubled(&format!(r#","client_id":"{id}""#))),
        (json_type, doubled(r#","redirect_uri":"a","redirect_uri":"b""#)),
        (form_type, format!("{form}&client_id={id}")),
        (form_type, format!("{form}&code=BAD")),
        (json_type, format!("{}{}", "[".repeat(7_000), "]".repeat(7_000))),
        (json_type, format!(r#"{{"a":{}{}}}"#, "[".repeat(7_000), "]".repeat(7_000))),
        (json_type, "null".into()),
        (json_type, "\"x\"".into()),
        (json_type, format!("[{good}]")),
        (json_type, format!("{good}{good}")),
        (json_type, good[..good.len() - 1].into()),
        (json_type, String::new()),
        (json_type, form.clone()),
        (json_type, doubled(r#","x":"\u0000""#)),
        (form_type, format!("{form}&x=%FF")),
        (form_type, format!("{form}&x=%00")),
        ("text/plain", good.clone()),
        ("multipart/form-data; boundary=x", form.clone()),
        ("application/json; charset=utf-16", good.clone()),
    ] {
        p.exchange_raw(kind, &body).await.says(400, "Invalid request");
    }
    let basic = prosper::web::read::to_basic(id, secret);
    let twice = prosper::web::read::to_basic(&"0".repeat(32), secret);
    for (basic, body) in [(&basic, good.as_str()), (&twice, &format!(r#"{{"client_id":"{id}","code":"{code}"}}"#))] {
        let headers = [("authorization", basic.as_str()), ("content-type", json_type)];
        p.send(request("POST", "/login/oauth/access-token", &headers, body)).await.says(400, "Invalid request");
    }
    let standard = format!("{form}&grant_type=authorization_code&code=BAD");
    p.exchange_raw(form_type, &standard).await.refused(400, "invalid_request", "Invalid request");
    for grant in ["password", "refresh_token", "client_credentials", "AUTHORIZATION_CODE"] {
        let words = "The grant type given is unsupported";
        let answer = p.exchange_raw(form_type, &format!("{form}&grant_type={grant}")).await;
        answer.refused(400, "unsupported_grant_type", words);
    }
    let compressed = [("content-type", json_type), ("content-encoding", "gzip")];
    p.send(request("POST", "/login/oauth/access-token", &compressed, &good)).await.says(400, "Invalid request");
    let large = doubled(&format!(r#","x":"{}""#, "x".repeat(20_000)));
    p.exchange_raw(json_type, &large).await.says(413, "Request too large");
    app.exchange(&code).await.login_token();
}

/// R-38, R-40: POST only, and no other origin's script reads an answer. AT-24, AT-26, US-16.
#[tokio::test]
async fn a_code_in_a_get_stays_usable_and_no_origin_is_let_in() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let code = app.code_of(&ada).await;
    let place =
        format!("/login/oauth/access-token?client_id={}&client_secret={}&code={code}", app.client_id, app.secret);
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let headers = [("origin", "https://evil.test"), ("access-control-request-method", "POST")];
        let answer = p.send(request(method, &place, &headers, "")).await;
        answer.is(405);
        assert_eq!(answer.header("allow"), Some("POST"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    p.get(&place).await.says(405, "Method not allowed");
    app.exchange(&code).await.login_token();
}

/// L-10, R-31, AT-05: five minutes from issue, to the microsecond.
#[tokio::test]
async fn a_code_lives_five_minutes_and_not_a_moment_longer() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let (one, two) = (browser.code_for(&app).await, browser.code_for(&app).await);
    p.clock.advance(almost(minutes(5)));
    app.exchange(&one).await.login_token();
    p.clock.advance(std::time::Duration::from_micros(1));
    app.exchange(&two).await.says(400, "Code has expired");
}

/// "Codes are strictly single-use." L-15, C-05, AT-01, AT-28, AT-29.
#[tokio::test]
async fn a_second_use_loses_and_a_late_one_with_the_secret_ends_the_token() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let other = ada.has_login_app("Other", &["https://other.example/cb"]).await;
    let browser = ada.signs_in().await;
    let code = browser.code_for(&app).await;
    let token = app.exchange(&code).await.login_token();
    let thief = App { secret: "0".repeat(32), ..app.clone() };

    // A double submit only loses.
    for _ in 0..2 {
        app.exchange(&code).await.says(400, "Invalid code");
        p.clock.advance(seconds(5));
    }
    app.exchange(&code).await.says(400, "Invalid code");
    p.user(&token).await.is(200);

    // Without the secret, a late replay means nothing.
    p.clock.advance(seconds(30));
    thief.exchange(&code).await.says(400, "Invalid secret");
    let foreign = App { client_id: other.client_id.clone(), secret: other.secret.clone(), ..app.clone() };
    foreign.exchange(&code).await.says(400, "Invalid client id");
    p.user(&token).await.is(200);

    let replay = app.exchange(&code).await;
    replay.says(400, "Invalid code");
    p.user(&token).await.says(401, "Invalid token");
    assert_eq!(p.told_of(&app, &replay).await, ("Invalid code".into(), "the code was used before".into()));

    // The same when the replay disagrees with the code, and when the code has expired meanwhile.
    let code = browser.code_for(&app).await;
    let token = app.exchange(&code).await.login_token();
    p.clock.advance(seconds(11));
    app.exchange_form(&[("code", &code), ("redirect_uri", "https://evil.test/")]).await.says(400, "Invalid code");
    p.user(&token).await.says(401, "Invalid token");
    let code = browser.code_for(&app).await;
    let token = app.exchange(&code).await.login_token();
    p.clock.advance(minutes(6));
    thief.exchange(&code).await.says(400, "Code has expired");
    p.user(&token).await.is(200);
    app.exchange(&code).await.says(400, "Code has expired");
    p.user(&token).await.says(401, "Invalid token");
}

/// R-34, AT-09: a wrong secret does not use the code up.
#[tokio::test]
async fn a_refused_exchange_never_uses_up_the_code() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK, "https://app.example/two"]).await;
    let other = ada.has_login_app("Other", &["https://other.example/cb"]).await;
    let code = app.code_of(&ada).await;
    App { secret: "0".repeat(32), ..app.clone() }.exchange(&code).await.says(400, "Invalid secret");
    App { client_id: other.client_id.clone(), secret: other.secret.clone(), ..app.clone() }
        .exchange(&code)
        .await
        .says(400, "Invalid client id");
    for sent in ["https://app.example/two", "https://app.example/cb?x=1", "https://app.example/CB"] {
        let answer = app.exchange_form(&[("code", &code), ("redirect_uri", sent)]).await;
        answer.says(400, "Invalid code");
        assert!(p.told_of(&app, &answer).await.1.contains("redirect_uri"), "{sent}");
    }
    app.exchange_form(&[("code", &code), ("redirect_uri", CALLBACK), ("grant_type", "authorization_code")])
        .await
        .login_token();
}

/// R-35, AT-11: any change to the code string is refused; there is one spelling.
#[tokio::test]
async fn a_code_has_one_spelling_and_no_neighbours() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let code = app.code_of(&ada).await;
    let bytes = prosper::crypto::seal::from_base64url(&code).expect("base64url");
    let mut others = vec![
        format!("{code}="),
        format!("{code}=="),
        format!(" {code}"),
        format!("{code}\n"),
        format!("{code}A"),
        code[..code.len() - 1].to_owned(),
        code.replace('-', "+").replace('_', "/") + "=",
        code.to_lowercase(),
        prosper::crypto::seal::to_base64(&bytes) + "=",
    ];
    let last = code.chars().next_back().expect("a last character");
    others.extend(
        ('A'..='z')
            .filter(|c| c.is_ascii_alphanumeric() && *c != last)
            .map(|c| format!("{}{c}", &code[..code.len() - 1])),
    );
    others.extend((0..bytes.len()).step_by(3).map(|at| {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        to_base64url(&bent)
    }));
    for other in others.iter().filter(|other| **other != code) {
        app.exchange(other).await.says(400, "Invalid code");
    }
    app.exchange(&code).await.login_token();
}

/// R-36, R-47, AT-14, L-19: one kind of secret is never another.
#[tokio::test]
async fn no_other_credential_passes_for_a_code_nor_a_code_for_another() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let own = ada.registers_own_app("Ada").await;
    let v1 = own.password_grant(&ada).await.tokens();
    let browser = ada.signs_in().await;
    let code = browser.code_for(&app).await;
    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    let cookie = browser.cookie("prosper").expect("signed in");
    let token_as_url = to_base64url(&from_base64(&token).expect("base64"));
    for other in [&token, &token_as_url, &v1.access_token, &v1.refresh_token, &cookie] {
        app.exchange(other).await.says(400, "Invalid code");
    }
    let code_as_token = prosper::crypto::seal::to_base64(&prosper::crypto::seal::from_base64url(&code).expect("url"));
    for other in [&code, &code_as_token, &token_as_url, &v1.access_token, &v1.refresh_token, &cookie] {
        // A text whose base64 and base64url spelling agree is the same token.
        if *other != token {
            p.user(other).await.says(401, "Invalid token");
        }
    }
    for other in [&token, &token_as_url, &code] {
        p.resource(other).await.is(401);
    }
    let tokens = crate::prosper::exchange::Tokens { access_token: token.clone(), refresh_token: code.clone() };
    own.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    for other in [&code, &token, &v1.refresh_token] {
        let cookie = format!("prosper={other}");
        p.send(request("GET", "/logout", &[("cookie", &cookie)], "")).await.page_says("You are signed out");
    }
    app.exchange(&code).await.login_token();
}

/// T-11: the events that end what was granted end codes that nobody has exchanged and tokens alike.
#[tokio::test]
async fn every_event_that_ends_a_grant_ends_codes_and_tokens() {
    let p = Prosper::start().await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;

    let mut ada = p.investor("ada@example.com").await;
    let (code, token) = code_and_token(&app, &ada).await;
    ada.gets_password("another long password").await;
    are_dead(&app, &code, &token).await;

    let (code, token) = code_and_token(&app, &ada).await;
    ada.signs_out_everywhere().await;
    are_dead(&app, &code, &token).await;

    let (code, token) = code_and_token(&app, &ada).await;
    assert!(p.withdraws(&ada, &app).await);
    are_dead(&app, &code, &token).await;
    // "Consent withdrawn and given again" revives nothing.
    let (fresh, alive) = code_and_token(&app, &ada).await;
    are_dead(&app, &code, &token).await;
    app.exchange(&fresh).await.login_token();
    p.user(&alive).await.is(200);

    for status in [Status::Suspended, Status::OnHold, Status::Inactive, Status::Expired] {
        let (code, token) = code_and_token(&app, &ada).await;
        ada.becomes(status).await;
        are_dead(&app, &code, &token).await;
        ada.becomes(Status::Active).await;
        are_dead(&app, &code, &token).await;
    }
    let (code, token) = code_and_token(&app, &ada).await;
    ada.must_reset().await;
    are_dead(&app, &code, &token).await;
    ada.gets_password("yet another long password").await;

    let (code, token) = code_and_token(&app, &ada).await;
    app.changes(ApplicationChange::Disabled(true)).await;
    app.exchange(&code).await.says(400, "Client not found");
    p.user(&token).await.says(401, "Invalid token");
    app.changes(ApplicationChange::Disabled(false)).await;
    are_dead(&app, &code, &token).await;

    let (code, token) = code_and_token(&app, &ada).await;
    app.changes(ApplicationChange::RevokeAllSecrets).await;
    app.exchange(&code).await.says(400, "Invalid secret");
    p.user(&token).await.says(401, "Invalid token");
    let app = app.rotates_secret(hours(0)).await;
    are_dead(&app, &code, &token).await;

    let (code, token) = code_and_token(&app, &ada).await;
    app.changes(ApplicationChange::Delete).await;
    app.exchange(&code).await.says(400, "Client not found");
    p.user(&token).await.says(401, "Invalid token");
}

/// B-05, R-42, AT-33: two secrets while the overlap lasts, and no token ends with it.
#[tokio::test]
async fn both_secrets_work_during_an_overlap_and_the_old_one_ends_with_it() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    let new = app.rotates_secret(minutes(10)).await;
    app.exchange(&browser.code_for(&app).await).await.login_token();
    new.exchange(&browser.code_for(&app).await).await.login_token();
    p.clock.advance(minutes(10));
    let code = browser.code_for(&app).await;
    app.exchange(&code).await.says(400, "Invalid secret");
    p.user(&token).await.is(200);
    new.exchange(&code).await.login_token();
}

/// L-15, R-30: through a restart on the same folder a used code stays used, and an unused one works.
#[tokio::test]
async fn a_used_code_stays_used_through_a_restart_and_an_unused_one_works() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let start = || Start { folder: Some(folder.path().to_owned()), ..Start::default() };
    let (used, unused, token, client_id, secret, id) = {
        let p = Prosper::start_with(start()).await;
        let ada = p.investor("ada@example.com").await;
        let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
        let browser = ada.signs_in().await;
        let (used, unused) = (browser.code_for(&app).await, browser.code_for(&app).await);
        let token = app.exchange(&used).await.login_token();
        (used, unused, token, app.client_id.clone(), app.secret.clone(), app.id)
    };
    let p = Prosper::start_with(start()).await;
    let app = App { server: &p, id, client_id, secret };
    app.exchange(&used).await.says(400, "Invalid code");
    p.user(&token).await.is(200);
    app.exchange(&unused).await.login_token();
    app.exchange(&unused).await.says(400, "Invalid code");
    assert_eq!(p.p.store.redemption_count().await.expect("read"), 2);
}

/// W-04, AT-37: what was said about a refusal tells the owner the cause, and no secret.
#[tokio::test]
async fn the_owner_learns_the_true_cause_and_no_secret() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let code = app.code_of(&ada).await;
    let refused = [
        App { secret: "f".repeat(32), ..app.clone() }.exchange(&code).await,
        app.exchange("nonsense").await,
        app.exchange_form(&[("code", &code), ("code_verifier", &"v".repeat(43))]).await,
    ];
    for (answer, word) in refused.iter().zip(["client_secret", "not one that we issued", "code_challenge"]) {
        let (_, cause) = p.told_of(&app, answer).await;
        assert!(cause.contains(word), "{cause}");
        for secret in [&code, &app.secret, &"f".repeat(32), PASSWORD, &ada.email] {
            assert!(!cause.contains(secret), "{cause}");
        }
    }
}

async fn code_and_token(app: &App<'_>, person: &Person<'_>) -> (String, String) {
    let browser: Browser<'_> = person.signs_in().await;
    let token = app.exchange(&browser.code_for(app).await).await.login_token();
    app.server.user(&token).await.is(200);
    (browser.code_for(app).await, token)
}

#[track_caller]
fn are_dead<'a>(app: &'a App<'_>, code: &'a str, token: &'a str) -> impl Future<Output = ()> + 'a {
    let place = std::panic::Location::caller();
    async move {
        let (exchanged, read) = (app.exchange(code).await, app.server.user(token).await);
        assert_eq!((exchanged.body.as_str(), read.status), ("\"Invalid code\"", 401), "{place}\n{}", exchanged.told());
    }
}
