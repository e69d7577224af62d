//! Where no mail is sent, staff are told so loudly and administrators read what would have been mailed; nobody else does.

use prosper::domain::account::StaffRole;
use prosper::flows::refusal::Actor;
use prosper::flows::send_mail::read_on_screen;
use prosper::mail::transport::Way;
use prosper::store::audit::{AuditQuery, Trail};

use crate::prosper::binary::Place;
use crate::prosper::smtp::by;
use crate::prosper::{Prosper, Start};

impl Prosper {
    /// What somebody reads who asks for a mail past the page.
    async fn reads(&self, id: i64, email: &str) -> Option<String> {
        let found = self.p.store.credentials_by_email(self.space, email).await.expect("read").expect("there");
        let trail = Trail::system(self.clock.now());
        let read = read_on_screen(id, Actor::Staff(&found.account), trail, &self.p).await;
        read.ok().map(|(_, body)| body.text)
    }
}

#[tokio::test]
async fn administrators_read_what_would_have_been_mailed_and_that_they_did_is_written_down() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let link = p.writes_to("ada@example.com").await;
    let staff = p.staff("boss@example.com", StaffRole::Administrator).await.opens_the_console().await;
    staff.visit("/console").await.page_says("No mail is configured.");
    let id = p.p.store.outbox_lines(None, 1).await.expect("read")[0].id;
    staff.visit("/console/mail").await.is(200).page_says("<span class=\"badge plain\">No mail is configured</span>");
    let path = format!("/console/mail/{id}");
    let page = staff.visit(&path).await;
    page.is(200).page_says("Read it in their place").page_says(&format!("prosper mail show {id}"));
    page.page_does_not_say(&link).page_does_not_say("Send again");
    let read = AuditQuery { action: Some("mail.read".into()), ..AuditQuery::default() };
    assert!(p.p.store.audit_rows(read.clone(), 10).await.expect("read").is_empty(), "looking at a page reads nothing");
    let shown = staff.submit_to(&page, &format!("{path}/read"), &[]).await;
    shown.is(200).page_says(&link).never_stored();
    assert!(p.reads(id, "boss@example.com").await.is_some_and(|text| text.contains(&link)));
    let rows = p.p.store.audit_rows(read, 10).await.expect("read");
    assert_eq!(rows.len(), 2);
    assert!(rows[1].subject == format!("mail {id}") && rows[1].trail.actor.starts_with("staff"), "{rows:?}");
}

#[tokio::test]
async fn support_and_strangers_read_no_link() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    let link = p.writes_to("ada@example.com").await;
    let id = p.p.store.outbox_lines(None, 1).await.expect("read")[0].id;
    let path = format!("/console/mail/{id}");
    let support = p.staff("support@example.com", StaffRole::Support).await.opens_the_console().await;
    let page = support.visit(&path).await;
    page.is(200).page_does_not_say("Read it in their place").page_does_not_say(&link);
    let forced = support.post(&format!("{path}/read"), &[]).await;
    forced.is(400).page_does_not_say(&link);
    assert!(p.reads(id, "support@example.com").await.is_none());
    assert!(p.reads(id, "ada@example.com").await.is_none());
    let reviewer = p.staff("reviewer@example.com", StaffRole::Reviewer).await.opens_the_console().await;
    reviewer.visit(&path).await.is(403);
    assert_ne!(p.get(&path).await.page_does_not_say(&link).status, 200);
    // Nor is a link on the page of whoever asks for one.
    let answer = p.investor("eve@example.com").await.signs_in().await.get("/account").await;
    answer.page_does_not_say(&link).page_does_not_say("No mail is configured");
}

#[tokio::test]
async fn where_mail_is_sent_no_staff_reads_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let mail = by(Way::Folder(folder.path().join("mail")));
    let p = Prosper::start_with(Start { mail, ..Start::default() }).await;
    p.investor("ada@example.com").await;
    let link = p.writes_to("ada@example.com").await;
    let id = p.p.store.outbox_lines(None, 1).await.expect("read")[0].id;
    let path = format!("/console/mail/{id}");
    let staff = p.staff("boss@example.com", StaffRole::Administrator).await.opens_the_console().await;
    let page = staff.visit(&path).await;
    page.is(200).page_does_not_say("Read it in their place").page_does_not_say("No mail is configured");
    staff.post(&format!("{path}/read"), &[]).await.is(400).page_does_not_say(&link);
    assert!(p.reads(id, "boss@example.com").await.is_none());
}

#[tokio::test]
async fn the_terminal_is_warned_and_can_read_too() {
    let place = Place::new();
    let server = place.serve();
    assert!(server.log().contains("no mail is configured"), "{}", server.log());
    place.adds("ops@agent.example", &["--status", "pending_approval"]);
    place.run(&["user", "set-status", "ops@agent.example", "active"]).succeeds();
    let told = place.run(&["mail", "list"]);
    assert!(told.succeeds().err.contains("no mail is configured"), "{}", told.told());
    let listed = place.run(&["--json", "mail", "list", "--unsent"]).succeeds().json();
    let id = listed[0]["id"].to_string();
    assert_eq!(listed[0]["to"], "ops@agent.example");
    let shown = place.run(&["mail", "show", &id]);
    assert!(shown.succeeds().out.contains(&server.url), "{}", shown.told());
    place.run(&["mail", "show", "4711"]).fails(3, "cannot be read");
    place.run(&["mail", "test", "--to", "ada@example.com"]).fails(1, "no mail is configured");
    let examined = place.run(&["doctor"]);
    assert!(examined.out.contains("none is sent"), "{}", examined.told());
    let mut doctor = place.command(&["doctor"]);
    let settings =
        [("TRANSPORT", "smtp"), ("FROM", "a@id.example"), ("HOST", "127.0.0.1"), ("TLS", "none"), ("PORT", "1")];
    for (name, value) in settings {
        doctor.env(format!("PROSPER_MAIL__{name}"), value);
    }
    let examined = crate::prosper::binary::Ran::of(&mut doctor);
    assert!(examined.code == 1 && examined.out.contains("cannot be sent by 127.0.0.1:1"), "{}", examined.told());
}
