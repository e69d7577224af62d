//! Seed 2: "Prosper Refresh tokens are currently set to expire in 10 hours … You can make multiple refresh token requests
//! for a new access token with this refresh token throughout the day." What the token endpoint issues, to whom, for how
//! long (T-01 to T-06, T-09, T-12, T-14).

use std::collections::HashSet;

use futures_util::future::join_all;
use prosper::domain::account::AccountKind;
use prosper::domain::application::ApplicationKind;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;
use prosper::web::read::to_basic;
use serde_json::json;

use crate::prosper::exchange::{Tokens, form, request};
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::{A_MOMENT, App, Exchange, Person, Prosper, hours, just_before, minutes, seconds};

const FORM: &str = "application/x-www-form-urlencoded";

async fn ada_and_her_app(p: &Prosper) -> (Person<'_>, App<'_>) {
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    (ada, app)
}

#[tokio::test]
async fn the_answer_is_the_documents_object_word_for_word_t_01() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let issued = app.password_grant(&ada).await;
    let tokens = issued.tokens();
    for answer in [issued, app.refresh(&tokens).await] {
        let now = answer.tokens();
        let expected = format!(
            r#"{{"access_token":"{}","token_type":"bearer","refresh_token":"{}","expires_in":3599}}"#,
            now.access_token, tokens.refresh_token
        );
        assert_eq!(answer.body, expected);
        for token in [&now.access_token, &now.refresh_token] {
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
            assert!(token.len() >= 22, "{token} is too short to hold 128 random bits");
        }
    }
}

#[tokio::test]
async fn an_access_token_works_to_its_last_microsecond_and_is_dead_at_3600_seconds_t_01() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let first = app.password_grant(&ada).await.tokens();
    p.clock.advance(seconds(1_800));
    let second = app.refresh(&first).await.tokens();

    p.clock.advance(just_before(seconds(1_800)));
    assert!(p.is_good(&first).await);
    p.clock.advance(A_MOMENT);
    assert!(!p.is_good(&first).await, "3600 s after it was issued");
    assert!(p.is_good(&second).await, "an age is counted from the token's own issue");
    p.clock.advance(seconds(1_800));
    assert!(!p.is_good(&second).await);
}

#[tokio::test]
async fn a_refresh_token_stays_the_same_all_day_and_stops_at_ten_hours_t_02() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let first = app.password_grant(&ada).await.tokens();
    for _ in 0..9 {
        p.clock.advance(hours(1));
        let again = app.refresh(&first).await.tokens();
        assert_eq!(again.refresh_token, first.refresh_token, "the same one, as the document promises");
        assert!(p.is_good(&again).await);
    }
    p.clock.advance(just_before(hours(1)));
    let last = app.refresh(&first).await.tokens();
    p.clock.advance(A_MOMENT);
    app.refresh(&first).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    p.p.store.sweep(p.p.now()).await.expect("swept");
    p.clock.advance(minutes(59));
    assert!(p.is_good(&last).await, "what the last refresh issued has its whole hour, swept or not");
    p.clock.advance(minutes(1));
    assert!(!p.is_good(&last).await);
}

#[tokio::test]
async fn refreshing_never_extends_the_ten_hours_t_02() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let mut tokens = app.password_grant(&ada).await.tokens();
    for _ in 0..11 {
        p.clock.advance(minutes(54));
        tokens = app.refresh(&tokens).await.tokens();
    }
    p.clock.advance(minutes(6));
    app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
}

#[tokio::test]
async fn sixty_four_refreshes_at_once_all_succeed_and_leave_no_row_behind_t_02_tv_36() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let first = app.password_grant(&ada).await.tokens();
    let answers = join_all((0..64).map(|_| app.refresh(&first))).await;
    let tokens: Vec<_> = answers.iter().map(Exchange::tokens).collect();
    let distinct: HashSet<_> = tokens.iter().map(|tokens| tokens.access_token.clone()).collect();
    assert_eq!(distinct.len(), 64);
    let good = join_all(tokens.iter().chain([&first]).map(|tokens| p.is_good(tokens))).await;
    assert!(good.into_iter().all(|good| good), "earlier access tokens live on");
    assert_eq!(p.p.store.family_count().await.expect("read"), 1);
    ada.signs_out_everywhere().await;
    let good = join_all(tokens.iter().map(|tokens| p.is_good(tokens))).await;
    assert!(good.into_iter().all(|good| !good), "ending the family ends every one of them");
}

