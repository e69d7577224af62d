//! The first staff account: a one-time link, and nothing once there are staff (R-82, R-83; AD-04).

use prosper::domain::account::StaffRole;
use prosper::flows::setup::open_setup;
use prosper::store::audit::Trail;

use crate::prosper::{Prosper, minutes};

const FORM: [(&str, &str); 3] =
    [("name", "Grace Hopper"), ("email", "grace@prosper.example"), ("password", "ships in port are safe")];

async fn setup_link(p: &Prosper) -> Option<String> {
    let url = open_setup(Trail::system(p.clock.now()), &p.p).await.expect("written")?;
    Some(url.expose().strip_prefix(&p.url).expect("a link of ours").to_owned())
}

#[tokio::test]
async fn the_link_makes_an_administrator_once_and_is_dead_afterwards() {
    let p = Prosper::start().await;
    let link = setup_link(&p).await.expect("nobody is staff yet");
    let browser = p.browser();
    // A link that is only looked at, by a scanner say, goes on working.
    for _ in 0..3 {
        browser.get(&link).await.is(200).page_says("Make the first staff account");
    }
    let page = browser.get(&link).await;
    browser.submit(&page, &FORM).await.redirects_to("/login?made=staff");
    browser.get("/login?made=staff").await.is(200).page_says("Account made. Sign in with it.");
    let staff = p.p.store.staff().await.expect("read");
    assert_eq!((staff.len(), staff[0].staff, staff[0].email.as_str()), (1, Some(StaffRole::Administrator), FORM[1].1));
    browser.sign_in_at("/login", FORM[1].1, FORM[2].1).await.is(303);
    browser.get("/account").await.is(200).page_says("href=\"/console\">Staff console</a>");
    p.investor("ada@example.com").await.signs_in().await.get("/account").await.is(200).page_does_not_say("/console");

    browser.get(&link).await.is(404);
    browser.submit(&page, &[("name", "Eve"), ("email", "eve@x.test"), ("password", "another good one")]).await.is(404);
    assert!(setup_link(&p).await.is_none(), "no link is made once there are staff");
    for spelling in ["/setup", "/setup?link=", "/setup?link=x"] {
        browser.get(spelling).await.is(404);
    }
    assert_eq!(p.p.store.staff().await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_link_lives_an_hour_and_a_newer_one_ends_it() {
    let p = Prosper::start().await;
    let (first, second) = (setup_link(&p).await.expect("a link"), setup_link(&p).await.expect("a link"));
    p.get(&first).await.is(404);
    p.clock.advance(minutes(59));
    p.get(&second).await.is(200);
    p.clock.advance(minutes(1));
    p.get(&second).await.is(404);
}

#[tokio::test]
async fn a_link_dies_when_staff_are_made_at_the_terminal() {
    let p = Prosper::start().await;
    let link = setup_link(&p).await.expect("a link");
    let page = p.get(&link).await;
    let ada = p.investor("ada@example.com").await;
    let trail = Trail::cli(p.clock.now());
    assert!(p.p.store.set_staff(ada.id, Some(StaffRole::Reviewer), trail).await.expect("written"));
    p.get(&link).await.is(404);
    p.browser().submit(&page, &FORM).await.is(404);
    assert_eq!(p.p.store.staff().await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_form_with_something_wrong_leaves_the_link_alive() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let link = setup_link(&p).await.expect("a link");
    let browser = p.browser();
    let page = browser.get(&link).await;
    for (password, email, beside) in [
        ("short", "grace@prosper.example", "password"),
        ("grace@prosper.example", "grace@prosper.example", "password"),
        ("ships in port are safe", "ada@example.com", "email"),
        ("ships in port are safe", "", "email"),
    ] {
        let back = browser.submit(&page, &[("name", "Grace"), ("email", email), ("password", password)]).await;
        back.is(400);
        assert!(back.error_beside(beside).is_some(), "{}", back.told());
        assert_eq!(back.value_of("password"), None, "a password is never put back");
    }
    browser.submit(&page, &FORM).await.is(303);
}

#[tokio::test]
async fn without_a_form_token_of_this_browser_nothing_is_made() {
    let p = Prosper::start().await;
    let link = setup_link(&p).await.expect("a link");
    let page = p.get(&link).await;
    p.browser().submit(&page, &FORM).await.is(400);
    let ticket = link.split_once('=').expect("a link").1;
    p.browser().post("/setup", &[&[("link", ticket)], &FORM[..]].concat()).await.is(400);
    assert!(p.p.store.staff().await.expect("read").is_empty());
    let disk = p.bytes_on_disk();
    assert!(!disk.windows(ticket.len()).any(|part| part == ticket.as_bytes()), "the link lies on the disk");
}
