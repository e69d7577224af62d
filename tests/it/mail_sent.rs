//! Mail leaves the house: over each kind of connection, once, as multipart mail that nobody can add a header to; and its body is erased.

use std::path::Path;

use prosper::config::MailTls;
use prosper::flows::send_mail::{Turn, send_next};
use prosper::flows::write_mail::{link_to, write_to};
use prosper::mail::About;
use prosper::mail::transport::{Relay, Way};
use prosper::store::installation::Purpose;

use crate::prosper::binary::{Place, mode, until};
use crate::prosper::smtp::{Smtp, by, secret};
use crate::prosper::{Prosper, Start, hours, minutes, seconds};

/// A Prosper that sends its mail this way.
pub async fn sending(relay: Relay) -> Prosper {
    Prosper::start_with(Start { mail: by(Way::Relay(relay)), ..Start::default() }).await
}

impl Prosper {
    /// Writes somebody a mail with a link in it; answers the link.
    pub async fn writes_to(&self, email: &str) -> String {
        let found = self.p.store.credentials_by_email(self.space, email).await.expect("read").expect("there");
        let link = link_to("/verify-email?link=a-link-that-works", &self.p);
        let about = About::VerifyEmail { link: link.clone(), agent: false };
        let mail = write_to(&found.account, about, &self.p).await.expect("written");
        self.p.store.post(mail, self.clock.now()).await.expect("written");
        link
    }

    /// One turn of the worker.
    pub async fn sends(&self) -> Turn {
        send_next(&self.p).await.expect("the store answers")
    }
}

#[tokio::test]
async fn a_mail_goes_over_each_kind_of_connection_and_its_body_is_erased() {
    for (tls, signs_in) in [(MailTls::None, false), (MailTls::Starttls, true), (MailTls::Implicit, true)] {
        let smtp = Smtp::start(tls, signs_in).await;
        let p = sending(smtp.relay()).await;
        p.investor("ada@example.com").await;
        let link = p.writes_to("ada@example.com").await;
        assert_eq!(p.sends().await, Turn::Sent, "{tls:?}: {:?}", p.p.store.outbox_lines(None, 1).await);
        assert_eq!(p.sends().await, Turn::Nothing);
        let taken = smtp.taken();
        let [mail] = taken.as_slice() else { panic!("one mail: {taken:?}") };
        for line in [
            "From: Prosper <no-reply@id.example>",
            "To: ada@example.com",
            "Reply-To: office@id.example",
            "Subject: Please confirm your email address",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(mail.contains(&format!("{line}\r\n")), "{line} in {mail}");
        }
        assert!(mail.contains("text/plain") && mail.contains("text/html"), "{mail}");
        let whole = mail.replace("=\r\n", "").replace("=3D", "=");
        assert_eq!(whole.matches(&link).count(), 2, "{whole}");
        let rows = p.p.store.outbox_lines(None, 10).await.expect("read");
        assert!(rows[0].sent_at.is_some() && !rows[0].has_body && rows[0].attempts == 1, "{rows:?}");
        let queued = p.p.store.outbox(10).await.expect("read");
        assert!(queued[0].mail.body.is_empty());
    }
}

#[tokio::test]
async fn a_link_is_never_sent_in_clear_nor_to_a_server_that_nobody_vouches_for() {
    // Without STARTTLS on offer.
    let smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(Relay { tls: MailTls::Starttls, host: "localhost".into(), ..smtp.relay() }).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    assert_eq!(p.sends().await, Turn::Failed);
    assert!(smtp.taken().is_empty() && !smtp.heard().contains("MAIL"), "{}", smtp.heard());
    // With a certificate that nobody vouches for, or of another name.
    let smtp = Smtp::start(MailTls::Implicit, false).await;
    for relay in [Relay { ca: None, ..smtp.relay() }, Relay { host: "127.0.0.1".into(), ..smtp.relay() }] {
        let p = sending(relay).await;
        p.investor("ada@example.com").await;
        p.writes_to("ada@example.com").await;
        assert_eq!(p.sends().await, Turn::Failed);
        assert!(smtp.taken().is_empty() && smtp.heard().is_empty(), "{}", smtp.heard());
    }
}

