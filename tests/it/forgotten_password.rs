//! A person who forgot their password sets a new one by mail (R-66, R-68 to R-72; T-11, T-13; A-02).

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use prosper::domain::status::Status;
use prosper::mail::transport::Way;
use prosper::prosper::Lockout;

use crate::prosper::alone::run;
use crate::prosper::browser::Form;
use crate::prosper::login::CALLBACK;
use crate::prosper::smtp::by;
use crate::prosper::{Browser, Exchange, Person, Prosper, Start, minutes, seconds};

const NEW: &str = "a quiet harbour in may";

async fn asks(browser: &Browser<'_>, email: &str) -> Exchange {
    let page = browser.get("/forgot").await;
    browser.submit(&page, &[("email", email)]).await
}

/// The newest link that was mailed to this address.
async fn link(p: &Prosper, email: &str) -> String {
    let mails = p.mails_to(email).await;
    let newest = mails.iter().rfind(|mail| mail.subject == "Choose a new password").expect("a reset mail");
    newest.link(p)
}

async fn sets(browser: &Browser<'_>, link: &str, password: &str) -> Exchange {
    let page = browser.get(link).await;
    page.is(200);
    browser.submit(&page, &[("password", password)]).await
}

#[tokio::test]
async fn a_mailed_link_sets_a_new_password_once_and_ends_everything_there_was() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let login = ada.has_login_app("Acme", &[CALLBACK]).await;
    let signed_in = ada.signs_in().await;
    let tokens = app.password_grant(&ada).await.tokens();
    let profile = login.exchange(&signed_in.code_for(&login).await).await.login_token();
    let code = signed_in.code_for(&login).await;

    let browser = p.browser();
    browser.get("/login").await.page_says("href=\"/forgot\"");
    asks(&browser, "ADA@example.com").await.is(200).page_says("there is a link for it now");
    app.refresh(&tokens).await.tokens();
    let link = link(&p, "ada@example.com").await;
    for _ in 0..3 {
        // Mail scanners follow links: looking uses nothing up.
        p.get(&link).await.is(200).page_says("ada@example.com").page_says("autocomplete=\"new-password\"");
    }
    sets(&browser, &link, NEW).await.is(200).page_says("Your new password is set");

    browser.get("/account").await.is(302);
    signed_in.get("/account").await.redirects_to("/login?next=%2Faccount");
    p.resource(&tokens.access_token).await.is(401);
    app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    p.user(&profile).await.is(401);
    login.exchange(&code).await.says(400, "Invalid code");
    app.password_grant(&ada).await.refused(400, "invalid_grant", "Bad credentials");
    app.password_grant(&Person { password: NEW.into(), ..ada }).await.tokens();

    p.get(&link).await.is(404).page_says("This link no longer works");
    let told = p.mails_to("ada@example.com").await;
    let changed = told.iter().find(|mail| mail.subject == "Your password was changed").expect("told");
    assert!(changed.text.contains("15 January 2027, 08:00 UTC"), "with the time: {}", changed.text);
}

/// an answer of the same bytes, and no mail to anybody who has no account.
#[tokio::test]
async fn known_unknown_and_closed_accounts_get_the_same_answer() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    p.investor("eve@example.com").await.becomes(Status::Closed).await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        let browser = p.browser();
        let hashes = p.p.passwords.hashes_started();
        let answer = asks(&browser, email).await;
        let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        let body = answer.is(200).body.replace(email, "ADDRESS");
        assert!(Form::all(&body).is_empty());
        answers.push((body, headers, p.p.passwords.hashes_started() - hashes));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[0].2, 0);
    assert_eq!(p.mails_to("ada@example.com").await.len(), 1);
    assert!(p.mails_to("bob@example.com").await.is_empty());
}

/// Where no mail is sent nobody is told to look into theirs, and the answer is the same for everybody still.
#[tokio::test]
async fn a_link_is_said_to_be_on_its_way_only_where_mail_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let sends = Start { mail: by(Way::Folder(folder.path().join("mail"))), ..Start::default() };
    for (start, said, unsaid) in [
        (sends, "a link is on its way there", "cannot send mail"),
        (Start::default(), "This installation cannot send mail yet.", "on its way"),
    ] {
        let p = Prosper::start_with(start).await;
        p.investor("ada@example.com").await;
        for email in ["ada@example.com", "bob@example.com"] {
            asks(&p.browser(), email).await.is(200).page_says(said).page_does_not_say(unsaid);
        }
        for path in ["/forgot", "/sign-up", "/account/common/inst_register.aspx"] {
            let page = p.browser().get(path).await;
            if unsaid == "on its way" {
                page.is(200).page_says(said).page_does_not_say("e send a link").page_does_not_say("that we send");
            } else {
                page.is(200).page_says("e send a link").page_does_not_say(unsaid);
            }
        }
    }
}

