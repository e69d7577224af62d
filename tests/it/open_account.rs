//! A person opens an individual account, by themselves or by invitation (A-02, A-04; ).

use prosper::domain::ids::SpaceId;
use prosper::domain::space::Admission;
use prosper::domain::status::Status;
use prosper::flows::invite::invite;
use prosper::flows::refusal::Actor;
use prosper::flows::spaces::{SpaceForm, change_space};
use prosper::store::audit::Trail;

use crate::prosper::exchange::{form, request};
use crate::prosper::{Browser, Exchange, Prosper, Start, minutes};

const WHOLE: [(&str, &str); 3] =
    [("full_name", "Grace Hopper"), ("email", "grace@example.com"), ("password", "ships in port are safe")];

fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = WHOLE.into_iter().filter(|(field, _)| *field != name).collect();
    fields.push((name, value));
    fields
}

async fn signs_up(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Exchange {
    let page = browser.get("/sign-up").await;
    browser.submit_to(&page, "/sign-up", fields).await
}

async fn status(p: &Prosper, space: SpaceId, email: &str) -> Option<Status> {
    p.p.store.credentials_by_email(space, email).await.expect("read").map(|found| found.account.status)
}

async fn admits(p: &Prosper, space: SpaceId, sign_up: Admission) {
    let name = p.p.store.space(space).await.expect("read").expect("there").name;
    let form = SpaceForm { name, sign_up: sign_up.name().into(), ..SpaceForm::default() };
    let trail = Trail::cli(p.clock.now());
    change_space(space, form, Actor::Terminal, trail, &p.p).await.expect("changed");
}

#[tokio::test]
async fn a_person_opens_an_account_confirms_the_address_and_signs_in() {
    let p = Prosper::start().await;
    let browser = p.browser();
    browser.get("/login").await.page_says("href=\"/sign-up\"");
    browser.get("/").await.page_says("href=\"/sign-up\"");
    let page = browser.get("/sign-up").await;
    page.is(200)
        .page_says("autocomplete=\"new-password\"")
        .page_says("autocomplete=\"username\"")
        .page_says("Pasting is fine");
    signs_up(&browser, &WHOLE).await.is(200).page_says("grace@example.com").page_says("Open it within the hour");
    assert_eq!(status(&p, p.space, "grace@example.com").await, Some(Status::Unactivated));
    browser.sign_in_at("/login", "grace@example.com", WHOLE[2].1).await.is(303);
    browser.get("/account").await.is(403).page_says("Please confirm your email");
    // whose address is not confirmed registers nothing.
    browser.get("/oauth").await.is(403);

    let link = p.mails_to("grace@example.com").await[0].link(&p);
    for _ in 0..3 {
        p.get(&link).await.is(200);
    }
    assert_eq!(status(&p, p.space, "grace@example.com").await, Some(Status::Unactivated), "looking changes nothing");
    let page = browser.get(&link).await;
    browser.submit_to(&page, "/verify-email", &[]).await.is(200).page_says("Your account can be used now");
    assert_eq!(status(&p, p.space, "grace@example.com").await, Some(Status::Active));
    browser.sign_in_at("/login", "grace@example.com", WHOLE[2].1).await.is(303);
    browser.get("/account").await.is(200).page_says("Grace Hopper");
}

/// the same bytes, one hash, and the owner is told.
#[tokio::test]
async fn a_taken_address_gets_the_same_answer_and_its_owner_a_mail() {
    let p = Prosper::start().await;
    p.investor("Owner@Example.com").await;
    let answer = async |email: &'static str| {
        let browser = p.browser();
        let hashes = p.p.passwords.hashes_started();
        let answer = signs_up(&browser, &with("email", email)).await;
        let body = answer.is(200).body.replace(email, "ADDRESS");
        let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        (body, headers, p.p.passwords.hashes_started() - hashes)
    };
    let (free, taken) = (answer("fresh@example.com").await, answer("owner@example.COM").await);
    assert_eq!(free, taken);
    assert_eq!(free.2, 1);
    let told = p.mails_to("Owner@Example.com").await;
    assert_eq!((told.len(), told[0].subject.as_str()), (1, "Somebody tried to register with your email address"));
    assert!(!told[0].text.contains("Grace"), "what a stranger typed is not the owner's");
    assert!(p.mails_to("owner@example.COM").await.is_empty(), "mail goes to the stored address alone (R-69)");
}

