//! `prosper mail`: what was written to people, what became of it, and whether mail can be sent at all.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::talk::{Facts, facts};
use crate::contract::table::Stop;
use crate::domain::time::Timestamp;
use crate::flows::refusal::{Actor, Refusal};
use crate::flows::send_mail;
use crate::store::search::OutboxLine;

/// What can be done with mail.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the newest mails, newest first; never what they say
    #[command(after_help = "Examples:
  prosper mail list
  prosper mail list --unsent")]
    List {
        /// Only those that did not go yet, or never will
        #[arg(long)]
        unsent: bool,
        /// At most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
    /// Read a mail, while none are sent (mail.transport = "none")
    ///
    /// What would have been mailed may hold a link that works, so that it was read is written to the audit log. Where mail
    /// is sent, nobody but its reader reads it.
    #[command(after_help = "Example:\n  prosper mail show 12")]
    Show {
        /// Its number
        id: i64,
    },
    /// Send a mail that did not go once more, now
    #[command(after_help = "Example:\n  prosper mail retry 12")]
    Retry {
        /// Its number
        id: i64,
    },
    /// Send a mail past the outbox, to see whether mail can be sent
    #[command(after_help = "Example:\n  prosper mail test --to ops@example.com")]
    Test {
        /// Where to
        #[arg(long, value_name = "EMAIL")]
        to: String,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// There is no such mail, it cannot be sent, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::List { unsent, limit } => list(desk, unsent, limit).await,
            Self::Show { id } => show(desk, id).await,
            Self::Retry { id } => {
                let outcome = send_mail::send_again(id, Actor::Terminal, desk.trail(), &desk.p).await;
                outcome.map_err(|stop| {
                    instead(stop, format!("mail {id} cannot be sent again: see `prosper mail list`"))
                })?;
                if !desk.served || !desk.p.settings.mail.sends() {
                    desk.talk.say("It is due. A server that sends mail takes it from here.");
                }
                desk.talk.show(facts! { id: id, due: desk.p.now().rfc3339() })
            }
            Self::Test { to } => {
                send_mail::send_trial(&to, &desk.p).await.map_err(Failure::failed)?;
                desk.talk.show(facts! { to: to, sent: true })
            }
        }
    }
}

async fn list(desk: &Desk, unsent: bool, limit: i64) -> Outcome {
    let (mut rows, mut before) = (Vec::new(), None);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    loop {
        let page = desk.p.store.outbox_lines(before, PAGE).await?;
        before = page.last().map(|mail| mail.id);
        rows.extend(page.into_iter().filter(|mail| !unsent || mail.sent_at.is_none()));
        if before.is_none() || rows.len() >= most {
            break;
        }
    }
    rows.truncate(most);
    if send_mail::is_on_screen(&desk.p) && rows.iter().any(|mail| mail.sent_at.is_none()) {
        desk.talk.say("no mail is configured, so none of the unsent ones leaves: set mail.transport, or read one with `prosper mail show`");
    }
    let rows = rows.iter().map(facts_of).collect();
    desk.talk.list(&["id", "to", "subject", "written", "state", "tries", "last_error"], rows)
}

fn facts_of(mail: &OutboxLine) -> Facts {
    facts! {
        id: mail.id,
        to: mail.recipient,
        subject: mail.subject,
        written: mail.created_at.rfc3339(),
        state: mail.state(),
        tries: mail.attempts,
        sent: mail.sent_at.map(Timestamp::rfc3339),
        next: mail.is_due().then(|| mail.next_attempt_at.rfc3339()),
        given_up: mail.gave_up_at.map(Timestamp::rfc3339),
        last_error: mail.last_error,
    }
}

async fn show(desk: &Desk, id: i64) -> Outcome {
    let read = send_mail::read_on_screen(id, Actor::Terminal, desk.trail(), &desk.p).await;
    let why = "cannot be read: there is none, what it said is erased, or mail is sent and is its reader's alone";
    let (queued, body) = read.map_err(|stop| instead(stop, format!("mail {id} {why}")))?;
    let mut mail = facts! {
        id: id,
        to: queued.mail.recipient,
        subject: queued.mail.subject,
        written: queued.created_at.rfc3339(),
    };
    if desk.talk.json {
        mail.extend(facts! { text: body.text, html: body.html });
        return desk.talk.show(mail);
    }
    desk.talk.show(mail)?;
    let lines: Vec<_> = body.text.lines().map(super::talk::unsteering).collect();
    super::talk::print(&format!("\n{}", lines.join("\n")))
}

fn instead(stop: Stop<Refusal>, words: String) -> Failure {
    match stop {
        Stop::Refused(Refusal::NotFound) => Failure::refused(words),
        other => Failure::from(other),
    }
}

/// Mails that are read at a time.
const PAGE: i64 = 200;