/// Which kind of application is offered which grant (T-03 to T-06), by status and error code; 200 is an issue.
#[tokio::test]
async fn each_kind_of_application_has_its_own_grants_t_03_to_t_06() {
    use ApplicationKind::{Api, Institutional, Login, Partner, Personal, ThirdPartyAgent};
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let bank = p.institution("it@bank.example").await;
    let agent = p.agent("ops@agent.example").await;
    let agent_app = agent.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let key = agent_app.auth_key(&ada.signs_in().await).await;
    let (denied, unsupported) = ((401, "invalid_client"), (400, "unsupported_grant_type"));
    let bad = (400, "invalid_grant");
    for (kind, owner, app, [password, refresh, auth_key, credentials]) in [
        (Personal, &ada, ada.registers_own_app("Ada").await, [(200, ""), bad, denied, unsupported]),
        (Institutional, &bank, bank.registers_own_app("Bank").await, [(200, ""), bad, denied, unsupported]),
        (ThirdPartyAgent, &agent, agent_app.clone(), [denied, bad, (200, ""), unsupported]),
        (Login, &bank, bank.has_an_app_to_log_in_to().await, [denied, bad, denied, unsupported]),
        (Partner, &bank, bank.has_app(Partner, "Bank").await, [denied, bad, denied, (200, "")]),
        (Api, &bank, bank.has_app(Api, "Orders").await, [denied, bad, denied, unsupported]),
    ] {
        let strange = Tokens { access_token: String::new(), refresh_token: "x".repeat(54) };
        for (answer, (status, code)) in [
            (app.password_grant(owner).await, password),
            (app.refresh(&strange).await, refresh),
            (app.auth_key_grant(&key).await, auth_key),
            (app.client_credentials().await, credentials),
        ] {
            let json = answer.is(status).json();
            assert_eq!(json["error"].as_str().unwrap_or_default(), code, "{kind:?}: {}", answer.told());
            assert_eq!(json.get("access_token").is_some(), status == 200, "{kind:?}: {}", answer.told());
        }
    }
}

#[tokio::test]
async fn a_partner_gets_an_access_token_alone_t_06() {
    let p = Prosper::start().await;
    let partner = p.institution("it@bank.example").await.has_app(ApplicationKind::Partner, "Bank").await;
    let answer = partner.client_credentials().await;
    let token = answer.is(200).never_stored().json()["access_token"].as_str().expect("text").to_owned();
    assert_eq!(answer.body, format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":3599}}"#));
    p.resource(&token).await.is(401);
}

#[tokio::test]
async fn a_refresh_token_serves_the_application_it_was_issued_to_and_its_secret_alone_t_04() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let other = ada.registers_own_app("Another of hers").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let reason = "Missing/Invalid refresh token";
    other.refresh(&tokens).await.refused(400, "invalid_grant", reason);
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];
    let mut pairs = parameters.to_vec();
    pairs.push(("client_id", &app.client_id));
    p.token(&pairs).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    pairs.push(("client_secret", &other.secret));
    p.token(&pairs).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    app.refresh(&tokens).await.tokens();
}

#[tokio::test]
async fn an_authorization_key_is_good_any_number_of_times_for_its_own_agent_t_05() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let agent = p.agent("ops@agent.example").await;
    let app = agent.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let sibling = agent.registers_agent_app("Southwind", AGENT_REDIRECT).await;
    let key = app.auth_key(&ada.signs_in().await).await;
    let answer = app.auth_key_grant(&key).await;
    let first = answer.tokens();
    let expected = format!(
        r#"{{"access_token":"{}","token_type":"bearer","refresh_token":"{}","expires_in":3599}}"#,
        first.access_token, first.refresh_token
    );
    assert_eq!(answer.body, expected, "as T-01");
    p.clock.advance(hours(11));
    let second = app.auth_key_grant(&key).await.tokens();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert!(p.is_good(&second).await && p.is_good(&app.refresh(&second).await.tokens()).await);
    app.refresh(&first).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    sibling.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
    let bent = format!("{}{}", if key.starts_with('A') { "B" } else { "A" }, &key[1..]);
    for wrong in [&key[..key.len() - 1], &format!("{key}="), &bent, &first.refresh_token] {
        app.auth_key_grant(wrong).await.refused(400, "invalid_grant", "Bad credentials");
    }
}

