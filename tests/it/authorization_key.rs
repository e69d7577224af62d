//! Seed 1: "provide a link for them to grant your app access". The Authorization Key flow (K-01 to K-05, T-05).

use prosper::domain::account::AccountKind;
use prosper::domain::agent::AgentMove;
use prosper::domain::application::ApplicationKind;
use prosper::domain::scope::{Scope, ScopeSet};
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;

use crate::prosper::browser::Form;
use crate::prosper::exchange::form;
use crate::prosper::{Browser, Exchange, Prosper};

const BACK: &str = "https://agent.example/prosper/cb";
const ALL: &str = "read_user_profile write_user_profile read_prosper_account write_prosper_account read_invest_order \
                   write_invest_order read_loan read_note read_listing";

/// K-01, K-03, T-05: link, sign-in, approval, key, tokens.
#[tokio::test]
async fn an_investor_approves_an_agent_which_trades_the_key_for_tokens() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind Advisers", BACK).await;
    let ada = p.investor("ada@example.com").await;
    let browser = p.browser();
    let place = agent.key_url(&[("response_type", "auth_key"), ("state", "a b+c")]);

    let page = browser.visit(&place).await;
    page.page_says("Northwind Advisers").page_says("name=\"password\"");
    let signed_in = browser.submit(&page, &[("email", &ada.email), ("password", &ada.password)]).await;
    signed_in.is(303).redirects_to(&place);
    let page = browser.follow(signed_in).await;
    page.is(200);
    for words in [
        "Northwind Advisers",
        "wants to act for you",
        "Third-party agent",
        "ada@example.com",
        "See your balance and the value of your account",
        "Place investments with your money",
        "Moves money",
        "agent.example",
        "Connected apps",
        "value=\"deny\"",
    ] {
        page.page_says(words);
    }
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self' https://agent.example;"), "{policy}");

    let approved = browser.submit(&page, &[("decision", "allow")]).await;
    approved.is(302).never_stored();
    assert!(approved.location().starts_with(&format!("{BACK}?auth_key=")), "{}", approved.told());
    assert!(approved.location().contains("&state=a%20b%2Bc&scope=read_user_profile%20"), "{}", approved.told());
    assert_eq!(approved.location_parameter("scope").as_deref(), Some(ALL), "absent: what the app is registered for");
    let key = approved.location_parameter("auth_key").expect("a key");

    // "Any number of times until the grant ends."
    for _ in 0..3 {
        let tokens = agent.auth_key_grant(&key).await.tokens();
        p.resource(&tokens.access_token).await.is(200);
        agent.refresh(&tokens).await.tokens();
    }
    let other = p.agent("two@agent.example").await.registers_agent_app("Other", BACK).await;
    other.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
}

/// K-01: `state_token` is an older name of `state`; whichever came is echoed under its own name.
#[tokio::test]
async fn a_state_is_echoed_under_the_name_it_came_by() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let old = approves(&browser, &agent.key_url(&[("response_type", "auth_key"), ("state_token", "old&1")])).await;
    assert_eq!(old.location_parameter("state_token").as_deref(), Some("old&1"), "{}", old.told());
    assert_eq!(old.location_parameter("state"), None);
    let none = approves(&browser, &agent.key_url(&[("response_type", "auth_key")])).await;
    assert!(!none.location().contains("state"), "{}", none.told());
    let wrong = browser.get(&agent.key_url(&[("response_type", "x"), ("state_token", "old")])).await;
    assert_eq!(wrong.location_parameter("state_token").as_deref(), Some("old"));
}

/// K-01, K-03, B-07: the registered URL is used, with `&` where it has a query of its own.
#[tokio::test]
async fn the_registered_url_is_used_with_its_own_query() {
    let p = Prosper::start().await;
    let registered = "https://agent.example/cb?tenant=1&x=%2f";
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", registered).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    for sent in [vec![], vec![("redirect_uri", registered)]] {
        let place = agent.key_url(&[&[("response_type", "auth_key"), ("state", "s")][..], &sent].concat());
        let approved = approves(&browser, &place).await;
        assert!(approved.location().starts_with(&format!("{registered}&auth_key=")), "{}", approved.told());
    }
    for sent in ["https://agent.example/cb", "https://evil.test/", "https://agent.example/cb?tenant=2"] {
        let place = agent.key_url(&[("response_type", "auth_key"), ("redirect_uri", sent)]);
        browser.get(&place).await.is_welcome();
        p.get(&place).await.is_welcome();
    }
}