#[tokio::test]
async fn strangers_cause_at_most_five_such_mails_an_hour_and_keep_nobody_from_other_mail() {
    let p = Prosper::start().await;
    p.investor("owner@example.com").await;
    let browser = p.browser();
    for _ in 0..9 {
        signs_up(&browser, &with("email", "owner@example.com")).await.is(200);
    }
    assert_eq!(p.mails_to("owner@example.com").await.len(), 5);
    let page = browser.get("/forgot").await;
    browser.submit(&page, &[("email", "owner@example.com")]).await.is(200);
    assert_eq!(p.mails_to("owner@example.com").await.len(), 6, "the owner still gets a reset link");
    p.clock.advance(minutes(60));
    signs_up(&browser, &with("email", "owner@example.com")).await.is(200);
    assert_eq!(p.mails_to("owner@example.com").await.len(), 7);
}

#[tokio::test]
async fn every_wrong_field_has_its_message_beside_it_and_what_was_typed_is_kept() {
    let p = Prosper::start().await;
    let browser = p.browser();
    for (name, value) in [
        ("email", "m\u{131}ke@x.test"),
        ("email", "a@b@c.test"),
        ("email", "a@x.test\r\nBcc: eve@x.test"),
        ("email", ""),
        ("full_name", ""),
        ("full_name", "a\u{7}b"),
        ("password", ""),
        ("password", "seven77"),
        ("password", "password123"),
        ("password", "grace@example.com"),
        ("password", "GraceHopper"),
        ("password", "prosper2026"),
    ] {
        let back = signs_up(&browser, &with(name, value)).await;
        back.is(400);
        assert!(back.error_beside(name).is_some(), "{name}={value:?}\n{}", back.told());
        assert_eq!(back.value_of("password"), None, "a password is never put back");
    }
    let back = signs_up(&browser, &with("password", "short")).await;
    assert_eq!(back.value_of("full_name").as_deref(), Some("Grace Hopper"));
    assert_eq!(back.value_of("email").as_deref(), Some("grace@example.com"));
    assert!(p.p.store.outbox(10).await.expect("read").is_empty());
    let long = format!("{} 🐴🔋 & = % +", "a sentence that nobody else has".repeat(3));
    signs_up(&browser, &with("password", &long)).await.is(200);
    browser.sign_in_at("/login", "grace@example.com", &long).await.is(303);
}

/// W-02, R-27: from another site, without its token, or with a field twice.
#[tokio::test]
async fn a_sign_up_that_is_not_from_our_page_makes_nothing() {
    let p = Prosper::start().await;
    for (path, fields) in [("/sign-up", &WHOLE[..]), ("/forgot", &[("email", "grace@example.com")][..])] {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.test"),
        ];
        p.send(request("POST", path, &headers, &form(fields))).await.is(403);
        let back = p.browser().post(path, fields).await;
        back.is(400);
        assert_eq!(back.value_of("email").as_deref(), Some("grace@example.com"), "what was typed is kept");
        let browser = p.browser();
        let page = browser.get(path).await;
        let mut twice = fields.to_vec();
        twice.push(("email", "eve@example.com"));
        browser.submit_to(&page, path, &twice).await.is(400);
    }
    assert_eq!(status(&p, p.space, "grace@example.com").await, None);
    assert!(p.p.store.outbox(10).await.expect("read").is_empty());
}

#[tokio::test]
async fn an_address_that_signs_up_too_often_has_to_wait() {
    let p = Prosper::start_with(Start { failures_per_address: Some(3), ..Start::default() }).await;
    let browser = p.browser();
    let page = browser.get("/sign-up").await;
    for _ in 0..3 {
        browser.submit_to(&page, "/sign-up", &with("password", "short")).await.is(400);
    }
    let hashes = p.p.passwords.hashes_started();
    let later = browser.submit_to(&page, "/sign-up", &WHOLE).await;
    assert!(later.is(429).header("retry-after").is_some());
    let page = browser.get("/forgot").await;
    browser.submit(&page, &[("email", "grace@example.com")]).await.is(429);
    assert_eq!(p.p.passwords.hashes_started(), hashes);
}

