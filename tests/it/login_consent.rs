//! Seed 3, 4.1: "If the user hasn't yet consented to your app, they see a consent screen" (L-02, L-09, W-02; ).

use prosper::domain::application::{Profile, Registration};
use prosper::domain::redirect_uri::RedirectUri;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;

use crate::prosper::browser::Form;
use crate::prosper::exchange::form;
use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Browser, Exchange, Prosper, almost, hours, minutes};

/// L-09, R-22: who asks, what is handed over, whose account, where it goes, where to withdraw it; deny beside allow.
#[tokio::test]
async fn the_consent_page_says_who_asks_and_what_is_handed_over() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let registration = Registration {
        name: "Acme HR".into(),
        url: "https://www.acme.example/start".into(),
        redirect_uris: vec!["https://people.acme.example:8443/cb".into()],
        ..Registration::default()
    };
    let app = ada.registers(prosper::domain::application::ApplicationKind::Login, registration).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url("https://people.acme.example:8443/cb?x=1", "s");
    let page = browser.get(&place).await;
    page.is(200).never_stored();
    for words in [
        "Acme HR",
        "www.acme.example",
        "people.acme.example:8443",
        "Your email",
        "Your name",
        "ada@example.com",
        "Ada Lovelace",
        "Connected apps",
        "Not you?",
        "value=\"deny\"",
        "value=\"allow\"",
    ] {
        page.page_says(words);
    }
    page.page_does_not_say("It has changed since");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self' https://people.acme.example:8443;"), "{policy}");

    // "Not you?" leads through sign-in, with another account, back into the same request.
    let bob = p.investor("bob@example.com").await;
    let other = page.body.split("href=\"").find(|rest| rest.starts_with("/login?next=")).expect("a way out");
    let other = crate::prosper::browser::unescape(other.split('"').next().expect("an address"));
    let signed_in = browser.sign_in_at(&other, &bob.email, &bob.password).await;
    signed_in.is(303).redirects_to(&place);
    browser.follow(signed_in).await.page_says("bob@example.com").page_does_not_say("ada@example.com");
}

/// L-06, L-09: denying is as easy as allowing, tells the application, and is not remembered.
#[tokio::test]
async fn a_denial_goes_back_as_access_denied_and_is_asked_again_next_time() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "a state");
    let page = browser.get(&place).await;
    let denied = browser.submit(&page, &[("decision", "deny")]).await;
    denied.is(303).redirects_to(&place);
    let told = browser.get(&place).await;
    told.refuses_the_app(CALLBACK, "access_denied");
    assert_eq!(told.location_parameter("state").as_deref(), Some("a state"));
    assert_eq!(p.told_of(&app, &told).await.0, "access_denied");
    assert_eq!(p.consents_to(&app).await, 0);
    browser.get(&place).await.asks_consent("Acme HR");
}

/// a denial counts for the session and the request it was given in, and for a moment.
#[tokio::test]
async fn a_denial_is_good_for_its_own_request_session_and_minute_alone() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "1");
    let page = browser.get(&place).await;
    browser.submit(&page, &[("decision", "deny")]).await.is(303);
    browser.get(&app.authorize_url(CALLBACK, "2")).await.asks_consent("Acme HR");
    let (name, note) = browser.note();
    // The note under the other request's name is still the note of the first.
    let other = browser.get(&app.authorize_url(CALLBACK, "2")).await;
    browser.submit(&other, &[("decision", "deny")]).await.is(303);
    let (other, _) = browser.cookies().into_iter().rfind(|(name, _)| name.starts_with("prosper-no-")).expect("a note");
    assert_ne!(other, name);
    browser.set_cookie(&other, &note);
    browser.get(&app.authorize_url(CALLBACK, "2")).await.asks_consent("Acme HR");
    let another = ada.signs_in().await;
    another.set_cookie(&name, &note);
    another.get(&place).await.asks_consent("Acme HR");
    p.clock.advance(minutes(1));
    browser.get(&place).await.asks_consent("Acme HR");
    browser.set_cookie(&name, "nonsense");
    browser.get(&place).await.asks_consent("Acme HR");
}

