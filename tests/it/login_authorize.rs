//! Seed 3, 4.1: the front channel. Who is sent where, and who is not (L-01 to L-08; security AZ rows).

use prosper::crypto::digest::sha256;
use prosper::crypto::seal::to_base64url;
use prosper::domain::account::AccountKind;
use prosper::domain::application::ApplicationKind;
use prosper::domain::redirect_uri::RedirectUri;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;

use crate::prosper::login::CALLBACK;
use crate::prosper::{Prosper, minutes};

/// "If the user is not signed in to Prosper, they're sent to the Prosper login page, then back through this flow." L-02
#[tokio::test]
async fn a_stranger_signs_in_allows_and_goes_back_with_a_code_and_the_state() {
    let p = Prosper::start().await;
    let ada = p.investor("ada+hr@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = p.browser();
    let place = app.authorize_url(CALLBACK, "a b&c=%/+é");

    browser.get(&place).await.asks_to_sign_in();
    let page = browser.visit(&place).await;
    page.is(200).page_says("Acme HR").page_says("app.example").page_says("name=\"email\"");
    let signed_in = browser.submit(&page, &[("email", &ada.email), ("password", &ada.password)]).await;
    signed_in.is(303).redirects_to(&place);
    let page = browser.follow(signed_in).await;
    page.asks_consent("Acme HR");
    assert_eq!(p.consents_to(&app).await, 0);

    let allowed = browser.submit(&page, &[("decision", "allow")]).await;
    allowed.is(303).redirects_to(&place);
    let sent = browser.follow(allowed).await;
    sent.is(302).never_stored();
    assert!(sent.location().starts_with("https://app.example/cb?code="), "{}", sent.told());
    assert!(sent.location().ends_with("&state=a%20b%26c%3D%25%2F%2B%C3%A9"), "{}", sent.told());
    assert_eq!(sent.location_parameter("state").as_deref(), Some("a b&c=%/+é"));
    assert_eq!(sent.header("referrer-policy"), Some("same-origin"));

    // "If they've already consented, they're redirected immediately to your redirect_uri with a code."
    let again = browser.get(&place).await;
    assert!(again.is(302).location_parameter("code").is_some());
    assert_ne!(again.location_parameter("code"), sent.location_parameter("code"));
}

/// L-03: "adding a query string at runtime is fine"; it is kept as it came. AZ-15.
#[tokio::test]
async fn a_run_time_query_is_kept_and_the_code_is_added_behind_it() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    for (sent, begins) in [
        ("https://app.example/cb?x=1&y=%2f+z", "https://app.example/cb?x=1&y=%2f+z&code="),
        ("https://app.example/cb?", "https://app.example/cb?code="),
        ("https://app.example/cb?decode=1&x", "https://app.example/cb?decode=1&x&code="),
    ] {
        let answer = browser.get(&app.authorize_url(sent, "s")).await;
        assert!(answer.is(302).location().starts_with(begins), "{}", answer.told());
        assert_eq!(answer.location().matches("code=").count() - sent.matches("code=").count(), 1);
        assert!(answer.location().ends_with("&state=s"), "{}", answer.told());
    }
    let without_state = browser.get(&app.asks_well(&[])).await;
    assert_eq!(without_state.is(302).location_parameter("state"), None, "absent stays absent");
}

/// L-03: "`state` is echoed byte for byte", whatever the bytes are. AZ-39.
#[tokio::test]
async fn a_state_comes_back_byte_for_byte_and_never_as_markup() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let markup = app.authorize_url(CALLBACK, "\"><script>alert(1)</script>");
    browser.get(&markup).await.asks_consent("Acme HR").page_does_not_say("<script");
    p.browser().visit(&markup).await.is(200).page_does_not_say("<script");
    browser.code_for(&app).await;

    let longest = "x".repeat(2_048);
    for state in ["\"><script>alert(1)</script>", "%25", "a=b&c", "ü ☃", longest.as_str()] {
        let answer = browser.get(&app.authorize_url(CALLBACK, state)).await;
        assert_eq!(answer.location_parameter("state").as_deref(), Some(state), "{}", answer.told());
    }
    // Not text at all, and bytes that no page would show.
    let raw = format!("{}&state=%FF%00%0A%zz", app.asks_well(&[]));
    let answer = browser.get(&raw).await;
    assert!(answer.is(302).location().ends_with("&state=%FF%00%0A%25zz"), "{}", answer.told());
}

