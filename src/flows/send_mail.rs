//! Emptying the outbox (R-73; F-24).
//!
//! 1. Claim the mail that has been due the longest. Several nodes may do so at once: one gets it.
//! 2. Open its body. When the key that sealed it has retired it is given up.
//! 3. Hand it to the transport.
//! 4. Write down what came of it: it went, and its body is erased; or it is tried again, later each time; or it is given
//!    up, at once when the mail server will never take it, else a day after it was written. The reason is kept for staff.
//!
//! A crash between 3 and 4 sends a mail twice, under one id: once is not to be had, and never is worse.
//!
//! With no transport nothing is sent, and administrators read on their screen what would have been mailed. Nobody else
//! does: whoever is shown a link on the page that asks for it need not own the address, which is all that it proves.

use std::time::Duration;

use crate::contract::lifetimes::{MAIL_GIVEN_UP, MAIL_LEASE};
use crate::contract::words::{self, delivery};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::mail::message::Outgoing;
use crate::mail::transport::Unsent;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::deliveries::{Claimed, Delivery};
use crate::store::installation::Purpose;
use crate::store::outbox::QueuedMail;

use super::refusal::{ADMINISTRATION, Actor, Outcome, Refusal, SUPPORT};
use super::write_mail::{Body, read_mail};

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// No mail was due.
    Nothing,
    /// One went.
    Sent,
    /// One did not.
    Failed,
}

/// Sends the mail that has been due the longest.
///
/// # Errors
/// The store cannot be read or written. That a mail did not go is no error here.
pub async fn send_next(p: &Prosper) -> Result<Turn, Fault> {
    let now = p.now();
    let Some(claimed) = p.store.claim_mail(now, now.plus(MAIL_LEASE)).await? else { return Ok(Turn::Nothing) };
    let outcome = match read_mail(&claimed.queued.mail, p) {
        Some(body) => p.settings.mail.send(&outgoing(&claimed.queued, body, p)).await,
        None => Err(Unsent::Never(delivery::KEY_RETIRED.to_owned())),
    };
    let now = p.now();
    let delivery = judge(outcome, &claimed, now);
    match &delivery {
        Delivery::Sent => tracing::debug!(mail = claimed.queued.id, "sent a mail"),
        Delivery::Again(at, why) => {
            tracing::warn!(mail = claimed.queued.id, why, next = %at, "a mail could not be sent");
        }
        Delivery::GaveUp(why) => tracing::error!(mail = claimed.queued.id, why, "a mail was given up"),
    }
    let turn = if delivery == Delivery::Sent { Turn::Sent } else { Turn::Failed };
    p.store.mail_tried(&claimed, delivery, now).await?;
    Ok(turn)
}

fn judge(outcome: Result<(), Unsent>, claimed: &Claimed, now: Timestamp) -> Delivery {
    match outcome {
        Ok(()) => Delivery::Sent,
        Err(Unsent::Never(why)) => Delivery::GaveUp(why),
        Err(Unsent::Later(why)) if claimed.queued.created_at.plus(MAIL_GIVEN_UP).has_come(now) => {
            Delivery::GaveUp(delivery::given_up(&why))
        }
        Err(Unsent::Later(why)) => Delivery::Again(now.plus(back_off(claimed.attempt)), why),
    }
}

/// Half a minute, then twice as long each time, an hour at most.
fn back_off(attempt: i64) -> Duration {
    let doublings = u32::try_from((attempt - 1).clamp(0, 7)).unwrap_or_default();
    (Duration::from_secs(30) * 2_u32.pow(doublings)).min(Duration::from_hours(1))
}

fn outgoing(queued: &QueuedMail, body: Body, p: &Prosper) -> Outgoing {
    let (mailing, random) = (&p.settings.mail, p.entropy.bytes::<16>());
    let own = Some(mailing.reply_to.clone()).filter(|address| !address.is_empty());
    Outgoing {
        name: format!("mail.{}.{}", queued.id, queued.created_at.micros()),
        to: queued.mail.recipient.clone(),
        sender: body.sender,
        from: mailing.from.clone(),
        reply_to: body.reply_to.or(own),
        subject: queued.mail.subject.clone(),
        text: body.text,
        html: body.html,
        at: p.now(),
        boundary: data_encoding::HEXLOWER.encode(&random),
        host: p.settings.public_url.host().to_owned(),
    }
}

/// Sends a mail to try the transport out, past the outbox.
///
/// # Errors
/// In words, why it did not go.
pub async fn send_trial(to: &str, p: &Prosper) -> Result<(), String> {
    let mailing = &p.settings.mail;
    if !mailing.sends() {
        return Err(delivery::NOT_CONFIGURED_SO_SET.to_owned());
    }
    let space = p.store.spaces().await.ok().and_then(|spaces| spaces.first().cloned());
    let random = data_encoding::HEXLOWER.encode(&p.entropy.bytes::<16>());
    let mail = Outgoing {
        name: format!("trial.{random}"),
        to: to.to_owned(),
        sender: space.map_or_else(|| words::HOUSE.to_owned(), |space| space.name),
        from: mailing.from.clone(),
        reply_to: None,
        subject: words::SUBJECT_TRIAL.to_owned(),
        text: format!("{}\n", words::TRIAL),
        html: format!("<p>{}</p>", words::TRIAL),
        at: p.now(),
        boundary: random,
        host: p.settings.public_url.host().to_owned(),
    };
    mailing.send(&mail).await.map_err(|why| why.to_string())
}

/// Makes a mail due again that did not go.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`], or [`Refusal::NotFound`] when there is no such mail, or it went, or what it
/// said is erased.
pub async fn send_again(id: i64, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    actor.must_be_staff(SUPPORT)?;
    if p.store.retry_mail(id, trail).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

/// Is what would be mailed read on the screen? Loudly said wherever staff look.
pub fn is_on_screen(p: &Prosper) -> bool {
    !p.settings.mail.sends() && p.settings.purpose == Purpose::Live
}

/// What a mail says, for administrators of an installation that sends none. That it was read is written to the audit log
/// before it is shown.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`], or [`Refusal::NotFound`] when there is no such mail, when what it said is
/// erased, or when mail is sent: then it is its reader's alone.
pub async fn read_on_screen(id: i64, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<(QueuedMail, Body)> {
    actor.must_be_staff(ADMINISTRATION)?;
    if p.settings.mail.sends() {
        return Err(Refusal::NotFound.into());
    }
    let queued = p.store.read_mail(id, trail).await?.ok_or(Refusal::NotFound)?;
    let body = read_mail(&queued.mail, p).ok_or(Refusal::NotFound)?;
    Ok((queued, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_apart_and_never_farther_than_an_hour() {
        let spans: Vec<_> = (1..=9).map(|attempt| back_off(attempt).as_secs()).collect();
        assert_eq!(spans, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(back_off(i64::MAX), Duration::from_hours(1));
    }
}