#[tokio::test]
async fn the_link_lives_half_an_hour_and_only_the_newest_works() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let browser = p.browser();
    asks(&browser, "ada@example.com").await.is(200);
    let first = link(&p, "ada@example.com").await;
    asks(&browser, "ada@example.com").await.is(200);
    let second = link(&p, "ada@example.com").await;
    assert_ne!(first, second);
    p.get(&first).await.is(404);
    p.clock.advance(minutes(29) + seconds(59));
    let page = browser.get(&second).await;
    page.is(200);
    p.clock.advance(seconds(1));
    p.get(&second).await.is(404);
    browser.submit(&page, &[("password", NEW)]).await.is(404);
    for bad in ["/reset", "/reset?link=", "/reset?link=nonsense"] {
        p.get(bad).await.is(404);
    }
}

/// beyond five an hour nothing is mailed, and the last link that was mailed goes on working.
#[tokio::test]
async fn at_most_five_links_an_hour_are_mailed_and_the_last_of_them_works() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let browser = p.browser();
    for _ in 0..8 {
        asks(&browser, "ada@example.com").await.is(200);
    }
    assert_eq!(p.mails_to("ada@example.com").await.len(), 5);
    sets(&browser, &link(&p, "ada@example.com").await, NEW).await.is(200).page_says("is set");
}

/// T-13, R-57.
#[tokio::test]
async fn a_reset_works_while_the_account_is_locked_and_lifts_the_lock() {
    let lockout = Lockout { failures: 3, span: minutes(15) };
    let p = Prosper::start_with(Start { lockout: Some(lockout), ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    for _ in 0..4 {
        app.password_grant_as(&ada.email, "not it").await;
    }
    assert_eq!(app.password_grant(&ada).await.status, 429);
    let browser = p.browser();
    asks(&browser, &ada.email).await.is(200);
    sets(&browser, &link(&p, &ada.email).await, NEW).await.is(200);
    app.password_grant_as(&ada.email, NEW).await.tokens();
}

#[tokio::test]
async fn who_must_set_a_new_password_is_led_here_and_may_not_keep_the_old_one() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    ada.must_reset().await;
    let browser = p.browser();
    let page = browser.visit("/login").await;
    let stopped = browser.submit(&page, &[("email", &ada.email), ("password", &ada.password)]).await;
    stopped.is(403).page_says("Please choose a new password").page_does_not_say("href=\"/forgot\"");
    // Who they are is known by then: nothing has to be typed a second time.
    browser.submit_to(&stopped, "/forgot", &[]).await.is(200).page_says(&ada.email);
    let link = link(&p, &ada.email).await;
    let same = sets(&browser, &link, &ada.password).await;
    same.is(400);
    assert!(same.error_beside("password").is_some(), "{}", same.told());
    sets(&browser, &link, NEW).await.is(200);
    Person { password: NEW.into(), ..ada }.signs_in().await.get("/account").await.is(200);
}

/// it moves no status, and signs nobody in.
#[tokio::test]
async fn a_reset_lifts_no_status() {
    let p = Prosper::start().await;
    for status in [Status::Suspended, Status::Unactivated, Status::Closed] {
        let email = format!("{}@example.com", status.name());
        let ada = p.investor(&email).await;
        ada.becomes(status).await;
        let browser = p.browser();
        asks(&browser, &email).await.is(200);
        sets(&browser, &link(&p, &email).await, NEW).await.is(200);
        assert_eq!(p.p.store.account(ada.id).await.expect("read").expect("there").status, status);
        browser.get("/account").await.is(302);
    }
}

/// the rules are those of every other password, and the link survives a bad choice.
#[tokio::test]
async fn a_bad_choice_is_told_beside_the_field_and_leaves_the_link_as_it_was() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let browser = p.browser();
    asks(&browser, "ada@example.com").await.is(200);
    let link = link(&p, "ada@example.com").await;
    for bad in ["", "short", "password1", "ada@example.com", &"long ".repeat(60)] {
        let back = sets(&browser, &link, bad).await;
        back.is(400);
        assert!(back.error_beside("password").is_some(), "{bad}");
        assert_eq!(back.value_of("password"), None);
    }
    let other = p.browser();
    let page = browser.get(&link).await;
    // Another browser's form token is none for this one (W-02).
    let stale = other.submit(&page, &[("password", NEW)]).await;
    stale.is(400);
    sets(&browser, &link, NEW).await.is(200);
}

