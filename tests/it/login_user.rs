//! Seed 3, 4.3: the profile of whoever signed in (L-17 to L-19; security US rows).

use prosper::crypto::seal::from_base64;
use prosper::domain::account::{AccountKind, InvestorType};
use prosper::domain::email::Email;
use prosper::domain::ids::AccountUid;
use prosper::domain::password::fold;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;
use prosper::store::audit::Trail;
use prosper::store::new_accounts::NewAccount;
use serde_json::json;

use crate::prosper::exchange::request;
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{Person, Prosper, almost, minutes};

/// "Read the signed-in user's profile": exactly seven members. L-17, R-49, R-50, US-13.
#[tokio::test]
async fn the_profile_has_exactly_the_seven_fields_of_the_guide() {
    let p = Prosper::start().await;
    let ada = p.investor("Ada+HR@Example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let token = app.token_of(&ada).await;
    let profile = p.user(&token).await;
    let expected = json!({
        "uid": ada.uid.to_string(),
        "id": ada.id.0,
        "login": "Ada+HR@Example.com",
        "email": "Ada+HR@Example.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "userName": "Ada+HR@Example.com",
    });
    assert_eq!(profile.is(200).never_stored().json(), expected);
    let uid = ada.uid.to_string();
    assert!(uid.len() == 36 && uid == uid.to_lowercase() && uid.matches('-').count() == 4, "{uid}");
    // The window is fifteen minutes, not one look.
    assert_eq!(p.user(&token).await.is(200).json(), expected);
}

/// "derived from the member's full name (split on the first/last space)".
#[tokio::test]
async fn full_names_are_cut_at_the_first_and_the_last_space() {
    let p = Prosper::start().await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;
    for (number, (name, first, last)) in [
        ("Alice Smith", "Alice", "Smith"),
        ("Ada King Lovelace", "Ada", "Lovelace"),
        ("Plato", "Plato", ""),
        ("\"><b>Bobby</b> \\Tables\\ \u{1f600}", "\"><b>Bobby</b>", "\u{1f600}"),
    ]
    .into_iter()
    .enumerate()
    {
        let person = named(&p, &format!("person{number}@example.com"), name).await;
        let profile = p.user(&app.token_of(&person).await).await.is(200).json();
        assert_eq!((&profile["firstName"], &profile["lastName"]), (&json!(first), &json!(last)), "{name}");
    }
}

/// L-18: the header is the only place a token is read from., US-01, US-02, US-09.
#[tokio::test]
async fn a_token_is_read_from_one_authorization_header_and_nowhere_else() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let token = app.token_of(&ada).await;
    let own = ada.registers_own_app("Ada").await;
    let v1 = own.password_grant(&ada).await.tokens().access_token;
    let place = "/api/v2/user";

    for scheme in ["Bearer", "bearer", "BEARER"] {
        p.send(request("GET", place, &[("authorization", &format!("{scheme} {token}"))], "")).await.is(200);
    }
    let encoded: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let bearer = format!("Bearer {token}");
    for (place, headers) in [
        (place.to_owned(), vec![]),
        (format!("{place}?access_token={encoded}"), vec![]),
        (place.to_owned(), vec![("authorization", String::new())]),
        (place.to_owned(), vec![("authorization", "Bearer".to_owned())]),
        (place.to_owned(), vec![("authorization", "Bearer ".to_owned())]),
        (place.to_owned(), vec![("authorization", format!("Basic {token}"))]),
        (place.to_owned(), vec![("authorization", format!("Token {token}"))]),
        (place.to_owned(), vec![("authorization", format!("Bearer {token} x"))]),
        (place.to_owned(), vec![("authorization", format!("Bearer {token}="))]),
        (place.to_owned(), vec![("authorization", format!("Bearer {}", &token[..token.len() - 1]))]),
        (place.to_owned(), vec![("authorization", format!("Bearer {}", token.to_lowercase()))]),
        (place.to_owned(), vec![("authorization", format!("Bearer {v1}"))]),
        (place.to_owned(), vec![("authorization", bearer.clone()), ("authorization", bearer.clone())]),
        (place.to_owned(), vec![("cookie", format!("access_token={token}; prosper={token}"))]),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = p.send(request("GET", &place, &headers, "")).await;
        answer.says(401, "Invalid token");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{}", answer.told());
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    p.send(request("GET", place, &form, &format!("access_token={encoded}"))).await.says(401, "Invalid token");
}

/// R-45, US-05: "15 minutes from issue", and no leeway.
#[tokio::test]
async fn a_token_lives_fifteen_minutes_and_not_a_moment_longer() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let token = app.token_of(&ada).await;
    p.clock.advance(almost(minutes(15)));
    p.user(&token).await.is(200);
    p.clock.advance(std::time::Duration::from_micros(1));
    p.user(&token).await.says(401, "Invalid token");
}

