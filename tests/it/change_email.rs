//! A person moves their account to another address, and takes it back (A-01; W-02; B-06).

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use prosper::domain::email::Email;
use prosper::domain::email_change::{EmailChange, EmailStep};
use prosper::domain::status::Status;
use prosper::domain::time::Timestamp;
use prosper::flows::close_account::plan_erasure;
use prosper::flows::refusal::Actor;
use prosper::prosper::Lockout;
use prosper::store::audit::Trail;

use crate::prosper::alone::run;
use crate::prosper::exchange::{form, request};
use crate::prosper::people::PASSWORD;
use crate::prosper::{Browser, Exchange, Person, Prosper, Start, hours, just_before, minutes};

const NEW: &str = "a quiet harbour in may";

async fn asks(browser: &Browser<'_>, email: &str) -> Exchange {
    let page = browser.get("/account/email").await;
    page.is(200);
    browser.submit(&page, &[("email", email), ("current", PASSWORD)]).await
}

/// The newest link of a mail with this subject.
async fn link(p: &Prosper, email: &str, subject: &str) -> Option<String> {
    let mails = p.mails_to(email).await;
    mails.iter().rfind(|mail| mail.subject == subject).map(|mail| mail.link(p))
}

const CONFIRM: &str = "Please confirm your new email address";
const CHANGED: &str = "The email address of your account was changed";

async fn uses(p: &Prosper, link: &str) -> Exchange {
    let browser = p.browser();
    let page = browser.get(link).await;
    if page.status != 200 {
        return page;
    }
    browser.submit(&page, &[]).await
}

async fn email_of(p: &Prosper, person: &Person<'_>) -> String {
    p.p.store.account(person.id).await.expect("read").expect("there").email.as_str().to_owned()
}

#[tokio::test]
async fn an_account_moves_when_the_new_address_confirms_it_and_both_addresses_are_told() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let browser = ada.signs_in().await;
    browser.get("/account/settings").await.page_says("href=\"/account/email\"");
    asks(&browser, "Ada@New.example").await.is(200).page_says("Ada@New.example").page_says("Please ask for your link");
    assert_eq!(email_of(&p, &ada).await, "ada@example.com", "asking changes nothing");
    let asked = p.mails_to("ada@example.com").await;
    assert_eq!(asked.last().expect("told").subject, "Somebody asked to change the email address of your account");

    let link = link(&p, "Ada@New.example", CONFIRM).await.expect("mailed");
    for _ in 0..3 {
        p.get(&link).await.is(200).page_says("Yes, use it");
    }
    assert_eq!(email_of(&p, &ada).await, "ada@example.com", "looking changes nothing (R-71)");
    uses(&p, &link).await.is(200).page_says("Your email is changed");
    uses(&p, &link).await.is(404).page_says("This link no longer works");
    assert_eq!(email_of(&p, &ada).await, "Ada@New.example");

    // The session and the tokens go on; the username is the new address (B-06).
    browser.get("/account").await.is(200).page_says("Ada@New.example");
    p.resource(&tokens.access_token).await.is(200);
    app.password_grant(&ada).await.refused(400, "invalid_grant", "Bad credentials");
    app.password_grant_as("ada@new.example", PASSWORD).await.tokens();
    let old = p.mails_to("ada@example.com").await;
    let told = old.last().expect("told");
    assert_eq!(told.subject, CHANGED);
    assert!(told.text.contains("/undo-email?link=") && told.text.contains("15 January 2027, 08:00 UTC"), "{told:?}");
    assert_eq!(p.mails_to("Ada@New.example").await.last().expect("told").subject, CHANGED);
}

/// an address that is somebody's already gets the same answer, and its owner hears of it.
#[tokio::test]
async fn a_taken_address_is_refused_without_a_word_to_whoever_asked() {
    let p = Prosper::start().await;
    p.investor("Owner@example.com").await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let mut answers = Vec::new();
    for email in ["owner@example.com", "fresh@example.com"] {
        let answer = asks(&browser, email).await;
        let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        let id = answer.header("x-request-id").expect("an id").to_owned();
        answers.push((answer.is(200).body.replace(email, "ADDRESS").replace(&id, "ID"), headers));
    }
    assert_eq!(answers[0], answers[1]);
    let told = p.mails_to("Owner@example.com").await;
    assert_eq!(
        (told.len(), told[0].subject.as_str()),
        (1, "Somebody tried to use your email address for another account")
    );
    assert!(told[0].text.contains("tried to make this email address the address of that account"), "{}", told[0].text);
    assert!(p.mails_to("owner@example.com").await.is_empty());
    assert_eq!(p.mails_to("ada@example.com").await.len(), 2, "the old address hears of either");

    // Taken between the wish and the confirmation: the link comes to nothing.
    let link = link(&p, "fresh@example.com", CONFIRM).await.expect("mailed");
    p.investor("Fresh@example.com").await;
    uses(&p, &link).await.is(404);
    assert_eq!(email_of(&p, &ada).await, "ada@example.com");
}