/// K-02: separated by any white space; a scope never widens.
#[tokio::test]
async fn scopes_are_read_with_any_white_space_between_them_and_asked_in_plain_words() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let place =
        agent.key_url(&[("response_type", "auth_key"), ("scope", "read_note\t read_prosper_account\r\nread_note")]);
    let page = browser.get(&place).await;
    page.page_says("See your notes and their payments").page_says("See your balance").page_does_not_say("Moves money");
    let approved = approves(&browser, &place).await;
    assert_eq!(approved.location_parameter("scope").as_deref(), Some("read_prosper_account read_note"));
    let few = ScopeSet::NONE.with(Scope::ReadNote);
    agent.changes(ApplicationChange::Scopes(few)).await;
    browser.get(&place).await.refuses_the_app(BACK, "invalid_request");
    let approved = approves(&browser, &agent.key_url(&[("response_type", "auth_key")])).await;
    assert_eq!(approved.location_parameter("scope").as_deref(), Some("read_note"));
}

/// K-02: the rows of the document's table, on our own page for a stranger and at the agent's URL for who is signed in.
#[tokio::test]
async fn what_is_wrong_is_named_by_its_row_and_told_to_the_agent_only_when_somebody_is_signed_in() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let long = "x".repeat(2_049);
    let scoped = |scope: &str| agent.key_url(&[("response_type", "auth_key"), ("state", "s"), ("scope", scope)]);
    for (place, reason, state) in [
        (agent.key_url(&[("state", "s")]), "Missing response type", true),
        (agent.key_url(&[("response_type", ""), ("state", "s")]), "Missing response type", true),
        (agent.key_url(&[("response_type", "code"), ("state", "s")]), "Unsupported response types", true),
        (agent.key_url(&[("response_type", "AUTH_KEY"), ("state", "s")]), "Unsupported response types", true),
        (scoped(""), "No scopes provided", true),
        (scoped(" \t"), "No scopes provided", true),
        (scoped("admin"), "Invalid scope(s)", true),
        (scoped("read_note admin"), "Invalid scope(s)", true),
        (scoped("user:email"), "Invalid scope(s)", true),
        (scoped("read_note,read_loan"), "Invalid scope(s)", true),
        (
            agent.key_url(&[("response_type", "auth_key"), ("state", "a"), ("state", "b")]),
            "A parameter was sent more than once",
            false,
        ),
        (
            agent.key_url(&[("response_type", "auth_key"), ("state", &long)]),
            "The state is longer than 2048 bytes",
            false,
        ),
    ] {
        let page = p.get(&place).await;
        page.is_our_own_problem("invalid_request").page_says(reason).page_does_not_say("agent.example");
        let told = browser.get(&place).await;
        told.refuses_the_app(BACK, "invalid_request");
        assert_eq!(told.location_parameter("error_description").as_deref(), Some(reason), "{}", told.told());
        assert_eq!(told.location_parameter("state"), state.then(|| "s".to_owned()));
        assert_eq!(p.told_of(&agent, &told).await, ("invalid_request".into(), reason.into()));
    }
}

/// K-03: denying tells the agent and leaves everything as it is.
#[tokio::test]
async fn a_denial_goes_back_as_access_denied_and_ends_nothing() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let place = agent.key_url(&[("response_type", "auth_key"), ("state", "s")]);
    let key = approves(&browser, &place).await.location_parameter("auth_key").expect("a key");
    let page = browser.get(&place).await;
    page.page_says("You allowed this agent");
    let denied = browser.submit(&page, &[("decision", "deny")]).await;
    denied.refuses_the_app(BACK, "access_denied");
    assert_eq!(denied.location_parameter("state").as_deref(), Some("s"));
    agent.auth_key_grant(&key).await.tokens();
}