/// L-04, C-03: the bytes before `?` are those registered. AZ-01 to AZ-29, R-01, R-02.
#[tokio::test]
async fn every_other_redirect_uri_ends_at_welcome_signed_in_or_not() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK, "https://app.example:8443/cb"]).await;
    ada.has_login_app("Other", &["https://other.example/cb"]).await;
    let (stranger, browser) = (p.browser(), ada.signs_in().await);
    browser.code_for(&app).await;
    for redirect in [
        "https://app.example.evil.test/cb",
        "https://evil.test/cb",
        "https://app.example@evil.test/cb",
        "https://user@app.example/cb",
        "https://app.example/cb/../open?u=//evil.test",
        "https://app.example/./cb",
        "https://app.example//cb",
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example/c%62",
        "https://app.example/cb%2f..",
        "https://app.example/%2e/cb",
        "http://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8444/cb",
        "https://app.example./cb",
        "https://app.example/cb#frag",
        "https://app.example/cb?x=1#frag",
        "https://evil.test\\@app.example/cb",
        "https://app.example/cb?x=\\",
        "https://app.example\t/cb",
        "https://app.example/cb\n",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://\u{430}pp.example/cb",
        "//app.example/cb",
        "/cb",
        "javascript:alert(1)",
        "https://other.example/cb",
        "https://app.example/cb?code=mine",
        "https://app.example/cb?a=1&state=x",
        "https://app.example/cb?%63ode=mine",
        "https://app.example/cb?error=x",
        "https://app.example/cb?error_description=x",
        "https://app.example/cb?iss=x",
        "",
    ] {
        let place = app.asks(&[("redirect_uri", redirect), ("scope", "user:email"), ("state", "s")]);
        for who in [&stranger, &browser] {
            let answer = who.get(&place).await;
            answer.is_welcome();
            assert!(!format!("{:?}{}", answer.headers, answer.body).contains("evil.test"), "{}", answer.told());
        }
    }
    let not_text = format!("{}&redirect_uri=https://app.example/cb%FF", app.asks(&[("scope", "user:email")]));
    browser.get(&not_text).await.is_welcome();
    browser.get(&app.asks(&[("scope", "user:email")])).await.is_welcome();
}

/// L-05: "`client_id` not recognised": the welcome page at once. R-04, AZ-18, AZ-31.
#[tokio::test]
async fn unknown_disabled_and_foreign_clients_end_at_welcome_and_its_page_names_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let off = ada.has_login_app("Off", &[CALLBACK]).await;
    off.changes(ApplicationChange::Disabled(true)).await;
    let personal = ada.registers_own_app("Ada").await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", CALLBACK).await;
    let partner = ada.has_app(ApplicationKind::Partner, "Partner").await;
    let browser = ada.signs_in().await;

    let zeros = "0".repeat(32);
    let upper = app.client_id.to_uppercase();
    let ids = ["nope", "", &zeros, &upper, &off.client_id, &personal.client_id, &agent.client_id, &partner.client_id];
    let mut answers = Vec::new();
    for who in [&p.browser(), &browser] {
        for id in ids {
            let answer = who.get(&app.asks_well(&[("client_id", id)])).await;
            answer.is_welcome();
            answers.push(answer);
        }
        let twice = [
            format!("{}&client_id={}", app.asks_well(&[]), app.client_id),
            format!("{}&redirect_uri=https://evil.test/", app.asks_well(&[])),
            format!("/login/oauth/authorize?redirect_uri=https://evil.test/&{}", &app.asks_well(&[])[23..]),
            format!("{}&redirect_uri={CALLBACK}", app.asks_well(&[])),
        ];
        for place in twice {
            who.get(&place).await.is_welcome();
        }
    }
    // One answer for all of them, a mismatched URI included.
    answers.push(browser.get(&app.asks(&[("redirect_uri", "https://evil.test/"), ("scope", "user:email")])).await);
    let told = |answer: &crate::prosper::Exchange| (answer.status, answer.body.clone(), answer.headers.len());
    assert!(answers.iter().all(|answer| told(answer) == told(&answers[0])));

    // The owner can look up what happened; nobody else is told.
    let (outcome, cause) = p.told_of(&app, answers.last().expect("one")).await;
    assert_eq!(outcome, "welcome");
    assert!(cause.contains("redirect_uri is not a registered one"), "{cause}");
    p.get("/welcome").await.is(200).page_says("could not take you on");
    browser.get("/welcome").await.is(200).page_says("ada@example.com");
    assert_eq!(p.consents_to(&app).await, 0);
}