#[tokio::test]
async fn the_old_address_takes_it_back_for_a_week_and_nobody_else_gets_it_meanwhile() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let thief = ada.signs_in().await;
    asks(&thief, "thief@evil.example").await.is(200);
    uses(&p, &link(&p, "thief@evil.example", CONFIRM).await.expect("mailed")).await.is(200);
    let tokens = app.password_grant_as("thief@evil.example", PASSWORD).await.tokens();

    // It moves no further, and the old address can be nobody's.
    asks(&thief, "again@evil.example").await.is(409).page_says("It was changed a short while ago");
    let stranger = p.browser();
    let page = stranger.get("/sign-up").await;
    let fields = [("full_name", "Eve"), ("email", "ada@example.com"), ("password", "ships in port are safe")];
    stranger.submit_to(&page, "/sign-up", &fields).await.is(200);
    assert!(p.p.store.credentials_by_email(p.space, "ada@example.com").await.expect("read").is_none());

    p.clock.advance(just_before(hours(7 * 24)));
    let back = link(&p, "ada@example.com", CHANGED).await.expect("mailed");
    p.get(&back).await.is(200).page_says("Take it back");
    uses(&p, &back).await.is(200).page_says("Your address is back");
    assert_eq!(email_of(&p, &ada).await, "ada@example.com");
    uses(&p, &back).await.is(404);

    // Everything that was got with it has ended, the password too.
    thief.get("/account").await.is(302);
    p.resource(&tokens.access_token).await.is(401);
    app.password_grant(&ada).await.refused(403, "password_reset_required", "User needs to reset their password");
    let browser = p.browser();
    let page = browser.get("/forgot").await;
    browser.submit(&page, &[("email", "ada@example.com")]).await.is(200);
    let reset = link(&p, "ada@example.com", "Choose a new password").await.expect("mailed");
    let page = browser.get(&reset).await;
    browser.submit(&page, &[("password", NEW)]).await.is(200);
    app.password_grant_as("ada@example.com", NEW).await.tokens();
}

/// Whoever has the password may move the account, close it and have it erased: the old address is told of each, and its link
/// takes all of it back for as long as it says. Nothing is erased before, and what staff decided stands.
#[tokio::test]
async fn the_old_address_takes_back_an_account_that_was_moved_and_then_closed() {
    let p = Prosper::start().await;
    for (number, by_staff) in [None, Some(Status::Terminated)].into_iter().enumerate() {
        let (own, evil) = (format!("ada{number}@example.com"), format!("thief{number}@evil.example"));
        let ada = p.investor(&own).await;
        let thief = ada.signs_in().await;
        asks(&thief, &evil).await.is(200);
        uses(&p, &link(&p, &evil, CONFIRM).await.expect("mailed")).await.is(200);
        let back = link(&p, &own, CHANGED).await.expect("mailed");
        let page = thief.get("/account/close").await;
        thief.submit(&page, &[("erase", "yes"), ("current", PASSWORD)]).await.is(200);
        assert_eq!(ada.account().await.status, Status::Closed);
        for (address, words) in [(&own, "gives it back to you"), (&evil, "as you asked")] {
            let mails = p.mails_to(address).await;
            let told = mails.last().expect("told");
            assert_eq!(told.subject, "Your account is closed", "{address}");
            assert!(told.text.contains(words), "{}", told.text);
        }
        if let Some(to) = by_staff {
            ada.becomes(to).await;
        }
        // Nobody gets the address meanwhile, and nobody is erased: not even when staff would have it so at once.
        plan_erasure(ada.id, Some(p.clock.now()), Actor::Terminal, Trail::cli(p.clock.now()), &p.p)
            .await
            .expect("planned");
        p.clock.advance(hours(24));
        p.p.store.sweep(p.clock.now()).await.expect("swept");
        assert_eq!(ada.account().await.name, "Ada Lovelace");

        uses(&p, &back).await.is(200).page_says("Your address is back");
        let account = ada.account().await;
        assert_eq!(account.email.as_str(), own);
        assert!(account.password_reset_required);
        assert_eq!(account.status, by_staff.unwrap_or(Status::Active));
        assert_eq!(p.p.store.erased_at(ada.id).await.expect("read").is_some(), by_staff.is_some());
        let mails = p.mails_to(&own).await;
        let told = &mails.last().expect("told").text;
        assert_eq!(told.contains("it is open again"), by_staff.is_none(), "{told}");
        let rows = p.p.store.audit(Some(format!("account {}", ada.id)), 10).await.expect("read");
        let noted: Vec<_> =
            rows.iter().map(|row| (row.action.as_str(), row.before.as_str(), row.after.as_str())).collect();
        assert!(noted.contains(&("account.email", own.as_str(), evil.as_str())), "{noted:?}");
        assert_eq!(noted[0], ("account.email_back", evil.as_str(), own.as_str()));
        assert_eq!(noted.contains(&("account.status", "closed", "active")), by_staff.is_none(), "{noted:?}");
        let called_off = noted.iter().any(|(action, _, after)| (*action, *after) == ("account.erasure", "never"));
        assert_eq!(called_off, by_staff.is_none(), "{noted:?}");
        thief.get("/account").await.is(302);
    }
    p.clock.advance(hours(31 * 24));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
}