/// L-09, C-14, AZ-62: remembered for each account and application, asked again when what was shown changes.
#[tokio::test]
async fn consent_is_asked_again_when_the_application_is_no_longer_what_was_shown() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let bob = p.investor("bob@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK, "https://app.example/two"]).await;
    let place = app.authorize_url(CALLBACK, "s");
    let browser = ada.signs_in().await;
    browser.decides(&place, "allow").await.is(302);
    bob.signs_in().await.get(&place).await.asks_consent("Acme HR");

    // Fewer addresses, or another path of an origin that was shown, are nothing new.
    redirects(&app, &[CALLBACK]).await;
    browser.get(&place).await.is(302);
    redirects(&app, &[CALLBACK, "https://app.example/three"]).await;
    browser.get(&place).await.is(302);
    redirects(&app, &[CALLBACK, "https://new.example/cb"]).await;
    browser.get(&place).await.asks_consent("Acme HR").page_says("It has changed since");
    browser.decides(&place, "allow").await.is(302);
    browser.get(&place).await.is(302);

    renamed(&app, "Acme Payroll").await;
    browser.get(&place).await.asks_consent("Acme Payroll").page_says("It has changed since");
    browser.decides(&place, "allow").await.is(302);
    browser.get(&place).await.is(302);

    assert!(p.withdraws(&ada, &app).await);
    browser.get(&place).await.asks_consent("Acme Payroll").page_does_not_say("It has changed since");
}

/// W-02, R-17, AZ-43: a post from another site is turned away, whatever it carries.
#[tokio::test]
async fn a_post_from_another_site_is_turned_away_and_nothing_is_written() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "s");
    let good = filled(&browser.get(&place).await, "allow");
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for from in [
        vec![("origin", "https://evil.test")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "cross-site"), ("origin", p.url.as_str())],
    ] {
        for body in ["decision=allow", good.as_str()] {
            let headers = [&[kind][..], &from].concat();
            browser.send("POST", &place, &headers, body).await.is(403);
        }
    }
    assert_eq!(p.consents_to(&app).await, 0);
    // With neither header it is no browser's, and the token decides (W-02a).
    browser.send("POST", &place, &[kind], "decision=allow").await.is(400).page_says("decision");
    browser.send("POST", &place, &[kind], &good).await.is(303);
    assert_eq!(p.consents_to(&app).await, 1);
}

/// the form's token is bound to the session and the request, and to two hours.
#[tokio::test]
async fn the_token_of_one_form_is_no_token_for_another() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let bob = p.investor("bob@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let other = ada.has_login_app("Other", &[CALLBACK]).await;
    let (browser, foreign) = (ada.signs_in().await, bob.signs_in().await);
    let place = app.authorize_url(CALLBACK, "s");
    for (page, place) in [
        (foreign.get(&place).await, place.clone()),
        (browser.get(&other.authorize_url(CALLBACK, "s")).await, place.clone()),
        (browser.get(&app.authorize_url(CALLBACK, "t")).await, place.clone()),
        (p.browser().visit("/login").await, place.clone()),
    ] {
        let answer = posts(&browser, &place, &filled(&page, "allow")).await;
        answer.is(400).page_says("Acme HR").page_says("value=\"allow\"");
    }
    for wrong in ["decision=allow", "decision=allow&form_token=", "decision=allow&form_token=nonsense&shown=x", ""] {
        posts(&browser, &place, wrong).await.is(400);
    }
    let good = filled(&browser.get(&place).await, "allow");
    for wrong in [format!("{good}&decision=deny"), good.replace("allow", "perhaps"), good.replace("decision=allow", "")]
    {
        posts(&browser, &place, &wrong).await.is(400);
    }
    assert_eq!(p.consents_to(&app).await, 0);
    p.clock.advance(almost(hours(2)));
    posts(&browser, &place, &good.replace("allow", "deny")).await.is(303);
    p.clock.advance(std::time::Duration::from_micros(1));
    posts(&browser, &place, &good).await.is(400);
    assert_eq!(p.consents_to(&app).await, 0);
}