/// L-06, C-04, RFC 9700 §4.11.2: signed out nothing goes to the client, signed in its verified URI is told.
/// AZ-34, AZ-36, AZ-37, AZ-42, AZ-60, AZ-66.
#[tokio::test]
async fn what_is_wrong_is_told_to_the_client_only_once_somebody_is_signed_in() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let (stranger, browser) = (p.browser(), ada.signs_in().await);
    browser.code_for(&app).await;
    let s256 = challenge("a verifier of the right length, which is forty-three at least");
    let good = [("redirect_uri", CALLBACK), ("scope", "user:email")];
    let with = |more: &[(&str, &str)]| app.asks(&[&good[..], more, &[("state", "s")]].concat());
    let long = "x".repeat(2_049);
    let scoped = |scope: &str| app.asks(&[("redirect_uri", CALLBACK), ("scope", scope), ("state", "s")]);
    for (place, error, state) in [
        (scoped("user:email admin"), "invalid_scope", true),
        (scoped("User:Email"), "invalid_scope", true),
        (scoped(" user:email"), "invalid_scope", true),
        (scoped("openid"), "invalid_scope", true),
        (scoped(""), "invalid_scope", true),
        (app.asks(&[("redirect_uri", CALLBACK), ("state", "s")]), "invalid_scope", true),
        (with(&[("response_type", "token")]), "unsupported_response_type", true),
        (with(&[("response_type", "code token")]), "unsupported_response_type", true),
        (with(&[("response_type", "none")]), "unsupported_response_type", true),
        (with(&[("response_type", "code"), ("response_type", "code")]), "invalid_request", true),
        (with(&[("scope", "user:email")]), "invalid_request", true),
        (with(&[("state", "t")]), "invalid_request", false),
        (app.asks_well(&[("state", &long)]), "invalid_request", false),
        (with(&[("code_challenge", &s256)]), "invalid_request", true),
        (with(&[("code_challenge", &s256), ("code_challenge_method", "plain")]), "invalid_request", true),
        (with(&[("code_challenge", &s256), ("code_challenge_method", "s256")]), "invalid_request", true),
        (with(&[("code_challenge_method", "S256")]), "invalid_request", true),
        (with(&[("code_challenge", "tooshort00"), ("code_challenge_method", "S256")]), "invalid_request", true),
        (with(&[("code_challenge", &format!("{s256}A")), ("code_challenge_method", "S256")]), "invalid_request", true),
        (with(&[("code_challenge", &format!("{s256}=")), ("code_challenge_method", "S256")]), "invalid_request", true),
        (
            with(&[("code_challenge", &s256), ("code_challenge", &s256), ("code_challenge_method", "S256")]),
            "invalid_request",
            true,
        ),
    ] {
        let page = stranger.get(&place).await;
        page.is_our_own_problem(error).page_does_not_say("app.example");
        let answer = browser.get(&place).await;
        answer.refuses_the_app(CALLBACK, error);
        assert_eq!(answer.location_parameter("state"), state.then(|| "s".to_owned()), "{}", answer.told());
        assert!(!answer.location().contains("access_token"));
        assert_eq!(p.told_of(&app, &answer).await.0, error);
        assert_eq!(p.told_of(&app, &page).await.0, error, "the owner finds what the page shows an id for");
    }
}

/// L-01: what was not asked for is ignored, `response_type=code` is what every library sends. R-08.
#[tokio::test]
async fn uninvited_parameters_are_ignored_even_repeated() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    let place = app.asks_well(&[
        ("response_type", "code"),
        ("grant_type", "authorization_code"),
        ("prompt", "none"),
        ("nonce", "n"),
        ("foo", "1"),
        ("foo", "2"),
        ("error", "x"),
        ("state", ""),
        ("code_challenge", ""),
    ]);
    let answer = browser.get(&place).await;
    assert!(answer.is(302).location_parameter("code").is_some(), "{}", answer.told());
    assert!(!answer.location().contains("foo") && !answer.location().contains("state"), "{}", answer.told());
}

