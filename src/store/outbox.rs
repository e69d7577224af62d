//! Mail to be sent, written in the same unit as the change it tells of.

use super::Store;
use super::engine::{Tx, Unit};
use crate::contract::lifetimes::{MOST_MAILS_AN_HOUR, MOST_NOTICES_AN_HOUR};
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A mail, ready to go.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The account's stored address.
    pub recipient: String,
    /// One line.
    pub subject: String,
    /// Its text and HTML parts, sealed: they may hold a link that works.
    pub body: Vec<u8>,
    /// Whose account it is about.
    pub account: Option<AccountId>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({:?})", self.subject)
    }
}

/// A mail in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its number, rising.
    pub id: i64,
    /// The mail.
    pub mail: Mail,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it went out.
    pub sent_at: Option<Timestamp>,
}

impl Store {
    /// Puts a mail that belongs to no other change into the outbox.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn post(&self, mail: Mail, now: Timestamp) -> Result<(), Fault> {
        self.write(Post { mail, now }).await
    }

    /// The newest mails, newest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn outbox(&self, most: i64) -> Result<Vec<QueuedMail>, Fault> {
        self.read(Newest(most)).await
    }
}

/// Puts a mail into the outbox within another unit.
pub(super) async fn post(tx: &mut Tx, mail: &Mail, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "insert into outbox (recipient, subject, body, account, created_at, next_attempt_at)
         values (?1, ?2, ?3, ?4, ?5, ?5)",
        values![&mail.recipient, &mail.subject, &mail.body, mail.account, now],
    )
    .await?;
    Ok(())
}

/// The same for a mail that a stranger can cause: at most [`MOST_MAILS_AN_HOUR`] of one kind an hour to one address
/// beyond which it is dropped in silence and the answer is `false`: what it would have told of must not happen
/// either. Each kind has a count of its own, so that whoever causes one cannot keep its reader from another.
pub(super) async fn post_bounded(tx: &mut Tx, mail: &Mail, now: Timestamp) -> Result<bool, Fault> {
    post_some(tx, mail, MOST_MAILS_AN_HOUR, now).await
}

/// The same for a notice of what happens all the same: at most [`MOST_NOTICES_AN_HOUR`] of one kind.
pub(super) async fn post_notice(tx: &mut Tx, mail: &Mail, now: Timestamp) -> Result<bool, Fault> {
    post_some(tx, mail, MOST_NOTICES_AN_HOUR, now).await
}

async fn post_some(tx: &mut Tx, mail: &Mail, most: i64, now: Timestamp) -> Result<bool, Fault> {
    let row = tx
        .one(
            "select count(*) from outbox where recipient = ?1 and subject = ?3 and created_at > ?2 - 3600000000",
            values![&mail.recipient, now, &mail.subject],
        )
        .await?;
    let sent: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    let room = sent < most;
    if room {
        post(tx, mail, now).await?;
    }
    Ok(room)
}

struct Post {
    mail: Mail,
    now: Timestamp,
}

impl Unit for Post {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        post(tx, &self.mail, self.now).await
    }
}

struct Newest(i64);

impl Unit for Newest {
    type Out = Vec<QueuedMail>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let rows = tx
            .many(
                "select id, recipient, subject, body, account, created_at, sent_at from outbox
                 order by id desc limit ?1",
                values![self.0],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(QueuedMail {
                    id: row.get(0)?,
                    mail: Mail {
                        recipient: row.get(1)?,
                        subject: row.get(2)?,
                        body: row.get(3)?,
                        account: row.get(4)?,
                    },
                    created_at: row.get(5)?,
                    sent_at: row.get(6)?,
                })
            })
            .collect()
    }
}
