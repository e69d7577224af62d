//! The outbox as those see it who empty it.
//!
//! A node that sends a mail claims it by a conditional write: one of several gets the row, and the mail is nobody else's
//! for as long as the lease runs. A node that dies in between leaves a mail that is sent again when the lease has run out:
//! at least once, and under the same id. A body is erased with the word that it went.

use super::Store;
use super::audit::{self, Trail};
use super::engine::{Tx, Unit};
use super::outbox::{Mail, QueuedMail};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A mail that is this node's to send.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The mail.
    pub queued: QueuedMail,
    /// Which try this is, from 1.
    pub attempt: i64,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It went.
    Sent,
    /// It did not, and is tried again then.
    Again(Timestamp, String),
    /// It did not, and never will.
    GaveUp(String),
}

impl Store {
    /// Claims the mail that has been due the longest, until `lease`; `None` when none is due. When another node was
    /// faster there may be more.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn claim_mail(&self, now: Timestamp, lease: Timestamp) -> Result<Option<Claimed>, Fault> {
        while let Some((id, attempts)) = self.read(Due(now)).await? {
            if let Some(claimed) = self.write(Claim { id, attempts, now, lease }).await? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }

    /// Writes down what became of a claimed mail.
    ///
    /// # Errors
    /// The store cannot be written; the mail is then due again when its lease has run out.
    pub async fn mail_tried(&self, claimed: &Claimed, delivery: Delivery, now: Timestamp) -> Result<(), Fault> {
        self.write(Tried { id: claimed.queued.id, attempt: claimed.attempt, delivery, now }).await
    }

    /// Makes a mail due now that did not go; `false` when there is none, or it went, or its body is gone.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn retry_mail(&self, id: i64, trail: Trail) -> Result<bool, Fault> {
        self.write(Retry { id, trail }).await
    }

    /// A mail of the outbox, written down as read by whoever is behind `trail`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn read_mail(&self, id: i64, trail: Trail) -> Result<Option<QueuedMail>, Fault> {
        self.write(ReadMail { id, trail }).await
    }

    /// How many mails wait to be sent, and how many were given up.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn unsent_mails(&self) -> Result<(i64, i64), Fault> {
        self.read(Unsent).await
    }
}

struct Due(Timestamp);

impl Unit for Due {
    type Out = Option<(i64, i64)>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select id, attempts from outbox
                   where sent_at is null and gave_up_at is null and next_attempt_at <= ?1
                   order by next_attempt_at, id limit 1";
        tx.one(sql, values![self.0]).await?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }
}

struct Claim {
    id: i64,
    attempts: i64,
    now: Timestamp,
    lease: Timestamp,
}

impl Unit for Claim {
    type Out = Option<Claimed>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx
            .one(
                "update outbox set attempts = attempts + 1, next_attempt_at = ?4
                 where id = ?1 and attempts = ?2 and next_attempt_at <= ?3 and sent_at is null and gave_up_at is null
                 returning recipient, subject, body, account, created_at, attempts",
                values![self.id, self.attempts, self.now, self.lease],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mail = Mail { recipient: row.get(0)?, subject: row.get(1)?, body: row.get(2)?, account: row.get(3)? };
        let queued = QueuedMail { id: self.id, mail, created_at: row.get(4)?, sent_at: None };
        Ok(Some(Claimed { queued, attempt: row.get(5)? }))
    }
}

struct Tried {
    id: i64,
    attempt: i64,
    delivery: Delivery,
    now: Timestamp,
}

impl Unit for Tried {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        match &self.delivery {
            // Whoever sent it, it went.
            Delivery::Sent => {
                let sql = "update outbox set sent_at = ?2, gave_up_at = null, last_error = '', body = ?3
                           where id = ?1 and sent_at is null";
                tx.execute(sql, values![self.id, self.now, &Vec::<u8>::new()]).await?;
            }
            Delivery::Again(at, why) => {
                let sql = "update outbox set next_attempt_at = ?3, last_error = ?4
                           where id = ?1 and attempts = ?2 and sent_at is null";
                tx.execute(sql, values![self.id, self.attempt, *at, why]).await?;
            }
            Delivery::GaveUp(why) => {
                let sql = "update outbox set gave_up_at = ?3, last_error = ?4
                           where id = ?1 and attempts = ?2 and sent_at is null";
                tx.execute(sql, values![self.id, self.attempt, self.now, why]).await?;
            }
        }
        Ok(())
    }
}

struct Retry {
    id: i64,
    trail: Trail,
}

impl Unit for Retry {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "update outbox set next_attempt_at = ?2, gave_up_at = null
                   where id = ?1 and sent_at is null and length(body) > 0";
        let due = tx.execute(sql, values![self.id, self.trail.at]).await? == 1;
        if due {
            audit::note(tx, &self.trail, "mail.retry", &format!("mail {}", self.id), "", "").await?;
        }
        Ok(due)
    }
}

struct ReadMail {
    id: i64,
    trail: Trail,
}

impl Unit for ReadMail {
    type Out = Option<QueuedMail>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select recipient, subject, body, account, created_at, sent_at from outbox where id = ?1";
        let Some(row) = tx.one(sql, values![self.id]).await? else { return Ok(None) };
        let mail = Mail { recipient: row.get(0)?, subject: row.get(1)?, body: row.get(2)?, account: row.get(3)? };
        // The log keeps no address: it outlives what is known of a person.
        let told = mail.account.map_or_else(|| "to nobody's account".to_owned(), |id| format!("to account {id}"));
        audit::note(tx, &self.trail, "mail.read", &format!("mail {}", self.id), "", &told).await?;
        Ok(Some(QueuedMail { id: self.id, mail, created_at: row.get(4)?, sent_at: row.get(5)? }))
    }
}

struct Unsent;

impl Unit for Unsent {
    type Out = (i64, i64);

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select count(case when gave_up_at is null then 1 end), count(gave_up_at) from outbox
                   where sent_at is null";
        tx.one(sql, &[]).await?.map_or(Ok((0, 0)), |row| Ok((row.get(0)?, row.get(1)?)))
    }
}
