//! Who changed what, when: a row in the same unit as the change.

use super::Store;
use super::engine::{Tx, Unit};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// Who is behind a change, when, and by which request. Handed to every unit that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The present.
    pub at: Timestamp,
    /// `account 12`, `staff 3`, `cli root`, `system`.
    pub actor: String,
    /// The request, if one came over HTTP.
    pub request_id: String,
    /// The client's address, if one came over HTTP.
    pub address: String,
}

impl Trail {
    /// A change that Prosper makes by itself.
    pub fn system(at: Timestamp) -> Self {
        Self { at, actor: "system".into(), request_id: String::new(), address: String::new() }
    }

    /// A change made at the terminal.
    pub fn cli(at: Timestamp) -> Self {
        Self { actor: "cli".into(), ..Self::system(at) }
    }
}

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, rising.
    pub id: i64,
    /// Who, when, by which request.
    pub trail: Trail,
    /// `account.status`, `application.register`, ….
    pub action: String,
    /// `account 12`, `application 3f9c…`.
    pub subject: String,
    /// What was.
    pub before: String,
    /// What is.
    pub after: String,
}

/// Adds a row to the log, in the unit of the change itself.
pub(super) async fn note(
    tx: &mut Tx,
    trail: &Trail,
    action: &str,
    subject: &str,
    before: &str,
    after: &str,
) -> Result<(), Fault> {
    tx.execute(
        "insert into audit (at, actor, action, subject, before, after, request_id, address)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![trail.at, &trail.actor, action, subject, before, after, &trail.request_id, &trail.address],
    )
    .await?;
    Ok(())
}

impl Store {
    /// The newest rows about `subject` (or about everything), newest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn audit(&self, subject: Option<String>, most: i64) -> Result<Vec<AuditRow>, Fault> {
        self.read(ReadAudit { subject, most }).await
    }
}

struct ReadAudit {
    subject: Option<String>,
    most: i64,
}

impl Unit for ReadAudit {
    type Out = Vec<AuditRow>;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<AuditRow>, Fault> {
        let rows = if let Some(subject) = &self.subject {
            tx.many(
                "select id, at, actor, action, subject, before, after, request_id, address from audit
                 where subject = ?1 order by id desc limit ?2",
                values![subject, self.most],
            )
            .await?
        } else {
            tx.many(
                "select id, at, actor, action, subject, before, after, request_id, address from audit
                 order by id desc limit ?1",
                values![self.most],
            )
            .await?
        };
        rows.iter()
            .map(|row| {
                Ok(AuditRow {
                    id: row.get(0)?,
                    trail: Trail { at: row.get(1)?, actor: row.get(2)?, request_id: row.get(7)?, address: row.get(8)? },
                    action: row.get(3)?,
                    subject: row.get(4)?,
                    before: row.get(5)?,
                    after: row.get(6)?,
                })
            })
            .collect()
    }
}
