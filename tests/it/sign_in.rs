//! Seed 3, 4.1: the sign-in page, and the session it opens (A-03, A-04, L-02, T-13, W-02; ).

use prosper::domain::account::AccountKind;
use prosper::domain::status::Status;
use prosper::prosper::Lockout;

use crate::prosper::browser::Form;
use crate::prosper::exchange::{form, request};
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{Browser, Exchange, Prosper, Start, almost, hours, minutes};

/// an email that nobody has and a wrong password are one answer, at the cost of one hash each.
#[tokio::test]
async fn a_stranger_and_a_wrong_password_get_the_same_page_for_one_hash_each() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let elsewhere = p.space("Elsewhere").await;
    p.person("bob@example.com", AccountKind::Individual, elsewhere).await;
    let flow = app.authorize_url(CALLBACK, "s");
    let mut pages = Vec::new();
    for (place, email) in [
        ("/login", "ada@example.com"),
        ("/login", "nobody@example.com"),
        ("/login", "bob@example.com"),
        (flow.as_str(), "ada@example.com"),
        (flow.as_str(), "nobody@example.com"),
        (flow.as_str(), "bob@example.com"),
    ] {
        let before = p.p.passwords.hashes_started();
        let answer = p.browser().sign_in_at(place, email, "not the password").await;
        assert_eq!(p.p.passwords.hashes_started(), before + 1, "{email} at {place}");
        answer.is(400).page_says("That email and password do not match");
        pages.push((place, plain(&answer, email)));
    }
    for (place, page) in &pages {
        let like = pages.iter().find(|(other, _)| other == place).expect("itself at least");
        assert_eq!(page, &like.1);
    }
}

/// W-02: what is missing is named, what is doubled is refused, and nothing of it costs a hash.
#[tokio::test]
async fn an_incomplete_form_comes_back_without_a_hash() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let browser = p.browser();
    let before = p.p.passwords.hashes_started();
    for (email, password) in [("", "x"), ("ada@example.com", ""), ("", "")] {
        browser.sign_in_at("/login", email, password).await.is(400).page_says("Please fill in both");
    }
    let long = "x".repeat(10_000);
    browser.sign_in_at("/login", "ada@example.com", &long).await.is(400).page_says("do not match");
    let page = browser.visit("/login").await;
    let twice = format!("{}&email=ada@example.com&password=a&password=b", hidden(&page));
    posts(&browser, "/login", &twice).await.is(400);
    assert_eq!(p.p.passwords.hashes_started(), before);
    assert_eq!(browser.cookie("prosper"), None);
}

/// signing somebody in to a stranger's account takes a form of their own browser.
#[tokio::test]
async fn the_sign_in_form_works_in_the_browser_it_was_shown_to_and_for_where_it_leads() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let (mine, theirs) = (p.browser(), p.browser());
    let page = mine.visit("/login").await;
    theirs.visit("/login").await;
    let credentials = form(&[("email", &ada.email), ("password", &ada.password)]);
    let sent = format!("{}&{credentials}", hidden(&page));
    for (browser, body) in [
        (&theirs, sent.clone()),
        (&p.browser(), sent.clone()),
        (&mine, credentials.clone()),
        (&mine, format!("{credentials}&form_token=nonsense")),
        (&mine, format!("{sent}&next=%2Foauth")),
    ] {
        let answer = posts(browser, "/login", &body).await;
        answer.is(400).page_says("had been open for too long").page_says("name=\"password\"");
        assert_eq!(browser.cookie("prosper"), None);
    }
    // A form for one request is none for another.
    let flow = mine.visit(&app.authorize_url(CALLBACK, "s")).await;
    let moved = hidden(&flow).replace("state%3Ds", "state%3Dt");
    assert_ne!(moved, hidden(&flow));
    posts(&mine, "/login", &format!("{moved}&{credentials}")).await.is(400);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for from in [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site")] {
        mine.send("POST", "/login", &[kind, from], &sent).await.is(403);
    }
    // Without a browser's headers the token decides, so that scripts can sign in (W-02a).
    mine.send("POST", "/login", &[kind], &sent).await.is(303).redirects_to("/account");
    assert!(mine.cookie("prosper").is_some());
}