#[tokio::test]
async fn a_status_is_told_to_the_password_grant_alone_t_09() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    for status in Status::ALL.into_iter().filter(|status| *status != Status::Active) {
        let ada = p.investor(&format!("{}@example.com", status.name())).await;
        let app = ada.registers_own_app("Own").await;
        let tokens = app.password_grant(&ada).await.tokens();
        let key = agent.auth_key(&ada.signs_in().await).await;
        let by_key = agent.auth_key_grant(&key).await.tokens();
        ada.becomes(status).await;
        app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
        agent.refresh(&by_key).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
        agent.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
    }
}

#[tokio::test]
async fn a_bearer_token_is_taken_from_one_header_in_any_case_of_its_scheme_t_12() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let tokens = app.password_grant(&ada).await.tokens();
    let login = ada.has_an_app_to_log_in_to().await.token_of(&ada).await;
    let token = tokens.access_token.as_str();
    let get = |path: &str, headers: Vec<(&str, String)>, body: &str| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        p.send(request("GET", path, &headers, body))
    };
    for scheme in ["bearer", "Bearer", "BEARER", "bEaReR"] {
        for path in ["/v1/accounts/prosper/", "/v1/accounts/prosper"] {
            let headers =
                vec![("authorization", format!("{scheme} {token}")), ("content-type", "application/json".into())];
            let json = get(path, headers, "{}").await.is(200).never_stored().json();
            assert_eq!(json["external_user_id"], ada.uid.to_string());
        }
    }
    let bent = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { "B" } else { "A" });
    for headers in [
        vec![],
        vec![("authorization", String::new())],
        vec![("authorization", "Bearer".into())],
        vec![("authorization", token.into())],
        vec![("authorization", format!("Token {token}"))],
        vec![("authorization", to_basic(&app.client_id, &app.secret))],
        vec![("authorization", format!("Bearer {token} {token}"))],
        vec![("authorization", format!("Bearer {token}")), ("authorization", format!("Bearer {token}"))],
        vec![("authorization", format!("Bearer {bent}"))],
        vec![("authorization", format!("Bearer {token}="))],
        vec![("authorization", format!("Bearer {}", &token[1..]))],
        vec![("authorization", format!("Bearer {}", tokens.refresh_token))],
        vec![("authorization", format!("Bearer {login}"))],
        vec![("cookie", format!("access_token={token}"))],
    ] {
        let path = format!("/v1/accounts/prosper/?access_token={token}");
        let answer = get(&path, headers, &format!("access_token={token}")).await;
        answer.refused(401, "invalid_token", "The access token is invalid (expired, not provided etc)");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{}", answer.told());
    }
}

#[tokio::test]
async fn introspection_tells_an_api_of_the_same_space_and_nobody_else_t_14() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let api = p.institution("it@bank.example").await.has_app(ApplicationKind::Api, "Orders").await;
    let elsewhere = p.person("it@bank.example", AccountKind::Institutional, p.space("Other").await).await;
    let foreign = elsewhere.has_app(ApplicationKind::Api, "Orders").await;
    let issued_at = p.p.now().seconds();
    let tokens = app.posts(&grant(&ada, &[("scope", "read_note read_loan")])).await.tokens();
    let login = ada.has_an_app_to_log_in_to().await.token_of(&ada).await;

    let active = json!({
        "active": true, "client_id": app.client_id, "username": "ada@example.com", "sub": ada.uid.to_string(),
        "scope": "read_loan read_note", "token_type": "bearer", "iat": issued_at, "exp": issued_at + 3_600,
    });
    assert_eq!(api.introspect(&tokens.access_token).await.is(200).never_stored().json(), active);
    let basic = to_basic(&api.client_id, &api.secret);
    let headers = [("content-type", FORM), ("authorization", basic.as_str())];
    let body = form(&[("token", &tokens.access_token), ("token_type_hint", "refresh_token")]);
    let answer = p.send(request("POST", "/v1/security/oauth/introspect", &headers, &body)).await;
    assert_eq!(answer.is(200).json(), active);
    let dead = json!({"active": false});
    for token in [&login, &tokens.refresh_token, "nonsense", &"x".repeat(9_000)] {
        assert_eq!(api.introspect(token).await.is(200).json(), dead);
    }
    assert_eq!(foreign.introspect(&tokens.access_token).await.is(200).json(), dead, "of another space");
    app.introspect(&tokens.access_token).await.refused(401, "invalid_client", "Unauthorized grants");
    let stolen = App { secret: "wrong".into(), ..api.clone() };
    stolen.introspect(&tokens.access_token).await.refused(401, "invalid_client", "Invalid/Missing credentials");

    let partner = elsewhere.has_app(ApplicationKind::Partner, "Bank").await;
    let machine = partner.client_credentials().await.json()["access_token"].as_str().expect("text").to_owned();
    let told = foreign.introspect(&machine).await.is(200).json();
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!(partner.client_id)));
    assert!(told.get("username").is_none() && told.get("sub").is_none(), "a machine speaks for nobody: {told}");

    p.clock.advance(hours(1));
    assert_eq!(api.introspect(&tokens.access_token).await.is(200).json(), dead, "expired");
    let again = app.refresh(&tokens).await.tokens();
    assert_eq!(api.introspect(&again.access_token).await.json()["active"], true);
    ada.becomes(Status::Suspended).await;
    assert_eq!(api.introspect(&again.access_token).await.is(200).json(), dead, "revoked");
}

