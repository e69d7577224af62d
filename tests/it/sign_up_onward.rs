//! Somebody who opens an account, or forgot their password, on the way to an application comes back to it (A-04, L-02, K-03; ).

use crate::prosper::browser::unescape;
use crate::prosper::exchange::form;
use crate::prosper::login::CALLBACK;
use crate::prosper::{Browser, Exchange, Prosper};

const PASSWORD: &str = "ships in port are safe";

/// The address of the link whose words these are.
fn href(page: &Exchange, words: &str) -> String {
    let before = page.body.split_once(&format!(">{words}<")).unwrap_or_else(|| panic!("no {words}\n{}", page.told())).0;
    let href = before.rsplit_once("href=\"").expect("a link").1.split('"').next().expect("a link");
    unescape(href)
}

/// From the page of sign-in to the mail, by the link that stands there.
async fn opens_an_account(browser: &Browser<'_>, place: &str, email: &str) -> Exchange {
    let sign_in = browser.visit(place).await;
    let page = browser.get(&href(&sign_in, "Open an account")).await;
    page.is(200).page_says("go on to");
    // Every way back to the sign-in keeps the application, the one of the frame too.
    let back: Vec<_> = page.body.match_indices(">Sign in<").collect();
    assert_eq!(page.body.matches("<a href=\"/login?next=").count(), back.len(), "{}", page.told());
    assert!(back.len() > 1, "{}", page.told());
    let fields = [("full_name", "Grace Hopper"), ("email", email), ("password", PASSWORD)];
    browser.submit_to(&page, "/sign-up", &fields).await
}

/// Opens the newest mailed link, on another device, and says yes.
async fn confirms(p: &Prosper, email: &str, added: &str) -> (Exchange, String) {
    let letter = p.mails_to(email).await.pop().expect("a mail");
    let link = letter.link(p);
    for told in ["next", "authorize", "oauth"] {
        assert!(!letter.text.contains(told), "{told} stands in {}", letter.text);
    }
    let other = p.browser();
    let page = other.get(&format!("{link}{added}")).await;
    let done = other.submit_to(&page, "/verify-email", &[]).await;
    done.is(200).page_says("Your email is confirmed");
    let sign_in = href(&done, "Sign in");
    (done, sign_in)
}