/// R-24, AZ-52: a new session at each sign-in; the old one is dead, and one that somebody brought along is not taken.
#[tokio::test]
async fn a_sign_in_opens_a_session_of_its_own_and_ends_the_one_before() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let bob = p.investor("bob@example.com").await;
    let browser = p.browser();
    browser.set_cookie("prosper", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    browser.sign_in_at("/login", &ada.email, &ada.password).await.is(303);
    let first = browser.cookie("prosper").expect("signed in");
    assert!(first.len() == 54 && !first.starts_with("AAAA"));

    // Somebody else's session in the browser beforehand: it is replaced, and ended.
    browser.sign_in_at("/login", &bob.email, &bob.password).await.is(303);
    let second = browser.cookie("prosper").expect("signed in");
    assert_ne!(first, second);
    assert!(!is_signed_in(&p, &first).await && is_signed_in(&p, &second).await);
    assert_eq!(p.p.store.sessions_of(ada.id).await.expect("read").len(), 0);

    // A wrong password ends nothing.
    browser.sign_in_at("/login", &ada.email, "wrong").await.is(400);
    assert!(is_signed_in(&p, &second).await);
}

/// W-02a, R-25, TR-08: the cookie's flags, on loopback and under TLS; only a hash of it is kept.
#[tokio::test]
async fn the_session_cookie_is_kept_from_scripts_other_sites_and_other_hosts() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let answer = p.browser().sign_in_at("/login", &ada.email, &ada.password).await;
    let cookie = session_cookie(&answer);
    assert!(cookie.starts_with("prosper=") && !cookie.contains("Secure"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=1209600"), "{cookie}");
    let secret = cookie.split(['=', ';']).nth(1).expect("a value");
    assert!(!p.bytes_on_disk().windows(secret.len()).any(|part| part == secret.as_bytes()));

    let tls = Prosper::start_with(Start { public_url: Some("https://id.example"), ..Start::default() }).await;
    let bob = tls.investor("bob@example.com").await;
    let answer = tls.browser().sign_in_at("/login", &bob.email, &bob.password).await;
    let cookie = session_cookie(&answer);
    assert!(cookie.starts_with("__Host-prosper="), "{cookie}");
    assert!(cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Lax") && !cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    // The name without the prefix, which another host could plant, means nothing here.
    assert!(!is_signed_in(&tls, cookie.split(['=', ';']).nth(1).expect("a value")).await);
}

/// sign-out ends the session on the server; GET only asks.
#[tokio::test]
async fn signing_out_takes_a_post_and_ends_the_session_on_the_server() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    let cookie = browser.cookie("prosper").expect("signed in");
    let page = browser.get("/logout").await;
    page.is(200).page_says("Sign out?");
    assert!(is_signed_in(&p, &cookie).await);
    posts(&browser, "/logout", "").await.is(400);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    browser.send("POST", "/logout", &[kind, ("origin", "https://evil.test")], &hidden(&page)).await.is(403);
    assert!(is_signed_in(&p, &cookie).await);

    let out = browser.submit_to(&page, "/logout", &[]).await;
    out.is(303).redirects_to("/logout");
    assert_eq!(browser.cookie("prosper"), None);
    browser.get("/logout").await.page_says("You are signed out");
    assert!(!is_signed_in(&p, &cookie).await, "the cookie is dead, whoever kept it");
    p.user(&token).await.is(200);
    posts(&browser, "/logout", "").await.is(303);
}

/// twelve hours unused, fourteen days at the most.
#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_at_the_latest_after_two_weeks() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let idle = ada.signs_in().await.cookie("prosper").expect("signed in");
    let busy = ada.signs_in().await.cookie("prosper").expect("signed in");
    p.clock.advance(almost(hours(12)));
    assert!(is_signed_in(&p, &busy).await);
    p.flush().await;
    p.clock.advance(std::time::Duration::from_micros(1));
    assert!(!is_signed_in(&p, &idle).await);
    for _ in 0..33 {
        assert!(is_signed_in(&p, &busy).await);
        p.flush().await;
        p.clock.advance(hours(10));
    }
    assert!(!is_signed_in(&p, &busy).await, "342 hours after the sign-in");
}