/// K-05: nothing is sent to an address that no agent has proven to be its own.
#[tokio::test]
async fn requests_that_no_agent_can_make_end_at_welcome() {
    let p = Prosper::start().await;
    let person = p.agent("ops@agent.example").await;
    let agent = person.registers_agent_app("Northwind", BACK).await;
    let ada = p.investor("ada@example.com").await;
    let login = ada.has_login_app("Acme HR", &[BACK]).await;
    let personal = ada.registers_own_app("Ada").await;
    let api = ada.has_app(ApplicationKind::Api, "Api").await;
    let browser = ada.signs_in().await;
    let zeros = "0".repeat(32);
    for who in [&p.browser(), &browser] {
        for id in ["nope", "", &zeros, &login.client_id, &personal.client_id, &api.client_id] {
            let place = agent.key_url(&[("client_id", id), ("response_type", "auth_key"), ("redirect_uri", BACK)]);
            who.get(&place).await.is_welcome();
        }
        let twice = format!("{}&client_id={}", agent.key_url(&[("response_type", "auth_key")]), agent.client_id);
        who.get(&twice).await.is_welcome();
        who.get("/oauth?response_type=auth_key").await.is_welcome();
        who.get("/oauth?state=x").await.is_welcome();
    }
    let place = agent.key_url(&[("response_type", "auth_key")]);
    agent.changes(ApplicationChange::Disabled(true)).await;
    browser.get(&place).await.is_welcome();
    agent.changes(ApplicationChange::Disabled(false)).await;
    browser.get(&place).await.is(200);
    person.agent_role(AgentMove::Withdraw).await;
    let ended = browser.get(&place).await;
    ended.is_welcome();
    assert!(p.told_of(&agent, &ended).await.1.contains("agent role"));
    // Nobody's request is for the settings page, which a stranger reaches by way of sign-in.
    p.get("/oauth").await.is(302).redirects_to("/login?next=%2Foauth");
}

/// nothing crosses spaces.
#[tokio::test]
async fn an_investor_of_another_space_lands_at_welcome() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let elsewhere = p.space("Elsewhere").await;
    let bob = p.person("bob@example.com", AccountKind::Individual, elsewhere).await;
    let browser = p.browser();
    let place = agent.key_url(&[("response_type", "auth_key"), ("state", "s")]);
    browser.sign_in_at(&place, &bob.email, &bob.password).await.is(303).redirects_to(&place);
    browser.get(&place).await.is_welcome();
    browser.get(&agent.key_url(&[("response_type", "x"), ("state", "s")])).await.is_welcome();
    assert_eq!(p.consents_to(&agent).await, 0);
}

/// K-04: "a second consent widens or narrows the same grant; each approval adds a key, every key of the grant ends with it,
/// and live tokens stay (narrowed if the grant is)".
#[tokio::test]
async fn a_second_approval_changes_the_grant_and_adds_a_key_and_a_withdrawal_ends_them_all() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let asks = |scope: &str| agent.key_url(&[("response_type", "auth_key"), ("scope", scope)]);
    let first = approves(&browser, &asks("read_prosper_account read_note")).await;
    let first = first.location_parameter("auth_key").expect("a key");
    let tokens = agent.auth_key_grant(&first).await.tokens();
    p.resource(&tokens.access_token).await.is(200);

    // Narrowed: the live token can no longer do what the grant no longer allows.
    let page = browser.get(&asks("read_note")).await;
    page.page_says("It would no longer").page_says("See your balance");
    let second = approves(&browser, &asks("read_note")).await.location_parameter("auth_key").expect("a key");
    assert_ne!(first, second);
    p.resource(&tokens.access_token).await.is(401);
    agent.refresh(&tokens).await.tokens();
    // Widened: it goes on uninterrupted, and both keys work.
    approves(&browser, &asks("read_note read_prosper_account read_loan")).await;
    p.resource(&tokens.access_token).await.is(200);
    for key in [&first, &second] {
        agent.auth_key_grant(key).await.tokens();
    }
    assert_eq!(p.consents_to(&agent).await, 1);

    assert!(p.withdraws(&ada, &agent).await);
    for key in [&first, &second] {
        agent.auth_key_grant(key).await.refused(400, "invalid_grant", "Bad credentials");
    }
    p.resource(&tokens.access_token).await.is(401);
    agent.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    // Given again: the old keys and tokens stay dead.
    approves(&browser, &asks("read_note")).await;
    agent.auth_key_grant(&first).await.refused(400, "invalid_grant", "Bad credentials");
    agent.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
}

