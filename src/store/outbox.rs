//! Mail to be sent, written in the same unit as the change it tells of.

use super::Store;
use super::engine::{Tx, Unit};
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
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Whose account it is about.
    pub account: Option<AccountId>,
}

// Mails hold links that work; no log may show one whole.
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
        "insert into outbox (id, recipient, subject, text_body, html_body, account, created_at, next_attempt_at)
         select coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?6 from outbox",
        values![&mail.recipient, &mail.subject, &mail.text, &mail.html, mail.account, now],
    )
    .await?;
    Ok(())
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
                "select id, recipient, subject, text_body, html_body, account, created_at, sent_at from outbox
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
                        text: row.get(3)?,
                        html: row.get(4)?,
                        account: row.get(5)?,
                    },
                    created_at: row.get(6)?,
                    sent_at: row.get(7)?,
                })
            })
            .collect()
    }
}
