//! A rejected call's real reason is shown to the application's owner, never to a stranger (W-03): the answers stay the rows
//! of seed 2, and beside them the owner reads what is wrong with the request, and nothing about anybody else.

use crate::prosper::{App, Exchange, Prosper, hours};

/// What the owner of `app` reads about a refused call: which call it was, and why.
async fn told(p: &Prosper, app: &App<'_>, answer: &Exchange) -> (String, String) {
    let (_, detail) = p.told_of(app, answer).await;
    let id = answer.header("x-request-id").expect("every answer has one");
    let rows = p.p.store.requests_of(app.id, None, 100).await.expect("read");
    let row = rows.into_iter().find(|row| row.request_id == id).expect("it was just read");
    (row.surface, detail)
}

#[tokio::test]
async fn a_refused_password_grant_says_to_the_owner_what_is_theirs_and_of_others_nothing_w_03() {
    let p = Prosper::start().await;
    let ada = p.investor("ada+apps@example.com").await;
    let bea = p.investor("bea@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for (username, password, cause) in [
        (ada.email.as_str(), "wrong", "the username is yours, and the password is not, or it changed meanwhile"),
        ("Ada+Apps@Example.com", "wrong", "the username is yours, and the password is not, or it changed meanwhile"),
        (
            "ada apps@example.com",
            ada.password.as_str(),
            "the username has a blank where the owner's email has a plus sign, which a form carries as %2B",
        ),
    ] {
        let answer = app.password_grant_as(username, password).await;
        answer.refused(400, "invalid_grant", "Bad credentials");
        assert_eq!(told(&p, &app, &answer).await, ("password".into(), format!("Bad credentials: {cause}")));
    }
    // Whether there is such an account, and whether the password is its own, cannot be told from what the owner reads.
    let mut causes = Vec::new();
    for (username, password) in
        [(bea.email.as_str(), bea.password.as_str()), (&bea.email, "wrong"), ("nobody@example.com", "wrong")]
    {
        let answer = app.password_grant_as(username, password).await;
        answer.refused(400, "invalid_grant", "Bad credentials");
        causes.push(told(&p, &app, &answer).await.1);
    }
    let of_another = "Bad credentials: the username is not the email of the application's owner, whom alone it serves";
    assert_eq!(causes, [of_another; 3]);
    // What the row says in full stays as it is.
    let answer = app.password_grant_as("", "").await;
    let wire = answer.json()["error_description"].as_str().expect("a reason").to_owned();
    assert_eq!(told(&p, &app, &answer).await.1, wire);
}

#[tokio::test]
async fn a_client_that_is_refused_says_to_its_owner_why_w_03() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let refused = "Invalid/Missing credentials";
    let bare =
        [("grant_type", "password"), ("client_id", app.client_id.as_str()), ("username", "x"), ("password", "y")];
    let answer = p.token(&bare).await;
    answer.refused(401, "invalid_client", refused);
    assert_eq!(told(&p, &app, &answer).await.1, format!("{refused}: client_secret is missing"));
    let mut wrong = bare.to_vec();
    wrong.push(("client_secret", "wrong"));
    let answer = p.token(&wrong).await;
    let bad = format!("{refused}: client_secret is wrong, revoked or past its overlap");
    assert_eq!(told(&p, &app, &answer).await.1, bad);
    let stranger = App { server: &p, id: app.id, client_id: app.client_id.clone(), secret: "wrong".into() };
    let answer = stranger.introspect("token").await;
    assert_eq!(told(&p, &app, &answer).await, ("introspect".into(), bad));

    let answer = app.auth_key_grant("key").await;
    answer.refused(401, "invalid_client", "Unauthorized grants");
    let kind = "Unauthorized grants: this kind of application cannot use this grant".to_owned();
    assert_eq!(told(&p, &app, &answer).await, ("authorization_key".into(), kind));
    let secret = [("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str())];
    let answer = p.token(&secret).await;
    assert_eq!(told(&p, &app, &answer).await, ("token".into(), "Invalid/Missing grant type".into()));

    // The page of the application has it in words, beside what was answered.
    let page = ada.signs_in().await.visit(&format!("/oauth/apps/{}", app.id.hex())).await;
    page.is(200)
        .page_says(&escaped("Invalid/Missing credentials: client_secret is missing"))
        .page_says("Tokens for a key");
}

#[tokio::test]
async fn a_refresh_token_that_is_no_good_says_to_the_owner_why_w_03() {
    let p = Prosper::start().await;
    let mut ada = p.investor("ada@example.com").await;
    let (app, other) = (ada.registers_own_app("Own").await, ada.registers_own_app("Other").await);
    let refused = "Missing/Invalid refresh token";
    let tokens = app.password_grant(&ada).await.tokens();
    let secret = [("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str())];
    let mut without = vec![("grant_type", "refresh_token")];
    without.extend(secret);
    let missing = p.token(&without).await;
    without.push(("refresh_token", "nonsense"));
    let nonsense = p.token(&without).await;
    let elsewhere = other.refresh(&tokens).await;
    for (of, answer, cause) in [
        (&app, &missing, "refresh_token is missing"),
        (&app, &nonsense, "refresh_token is not one that we issued, letter by letter, or it ended long ago"),
        (&other, &elsewhere, "refresh_token was issued to another application"),
    ] {
        answer.refused(400, "invalid_grant", refused);
        assert_eq!(told(&p, of, answer).await, ("refresh_token".into(), format!("{refused}: {cause}")));
    }
    ada.gets_password("another long enough password").await;
    let withdrawn = app.refresh(&tokens).await;
    let cause = "the grant was withdrawn, or the password, the account or the application changed since refresh_token was issued";
    assert_eq!(told(&p, &app, &withdrawn).await.1, format!("{refused}: {cause}"));
    let tokens = app.password_grant(&ada).await.tokens();
    p.clock.advance(hours(10));
    let old = app.refresh(&tokens).await;
    assert_eq!(told(&p, &app, &old).await.1, format!("{refused}: refresh_token is older than ten hours"));
}

#[tokio::test]
async fn an_authorization_key_that_is_no_good_says_to_the_agent_why_w_03() {
    let p = Prosper::start().await;
    let ops = p.agent("ops@agent.example").await;
    let (agent, other) = (
        ops.registers_agent_app("Northwind", "https://agent.example/cb").await,
        ops.registers_agent_app("Southwind", "https://agent.example/other").await,
    );
    let ada = p.investor("ada@example.com").await;
    let key = agent.auth_key(&ada.signs_in().await).await;
    let (nonsense, elsewhere) = (agent.auth_key_grant("nonsense").await, other.auth_key_grant(&key).await);
    ada.becomes(prosper::domain::status::Status::Suspended).await;
    let suspended = agent.auth_key_grant(&key).await;
    for (of, answer, cause) in [
        (&agent, &nonsense, "auth_key is not one that we issued, letter by letter, or its grant was withdrawn"),
        (&other, &elsewhere, "auth_key was issued to another application"),
        (
            &agent,
            &suspended,
            "the investor's account cannot be used now, or the application or its owner's agent role changed",
        ),
    ] {
        answer.refused(400, "invalid_grant", "Bad credentials");
        assert_eq!(told(&p, of, answer).await, ("authorization_key".into(), format!("Bad credentials: {cause}")));
    }
}

/// As a page writes it.
fn escaped(text: &str) -> String {
    text.replace('\'', "&#39;")
}
