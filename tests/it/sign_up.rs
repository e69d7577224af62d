//! An institution registers itself and validates its address (A-04; PO-24, PO-25, PO-29, EM rows).

use prosper::domain::status::Status;

use crate::prosper::exchange::{form, request};
use crate::prosper::{Browser, Exchange, Prosper, minutes, seconds};

const PAGE: &str = "/account/common/inst_register.aspx";
const WHOLE: [(&str, &str); 5] = [
    ("investor_type", "fund"),
    ("institution_name", "Acme Fund"),
    ("full_name", "Grace Hopper"),
    ("email", "grace@acme.example"),
    ("password", "ships in port are safe"),
];

/// The whole form with one field changed.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = WHOLE.into_iter().filter(|(field, _)| *field != name).collect();
    fields.push((name, value));
    fields
}

async fn signs_up(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Exchange {
    let page = browser.get(PAGE).await;
    browser.submit_to(&page, PAGE, fields).await
}

async fn status(p: &Prosper, email: &str) -> Option<Status> {
    p.p.store.credentials_by_email(p.space, email).await.expect("read").map(|found| found.account.status)
}

#[tokio::test]
async fn an_institution_registers_validates_its_address_and_waits_for_staff() {
    let p = Prosper::start().await;
    let browser = p.browser();
    signs_up(&browser, &WHOLE).await.is(200).page_says("grace@acme.example").page_says("Open it within the hour");
    assert_eq!(status(&p, "grace@acme.example").await, Some(Status::Unactivated));
    browser.sign_in_at("/login", "grace@acme.example", WHOLE[4].1).await.is(303);
    browser.get("/account").await.is(403).page_says("Please confirm your email");

    let mails = p.mails_to("grace@acme.example").await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "Please confirm your email address"));
    let link = mails[0].link(&p);
    // Mail scanners follow links: looking changes nothing.
    for _ in 0..3 {
        p.get(&link).await.is(200).page_says("Yes, confirm it");
    }
    assert_eq!(status(&p, "grace@acme.example").await, Some(Status::Unactivated));
    let browser = p.browser();
    let page = browser.get(&link).await;
    browser.submit_to(&page, "/verify-email", &[]).await.is(200).page_says("A person looks at each institution");
    assert_eq!(status(&p, "grace@acme.example").await, Some(Status::PendingApproval));
    // EM-03: once.
    browser.submit_to(&page, "/verify-email", &[]).await.is(404).page_says("This link no longer works");
    browser.get(&link).await.is(404);
}

/// an account is of one space, and an institution says of which; the same address may have one in each.
#[tokio::test]
async fn an_institution_registers_in_the_space_that_it_chooses() {
    let p = Prosper::start().await;
    let acme = p.space("Acme Bank").await;
    let browser = p.browser();
    let fields = |space: &'static str| with("space", space);
    signs_up(&browser, &fields("Nowhere")).await.is(400).page_says("value=\"Acme Fund\"");
    signs_up(&browser, &fields("Acme Bank")).await.is(200);
    assert_eq!(status(&p, "grace@acme.example").await, None, "nobody of the first space");
    let found = p.p.store.credentials_by_email(acme, "grace@acme.example").await.expect("read").expect("an account");
    assert_eq!(found.account.space, acme);
    signs_up(&browser, &WHOLE).await.is(200);
    assert_eq!(status(&p, "grace@acme.example").await, Some(Status::Unactivated));
    let mails = p.mails_to("grace@acme.example").await;
    assert!(mails.iter().all(|mail| mail.subject == "Please confirm your email address"), "{mails:?}");
    // A link that names the space by its number leads to its form.
    let page = browser.get(&format!("{PAGE}?space={acme}")).await;
    page.is(200).page_says("Acme Bank");
}