/// "one use". A consent that was withdrawn does not come back by sending the old form again.
#[tokio::test]
async fn a_form_that_was_answered_allows_nothing_a_second_time() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "s");
    let answered = filled(&browser.get(&place).await, "allow");
    posts(&browser, &place, &answered).await.is(303);
    // A double click is no fault: the consent stands, and the way goes on.
    posts(&browser, &place, &answered).await.is(303).redirects_to(&place);
    browser.get(&place).await.is(302);
    assert_eq!(p.consents_to(&app).await, 1);
    assert!(p.withdraws(&ada, &app).await);
    posts(&browser, &place, &answered).await.is(303);
    assert_eq!(p.consents_to(&app).await, 0);
    browser.get(&place).await.asks_consent("Acme HR");
}

/// L-09, R-13: what changed between the page and its answer is not what was allowed.
#[tokio::test]
async fn an_answer_to_a_page_that_is_no_longer_true_is_asked_again() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "s");
    let before = filled(&browser.get(&place).await, "allow");
    renamed(&app, "Acme Payroll").await;
    posts(&browser, &place, &before).await.is(303).redirects_to(&place);
    assert_eq!(p.consents_to(&app).await, 0);
    browser.get(&place).await.asks_consent("Acme Payroll");

    let before = filled(&browser.get(&place).await, "allow");
    app.changes(ApplicationChange::Disabled(true)).await;
    posts(&browser, &place, &before).await;
    browser.get(&place).await.is_welcome();
    app.changes(ApplicationChange::Disabled(false)).await;
    posts(&browser, &place, &before).await.is(303);
    assert_eq!(p.consents_to(&app).await, 0, "switched off and on again in between");

    let before = filled(&browser.get(&place).await, "allow");
    ada.becomes(Status::Suspended).await;
    posts(&browser, &place, &before).await.is(303);
    browser.get(&place).await.asks_to_sign_in();
    assert_eq!(p.consents_to(&app).await, 0);
}

/// L-09, R-79: the logo is shown from our own origin, as a picture and nothing else.
#[tokio::test]
async fn the_logo_is_shown_from_a_path_of_ours() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let place = app.authorize_url(CALLBACK, "s");
    browser.get(&place).await.page_does_not_say("<img");
    let logo = format!("/logos/{}", app.client_id);
    p.get(&logo).await.is(404);
    app.changes(ApplicationChange::Logo(Some(b"\x89PNG as it was kept".to_vec()))).await;
    browser.get(&place).await.page_says(&format!("src=\"{logo}\""));
    let answer = p.get(&logo).await;
    assert_eq!(answer.is(200).header("content-type"), Some("image/png"));
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    p.get("/logos/nope").await.is(404);
}

/// names are text wherever they stand.
#[tokio::test]
async fn markup_in_names_is_shown_as_text() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("<img src=x onerror=alert(1)> & \"Co\"", &[CALLBACK]).await;
    let place = app.authorize_url(CALLBACK, "s");
    for page in [p.browser().visit(&place).await, ada.signs_in().await.get(&place).await] {
        page.is(200).page_does_not_say("<img src=x").page_says("onerror");
    }
}

impl Browser<'_> {
    /// The note that a denial left.
    fn note(&self) -> (String, String) {
        self.cookies().into_iter().find(|(name, _)| name.starts_with("prosper-no-")).expect("a denial's note")
    }
}

/// The form of a page as a browser would send it, with this decision.
fn filled(page: &Exchange, decision: &str) -> String {
    let forms = Form::all(&page.body);
    let mut pairs: Vec<_> = forms[0].hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.push(("decision", decision));
    form(&pairs)
}

async fn posts(browser: &Browser<'_>, place: &str, body: &str) -> Exchange {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    browser.send("POST", place, &headers, body).await
}

async fn redirects(app: &App<'_>, uris: &[&str]) {
    let uris = uris.iter().map(|uri| RedirectUri::from_stored(uri)).collect();
    app.changes(ApplicationChange::RedirectUris(uris)).await;
}

async fn renamed(app: &App<'_>, name: &str) {
    let url = Some("https://app.example".into());
    app.changes(ApplicationChange::Profile(Profile { name: name.into(), url, ..Profile::default() })).await;
}
