//! Seed 2, "Password flow", promise by promise. Its error tables are met in `error_tables`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::prosper::exchange::{form, request};
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Exchange, Prosper, hours, minutes, seconds};

const TOKEN: &str = "/v1/security/oauth/token";
const BAD_REFRESH: (u16, &str, &str) = (400, "invalid_grant", "Missing/Invalid refresh token");

#[track_caller]
fn refused(answer: &Exchange, row: (u16, &str, &str)) {
    answer.refused(row.0, row.1, row.2);
}

/// A request that gives each parameter once, one of them replaced.
async fn ask(app: &App<'_>, own: &[(&str, &str)], replaced: &str, with: Option<&str>) -> Exchange {
    let mut pairs = own.to_vec();
    pairs.extend([("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str())]);
    let place = pairs.iter().position(|(name, _)| *name == replaced).expect("a parameter of the request");
    match with {
        Some(with) => pairs[place].1 = with,
        None => drop(pairs.remove(place)),
    }
    app.server.token(&pairs).await
}

#[tokio::test]
async fn an_app_serves_its_owner_alone() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let eve = p.investor("eve@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;

    app.password_grant(&ada).await.tokens();
    let not_the_owner = app.password_grant(&eve).await;
    refused(&not_the_owner, (400, "invalid_grant", "Bad credentials"));
    let wrong = app.password_grant_as(&ada.email, "not her password").await;
    assert_eq!(not_the_owner.body, wrong.body, "nobody learns that the password was right");
    eve.registers_own_app("Eve").await.password_grant(&eve).await.tokens();
}

#[tokio::test]
async fn no_tokens_without_the_id_and_secret_of_the_app() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let other = ada.registers_own_app("Ada's other app").await;
    let person = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)];

    let stranger = p.token(&person).await;
    refused(&stranger, (401, "unauthorized", "No Authorization (header) information provided"));
    let crossed = ask(&app, &person, "client_secret", Some(&other.secret)).await;
    refused(&crossed, (401, "invalid_client", "Invalid/Missing credentials"));
    app.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn the_username_is_the_login_email_in_any_letter_case() {
    let p = Prosper::start().await;
    let ada = p.investor("Ada+Notes@Example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;

    for username in ["Ada+Notes@Example.com", "ada+notes@example.com", "ADA+NOTES@EXAMPLE.COM"] {
        app.password_grant_as(username, PASSWORD).await.tokens();
    }
    for username in ["Ada Lovelace", "ada notes@example.com", &ada.uid.to_string()] {
        let answer = app.password_grant_as(username, PASSWORD).await;
        refused(&answer, (400, "invalid_grant", "Bad credentials"));
    }
}

#[tokio::test]
async fn individuals_and_institutions_get_tokens_for_their_password() {
    let p = Prosper::start().await;
    for person in [p.investor("ada@example.com").await, p.institution("desk@fund.example").await] {
        let tokens = person.registers_own_app("An app").await.password_grant(&person).await.tokens();
        assert!(tokens.access_token.len() >= 22 && tokens.refresh_token.len() >= 22, "128 bits take 22 letters");
        assert_ne!(tokens.access_token, tokens.refresh_token);
    }
}

#[tokio::test]
async fn the_access_token_opens_the_api_as_bearer() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let tokens = ada.registers_own_app("Ada Lovelace").await.password_grant(&ada).await.tokens();

    for scheme in ["bearer", "Bearer", "BEARER"] {
        let header = format!("{scheme} {}", tokens.access_token);
        p.send(request("GET", "/v1/accounts/prosper/", &[("authorization", &header)], "")).await.is(200);
    }
    let reason = "The access token is invalid (expired, not provided etc)";
    for header in [tokens.access_token.clone(), format!("Basic {}", tokens.access_token), "bearer".into()] {
        let bare = p.send(request("GET", "/v1/accounts/prosper/", &[("authorization", &header)], "")).await;
        bare.refused(401, "invalid_token", reason);
    }
    let in_query = p.get(&format!("/v1/accounts/prosper/?access_token={}", tokens.access_token)).await;
    in_query.refused(401, "invalid_token", reason);
    p.resource(&tokens.refresh_token).await.refused(401, "invalid_token", reason);
}

#[tokio::test]
async fn an_expired_access_token_is_replaced_by_refreshing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();

    p.clock.advance(hours(1));
    p.resource(&tokens.access_token).await.is(401);
    let fresh = app.refresh(&tokens).await.tokens();
    p.resource(&fresh.access_token).await.is(200);
}

#[tokio::test]
async fn a_refresh_token_works_for_ten_hours_from_the_password_request() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();

    for _ in 0..9 {
        p.clock.advance(hours(1));
        app.refresh(&tokens).await.tokens();
    }
    p.clock.advance(minutes(59) + seconds(59));
    app.refresh(&tokens).await.tokens();
    p.clock.advance(seconds(1));
    refused(&app.refresh(&tokens).await, BAD_REFRESH);
}