/// R-28, AZ-50: what a sign-in leads to is a path of ours.
#[tokio::test]
async fn a_sign_in_never_leads_off_our_own_origin() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    for next in [
        "//evil.test",
        "https://evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "javascript:alert(1)",
        "evil.test",
        "/%0d%0aLocation:x\r\n",
    ] {
        let place = format!("/login?{}", form(&[("next", next)]));
        let page = p.browser().get(&place).await;
        page.is(200).page_does_not_say("evil.test");
        let answer = p.browser().sign_in_at(&place, &ada.email, &ada.password).await;
        answer.is(303).redirects_to("/account");
    }
    for next in ["/account/settings", "/oauth", "/welcome?x=//evil.test"] {
        let place = format!("/login?{}", form(&[("next", next)]));
        p.browser().sign_in_at(&place, &ada.email, &ada.password).await.is(303).redirects_to(next);
    }
}

/// outside of a flow a space field decides, and the first space where none is named.
#[tokio::test]
async fn the_space_that_is_chosen_is_where_the_account_is_looked_for() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    p.get("/login").await.page_does_not_say("name=\"space\"");
    let elsewhere = p.space("Else & Where").await;
    let mut twin = p.person("ada@example.com", AccountKind::Individual, elsewhere).await;
    twin.gets_password("the twin's long password").await;
    p.get("/login").await.page_says("name=\"space\"").page_says("Else &#38; Where");
    for (space, password, status) in [
        (None, PASSWORD, 303),
        (None, twin.password.as_str(), 400),
        (Some("Prosper"), PASSWORD, 303),
        (Some("Else & Where"), twin.password.as_str(), 303),
        (Some("else & where"), twin.password.as_str(), 303),
        (Some("Else & Where"), PASSWORD, 400),
        (Some("No such space"), PASSWORD, 400),
    ] {
        let browser = p.browser();
        let page = browser.visit("/login").await;
        let mut fields = vec![("email", ada.email.as_str()), ("password", password)];
        fields.extend(space.map(|space| ("space", space)));
        browser.submit(&page, &fields).await.is(status);
    }
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let page = p.browser().visit(&app.authorize_url(CALLBACK, "s")).await;
    page.page_does_not_say("name=\"space\"");
}

/// where there are several spaces, the page names the one that is signed in to, to everybody alike.
#[tokio::test]
async fn where_there_are_several_spaces_the_page_says_which_one_is_signed_in_to() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let flow = app.authorize_url(CALLBACK, "s");
    for place in ["/login", &flow] {
        let wrong = p.browser().sign_in_at(place, "ada@example.com", "not the password").await;
        wrong.is(400).page_does_not_say("belongs to one space");
    }
    p.browser().visit(&flow).await.page_does_not_say("in the space");
    let elsewhere = p.space("Else & Where").await;
    p.person("bob@example.com", AccountKind::Individual, elsewhere).await;
    let named = format!("<strong class=\"ink wrap\">{}</strong>", p.p.store.spaces().await.expect("read")[0].name);
    p.browser().visit(&flow).await.page_says("with your account in the space").page_says(&named);
    for email in ["ada@example.com", "bob@example.com", "nobody@example.com"] {
        let wrong = p.browser().sign_in_at(&flow, email, "not the password").await;
        wrong.is(400).page_says("Each account belongs to one space").page_says("takes accounts of that space alone");
        let browser = p.browser();
        let page = browser.visit("/login").await;
        let fields = [("email", email), ("password", "not the password"), ("space", "Else & Where")];
        let wrong = browser.submit(&page, &fields).await;
        wrong
            .is(400)
            .page_says("tried in <strong class=\"wrap\">Else &#38; Where</strong>")
            .page_says("choose it below");
    }
}