/// Once the way back has ended, what was planned is done.
#[tokio::test]
async fn an_account_that_moved_is_erased_when_the_way_back_has_ended() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    asks(&browser, "new@example.com").await.is(200);
    uses(&p, &link(&p, "new@example.com", CONFIRM).await.expect("mailed")).await.is(200);
    ada.becomes(Status::Closed).await;
    plan_erasure(ada.id, Some(p.clock.now()), Actor::Terminal, Trail::cli(p.clock.now()), &p.p).await.expect("planned");
    p.clock.advance(just_before(hours(7 * 24)));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!(ada.account().await.name, "Ada Lovelace");
    p.clock.advance(minutes(1));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!(ada.account().await.name, "Erased");
    let rows = p.p.store.audit(Some(format!("account {}", ada.id)), 10).await.expect("read");
    assert!(rows.iter().any(|row| row.action == "account.email"));
    assert!(rows.iter().all(|row| !row.before.contains('@') && !row.after.contains('@')), "{rows:?}");
}

#[tokio::test]
async fn after_a_week_it_stays_and_may_move_again() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    asks(&browser, "new@example.com").await.is(200);
    uses(&p, &link(&p, "new@example.com", CONFIRM).await.expect("mailed")).await.is(200);
    p.clock.advance(hours(7 * 24));
    let back = link(&p, "ada@example.com", CHANGED).await.expect("mailed");
    p.get(&back).await.is(404);
    let browser = p.browser();
    browser.sign_in_at("/login", "new@example.com", PASSWORD).await.is(303);
    asks(&browser, "ada@example.com").await.is(200);
    let confirm = link(&p, "ada@example.com", CONFIRM).await.expect("mailed");
    p.clock.advance(minutes(60));
    uses(&p, &confirm).await.is(404);
}

#[tokio::test]
async fn a_new_password_stops_a_move_and_a_reset_link_dies_with_one() {
    let p = Prosper::start().await;
    let mut ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    asks(&browser, "new@example.com").await.is(200);
    let stopped = link(&p, "new@example.com", CONFIRM).await.expect("mailed");
    ada.gets_password(NEW).await;
    uses(&p, &stopped).await.is(404);

    let browser = p.browser();
    browser.sign_in_at("/login", "ada@example.com", NEW).await.is(303);
    let page = browser.get("/forgot").await;
    browser.submit(&page, &[("email", "ada@example.com")]).await.is(200);
    let page = browser.get("/account/email").await;
    browser.submit(&page, &[("email", "new@example.com"), ("current", NEW)]).await.is(200);
    let reset = link(&p, "ada@example.com", "Choose a new password").await.expect("mailed");
    p.get(&reset).await.is(200);
    uses(&p, &link(&p, "new@example.com", CONFIRM).await.expect("mailed")).await.is(200);
    p.get(&reset).await.is(404);
}

/// The message stands beside the field, what was typed is kept, and nothing is mailed.
#[tokio::test]
async fn the_password_is_asked_and_the_address_must_be_another() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.get("/account/email").await;
    for (email, current, beside) in [
        ("new@example.com", "wrong", "current"),
        ("new@example.com", "", "current"),
        ("", PASSWORD, "email"),
        ("ADA@example.com", PASSWORD, "email"),
        ("a@b@c.test", PASSWORD, "email"),
        ("a@x.test\r\nBcc: eve@x.test", PASSWORD, "email"),
        ("m\u{131}ke@x.test", PASSWORD, "email"),
    ] {
        let back = browser.submit(&page, &[("email", email), ("current", current)]).await;
        back.is(400);
        assert!(back.error_beside(beside).is_some(), "{email:?}\n{}", back.told());
        assert_eq!(back.value_of("current"), None);
    }
    let back = browser.submit(&page, &[("email", "new@example.com"), ("current", "wrong")]).await;
    assert_eq!(back.value_of("email").as_deref(), Some("new@example.com"));
    assert!(p.p.store.outbox(10).await.expect("read").is_empty());
}