/// R-68, PO-24: the same bytes, one hash, and the owner is told.
#[tokio::test]
async fn a_taken_address_gets_the_same_answer_and_its_owner_a_mail() {
    let p = Prosper::start().await;
    p.institution("Owner@Acme.example").await;
    let answer = async |email: &'static str| {
        let browser = p.browser();
        let hashes = p.p.passwords.hashes_started();
        let answer = signs_up(&browser, &with("email", email)).await;
        let body = answer.is(200).body.replace(email, "ADDRESS");
        let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        (body, headers, p.p.passwords.hashes_started() - hashes)
    };
    let (free, taken) = (answer("fresh@acme.example").await, answer("owner@acme.EXAMPLE").await);
    assert_eq!(free, taken);
    assert_eq!(free.2, 1);
    let told = p.mails_to("Owner@Acme.example").await;
    assert_eq!((told.len(), told[0].subject.as_str()), (1, "Somebody tried to register with your email address"));
    assert!(!told[0].text.contains("Grace") && told[0].text.contains("/login"));
    let closed = "If the account is closed and you want it back, write to us: support@prosper.example.";
    assert!(told[0].text.contains(closed), "{}", told[0].text);
    assert!(p.mails_to("owner@acme.EXAMPLE").await.is_empty(), "mail goes to the stored address alone (R-69)");
    let owner = p.p.store.credentials_by_email(p.space, "owner@acme.example").await.expect("read").expect("there");
    assert_eq!(owner.account.name, "Ada Lovelace", "nothing of the account was changed");
}

/// EM-06, R-73.
#[tokio::test]
async fn strangers_cause_at_most_five_mails_an_hour_to_one_address() {
    let p = Prosper::start().await;
    p.institution("owner@acme.example").await;
    let browser = p.browser();
    for _ in 0..12 {
        signs_up(&browser, &with("email", "owner@acme.example")).await.is(200);
    }
    assert_eq!(p.mails_to("owner@acme.example").await.len(), 5);
    p.clock.advance(minutes(60));
    signs_up(&browser, &with("email", "owner@acme.example")).await.is(200);
    assert_eq!(p.mails_to("owner@acme.example").await.len(), 6);
}

#[tokio::test]
async fn the_link_lives_an_hour_and_only_the_newest_works() {
    let p = Prosper::start().await;
    let browser = p.browser();
    signs_up(&browser, &WHOLE).await.is(200);
    browser.sign_in_at("/login", "grace@acme.example", WHOLE[4].1).await.is(303);
    let first = p.mails_to("grace@acme.example").await[0].link(&p);
    let page = browser.get("/verify-email").await;
    page.is(200).page_says("Make the link again").page_says("cannot send mail yet");
    browser.submit_to(&page, "/verify-email", &[]).await.is(200).page_says("There is a new link for");
    let second = p.mails_to("grace@acme.example").await[1].link(&p);
    assert_ne!(first, second);
    p.get(&first).await.is(404);
    p.clock.advance(minutes(59) + seconds(59));
    let page = p.browser().get(&second).await;
    page.is(200);
    p.clock.advance(seconds(1));
    p.get(&second).await.is(404);
    assert_eq!(status(&p, "grace@acme.example").await, Some(Status::Unactivated));
}

/// EM-14.
#[tokio::test]
async fn a_link_that_is_opened_by_somebody_else_changes_its_own_account_alone() {
    let p = Prosper::start().await;
    signs_up(&p.browser(), &WHOLE).await.is(200);
    let link = p.mails_to("grace@acme.example").await[0].link(&p);
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.get(&link).await;
    browser.submit_to(&page, "/verify-email", &[]).await.is(200);
    assert_eq!(status(&p, "grace@acme.example").await, Some(Status::PendingApproval));
    browser.get("/account").await.is(200).page_says("ada@example.com");
}