fn grant<'a>(person: &'a Person<'_>, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![("grant_type", "password"), ("username", &person.email), ("password", &person.password)];
    pairs.extend_from_slice(more);
    pairs
}

#[tokio::test]
async fn a_scope_is_narrowed_and_never_widened_r_61() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let api = ada.has_app(ApplicationKind::Api, "Orders").await;
    let narrow = app.posts(&grant(&ada, &[("scope", "read_note\tread_loan")])).await.tokens();
    let refresh = |scope: Option<&'static str>| {
        let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", narrow.refresh_token.as_str())];
        pairs.extend(scope.map(|scope| ("scope", scope)));
        let app = &app;
        async move { app.posts(&pairs).await }
    };
    for wider in ["read_prosper_account", "read_note read_listing", "admin", "user:email", "read_loan,read_note"] {
        refresh(Some(wider)).await.refused(400, "invalid_request", "Invalid scope(s)");
    }
    for (scope, has) in [(None, "read_loan read_note"), (Some("read_note"), "read_note"), (None, "read_loan read_note")]
    {
        let tokens = refresh(scope).await.tokens();
        assert_eq!(api.introspect(&tokens.access_token).await.json()["scope"], has);
        assert!(!p.is_good(&tokens).await, "the resource takes read_prosper_account");
    }
    let whole = app.password_grant(&ada).await.tokens();
    let scope = api.introspect(&whole.access_token).await.json()["scope"].as_str().expect("text").to_owned();
    assert_eq!(scope.split(' ').count(), 9);
    assert!(p.is_good(&whole).await);
}

#[tokio::test]
async fn a_username_is_looked_up_in_the_applications_space_a_03() {
    let p = Prosper::start().await;
    let here = p.investor("ada@example.com").await;
    let mut there = p.person("ada@example.com", AccountKind::Individual, p.space("Other").await).await;
    there.gets_password("another password altogether").await;
    let (app, other) = (here.registers_own_app("Here").await, there.registers_own_app("There").await);
    app.password_grant(&here).await.tokens();
    other.password_grant(&there).await.tokens();
    app.password_grant(&there).await.refused(400, "invalid_grant", "Bad credentials");
    other.password_grant(&here).await.refused(400, "invalid_grant", "Bad credentials");
}

#[tokio::test]
async fn a_secret_that_overlaps_works_until_its_end_and_ending_one_ends_no_token_b_05() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let tokens = app.password_grant(&ada).await.tokens();
    let renewed = app.rotates_secret(hours(1)).await;
    p.clock.advance(just_before(hours(1)));
    app.refresh(&tokens).await.tokens();
    renewed.refresh(&tokens).await.tokens();
    p.clock.advance(A_MOMENT);
    app.refresh(&tokens).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    assert!(p.is_good(&renewed.refresh(&tokens).await.tokens()).await, "the family lives on");
    let client = p.p.store.client(app.id).await.expect("read").expect("there");
    let newest = client.secrets.iter().find(|secret| secret.expires_at.is_none()).expect("the one that stays");
    renewed.changes(ApplicationChange::RevokeSecret(newest.id)).await;
    renewed.refresh(&tokens).await.refused(401, "invalid_client", "Invalid/Missing credentials");
}