#[tokio::test]
async fn after_ten_hours_a_new_password_request_starts_afresh() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();

    p.clock.advance(hours(10));
    refused(&app.refresh(&tokens).await, BAD_REFRESH);
    let anew = app.password_grant(&ada).await.tokens();
    assert_ne!(anew.refresh_token, tokens.refresh_token);
    p.clock.advance(hours(9));
    app.refresh(&anew).await.tokens();
}

#[tokio::test]
async fn tokens_are_had_by_a_form_post_and_in_no_other_way() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let client = [("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str())];
    let password = [("grant_type", "password"), ("username", &ada.email), ("password", PASSWORD)];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh_token)];

    for own in [&password[..], &refresh] {
        let pairs = [own, &client].concat();
        let body = form(&pairs);
        let as_form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
        p.send(request("POST", TOKEN, &as_form, &body)).await.tokens();

        let get = p.get(&format!("{TOKEN}?{body}")).await;
        assert_eq!((get.status, get.header("allow")), (405, Some("POST")), "{}", get.told());
        p.send(request("POST", &format!("{TOKEN}?{body}"), &as_form, "")).await.is(400);
        let members: serde_json::Map<_, _> = pairs.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        let as_json = [("content-type", "application/json")];
        let answer = p.send(request("POST", TOKEN, &as_json, &json!(members).to_string())).await;
        refused(&answer, (400, "invalid_request", "Bad request"));
    }
}

#[tokio::test]
async fn each_parameter_of_the_password_request_counts() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let own = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)];

    ask(&app, &own, "grant_type", Some("password")).await.tokens();
    let none = "00000000000000000000000000000000";
    for (name, wrong, absent) in [
        ("grant_type", "refresh_token", "Invalid/Missing grant type"),
        ("client_id", none, "Invalid/Missing client Id"),
        ("client_secret", none, "Invalid/Missing credentials"),
        ("username", "eve@example.com", "Missing/Invalid username or password"),
        ("password", "wrong", "Missing/Invalid username or password"),
    ] {
        let answer = ask(&app, &own, name, Some(wrong)).await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.told());
        let answer = ask(&app, &own, name, None).await;
        assert_eq!(answer.json()["error_description"], absent, "{}", answer.told());
    }
}

#[tokio::test]
async fn the_answer_has_four_members() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let json = ada.registers_own_app("Ada Lovelace").await.password_grant(&ada).await.is(200).json();
    let members: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "token_type"]);
    assert_eq!(json["token_type"], "bearer");
    assert!(json["access_token"].is_string() && json["refresh_token"].is_string());
}

#[tokio::test]
async fn an_access_token_works_for_an_hour() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let answer = ada.registers_own_app("Ada Lovelace").await.password_grant(&ada).await;
    let lives = answer.json()["expires_in"].as_u64().expect("a whole number");
    assert_eq!(lives, 3_599);
    let token = answer.tokens().access_token;

    p.clock.advance(seconds(lives));
    p.resource(&token).await.is(200);
    p.clock.advance(seconds(1));
    let reason = "The access token is invalid (expired, not provided etc)";
    p.resource(&token).await.refused(401, "invalid_token", reason);
}

#[tokio::test]
async fn each_parameter_of_the_refresh_request_counts() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let other = ada.registers_own_app("Ada's other app").await;
    let others = other.password_grant(&ada).await.tokens();
    let own = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];

    ask(&app, &own, "grant_type", Some("refresh_token")).await.tokens();
    for (name, wrong, absent) in [
        ("grant_type", "password", "Invalid/Missing grant type"),
        ("client_id", other.client_id.as_str(), "Invalid/Missing client Id"),
        ("client_secret", other.secret.as_str(), "Invalid/Missing credentials"),
        ("refresh_token", others.refresh_token.as_str(), "Missing/Invalid refresh token"),
    ] {
        let answer = ask(&app, &own, name, Some(wrong)).await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.told());
        let answer = ask(&app, &own, name, None).await;
        assert_eq!(answer.json()["error_description"], absent, "{}", answer.told());
    }
}

#[tokio::test]
async fn a_refresh_token_is_used_many_times_and_in_parallel() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();

    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let answers = futures_util::future::join_all((0..20).map(|_| app.refresh(&tokens))).await;
        for answer in answers {
            let fresh = answer.tokens();
            assert_eq!(fresh.refresh_token, tokens.refresh_token);
            seen.insert(fresh.access_token);
        }
    }
    assert_eq!(seen.len(), 60, "each refresh gives a token of its own");
    p.resource(&tokens.access_token).await.is(200);
    for token in &seen {
        p.resource(token).await.is(200);
    }
}