#[tokio::test]
async fn who_is_not_let_in_tries_again_when_the_password_is_mended() {
    let smtp = Smtp::start(MailTls::Starttls, true).await;
    let wrong = Some(("prosper".to_owned(), secret("another one")));
    let p = sending(Relay { credentials: wrong, ..smtp.relay() }).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    assert_eq!(p.sends().await, Turn::Failed);
    let rows = p.p.store.outbox_lines(None, 1).await.expect("read");
    assert_eq!(rows[0].state(), "retrying", "it says nothing about the mail: {rows:?}");
    assert!(rows[0].last_error.contains("535"), "{rows:?}");
    assert!(!format!("{:?}", p.p.settings).contains("another one"), "a password prints as asterisks");
}

#[tokio::test]
async fn of_several_nodes_one_sends_each_mail() {
    let smtp = Smtp::start(MailTls::None, false).await;
    let folder = tempfile::tempdir().expect("a folder");
    let node = || Start {
        mail: by(Way::Relay(smtp.relay())),
        folder: Some(folder.path().to_owned()),
        purpose: Purpose::Live,
        ..Start::default()
    };
    let (one, two) = (Prosper::start_with(node()).await, Prosper::start_with(node()).await);
    one.investor("ada@example.com").await;
    for _ in 0..12 {
        one.writes_to("ada@example.com").await;
    }
    let empty = async |node: &Prosper| {
        let mut sent = 0;
        while node.sends().await == Turn::Sent {
            sent += 1;
        }
        sent
    };
    let (first, second) = tokio::join!(empty(&one), empty(&two));
    assert_eq!(first + second, 12);
    let mut names: Vec<_> = smtp.taken().iter().map(|mail| message_id(mail)).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), smtp.taken().len()), (12, 12));
}

/// The id that a mail bears.
pub fn message_id(mail: &str) -> String {
    let line = mail.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.expect("an id").to_owned()
}

#[tokio::test]
async fn a_node_that_dies_over_a_mail_leaves_it_to_another_after_the_lease() {
    let smtp = Smtp::start(MailTls::None, false).await;
    let p = sending(smtp.relay()).await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    let now = p.clock.now();
    let lost = p.p.store.claim_mail(now, now.plus(minutes(5))).await.expect("written");
    assert!(lost.is_some());
    assert_eq!(p.sends().await, Turn::Nothing);
    p.clock.advance(seconds(299));
    assert_eq!(p.sends().await, Turn::Nothing);
    p.clock.advance(seconds(1));
    assert_eq!(p.sends().await, Turn::Sent);
    assert_eq!(smtp.taken().len(), 1);
}

#[tokio::test]
async fn as_files_for_the_owner_alone_past_a_restart() {
    let place = Place::new();
    let folder = place.data().join("mail");
    let serve = |place: &Place| {
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("PROSPER_MAIL__TRANSPORT", "file").env("PROSPER_MAIL__FROM", "no-reply@id.example");
        crate::prosper::binary::Running::start(&mut command)
    };
    let server = serve(&place);
    place.adds("ops@agent.example", &["--status", "pending_approval"]);
    place.run(&["user", "set-status", "ops@agent.example", "active"]).succeeds();
    let written = |folder: &Path| {
        let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "eml"))
    };
    let file = until(seconds(20), || written(&folder)).expect("a mail within seconds");
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    let mail = std::fs::read_to_string(&file).expect("text");
    assert!(mail.contains("To: ops@agent.example") && mail.contains("From: Prosper <no-reply@id.example>"), "{mail}");
    assert!(!server.log().contains("NO MAIL") && !server.log().contains("no mail is configured"), "{}", server.log());
    let listed = place.run(&["--json", "mail", "list"]);
    assert!(until(seconds(10), || place.run(&["mail", "list"]).out.contains("sent").then_some(())).is_some());
    assert!(listed.succeeds().out.contains("ops@agent.example"));
    drop(server);
}

#[tokio::test]
async fn bodies_that_nobody_sent_are_erased_after_three_days_and_rows_after_thirty() {
    let p = Prosper::start().await;
    p.investor("ada@example.com").await;
    p.writes_to("ada@example.com").await;
    p.clock.advance(hours(71));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert!(p.p.store.outbox_lines(None, 1).await.expect("read")[0].has_body);
    p.clock.advance(hours(2));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert!(!p.p.store.outbox_lines(None, 1).await.expect("read")[0].has_body);
    p.clock.advance(hours(24 * 28));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert!(p.p.store.outbox_lines(None, 1).await.expect("read").is_empty());
}