/// R-46, US-07: the next look after a suspension, a withdrawal or a switched-off application finds nothing.
#[tokio::test]
async fn a_token_dies_at_once_with_what_it_stands_on() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;
    let other = owner.has_login_app("Other", &[CALLBACK]).await;
    let (token, spared) = (app.token_of(&ada).await, other.token_of(&ada).await);
    assert!(p.withdraws(&ada, &app).await);
    p.user(&token).await.says(401, "Invalid token");
    p.user(&spared).await.is(200);
    other.changes(ApplicationChange::Disabled(true)).await;
    p.user(&spared).await.says(401, "Invalid token");
    let token = app.token_of(&ada).await;
    ada.becomes(Status::Suspended).await;
    p.user(&token).await.says(401, "Invalid token");
}

/// L-19, R-48: "opaque base64 blob": the standard alphabet, no padding, no prefix, nothing readable inside.
#[tokio::test]
async fn a_token_is_opaque_base64_and_the_next_is_another() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let (one, two) = (app.token_of(&ada).await, app.token_of(&ada).await);
    assert_ne!(one, two);
    for token in [&one, &two] {
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte)), "{token}");
        let bytes = from_base64(token).expect("base64 without padding");
        for readable in [
            ada.email.as_bytes(),
            ada.uid.bytes().as_slice(),
            app.id.bytes().as_slice(),
            app.client_id.as_bytes(),
            b"{",
            b"user",
        ] {
            // A single brace turns up by chance; three bytes of anything known do not.
            assert!(readable.len() < 3 || !bytes.windows(readable.len()).any(|part| part == readable));
        }
        assert!(bytes.len() > 64, "at least 128 bits of guessing work");
    }
}

/// US-16, W-06: other methods change nothing and say so in one string.
#[tokio::test]
async fn the_profile_is_only_read() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let bearer = format!("Bearer {}", app.token_of(&ada).await);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let headers = [("authorization", bearer.as_str()), ("origin", "https://evil.test")];
        let answer = p.send(request(method, "/api/v2/user", &headers, "")).await;
        answer.says(405, "Method not allowed");
        assert_eq!(answer.header("allow"), Some("GET"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    p.get("/api/v2/nothing").await.says(404, "Not found");
}

async fn named<'s>(p: &'s Prosper, email: &str, name: &str) -> Person<'s> {
    let uid = AccountUid::from_random(p.p.entropy.bytes());
    let account = NewAccount {
        uid,
        space: p.space,
        email: Email::parse(email).expect("an address"),
        name: name.into(),
        kind: AccountKind::Individual,
        investor_type: InvestorType::Individual,
        password: p.p.passwords.hash(fold(PASSWORD).expect("a password")).await.expect("a hash"),
        status: Status::Active,
        staff: None,
        institution: None,
        phone: None,
        trail: Trail::system(p.clock.now()),
    };
    let id = p.p.store.create_account(account).await.expect("written").expect("a free address");
    Person { server: p, id, uid, email: email.into(), password: PASSWORD.into() }
}