/// dead after any other change of the password.
#[tokio::test]
async fn a_link_dies_when_the_password_changes_by_another_way() {
    let p = Prosper::start().await;
    let mut ada = p.investor("ada@example.com").await;
    asks(&p.browser(), "ada@example.com").await.is(200);
    let link = link(&p, "ada@example.com").await;
    ada.gets_password(NEW).await;
    p.get(&link).await.is(404);
}

/// the same address in another space is another account.
#[tokio::test]
async fn a_link_is_for_the_account_of_the_space_that_was_chosen() {
    let p = Prosper::start().await;
    let acme = p.space("Acme").await;
    let here = p.investor("ada@example.com").await;
    p.person("ada@example.com", prosper::domain::account::AccountKind::Individual, acme).await;
    let browser = p.browser();
    let page = browser.get("/forgot").await;
    page.page_says("<option value=\"Acme\"");
    browser.submit(&page, &[("email", "ada@example.com"), ("space", "Acme")]).await.is(200);
    sets(&browser, &link(&p, "ada@example.com").await, NEW).await.is(200);
    here.signs_in().await;
    let login = p.browser();
    let page = login.get("/login").await;
    login.submit(&page, &[("email", "ada@example.com"), ("space", "Acme"), ("password", NEW)]).await.is(303);
    let unknown =
        browser.submit(&browser.get("/forgot").await, &[("email", "ada@example.com"), ("space", "Nowhere")]).await;
    unknown.is(400);
    assert_eq!(unknown.value_of("email").as_deref(), Some("ada@example.com"));
}

/// What a random walk does at each step.
#[derive(Clone, Copy, Debug)]
enum Does {
    Asks,
    UsesTheNewest,
    UsesAnOlder,
    SetsAnother,
    Waits(u8),
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        3 => Just(Does::Asks),
        2 => Just(Does::UsesTheNewest),
        1 => Just(Does::UsesAnOlder),
        1 => Just(Does::SetsAnother),
        2 => prop_oneof![Just(1_u8), Just(10), Just(30)].prop_map(Does::Waits),
    ]
}

/// A link works if and only if it is the newest, younger than half an hour, unused, and no password was set since:
/// whatever is done in whatever order.
#[test]
fn in_no_order_of_steps_does_any_link_work_but_the_newest_live_one() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() });
    let walk = prop::collection::vec(does(), 1..16);
    runner
        .run(&walk, |steps| {
            run(walks(steps));
            Ok(())
        })
        .expect("no other works");
}

async fn walks(steps: Vec<Does>) {
    let p = Prosper::start().await;
    let mut ada = p.investor("ada@example.com").await;
    let browser = p.browser();
    let now = || p.clock.now();
    // Every link that was mailed, the instants at which they were, and until when the newest works.
    let (mut links, mut mailed, mut live) = (Vec::<String>::new(), Vec::new(), None);
    for does in steps {
        match does {
            Does::Waits(some) => p.clock.advance(minutes(some.into())),
            Does::SetsAnother => {
                ada.gets_password(NEW).await;
                live = None;
            }
            Does::Asks => {
                asks(&browser, "ada@example.com").await.is(200);
                let hour = mailed.iter().filter(|at| now().since(**at) < minutes(60)).count();
                if hour < 5 {
                    mailed.push(now());
                    links.push(link(&p, "ada@example.com").await);
                    live = Some(now().plus(minutes(30)));
                }
            }
            Does::UsesTheNewest => {
                let Some(newest) = links.last() else { continue };
                let page = browser.get(newest).await;
                let works = live.is_some_and(|until| !until.has_come(now()));
                assert_eq!(page.status == 200, works, "{}", page.told());
                if works {
                    browser.submit(&page, &[("password", NEW)]).await.is(200);
                    live = None;
                }
            }
            Does::UsesAnOlder => {
                for older in links.iter().rev().skip(1) {
                    browser.get(older).await.is(404);
                }
            }
        }
    }
}
