//! A mail server that is slow, full, gone or rude (F-24): nothing is lost, nothing is hammered, and the reason is kept.

use prosper::config::MailTls;
use prosper::domain::account::StaffRole;
use prosper::flows::send_mail::Turn;
use prosper::mail::transport::Relay;
use prosper::store::search::OutboxLine;
use prosper::telemetry::{Format, Logging, subscriber};
use tracing::level_filters::LevelFilter;

use crate::mail_sent::{message_id, sending};
use crate::prosper::alone::{Captured, alone, run};
use crate::prosper::smtp::{Smtp, Temper};
use crate::prosper::{Prosper, hours, minutes, seconds};

async fn newest(p: &Prosper) -> OutboxLine {
    p.p.store.outbox_lines(None, 1).await.expect("read").remove(0)
}

#[tokio::test]
async fn what_a_server_cannot_take_now_is_tried_again_later_each_time() {
    let smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(smtp.relay()).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    smtp.is_now(Temper::Refuses("451 4.3.0 https://mail.example/why come back later"));
    for wait in [30, 60, 120] {
        assert_eq!(p.sends().await, Turn::Failed);
        assert_eq!(p.sends().await, Turn::Nothing, "not at once");
        p.clock.advance(seconds(wait - 1));
        assert_eq!(p.sends().await, Turn::Nothing, "not before {wait} seconds");
        p.clock.advance(seconds(1));
    }
    let row = newest(&p).await;
    assert_eq!((row.attempts, row.state()), (3, "retrying"));
    assert!(row.last_error.contains("451") && row.last_error.contains("come back later"), "{row:?}");
    assert!(!row.last_error.contains("//"), "{row:?}");
    smtp.is_now(Temper::Takes);
    assert_eq!(p.sends().await, Turn::Sent);
    assert_eq!((smtp.taken().len(), newest(&p).await.last_error.as_str()), (1, ""));
}

#[tokio::test]
async fn what_a_server_will_never_take_is_given_up_until_staff_send_it_again() {
    let smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(smtp.relay()).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    smtp.is_now(Temper::Refuses("550 5.1.1 nobody of that name"));
    assert_eq!(p.sends().await, Turn::Failed);
    p.clock.advance(hours(2));
    assert_eq!(p.sends().await, Turn::Nothing);
    smtp.is_now(Temper::Takes);
    let staff = p.staff("support@example.com", StaffRole::Support).await.opens_the_console().await;
    let list = staff.visit("/console/mail").await;
    list.is(200).page_says("Given up").page_says("nobody of that name").page_does_not_say("No mail is configured");
    let path = format!("/console/mail/{}", newest(&p).await.id);
    let page = staff.visit(&path).await;
    page.is(200)
        .page_says(&format!("prosper mail retry {}", newest(&p).await.id))
        .page_does_not_say("a-link-that-works");
    let again = format!("{path}/again");
    staff.submit_to(&page, &again, &[]).await.is(303).redirects_to(&format!("{path}?done=due"));
    assert_eq!(p.sends().await, Turn::Sent);
    staff.submit_to(&page, &again, &[]).await.is(409).page_says("it went");
    staff.visit(&path).await.page_says("Sent").page_does_not_say("Send again");
    assert_eq!(smtp.taken().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_gone_is_tried_for_a_day() {
    let mut smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(smtp.relay()).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    smtp.stop();
    let mut tries = 0;
    while newest(&p).await.gave_up_at.is_none() {
        if p.sends().await == Turn::Failed {
            tries += 1;
        }
        p.clock.advance(minutes(10));
        assert!(tries < 60, "it is given up at some time");
    }
    let row = newest(&p).await;
    assert!((20..40).contains(&tries), "{tries}");
    assert!(row.gave_up_at.is_some_and(|at| at.since(row.created_at) < hours(26)), "{row:?}");
    assert!(row.last_error.starts_with("not within a day"), "{row:?}");
    smtp.again();
    p.writes_to("ada@example.com").await;
    assert_eq!(p.sends().await, Turn::Sent);
}

#[tokio::test]
async fn a_server_that_says_nothing_keeps_nobody() {
    let smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(Relay { patience: std::time::Duration::from_millis(200), ..smtp.relay() }).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    smtp.is_now(Temper::IsSilent);
    let began = std::time::Instant::now();
    assert_eq!(p.sends().await, Turn::Failed);
    assert!(began.elapsed() < seconds(10), "{:?}", began.elapsed());
    assert_eq!(newest(&p).await.state(), "retrying");
}

#[tokio::test]
async fn a_server_that_dies_before_it_answers_gets_the_mail_again_under_the_same_id() {
    let smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(smtp.relay()).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    smtp.is_now(Temper::HangsUp);
    assert_eq!(p.sends().await, Turn::Failed);
    smtp.is_now(Temper::Takes);
    p.clock.advance(seconds(30));
    assert_eq!(p.sends().await, Turn::Sent);
    let names: Vec<_> = smtp.taken().iter().map(|mail| message_id(mail)).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], names[1]);
}

#[test]
fn no_body_no_link_and_no_password_reaches_the_log() {
    if alone("mail_trouble::no_body_no_link_and_no_password_reaches_the_log") {
        run(logs_nothing_that_works());
    }
}

async fn logs_nothing_that_works() {
    let log = Captured::default();
    let writer = log.clone();
    let logging = Logging { level: LevelFilter::TRACE, format: Format::Text, colour: false };
    tracing::subscriber::set_global_default(subscriber(logging, move || writer.clone())).expect("the first");
    let smtp = Smtp::start(MailTls::Starttls, true).await;
    let p = sending(smtp.relay()).await;
    p.investor("ada@example.com").await;
    let link = p.writes_to("ada@example.com").await;
    smtp.is_now(Temper::Refuses("451 4.3.0 see the link-that-works in it"));
    assert_eq!(p.sends().await, Turn::Failed);
    smtp.is_now(Temper::Takes);
    p.clock.advance(seconds(30));
    assert_eq!(p.sends().await, Turn::Sent);
    let said = String::from_utf8_lossy(&log.bytes()).into_owned();
    assert!(said.contains("a mail could not be sent") && said.contains("sent a mail"), "{said}");
    let password = crate::prosper::smtp::USER.1;
    let encoded = data_encoding::BASE64.encode(format!("\0prosper\0{password}").as_bytes());
    for secret in [link.as_str(), "a-link-that-works", "please confirm that this", password, &encoded] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}
