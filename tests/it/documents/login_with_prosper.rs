//! Seed 3, "Login with Prosper", promise by promise: the round trip and the front channel. What comes after the redirect
//! is in `login_tokens`.

use prosper::domain::account::AccountKind;
use prosper::store::applications::ApplicationChange;

use super::{ada_and_acme, after_consent, invalid_token};
use crate::prosper::Prosper;
use crate::prosper::exchange::form;
use crate::prosper::login::CALLBACK;

const EXCHANGE: &str = "/login/oauth/access-token";

#[tokio::test]
async fn the_whole_round_trip_ends_with_the_profile() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = p.browser();

    // 1, 2: the application sends the browser to Prosper.
    let start = app.authorize_url(CALLBACK, "a state");
    let page = browser.visit(&start).await;
    // 3: the user signs in and approves.
    let signed_in = browser.submit(&page, &[("email", &ada.email), ("password", &ada.password)]).await;
    let consent = browser.follow(signed_in).await;
    // 4: back to the application.
    let back = browser.follow(browser.submit(&consent, &[("decision", "allow")]).await).await;
    back.is(302);
    assert!(back.location().starts_with("https://app.example/cb?code="), "{}", back.told());
    assert_eq!(back.location_parameter("state").as_deref(), Some("a state"));
    // 5 to 7: its server exchanges the code.
    let code = back.location_parameter("code").expect("a code");
    let token = app.exchange(&code).await.login_token();
    // 8, 9: and reads who it is.
    assert_eq!(p.user(&token).await.is(200).json()["uid"], ada.uid.to_string());
}

#[tokio::test]
async fn the_consent_page_names_the_application_and_what_it_gets() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let page = ada.signs_in().await.visit(&app.authorize_url(CALLBACK, "s")).await;
    page.is(200).page_says("Acme HR").page_says("app.example").page_says("Your email").page_says("Your name");
    page.page_says("ada@example.com").page_says("Ada Lovelace").page_says("/account/connected-apps");
}

#[tokio::test]
async fn every_registered_redirect_uri_works() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let all = [CALLBACK, "https://app.example/other", "https://staging.app.example/cb", "http://127.0.0.1:8000/cb"];
    let app = ada.has_login_app("Acme HR", &all).await;
    let browser = after_consent(&ada, &app).await;
    for uri in all {
        let back = browser.get(&app.authorize_url(uri, "s")).await;
        assert!(back.is(302).location().starts_with(&format!("{uri}?code=")), "{}", back.told());
    }
}

#[tokio::test]
async fn a_redirect_uri_must_match_on_scheme_host_and_path() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = after_consent(&ada, &app).await;
    for other in [
        "http://app.example/cb",
        "https://app.example:444/cb",
        "https://www.app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example/cb/more",
        "https://app.example/",
        "https://app.example",
    ] {
        let answer = browser.get(&app.authorize_url(other, "s")).await;
        assert_eq!(answer.location(), "/welcome", "{other}");
    }
}

#[tokio::test]
async fn a_query_added_at_run_time_is_kept() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = after_consent(&ada, &app).await;
    let uri = format!("{CALLBACK}?tenant=7&next=%2Fhome+page");
    let back = browser.get(&app.authorize_url(&uri, "s")).await;
    assert!(back.is(302).location().starts_with(&format!("{uri}&code=")), "{}", back.told());
}

#[tokio::test]
async fn the_logo_is_shown_on_the_consent_page() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "s");
    browser.visit(&place).await.is(200).page_does_not_say("/logos/");

    app.changes(ApplicationChange::Logo(Some(b"\x89PNG\r\n\x1a\n and so on".to_vec()))).await;
    let page = browser.visit(&place).await;
    let start = page.is(200).body.find("/logos/").unwrap_or_else(|| panic!("no logo\n{}", page.told()));
    let logo = browser.get(page.body[start..].split('"').next().expect("an end")).await;
    assert_eq!(logo.is(200).header("content-type"), Some("image/png"));
}

#[tokio::test]
async fn nothing_that_reaches_the_application_holds_the_password() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = p.browser();
    let sign_in = browser.visit(&app.authorize_url(CALLBACK, "s")).await;
    let signed_in = browser.submit(&sign_in, &[("email", &ada.email), ("password", &ada.password)]).await;
    let consent = browser.follow(signed_in).await;
    let back = browser.follow(browser.submit(&consent, &[("decision", "allow")]).await).await;
    let answer = app.exchange(&back.location_parameter("code").expect("a code")).await;
    let user = p.user(&answer.login_token()).await;

    let encoded = form(&[("", &ada.password)]);
    for text in [&ada.password, encoded.trim_start_matches('=')] {
        for told in [back.location(), &answer.body, &user.body] {
            assert!(!told.contains(text), "{told}");
        }
    }
}

#[tokio::test]
async fn every_endpoint_is_below_one_base_url() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    p.browser().get(&format!("{}{}", p.url, app.authorize_url(CALLBACK, "s"))).await.asks_to_sign_in();
    p.post(EXCHANGE, &[]).await.says(400, "Client not found");
    invalid_token(&p.get("/api/v2/user").await);
    p.get("/welcome").await.is(200);
    // What is sent back to us stays with us: no link leaves the base.
    let page = ada.signs_in().await.visit(&app.authorize_url(CALLBACK, "s")).await;
    for action in crate::prosper::browser::Form::all(&page.body).iter().map(|form| &form.action) {
        assert!(action.starts_with('/') && !action.starts_with("//"), "{action}");
    }
}