/// K-04, A-05, R-80: a role that is withdrawn takes its keys along, also when it is granted again.
#[tokio::test]
async fn keys_end_with_the_agent_role_and_do_not_come_back_with_it() {
    let p = Prosper::start().await;
    let person = p.agent("ops@agent.example").await;
    let agent = person.registers_agent_app("Northwind", BACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let place = agent.key_url(&[("response_type", "auth_key")]);
    let key = approves(&browser, &place).await.location_parameter("auth_key").expect("a key");
    let tokens = agent.auth_key_grant(&key).await.tokens();
    // Switched off and on again, the app has its keys still.
    agent.changes(ApplicationChange::Disabled(true)).await;
    agent.auth_key_grant(&key).await.is(401);
    agent.changes(ApplicationChange::Disabled(false)).await;
    let later = agent.auth_key_grant(&key).await.tokens();

    person.agent_role(AgentMove::Withdraw).await;
    assert_ne!(agent.auth_key_grant(&key).await.status, 200);
    for tokens in [&tokens, &later] {
        p.resource(&tokens.access_token).await.is(401);
    }
    assert_eq!(p.consents_to(&agent).await, 0);
    person.asks_for_agent_role().await;
    person.agent_role(AgentMove::Approve).await;
    agent.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
    p.resource(&later.access_token).await.is(401);
    let key = approves(&browser, &place).await.location_parameter("auth_key").expect("a key");
    agent.auth_key_grant(&key).await.tokens();
}

/// W-02, R-17: approval takes a form of ours, of this session, about this request, once.
#[tokio::test]
async fn an_approval_takes_the_form_that_was_shown_and_works_once() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let ada = p.investor("ada@example.com").await;
    let (browser, foreign) = (ada.signs_in().await, p.investor("bob@example.com").await.signs_in().await);
    let place = agent.key_url(&[("response_type", "auth_key"), ("scope", "read_note")]);
    let wider = agent.key_url(&[("response_type", "auth_key"), ("scope", "read_note write_invest_order")]);
    let good = filled(&browser.get(&place).await);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    browser.send("POST", &place, &[kind, ("origin", "https://evil.test")], &good).await.is(403);
    browser.send("POST", &place, &[kind, ("sec-fetch-site", "cross-site")], &good).await.is(403);
    for (place, body) in
        [(&place, filled(&foreign.get(&place).await)), (&wider, good.clone()), (&place, "decision=allow".to_owned())]
    {
        browser.send("POST", place, &[kind], &body).await.is(400).page_says("value=\"allow\"");
    }
    let twice = format!("{good}&decision=allow");
    browser.send("POST", &place, &[kind], &twice).await.is(400).page_says("We could not read that");
    assert_eq!(p.consents_to(&agent).await, 0);
    p.send(crate::prosper::exchange::request("POST", &place, &[kind], &good)).await.is(303);
    assert_eq!(p.consents_to(&agent).await, 0);

    let approved = browser.send("POST", &place, &[kind], &good).await;
    assert!(approved.is(302).location_parameter("auth_key").is_some());
    let again = browser.send("POST", &place, &[kind], &good).await;
    again.is(303).redirects_to(&place);
    assert!(p.withdraws(&ada, &agent).await);
    browser.send("POST", &place, &[kind], &good).await.is(303);
    assert_eq!(p.consents_to(&agent).await, 0);
}

/// Only an account that may be used can grant anything.
#[tokio::test]
async fn an_account_that_may_not_be_used_is_told_so_instead_of_asked() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", BACK).await;
    let ada = p.investor("ada@example.com").await;
    ada.becomes(Status::PendingApproval).await;
    let browser = p.browser();
    let place = agent.key_url(&[("response_type", "auth_key")]);
    let signed_in = browser.sign_in_at(&place, &ada.email, &ada.password).await;
    browser.follow(signed_in).await.is(403).page_says("We are looking at your registration");
    let post = browser.post(&place, &[("decision", "allow")]).await;
    assert_ne!(post.status, 302);
    assert_eq!(p.consents_to(&agent).await, 0);
}

async fn approves(browser: &Browser<'_>, place: &str) -> Exchange {
    let page = browser.get(place).await;
    browser.submit(&page, &[("decision", "allow")]).await
}

/// The form of the page as a browser sends it on "Allow".
fn filled(page: &Exchange) -> String {
    let forms = Form::all(&page.body);
    let mut pairs: Vec<_> = forms[0].hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.push(("decision", "allow"));
    form(&pairs)
}
