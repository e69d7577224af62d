//! Where a person is signed in, one session ended, and signing out everywhere (R-26, R-75, T-11).

use crate::prosper::browser::Form;
use crate::prosper::exchange::{form, request};
use crate::prosper::{Browser, Exchange, Person, Prosper, hours, minutes};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Signs in as a browser that says what it is.
async fn signs_in_with<'s>(p: &'s Prosper, ada: &Person<'_>, agent: &str) -> Browser<'s> {
    let browser = p.browser();
    let page = browser.get("/login").await;
    let token = Form::all(&page.body).remove(0).hidden.remove(0).1;
    let body = form(&[("form_token", &token), ("email", &ada.email), ("password", &ada.password)]);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("user-agent", agent),
    ];
    browser.send("POST", "/login", &headers, &body).await.is(303);
    browser
}

fn ends(page: &Exchange) -> Vec<String> {
    let forms = Form::all(&page.body).into_iter();
    forms.map(|form| form.action).filter(|action| action.ends_with("/end")).collect()
}

/// What is typed while a session ends is lost, which is said, and its page is come back to.
#[tokio::test]
async fn a_form_that_comes_after_its_session_ended_is_said_to_be_lost_and_leads_back_to_its_page() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Notes", &["https://app.example/cb"]).await;
    let base = format!("/oauth/apps/{}", app.client_id);
    for (place, action, typed, back) in [
        ("/oauth", "/oauth", [("company_name", "Ada"), ("phone", "+1 415 555 0100")], "/oauth"),
        (&base, "/redirects", [("redirect_uris", "https://app.example/other"), ("x", "")], &base),
        (
            "/account/email",
            "/account/email",
            [("email", "new@example.com"), ("current", &ada.password)],
            "/account/email",
        ),
    ] {
        let browser = ada.signs_in().await;
        let page = browser.visit(place).await;
        let out = browser.visit("/logout").await;
        browser.submit_to(&out, "/logout", &[]).await;
        let late = browser.submit_to(&page, action, &typed).await;
        let asks = browser.follow(late).await;
        asks.is(200).page_says("Your session had ended before the form arrived.").page_says("Nothing was changed");
        let wrong = browser.submit(&asks, &[("email", &ada.email), ("password", "not the password")]).await;
        wrong.is(400).page_does_not_say("had ended before");
        let credentials = [("email", ada.email.as_str()), ("password", &ada.password)];
        browser.submit(&wrong, &credentials).await.is(303).redirects_to(back);
    }
    // Who was never here, or only looks, is told nothing of it.
    p.browser().visit("/oauth").await.page_does_not_say("had ended before");
    let kept = p.p.store.client(app.id).await.expect("read").expect("there");
    assert_eq!(kept.application.profile.redirect_uris[0].as_str(), "https://app.example/cb");
    assert_eq!(p.p.store.clients_of(ada.id).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_person_sees_where_they_are_signed_in_and_ends_one_of_them() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let elsewhere = signs_in_with(&p, &ada, FIREFOX).await;
    p.clock.advance(hours(2));
    let here = ada.signs_in().await;
    here.get("/account/settings").await.page_says("href=\"/account/sessions\"");
    let page = here.get("/account/sessions").await;
    page.is(200).page_says("Firefox on Linux").page_says("this machine").page_says("This browser");
    page.page_says("2 hours ago").page_does_not_say("127.0.0.1<");
    let ends = ends(&page);
    assert_eq!(ends.len(), 1, "one's own is signed out of, not ended");
    let answer = here.submit_to(&page, &ends[0], &[]).await;
    answer.redirects_to("/account/sessions?done=ended");
    here.follow(answer).await.is(200).page_says("That browser is signed out").page_does_not_say("Firefox on Linux");
    elsewhere.get("/account").await.redirects_to("/login?next=%2Faccount");
    here.get("/account").await.is(200);
    here.submit_to(&page, &ends[0], &[]).await.is(404);
    let rows = p.p.store.audit(Some(format!("account {}", ada.id)), 1).await.expect("read");
    assert_eq!(rows[0].action, "account.session_end");
}

/// what is somebody else's does not exist.
#[tokio::test]
async fn nobody_ends_or_sees_the_session_of_somebody_else() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.investor("ada@example.com").await, p.investor("eve@example.com").await);
    let (first, second) = (ada.signs_in().await, ada.signs_in().await);
    let target = ends(&first.get("/account/sessions").await).remove(0);
    let evil = eve.signs_in().await;
    let page = evil.get("/account/sessions").await;
    assert!(ends(&page).is_empty());
    // Even with a token of the right shape, for that very path.
    evil.post(&target, &[("form_token", "x")]).await.is(400);
    for bad in ["/account/sessions/zz/end", "/account/sessions/00000000000000000000000000000000/end"] {
        let answer = evil.post(bad, &[("form_token", "x")]).await;
        assert!(matches!(answer.status, 400 | 404), "{}", answer.told());
    }
    let end = prosper::flows::sessions::end_session;
    let account = p.p.store.account(eve.id).await.expect("read").expect("there");
    let id = target.split('/').nth(3).and_then(prosper::domain::ids::SessionId::from_hex).expect("an id");
    let trail = prosper::store::audit::Trail::system(p.clock.now());
    assert!(end(&account, id, trail, &p.p).await.is_err());
    for browser in [&first, &second] {
        browser.get("/account").await.is(200);
    }
    let cookie = format!("prosper={}", first.cookie("prosper").expect("signed in"));
    for path in [target.as_str(), "/account/sessions/end-all", "/account/close"] {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("cookie", &cookie),
        ];
        p.send(request("POST", path, &headers, "")).await.is(403);
        first.post(path, &[]).await.is(400);
    }
    second.get("/account").await.is(200);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_token_and_code() {
    let p = Prosper::start().await;
    let holder = p.holder("ada@example.com").await;
    let here = &holder.here;
    let page = here.visit("/account/sessions/end-all").await;
    page.is(200).page_says("Sign out everywhere?");
    here.submit_to(&page, "/account/sessions/end-all", &[]).await.redirects_to("/logout");
    holder.holds_nothing().await;
    // The password is what it was.
    holder.own.password_grant(&holder.person).await.tokens();
    let again = holder.person.signs_in().await;
    assert!(ends(&again.get("/account/sessions").await).is_empty(), "what has ended is listed no more");
}

#[tokio::test]
async fn a_session_that_is_idle_or_over_is_listed_no_more() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let old = ada.signs_in().await;
    p.clock.advance(hours(12));
    let here = ada.signs_in().await;
    assert!(ends(&here.get("/account/sessions").await).is_empty());
    old.get("/account").await.is(302);
    // Last seen is kept, to within some minutes.
    let other = ada.signs_in().await;
    p.clock.advance(minutes(30));
    other.get("/account").await.is(200);
    p.flush().await;
    p.clock.advance(minutes(10));
    here.get("/account/sessions").await.page_says("last seen <time").page_says("10 minutes ago");
}
