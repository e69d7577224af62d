//! A person changes their own password (R-66, T-11, EM-13's kin).

use prosper::prosper::Lockout;

use crate::prosper::login::CALLBACK;
use crate::prosper::{Person, Prosper, Start, hours};

const NEW: &str = "a quiet harbour in may";

/// a password is as good after two years as on its first day.
#[tokio::test]
async fn no_password_has_to_be_changed_because_it_is_old_r_67() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    p.clock.advance(hours(2 * 365 * 24));
    ada.signs_in().await.get("/account").await.is(200);
    app.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_every_token_and_the_person_is_told() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let login = ada.has_login_app("Acme", &[CALLBACK]).await;
    let (here, elsewhere) = (ada.signs_in().await, ada.signs_in().await);
    let old_cookie = here.cookie("prosper").expect("signed in");
    let tokens = app.password_grant(&ada).await.tokens();
    let profile = login.exchange(&here.code_for(&login).await).await.login_token();
    let code = here.code_for(&login).await;

    here.get("/account/settings").await.page_says("href=\"/account/password\"");
    let page = here.get("/account/password").await;
    let answer = here.submit(&page, &[("current", &ada.password), ("password", NEW)]).await;
    answer.redirects_to("/account/settings?done=password");
    here.follow(answer).await.is(200).page_says("Your password was changed");

    assert_ne!(here.cookie("prosper").expect("still signed in"), old_cookie, "a new session (R-24)");
    elsewhere.get("/account").await.redirects_to("/login?next=%2Faccount");
    let stolen = p.browser();
    stolen.set_cookie("prosper", &old_cookie);
    stolen.get("/account").await.is(302);
    p.resource(&tokens.access_token).await.is(401);
    app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    p.user(&profile).await.is(401);
    login.exchange(&code).await.says(400, "Invalid code");
    app.password_grant(&ada).await.refused(400, "invalid_grant", "Bad credentials");
    app.password_grant(&Person { password: NEW.into(), ..ada }).await.tokens();
    // Beside what the application that was let in is told of.
    let told = p.mails_to("ada@example.com").await;
    assert_eq!(told.iter().filter(|mail| mail.subject == "Your password was changed").count(), 1);
}

/// PO-22's kin, R-66: a live session is not enough.
#[tokio::test]
async fn the_current_password_is_asked_and_the_new_one_must_be_a_good_one() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.get("/account/password").await;
    for (current, new, beside) in [
        ("wrong", NEW, "current"),
        ("", NEW, "current"),
        (ada.password.as_str(), "short", "password"),
        (ada.password.as_str(), "ada@example.com", "password"),
        (ada.password.as_str(), "password1", "password"),
        (ada.password.as_str(), "", "password"),
    ] {
        let back = browser.submit(&page, &[("current", current), ("password", new)]).await;
        back.is(400);
        assert!(back.error_beside(beside).is_some(), "{}", back.told());
        assert_eq!((back.value_of("current"), back.value_of("password")), (None, None));
    }
    browser.get("/account").await.is(200);
    assert!(p.mails_to("ada@example.com").await.is_empty());
    ada.signs_in().await;
}

/// T-13: guesses at a live session count like any others.
#[tokio::test]
async fn wrong_guesses_here_count_towards_the_same_lock() {
    let lockout = Lockout { failures: 3, span: crate::prosper::minutes(15) };
    let p = Prosper::start_with(Start { lockout: Some(lockout), ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let page = browser.get("/account/password").await;
    for _ in 0..3 {
        browser.submit(&page, &[("current", "wrong"), ("password", NEW)]).await.is(400);
    }
    let locked = browser.submit(&page, &[("current", &ada.password), ("password", NEW)]).await;
    assert!(locked.is(429).header("retry-after").is_some());
    assert_eq!(app.password_grant(&ada).await.status, 429);
    browser.get("/account").await.is(200);
}
