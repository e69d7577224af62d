//! Seed 2's five error tables, written out by hand a second time, each row met over HTTP (T-07, T-08, T-10).

use prosper::contract::token_endpoint::tables;
use prosper::domain::application::ApplicationKind;
use prosper::domain::status::Status;

use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Exchange, Prosper};

/// The password request of an application, with some parameters replaced (`Some`) or left out (`None`).
async fn ask(app: &App<'_>, username: &str, changes: &[(&str, Option<&str>)]) -> Exchange {
    let mut pairs = vec![
        ("grant_type", "password"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("username", username),
        ("password", PASSWORD),
    ];
    for (name, value) in changes {
        pairs.retain(|(kept, _)| kept != name);
        if let Some(value) = value {
            pairs.push((name, value));
        }
    }
    app.server.token(&pairs).await
}

#[tokio::test]
async fn client_authority_errors_are_met_row_by_row() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let user = "ada@example.com";

    for id in [None, Some(""), Some("nope"), Some("00000000000000000000000000000000")] {
        let reason = "Invalid/Missing client Id";
        ask(&app, user, &[("client_id", id)]).await.refused(401, "unauthorized", reason);
    }
    ask(&app, user, &[("client_id", None), ("client_secret", None)]).await.refused(
        401,
        "unauthorized",
        "No Authorization (header) information provided",
    );
    for secret in [None, Some(""), Some("wrong"), Some("00000000000000000000000000000000")] {
        let reason = "Invalid/Missing credentials";
        ask(&app, user, &[("client_secret", secret)]).await.refused(401, "invalid_client", reason);
    }
    ask(&agent, user, &[]).await.refused(401, "invalid_client", "Unauthorized grants");
    app.auth_key_grant("a key").await.refused(401, "invalid_client", "Unauthorized grants");
    p.token(&[("grant_type", "password"), ("grant_type", "password")]).await.refused(
        400,
        "invalid_request",
        "Bad request",
    );
    for grant in [None, Some("")] {
        ask(&app, user, &[("grant_type", grant)]).await.refused(400, "invalid_request", "Invalid/Missing grant type");
    }
    for grant in ["implicit", "authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "PASSWORD"] {
        let reason = "The grant type given is unsupported";
        ask(&app, user, &[("grant_type", Some(grant))]).await.refused(400, "unsupported_grant_type", reason);
    }
    app.client_credentials().await.refused(400, "unsupported_grant_type", "The grant type given is unsupported");
}

#[tokio::test]
async fn password_credentials_flow_errors_are_met_row_by_row() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let user = "ada@example.com";

    for absent in [None, Some("")] {
        ask(&app, user, &[("username", absent), ("password", absent)]).await.refused(
            400,
            "invalid_grant",
            "Not enough information supplied for the grant type",
        );
        for one in ["username", "password"] {
            let reason = "Missing/Invalid username or password";
            ask(&app, user, &[(one, absent)]).await.refused(400, "invalid_grant", reason);
        }
    }
    for (one, long) in [("username", "a@".repeat(200)), ("password", "x".repeat(257)), ("password", "x".repeat(10_240))]
    {
        let reason = "Missing/Invalid username or password";
        ask(&app, user, &[(one, Some(&long))]).await.refused(400, "invalid_grant", reason);
    }
    for wrong in [("username", "nobody@example.com"), ("password", "not it at all")] {
        ask(&app, user, &[(wrong.0, Some(wrong.1))]).await.refused(400, "invalid_grant", "Bad credentials");
    }
    for (scope, reason) in [
        ("", "No scopes provided"),
        ("  ", "No scopes provided"),
        ("admin", "Invalid scope(s)"),
        ("user:email", "Invalid scope(s)"),
        ("read_loan admin", "Invalid scope(s)"),
    ] {
        ask(&app, user, &[("scope", Some(scope))]).await.refused(400, "invalid_request", reason);
    }
    ada.must_reset().await;
    app.password_grant(&ada).await.refused(403, "password_reset_required", "User needs to reset their password");
}

#[tokio::test]
async fn user_status_errors_are_met_row_by_row_and_only_with_the_right_password() {
    let p = Prosper::start().await;
    for (status, code, reason) in [
        (Status::Closed, "closed_account", "User account is closed"),
        (Status::Duplicate, "duplicate_account", "User has a duplicate account"),
        (Status::Expired, "expired_account", "User account has expired"),
        (Status::Inactive, "inactive_account", "User account is inactive"),
        (Status::OnHold, "account_on_hold", "User account is put on hold"),
        (Status::PendingActivation, "account_pending_activation", "User account has not been activated"),
        (Status::PendingApproval, "account_pending_approval", "User account pending approval"),
        (Status::IncompleteRegistration, "account_incomplete_registration", "User has not completed registration"),
        (Status::Suspended, "suspended_account", "User account is suspended"),
        (Status::Terminated, "terminated_account", "User account is terminated"),
        (Status::Unactivated, "unactivated_account", "The account’s email address has not been validated"),
    ] {
        let ada = p.investor(&format!("{}@example.com", status.name())).await;
        let app = ada.registers_own_app("Ada Lovelace").await;
        ada.becomes(status).await;
        app.password_grant(&ada).await.refused(400, code, reason);
        app.password_grant_as(&ada.email, "not it at all").await.refused(400, "invalid_grant", "Bad credentials");
    }
}