/// a waiting account sees only where it stands; a refused one gets its own page and no session.
#[tokio::test]
async fn how_an_account_stands_is_said_after_the_right_password_alone() {
    let p = Prosper::start().await;
    for (number, (status, words)) in [
        (Status::Closed, "This account is closed"),
        (Status::Duplicate, "You have another account with us"),
        (Status::Expired, "This account has expired"),
        (Status::Inactive, "This account is inactive"),
        (Status::OnHold, "This account is on hold"),
        (Status::PendingActivation, "Your account waits to be activated"),
        (Status::PendingApproval, "We are looking at your registration"),
        (Status::IncompleteRegistration, "Your registration is not finished"),
        (Status::Suspended, "This account is suspended"),
        (Status::Terminated, "This account was terminated"),
        (Status::Unactivated, "Please confirm your email"),
    ]
    .into_iter()
    .enumerate()
    {
        let person = p.investor(&format!("person{number}@example.com")).await;
        let app = person.has_login_app("Acme HR", &[CALLBACK]).await;
        person.becomes(status).await;
        let browser = p.browser();
        let wrong = browser.sign_in_at("/login", &person.email, "wrong").await;
        wrong.is(400).page_says("do not match").page_does_not_say(words);
        let answer = browser.sign_in_at("/login", &person.email, &person.password).await;
        if status.is_waiting() {
            answer.is(303);
            browser.visit(&app.authorize_url(CALLBACK, "s")).await.is(403).page_says(words);
        } else {
            answer.is(403).page_says(words);
            assert_eq!(browser.cookie("prosper"), None, "{status:?}");
            assert!(p.p.store.sessions_of(person.id).await.expect("read").is_empty());
        }
    }
}

/// T-13: over web sign-in and `/v1` together, with `Retry-After`; live sessions go on; known emails and others alike.
#[tokio::test]
async fn too_many_wrong_passwords_lock_the_email_for_everybody_and_end_nothing() {
    let lockout = Some(Lockout { failures: 3, span: minutes(15) });
    let p = Prosper::start_with(Start { lockout, ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let own = ada.registers_own_app("Ada").await;
    let session = ada.signs_in().await;
    let tokens = own.password_grant(&ada).await.tokens();
    for email in ["ada@example.com", "nobody@example.com"] {
        let upper = email.to_uppercase();
        p.browser().sign_in_at("/login", email, "wrong").await.is(400);
        own.password_grant_as(email, "wrong").await.is(400);
        p.browser().sign_in_at("/login", &upper, "wrong").await.is(400);
        let before = p.p.passwords.hashes_started();
        let locked = p.browser().sign_in_at("/login", email, PASSWORD).await;
        locked.is(429).page_says("Too many tries for this email").page_says("15 minutes");
        assert_eq!(locked.header("retry-after"), Some("900"));
        own.password_grant_as(email, PASSWORD).await.is(429);
        assert_eq!(p.p.passwords.hashes_started(), before, "a locked email costs no hash");
    }
    session.get("/logout").await.page_says("ada@example.com");
    own.refresh(&tokens).await.tokens();
    p.clock.advance(minutes(15));
    ada.signs_in().await;
}

/// T-11: a sign-in that was queued while the password changed opens nothing that lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sign_in_that_races_with_a_new_password_leaves_no_session() {
    let p = Prosper::start().await;
    let mut ada = p.investor("ada@example.com").await;
    for round in 0..20 {
        let browser = p.browser();
        let (email, old) = (ada.email.clone(), ada.password.clone());
        let new = format!("a long password, the {round}th");
        tokio::join!(browser.sign_in_at("/login", &email, &old), ada.gets_password(&new));
        if let Some(cookie) = browser.cookie("prosper") {
            assert!(!is_signed_in(&p, &cookie).await, "round {round}");
        }
    }
}

async fn is_signed_in(p: &Prosper, cookie: &str) -> bool {
    let answer = p.send(request("GET", "/logout", &[("cookie", &format!("prosper={cookie}"))], "")).await;
    answer.body.contains("Sign out?")
}

fn session_cookie(answer: &Exchange) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    cookies.find(|line| line.contains("prosper=")).expect("a session").to_owned()
}

/// The hidden fields of the page's first form, as a browser sends them.
fn hidden(page: &Exchange) -> String {
    let forms = Form::all(&page.body);
    form(&forms[0].hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
}

async fn posts(browser: &Browser<'_>, place: &str, body: &str) -> Exchange {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    browser.send("POST", place, &headers, body).await
}

/// A page without what differs each time: the form's token and what was typed.
fn plain(page: &Exchange, email: &str) -> String {
    let token =
        Form::all(&page.body)[0].hidden.iter().find(|(name, _)| name == "form_token").expect("a token").1.clone();
    page.body.replace(&token, "").replace(email, "")
}