#[tokio::test]
async fn a_refresh_answers_with_a_new_access_token_and_the_same_refresh_token() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let fresh = app.refresh(&tokens).await.tokens();
    assert_eq!(fresh.refresh_token, tokens.refresh_token);
    assert_ne!(fresh.access_token, tokens.access_token);
}

#[tokio::test]
async fn a_refreshed_access_token_lives_its_own_hour() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();

    p.clock.advance(minutes(50));
    let answer = app.refresh(&tokens).await;
    assert_eq!(answer.json()["expires_in"], 3_599);
    let fresh = answer.tokens();
    p.clock.advance(minutes(10));
    p.resource(&tokens.access_token).await.is(401);
    p.clock.advance(minutes(49) + seconds(59));
    p.resource(&fresh.access_token).await.is(200);
    p.clock.advance(seconds(1));
    p.resource(&fresh.access_token).await.is(401);
}

#[tokio::test]
async fn an_agents_client_meets_the_client_authority_errors() {
    let p = Prosper::start().await;
    let app = p.agent("ops@agent.example").await.registers_agent_app("Northwind", "https://agent.example/cb").await;
    meets_the_client_authority_errors(&app, &[("grant_type", "authorization_key"), ("auth_key", "a key")]).await;
    let own = p.investor("ada@example.com").await.registers_own_app("Ada Lovelace").await;
    let answer = own.auth_key_grant("a key").await;
    refused(&answer, (401, "invalid_client", "Unauthorized grants"));
}

#[tokio::test]
async fn a_refreshing_client_meets_the_client_authority_errors() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let own = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];
    meets_the_client_authority_errors(&app, &own).await;
    app.refresh(&tokens).await.tokens();
}

/// The rows of "Client Authority Errors" that any grant can meet.
async fn meets_the_client_authority_errors(app: &App<'_>, own: &[(&str, &str)]) {
    let row = |answer: Exchange, row| refused(&answer, row);
    let none = Some("00000000000000000000000000000000");
    row(ask(app, own, "client_id", none).await, (401, "unauthorized", "Invalid/Missing client Id"));
    row(ask(app, own, "client_id", None).await, (401, "unauthorized", "Invalid/Missing client Id"));
    let nothing = app.server.token(own).await;
    row(nothing, (401, "unauthorized", "No Authorization (header) information provided"));
    row(ask(app, own, "client_secret", none).await, (401, "invalid_client", "Invalid/Missing credentials"));
    row(ask(app, own, "client_secret", None).await, (401, "invalid_client", "Invalid/Missing credentials"));
    row(app.server.token(&[own, own].concat()).await, (400, "invalid_request", "Bad request"));
    row(ask(app, own, "grant_type", None).await, (400, "invalid_request", "Invalid/Missing grant type"));
    let unknown = ask(app, own, "grant_type", Some("implicit")).await;
    row(unknown, (400, "unsupported_grant_type", "The grant type given is unsupported"));
}

#[tokio::test]
async fn a_client_error_is_said_before_anything_about_the_user() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    ada.becomes(prosper::domain::status::Status::Suspended).await;
    app.password_grant(&ada).await.refused(400, "suspended_account", "User account is suspended");

    let own = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let wrong = ask(&app, &own, "client_secret", Some("wrong")).await;
    refused(&wrong, (401, "invalid_client", "Invalid/Missing credentials"));
    app.changes(prosper::store::applications::ApplicationChange::Disabled(true)).await;
    let disabled = app.password_grant(&ada).await;
    refused(&disabled, (401, "invalid_client", "Invalid/Missing credentials"));
}

#[tokio::test]
async fn response_type_and_scope_errors_are_met_row_by_row() {
    let p = Prosper::start().await;
    let app = p.agent("ops@agent.example").await.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let good = [("response_type", "auth_key")];
    for (query, reason) in [
        (&[("response_type", "code")][..], "Unsupported response types"),
        (&[("response_type", "")], "Missing response type"),
        (&[("state", "s")], "Missing response type"),
        (&[good[0], ("scope", "")], "No scopes provided"),
        (&[good[0], ("scope", "   ")], "No scopes provided"),
        (&[good[0], ("scope", "read_everything")], "Invalid scope(s)"),
        (&[good[0], ("scope", "read_loan user:email")], "Invalid scope(s)"),
    ] {
        let place = app.key_url(query);
        let sent = browser.get(&place).await;
        sent.refuses_the_app("https://agent.example/cb", "invalid_request");
        assert_eq!(sent.location_parameter("error_description").as_deref(), Some(reason), "{}", sent.told());
        // Nobody is signed in: 400, and nothing goes to the agent.
        p.browser().get(&place).await.is_our_own_problem("invalid_request").page_says(reason);
    }
}