/// L-05: "User completes sign-in but is bounced to /welcome: the user belongs to a different Prosper space."
/// AZ-55, R-12, A-03.
#[tokio::test]
async fn a_person_of_another_space_completes_sign_in_and_lands_at_welcome() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let elsewhere = p.space("Elsewhere").await;
    let bob = p.person("bob@example.com", AccountKind::Individual, elsewhere).await;
    let browser = p.browser();

    let place = app.authorize_url(CALLBACK, "s");
    let signed_in = browser.sign_in_at(&place, &bob.email, &bob.password).await;
    signed_in.is(303).redirects_to(&place);
    browser.get(&place).await.is_welcome();
    // Before anything else is said of the request, too: the client must not learn that anybody came.
    browser.get(&app.asks(&[("redirect_uri", CALLBACK), ("scope", "bad")])).await.is_welcome();
    assert_eq!(p.consents_to(&app).await, 0);

    // The same address in both spaces is two people, and a flow means the one of its own space.
    let twin = p.person("ada@example.com", AccountKind::Individual, elsewhere).await;
    let browser = p.browser();
    let signed_in = browser.sign_in_at(&place, &ada.email, &ada.password).await;
    browser.follow(signed_in).await.asks_consent("Acme HR");
    browser.decides(&place, "allow").await.is(302);
    let consents = p.p.store.consents_of(twin.id).await.expect("read");
    assert!(consents.is_empty(), "nothing crosses spaces");
}

/// L-07, R-13, AZ-57, AZ-59: only an active account gets a code; others are told which and what to do.
#[tokio::test]
async fn only_an_active_account_gets_a_code() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let place = app.authorize_url(CALLBACK, "s");
    for (number, status) in Status::ALL.into_iter().filter(|status| *status != Status::Active).enumerate() {
        let bob = p.investor(&format!("bob{number}@example.com")).await;
        let live = bob.signs_in().await;
        live.code_for(&app).await;
        bob.becomes(status).await;
        // The session that was open has ended with the change.
        live.get(&place).await.asks_to_sign_in();
        let browser = p.browser();
        let answer = browser.sign_in_at(&place, &bob.email, &bob.password).await;
        if status.is_waiting() {
            assert!(browser.cookie("prosper").is_some(), "{status:?}");
            let page = browser.follow(answer).await;
            page.is(403).page_says("You sign in");
        } else {
            answer.is(403).page_says("Whose move it is");
            assert_eq!(browser.cookie("prosper"), None, "{status:?}");
            browser.get(&place).await.asks_to_sign_in();
        }
    }
    let cleo = p.investor("cleo@example.com").await;
    cleo.must_reset().await;
    let browser = p.browser();
    browser.sign_in_at(&place, &cleo.email, &cleo.password).await.is(403).page_says("choose a new password");
    assert_eq!(browser.cookie("prosper"), None);
}

/// L-09 and L-04: what an owner changes counts from the next request on.
#[tokio::test]
async fn a_redirect_uri_that_is_taken_off_the_list_ends_at_welcome() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK, "https://app.example/two"]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    let rest = vec![RedirectUri::from_stored("https://app.example/two")];
    app.changes(ApplicationChange::RedirectUris(rest)).await;
    browser.get(&app.authorize_url(CALLBACK, "s")).await.is_welcome();
    let answer = browser.get(&app.authorize_url("https://app.example/two", "s")).await;
    assert!(answer.location_parameter("code").is_some(), "the other one is covered by the consent that was given");
}

/// R-26, W-02a: an idle session ends, and the flow begins at sign-in.
#[tokio::test]
async fn a_session_that_has_ended_leads_to_sign_in_and_back() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    p.clock.advance(minutes(12 * 60));
    let place = app.asks_well(&[]);
    browser.get(&place).await.asks_to_sign_in();
    let answer = browser.sign_in_at(&place, &ada.email, &ada.password).await;
    assert!(browser.follow(answer).await.location_parameter("code").is_some());
}

fn challenge(verifier: &str) -> String {
    to_base64url(&sha256(verifier.as_bytes()))
}