/// W-02, T-13.
#[tokio::test]
async fn neither_another_site_nor_a_guesser_moves_an_account() {
    let lockout = Lockout { failures: 3, span: minutes(15) };
    let p = Prosper::start_with(Start { lockout: Some(lockout), ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let cookie = format!("prosper={}", browser.cookie("prosper").expect("signed in"));
    let fields = [("email", "new@example.com"), ("current", PASSWORD)];
    for path in ["/account/email", "/change-email", "/undo-email"] {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("cookie", &cookie),
        ];
        p.send(request("POST", path, &headers, &form(&fields))).await.is(403);
        browser.post(path, &fields).await.is(400);
    }
    assert!(p.p.store.outbox(10).await.expect("read").is_empty());
    let page = browser.get("/account/email").await;
    for _ in 0..3 {
        browser.submit(&page, &[("email", "new@example.com"), ("current", "wrong")]).await.is(400);
    }
    browser.submit(&page, &fields).await.is(429);
    assert!(p.p.store.outbox(10).await.expect("read").is_empty());
}

/// What a random walk does at each step.
#[derive(Clone, Copy, Debug)]
enum Does {
    Asks(u8),
    Confirms,
    TakesBack,
    SetsPassword,
    Waits(u8),
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        (0_u8..3).prop_map(Does::Asks),
        Just(Does::Confirms),
        Just(Does::TakesBack),
        Just(Does::SetsPassword),
        prop_oneof![Just(10_u8), Just(61), Just(200)].prop_map(Does::Waits),
    ]
}

/// The store follows the pure rules, whatever is done in whatever order: an address is what `domain::email_change` says.
#[test]
fn the_store_moves_an_account_just_as_the_rules_say() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() });
    let walk = prop::collection::vec(does(), 1..14);
    runner
        .run(&walk, |steps| {
            run(walks(steps));
            Ok(())
        })
        .expect("it follows");
}

async fn walks(steps: Vec<Does>) {
    let p = Prosper::start().await;
    let mut ada = p.investor("a0@example.com").await;
    let address = |number: u8| Email::parse(&format!("a{number}@example.com")).expect("an address");
    let (mut change, mut current) = (EmailChange::Settled, address(0));
    let now = || -> Timestamp { p.clock.now() };
    // What links were mailed, by what they would do; the newest of each kind may work.
    let (mut confirm, mut back): (Option<String>, Option<String>) = (None, None);
    for does in steps {
        // Mails are bounded by the hour and the kind, which is not what this is about.
        p.clock.advance(minutes(0));
        let (step, worked) = match does {
            Does::Waits(minutes_of) => {
                p.clock.advance(minutes(u64::from(minutes_of) * if minutes_of == 200 { 60 } else { 1 }));
                continue;
            }
            Does::Asks(number) => {
                let asked = asks_by_flow(&p, &ada, &address(number)).await;
                if asked {
                    confirm = link(&p, &format!("a{number}@example.com"), CONFIRM).await.or(confirm);
                }
                (EmailStep::Ask { to: address(number), until: now().plus(hours(1)) }, asked)
            }
            Does::Confirms => {
                let worked = match &confirm {
                    Some(link) => uses(&p, link).await.status == 200,
                    None => false,
                };
                if worked {
                    back = link(&p, current.as_str(), CHANGED).await;
                }
                (EmailStep::Confirm { until: now().plus(hours(7 * 24)) }, worked)
            }
            Does::TakesBack => {
                let worked = match &back {
                    Some(link) => uses(&p, link).await.status == 200,
                    None => false,
                };
                if worked {
                    lift_reset(&p, &ada).await;
                }
                (EmailStep::TakeBack, worked)
            }
            Does::SetsPassword => {
                ada.gets_password(PASSWORD).await;
                (EmailStep::PasswordSet, true)
            }
        };
        let expected = change.clone().step(step, &current, now());
        assert_eq!(worked, expected.is_some(), "{does:?} from {change:?}");
        if let Some((next, address)) = expected {
            (change, current) = (next, address);
        }
        assert_eq!(email_of(&p, &ada).await, current.as_str(), "after {does:?}");
    }
}

/// Through the flow, so that a walk need not sign in again each time.
async fn asks_by_flow(p: &Prosper, ada: &Person<'_>, to: &Email) -> bool {
    use prosper::flows::change_email::{NewEmail, ask_email};
    let typed = NewEmail { current: PASSWORD.to_owned().into(), email: to.as_str().to_owned() };
    ask_email(ada.id, typed, prosper::store::audit::Trail::system(p.clock.now()), &p.p).await.is_ok()
}

async fn lift_reset(p: &Prosper, ada: &Person<'_>) {
    let trail = prosper::store::audit::Trail::system(p.clock.now());
    assert!(p.p.store.require_reset(ada.id, false, trail).await.expect("written"));
}