#[tokio::test]
async fn a_bad_client_or_redirect_uri_ends_at_the_welcome_page() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let personal = ada.registers_own_app("Ada Lovelace").await;
    let (stranger, browser) = (p.browser(), after_consent(&ada, &app).await);
    let good = [("redirect_uri", CALLBACK), ("scope", "user:email")];
    for place in [
        app.asks(&[("client_id", ""), good[0], good[1]]),
        app.asks(&[("client_id", "00000000000000000000000000000000"), good[0], good[1]]),
        app.asks(&[("client_id", &personal.client_id), good[0], good[1]]),
        app.asks(&[good[1]]),
        app.asks(&[("redirect_uri", ""), good[1]]),
        app.asks(&[("redirect_uri", "https://evil.example/cb"), good[1]]),
        format!("/login/oauth/authorize?{}", form(&good)),
    ] {
        for browser in [&stranger, &browser] {
            browser.get(&place).await.is_welcome();
        }
    }
    let page = stranger.visit("/welcome").await;
    page.is(200).page_says("Welcome").page_does_not_say("evil.example");
}

#[tokio::test]
async fn any_other_scope_is_rejected() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = after_consent(&ada, &app).await;
    for scope in ["", "user", "USER:EMAIL", "user:email profile", "user:email,admin", "openid"] {
        let place = app.asks(&[("redirect_uri", CALLBACK), ("scope", scope)]);
        browser.get(&place).await.refuses_the_app(CALLBACK, "invalid_scope");
        p.browser().get(&place).await.is_our_own_problem("invalid_scope");
    }
    browser.get(&app.asks(&[("redirect_uri", CALLBACK)])).await.refuses_the_app(CALLBACK, "invalid_scope");
}

#[tokio::test]
async fn a_state_is_optional_and_comes_back_as_it_was_sent() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = after_consent(&ada, &app).await;
    let without = browser.get(&app.asks_well(&[])).await;
    assert!(without.location_parameter("code").is_some() && without.location_parameter("state").is_none());
    for state in ["x", "a b+c%20d&e=f#g", "{\"next\":\"/é\"}", &"s".repeat(2_048)] {
        let back = browser.get(&app.authorize_url(CALLBACK, state)).await;
        assert_eq!(back.is(302).location_parameter("state").as_deref(), Some(state), "{}", back.told());
        assert!(back.location_parameter("code").is_some(), "{}", back.told());
    }
}

#[tokio::test]
async fn a_stranger_signs_in_and_comes_back_into_the_flow() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = p.browser();
    let place = app.authorize_url(CALLBACK, "s");
    browser.get(&place).await.asks_to_sign_in();
    let page = browser.visit(&place).await;
    let signed_in = browser.submit(&page, &[("email", &ada.email), ("password", &ada.password)]).await;
    signed_in.is(303).redirects_to(&place);
}

#[tokio::test]
async fn without_consent_the_consent_page_is_shown_and_leads_back() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "s");
    browser.get(&place).await.asks_consent("Acme HR");
    browser.get(&place).await.asks_consent("Acme HR");
    let back = browser.decides(&place, "allow").await;
    assert!(back.is(302).location().starts_with("https://app.example/cb?code="), "{}", back.told());
}

#[tokio::test]
async fn after_consent_the_way_back_is_immediate() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_acme(&p).await;
    let browser = after_consent(&ada, &app).await;
    let back = browser.get(&app.authorize_url(CALLBACK, "s")).await;
    assert!(back.is(302).location().starts_with("https://app.example/cb?code="), "{}", back.told());
    // Another browser of hers has to sign in, and is not asked again either.
    let back = ada.signs_in().await.get(&app.authorize_url(CALLBACK, "s")).await;
    assert!(back.is(302).location_parameter("code").is_some(), "{}", back.told());
}

#[tokio::test]
async fn a_user_of_another_space_ends_at_the_welcome_page() {
    let p = Prosper::start().await;
    let (_, app) = ada_and_acme(&p).await;
    let second = p.space("Second").await;
    let eve = p.person("eve@example.com", AccountKind::Individual, second).await;
    let browser = p.browser();
    let signed_in = browser.sign_in_at(&app.authorize_url(CALLBACK, "s"), &eve.email, &eve.password).await;
    signed_in.is(303);
    let landed = browser.follow(signed_in).await;
    landed.is(200).page_says("Welcome").page_says("another space");
    assert_eq!(p.consents_to(&app).await, 0);
}

#[tokio::test]
async fn a_second_space_takes_a_second_application() {
    let p = Prosper::start().await;
    let (ada, first) = ada_and_acme(&p).await;
    let space = p.space("Second").await;
    let eve = p.person("eve@example.com", AccountKind::Individual, space).await;
    let second = eve.has_login_app("Acme HR", &[CALLBACK]).await;
    for (person, own, foreign) in [(&ada, &first, &second), (&eve, &second, &first)] {
        let browser = p.browser();
        browser.sign_in_at(&own.authorize_url(CALLBACK, "s"), &person.email, &person.password).await.is(303);
        let code = browser.code_for(own).await;
        p.user(&own.exchange(&code).await.login_token()).await.is(200);
        browser.get(&foreign.authorize_url(CALLBACK, "s")).await.is_welcome();
    }
}

#[tokio::test]
async fn the_welcome_page_says_where_to_get_help() {
    let p = Prosper::start().await;
    p.browser().visit("/welcome").await.is(200).page_says("mailto:support@prosper.example");
    let ada = p.investor("ada@example.com").await;
    ada.signs_in().await.visit("/oauth").await.is(200).page_says("mailto:support@prosper.example");
}