/// EM-01, R-70: links are made from the configured address.
#[tokio::test]
async fn a_forged_host_does_not_reach_the_link() {
    let p = Prosper::start().await;
    let browser = p.browser();
    let page = browser.get(PAGE).await;
    let (_, rest) = page.body.split_once("name=\"form_token\" value=\"").expect("a token");
    let token = rest.split('"').next().expect("it ends");
    let mut fields = WHOLE.to_vec();
    fields.push(("form_token", token));
    let cookie = format!("prosper-visit={}", browser.cookie("prosper-visit").expect("a pre-session cookie"));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("cookie", &cookie),
    ];
    p.send(request("POST", PAGE, &headers, &form(&fields))).await.is(200);
    let mails = p.mails_to("grace@acme.example").await;
    assert!(!mails[0].text.contains("evil.test"));
    mails[0].link(&p);
}

/// R-87, EM-11: a copy of the database holds no link that works.
#[tokio::test]
async fn no_link_and_no_password_lies_on_the_disk_in_clear() {
    let p = Prosper::start().await;
    signs_up(&p.browser(), &WHOLE).await.is(200);
    let link = p.mails_to("grace@acme.example").await[0].link(&p);
    let ticket = link.split_once('=').expect("a link").1;
    assert_eq!(ticket.len(), 54, "16 bytes of a name and 24 of a secret");
    let disk = p.bytes_on_disk();
    for secret in [ticket, WHOLE[4].1] {
        assert!(!disk.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} lies on the disk");
    }
}

/// PO-25, R-63, R-66.
#[tokio::test]
async fn weak_passwords_are_refused_and_long_ones_with_spaces_and_emoji_are_fine() {
    let p = Prosper::start().await;
    let browser = p.browser();
    for bad in [
        "",
        "seven77",
        "password123",
        "12345678",
        "grace@acme.example",
        "GraceHopper",
        "acmefund1",
        "prosper2026",
        &"long ".repeat(60),
    ] {
        let back = signs_up(&browser, &with("password", bad)).await;
        back.is(400);
        assert!(back.error_beside("password").is_some(), "{bad}");
        assert_eq!(back.value_of("password"), None, "a password is never put back");
    }
    assert_eq!(status(&p, "grace@acme.example").await, None);
    let long = format!("{} 🐴🔋 & = % +", "a sentence that nobody else has".repeat(3));
    signs_up(&browser, &with("password", &long)).await.is(200);
    browser.sign_in_at("/login", "grace@acme.example", &long).await.is(303);
}

/// PO-29: an address that only folds to another's is no address.
#[tokio::test]
async fn every_wrong_field_is_named_and_look_alike_addresses_are_refused() {
    let p = Prosper::start().await;
    let browser = p.browser();
    for (name, value) in [
        ("email", "m\u{131}ke@x.test"),
        ("email", "\u{212a}ate@x.test"),
        ("email", "a@b@c.test"),
        ("email", "a@x.test\r\nBcc: eve@x.test"),
        ("institution_name", ""),
        ("full_name", ""),
        ("full_name", "a\u{7}b"),
        ("investor_type", ""),
        ("investor_type", "individual"),
        ("investor_type", "king"),
        ("phone", "12"),
    ] {
        let back = signs_up(&browser, &with(name, value)).await;
        back.is(400);
        assert!(back.error_beside(name).is_some(), "{name}={value:?}\n{}", back.told());
    }
    let back = signs_up(&browser, &with("phone", "12")).await;
    assert_eq!(back.value_of("institution_name").as_deref(), Some("Acme Fund"));
    assert!(p.p.store.outbox(10).await.expect("read").is_empty());
}

#[tokio::test]
async fn markup_in_a_name_is_text_in_the_mail_too() {
    let p = Prosper::start().await;
    signs_up(&p.browser(), &with("full_name", "<img src=x onerror=alert(1)>")).await.is(200);
    let queued = p.p.store.outbox(1).await.expect("read");
    let body = prosper::flows::write_mail::read_mail(&queued[0].mail, &p.p).expect("it opens");
    assert!(!body.html.contains("<img") && body.html.contains("&#60;img src=x"));
}