#[tokio::test]
async fn whoever_opens_an_account_on_the_way_to_an_application_comes_back_to_its_request() {
    let p = Prosper::start().await;
    let app = p.institution("acme@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let place = app.authorize_url(CALLBACK, "a b+&c");
    let sent = opens_an_account(&p.browser(), &place, "grace@example.com").await;
    sent.is(200).page_says("And go on to").page_says("Acme HR");
    let (done, sign_in) = confirms(&p, "grace@example.com", "").await;
    done.page_says("Acme HR").page_says("app.example");
    let browser = p.browser();
    browser.sign_in_at(&sign_in, "grace@example.com", PASSWORD).await.is(303).redirects_to(&place);
    let answer = browser.decides(&place, "allow").await;
    assert_eq!(answer.location_parameter("state").as_deref(), Some("a b+&c"));
    let code = answer.location_parameter("code").expect("a code");
    let token = app.exchange(&code).await.login_token();
    p.user(&token).await.is(200);
}

#[tokio::test]
async fn a_link_that_an_agent_handed_out_is_come_back_to_and_another_mail_leads_there_too() {
    let p = Prosper::start().await;
    let back = "https://agent.example/prosper/cb";
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind Advisers", back).await;
    let place = agent.key_url(&[("response_type", "auth_key"), ("state", "x")]);
    let browser = p.browser();
    opens_an_account(&browser, &place, "grace@example.com").await.is(200);
    // Another mail takes the place of the first.
    browser.sign_in_at("/login", "grace@example.com", PASSWORD).await.is(303);
    let page = browser.get("/verify-email").await;
    browser.submit_to(&page, "/verify-email", &[]).await.is(200);
    let (done, sign_in) = confirms(&p, "grace@example.com", "").await;
    done.page_says("Northwind Advisers");
    p.browser().sign_in_at(&sign_in, "grace@example.com", PASSWORD).await.is(303).redirects_to(&place);
}

/// nothing that is sent or added leads anywhere but to a request of an application that could go on.
#[tokio::test]
async fn no_other_place_is_carried_through_a_sign_up_r_28() {
    let p = Prosper::start().await;
    let app = p.institution("acme@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let good = app.authorize_url(CALLBACK, "s");
    let long = format!("{good}&pad={}", "x".repeat(5_000));
    let wrong = [
        "https://evil.test/",
        "//evil.test/login/oauth/authorize",
        "/\\evil.test",
        "/account",
        "/logout",
        "/login/oauth/authorize?client_id=0123456789abcdef0123456789abcdef",
        &app.authorize_url("https://evil.test/cb", "s"),
        &long,
    ];
    for (number, next) in wrong.into_iter().enumerate() {
        let (browser, email) = (p.browser(), format!("g{number}@example.com"));
        let page = browser.get(&format!("/sign-up?{}", form(&[("next", next)]))).await;
        page.is(200).page_does_not_say("name=\"next\"").page_does_not_say("go on to");
        let fields = [("full_name", "Grace"), ("email", email.as_str()), ("password", PASSWORD), ("next", next)];
        browser.submit_to(&page, "/sign-up", &fields).await.is(200);
        let (_, sign_in) = confirms(&p, &email, &format!("&{}", form(&[("next", &good)]))).await;
        assert_eq!(sign_in, "/login", "{next}");
    }
}

/// What was kept is looked at again when it is used: an application that is gone by then is not led to.
#[tokio::test]
async fn an_application_that_is_gone_by_then_is_not_led_to() {
    let p = Prosper::start().await;
    let acme = p.institution("acme@example.com").await;
    let app = acme.has_login_app("Acme HR", &[CALLBACK]).await;
    opens_an_account(&p.browser(), &app.authorize_url(CALLBACK, "s"), "grace@example.com").await.is(200);
    let page = format!("/oauth/apps/{}/delete", app.id.hex());
    acme.signs_in().await.confirms(&page).await;
    let (done, sign_in) = confirms(&p, "grace@example.com", "").await;
    done.page_does_not_say("Acme HR");
    assert_eq!(sign_in, "/login");
}

/// Asks for a new password by way of the page at `forgot`, and sets it on another device.
async fn replaces_a_password(p: &Prosper, browser: &Browser<'_>, page: &Exchange, sent: &[(&str, &str)]) -> Exchange {
    browser.submit_to(page, "/forgot", sent).await.is(200).page_says("there is a link for it now");
    let letter = p.mails_to(sent[0].1).await.pop().expect("a mail");
    for told in ["next", "authorize", "oauth"] {
        assert!(!letter.text.contains(told), "{told} stands in {}", letter.text);
    }
    let other = p.browser();
    let page = other.get(&letter.link(p)).await;
    let done = other.submit_to(&page, "/reset", &[("password", PASSWORD)]).await;
    done.is(200).page_says("Your new password is set");
    done
}

#[tokio::test]
async fn a_password_that_is_forgotten_on_the_way_to_an_application_leads_back_to_its_request() {
    let p = Prosper::start().await;
    p.space("Acme").await;
    let app = p.institution("acme@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    p.investor("grace@example.com").await;
    let place = app.authorize_url(CALLBACK, "a b+&c");
    let browser = p.browser();
    let sign_in = browser.visit(&place).await;
    let page = browser.get(&href(&sign_in, "Forgot it?")).await;
    // The application says in which space the account is looked for.
    page.is(200).page_does_not_say("name=\"space\"");
    browser.visit(&href(&page, "Back to sign-in")).await.is(200).page_says("Acme HR");
    let done = replaces_a_password(&p, &browser, &page, &[("email", "grace@example.com")]).await;
    done.page_says("Acme HR").page_says("app.example");
    let back = p.browser();
    back.sign_in_at(&href(&done, "Sign in"), "grace@example.com", PASSWORD).await.is(303).redirects_to(&place);
    let answer = back.decides(&place, "allow").await;
    assert_eq!(answer.location_parameter("state").as_deref(), Some("a b+&c"));
    assert!(answer.location_parameter("code").is_some(), "{}", answer.told());
}

/// as with a sign-up.
#[tokio::test]
async fn no_other_place_is_carried_through_a_forgotten_password_r_28() {
    let p = Prosper::start().await;
    let acme = p.institution("acme@example.com").await;
    let app = acme.has_login_app("Acme HR", &[CALLBACK]).await;
    let good = app.authorize_url(CALLBACK, "s");
    let wrong = ["https://evil.test/", "//evil.test/login/oauth/authorize", "/account", "/logout"];
    for (number, next) in wrong.into_iter().enumerate() {
        let (browser, email) = (p.browser(), format!("g{number}@example.com"));
        p.investor(&email).await;
        let page = browser.get(&format!("/forgot?{}", form(&[("next", next)]))).await;
        page.is(200).page_does_not_say("name=\"next\"");
        let done = replaces_a_password(&p, &browser, &page, &[("email", &email), ("next", next)]).await;
        assert_eq!(href(&done, "Sign in"), "/login", "{next}");
    }
    // What was kept is looked at again when it is used.
    p.investor("grace@example.com").await;
    let browser = p.browser();
    let page = browser.get(&format!("/forgot?{}", form(&[("next", &good)]))).await;
    page.is(200).page_says("name=\"next\"");
    acme.signs_in().await.confirms(&format!("/oauth/apps/{}/delete", app.id.hex())).await;
    let done = replaces_a_password(&p, &browser, &page, &[("email", "grace@example.com")]).await;
    done.page_does_not_say("Acme HR");
    assert_eq!(href(&done, "Sign in"), "/login");
}