#[tokio::test]
async fn a_space_is_open_by_invitation_or_closed_and_only_open_ones_are_offered() {
    let p = Prosper::start().await;
    let acme = p.space("Acme").await;
    let spaces = p.p.store.spaces().await.expect("read");
    assert_eq!(spaces.iter().map(|space| space.sign_up).collect::<Vec<_>>(), [Admission::Open, Admission::Closed]);
    let browser = p.browser();
    let page = browser.get("/sign-up").await;
    page.is(200).page_does_not_say("Acme");
    // A space that is not open cannot be named either.
    let mut elsewhere = WHOLE.to_vec();
    elsewhere.push(("space", "Acme"));
    let back = browser.submit_to(&page, "/sign-up", &elsewhere).await;
    back.is(400);
    assert_eq!(status(&p, acme, "grace@example.com").await, None);

    admits(&p, acme, Admission::Open).await;
    let page = browser.get("/sign-up").await;
    page.page_says("<option value=\"Acme\"");
    browser.submit_to(&page, "/sign-up", &elsewhere).await.is(200);
    assert_eq!(status(&p, acme, "grace@example.com").await, Some(Status::Unactivated));
    assert_eq!(status(&p, p.space, "grace@example.com").await, None);
    // The same address in another space is another account.
    elsewhere.pop();
    elsewhere.push(("space", "Prosper"));
    browser.submit_to(&page, "/sign-up", &elsewhere).await.is(200);
    assert_eq!(status(&p, p.space, "grace@example.com").await, Some(Status::Unactivated));

    admits(&p, acme, Admission::Invitation).await;
    admits(&p, p.space, Admission::Closed).await;
    browser.get("/sign-up").await.is(403).page_says("Accounts are opened by invitation");
    browser.get("/login").await.page_does_not_say("/sign-up");
    browser.get("/").await.page_does_not_say("/sign-up");
    admits(&p, acme, Admission::Closed).await;
    browser.get("/sign-up").await.is(403).page_says("Accounts are opened by us");
    browser.submit_to(&page, "/sign-up", &elsewhere).await.is(403);
}

#[tokio::test]
async fn an_invitation_opens_one_account_once_with_its_own_address() {
    let p = Prosper::start().await;
    let acme = p.space("Acme").await;
    let invites = async |email: &str| {
        let trail = Trail::cli(p.clock.now());
        invite(acme, email, Actor::Terminal, trail, &p.p).await
    };
    assert!(invites("grace@example.com").await.is_err(), "the space is closed");
    admits(&p, acme, Admission::Invitation).await;
    invites("grace@example.com").await.expect("invited");
    let first = p.mails_to("grace@example.com").await[0].link(&p);
    invites("Grace@example.com").await.expect("invited");
    let link = p.mails_to("Grace@example.com").await[0].link(&p);
    p.get(&first).await.is(404).page_says("This invitation no longer works");

    let browser = p.browser();
    for _ in 0..2 {
        browser.get(&link).await.is(200).page_says("You were invited").page_says("Grace@example.com");
    }
    let page = browser.get(&link).await;
    let back = browser.submit_to(&page, "/sign-up", &[("full_name", ""), ("password", "grace@example.com")]).await;
    back.is(400);
    assert!(back.error_beside("full_name").is_some() && back.error_beside("password").is_some());
    // Another address than the invited one is not listened to.
    let fields = [("full_name", "Grace Hopper"), ("email", "eve@example.com"), ("password", WHOLE[2].1)];
    browser.submit_to(&page, "/sign-up", &fields).await.is(200).page_says("Your account is open");
    assert_eq!(status(&p, acme, "grace@example.com").await, Some(Status::Active));
    assert_eq!(status(&p, acme, "eve@example.com").await, None);
    let page = p.browser();
    let form = page.get("/login").await;
    page.submit(&form, &[("space", "Acme"), ("email", "grace@example.com"), ("password", WHOLE[2].1)]).await.is(303);

    browser.get(&link).await.is(404);
    assert!(invites("GRACE@example.com").await.is_err(), "they have an account");
    invites("ada@example.com").await.expect("invited");
    let link = p.mails_to("ada@example.com").await[0].link(&p);
    p.clock.advance(minutes(7 * 24 * 60));
    p.get(&link).await.is(404);
}

/// The move from an account that is not activated to an active one is its owner's, and the log has both.
#[tokio::test]
async fn an_invited_account_is_made_and_activated_in_one_write_and_both_are_audited() {
    let p = Prosper::start().await;
    let trail = Trail::cli(p.clock.now());
    invite(p.space, "grace@example.com", Actor::Terminal, trail, &p.p).await.expect("invited");
    let link = p.mails_to("grace@example.com").await[0].link(&p);
    let browser = p.browser();
    let page = browser.get(&link).await;
    browser.submit_to(&page, "/sign-up", &[("full_name", "Grace"), ("password", WHOLE[2].1)]).await.is(200);
    let found = p.p.store.credentials_by_email(p.space, "grace@example.com").await.expect("read").expect("there");
    let rows = p.p.store.audit(Some(format!("account {}", found.account.id)), 10).await.expect("read");
    let actions: Vec<_> =
        rows.iter().map(|row| (row.action.as_str(), row.before.as_str(), row.after.as_str())).collect();
    assert_eq!(actions, [("account.status", "unactivated", "active"), ("account.create", "", "unactivated")]);
    let invited = p.p.store.audit(Some(format!("space {}", p.space)), 10).await.expect("read");
    assert!(invited.iter().any(|row| row.action == "space.invite" && !row.after.contains('@')));
}