#[tokio::test]
async fn refresh_token_errors_are_met_row_by_row() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let other = ada.registers_own_app("Another").await;
    let mut tokens = app.password_grant(&ada).await.tokens();
    let reason = "Missing/Invalid refresh token";

    other.refresh(&tokens).await.refused(400, "invalid_grant", reason);
    let access = tokens.access_token.clone();
    for bad in ["", "nonsense", access.as_str()] {
        tokens.refresh_token = bad.into();
        app.refresh(&tokens).await.refused(400, "invalid_grant", reason);
    }
    let pairs = [("grant_type", "refresh_token"), ("client_id", &app.client_id), ("client_secret", &app.secret)];
    p.token(&pairs).await.refused(400, "invalid_grant", reason);
}

#[tokio::test]
async fn access_token_errors_are_met_row_by_row() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await;
    let app = agent.registers_agent_app("Northwind", "https://agent.example/cb").await;

    let pairs = [("grant_type", "authorization_key"), ("client_id", &app.client_id), ("client_secret", &app.secret)];
    p.token(&pairs).await.refused(400, "invalid_grant", "Not enough information supplied for the grant type");
    app.auth_key_grant("not a key").await.refused(400, "invalid_grant", "Bad credentials");
    for (scope, reason) in [("", "No scopes provided"), ("admin", "Invalid scope(s)")] {
        let mut pairs = pairs.to_vec();
        pairs.extend([("auth_key", "not a key"), ("scope", scope)]);
        p.token(&pairs).await.refused(400, "invalid_request", reason);
    }
    let missing = p.get("/v1/accounts/prosper/").await;
    for answer in [missing, p.resource("nonsense").await] {
        let reason = "The access token is invalid (expired, not provided etc)";
        answer.refused(401, "invalid_token", reason);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{}", answer.told());
    }
}

/// The rows of the document and no others: what the code can send is what was transcribed by hand above and here.
#[test]
fn the_tables_in_the_code_are_the_documents_tables() {
    let scopes = [("invalid_request", "No scopes provided", 400), ("invalid_request", "Invalid scope(s)", 400)];
    let client = [
        ("unauthorized", "Invalid/Missing client Id", 401),
        ("unauthorized", "No Authorization (header) information provided", 401),
        ("invalid_client", "Invalid/Missing credentials", 401),
        ("invalid_client", "Unauthorized grants", 401),
        ("invalid_request", "Bad request", 400),
        ("invalid_request", "Invalid/Missing grant type", 400),
        ("unsupported_grant_type", "The grant type given is unsupported", 400),
    ];
    let status = [
        ("closed_account", "User account is closed", 400),
        ("duplicate_account", "User has a duplicate account", 400),
        ("expired_account", "User account has expired", 400),
        ("inactive_account", "User account is inactive", 400),
        ("account_on_hold", "User account is put on hold", 400),
        ("account_pending_activation", "User account has not been activated", 400),
        ("account_pending_approval", "User account pending approval", 400),
        ("account_incomplete_registration", "User has not completed registration", 400),
        ("suspended_account", "User account is suspended", 400),
        ("terminated_account", "User account is terminated", 400),
        ("unactivated_account", "The account’s email address has not been validated", 400),
    ];
    let grant = [
        ("invalid_grant", "Not enough information supplied for the grant type", 400),
        ("invalid_grant", "Missing/Invalid username or password", 400),
        ("invalid_grant", "Bad credentials", 400),
    ];
    let reset = [("password_reset_required", "User needs to reset their password", 403)];
    let token = [("invalid_token", "The access token is invalid (expired, not provided etc)", 401)];
    let response =
        [("invalid_request", "Unsupported response types", 400), ("invalid_request", "Missing response type", 400)];
    let refresh = [("invalid_grant", "Missing/Invalid refresh token", 400)];
    let document = [
        ("Password Credentials Flow Errors", [&grant[..], &reset, &scopes, &status, &client].concat()),
        ("Access Token Errors", [&grant[..], &token, &response, &scopes, &client].concat()),
        ("Refresh Token Errors", [&refresh[..], &scopes, &client].concat()),
        ("User Status Errors", status.to_vec()),
        ("Client Authority Errors", client.to_vec()),
    ];
    for ((heading, rows), (expected, mut by_hand)) in tables().into_iter().zip(document) {
        assert_eq!(heading, expected);
        let mut rows: Vec<_> = rows.into_iter().map(|row| (row.code, row.reason, row.status)).collect();
        rows.sort_unstable();
        rows.dedup();
        by_hand.sort_unstable();
        assert_eq!(rows, by_hand, "{heading}");
    }
}

#[tokio::test]
async fn machines_are_refused_by_the_clients_own_rows() {
    let p = Prosper::start().await;
    let owner = p.institution("it@bank.example").await;
    let partner = owner.has_app(ApplicationKind::Partner, "Borrower bank").await;
    let api = owner.has_app(ApplicationKind::Api, "Orders").await;

    partner.client_credentials().await.is(200);
    partner.introspect("x").await.refused(401, "invalid_client", "Unauthorized grants");
    api.client_credentials().await.refused(400, "unsupported_grant_type", "The grant type given is unsupported");
    let pairs = [("client_id", api.client_id.as_str()), ("client_secret", api.secret.as_str())];
    p.post("/v1/security/oauth/introspect", &pairs).await.refused(400, "invalid_request", "Bad request");
}
