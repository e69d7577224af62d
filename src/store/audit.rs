//! Who changed what, when: a row in the same unit as the change.

use super::Store;
use super::engine::{Tx, Unit};
use super::value::Row;
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
    /// Roughly where from, for the person whom the change is about. The audit log has the address instead.
    pub place: String,
}

impl Trail {
    /// A change that Prosper makes by itself.
    pub fn system(at: Timestamp) -> Self {
        Self { at, actor: "system".into(), request_id: String::new(), address: String::new(), place: String::new() }
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
    /// What its digests are salted with, once it is sealed (`audit_digests`).
    pub salt: Option<[u8; 16]>,
    /// What stands in the place of the salt when a part of it is withheld.
    pub withheld: Option<Vec<u8>>,
}

/// The columns of [`audit_row`], in its order.
macro_rules! audit_columns {
    () => {
        "id, at, actor, action, subject, before, after, request_id, address, salt, withheld"
    };
}
pub(super) use audit_columns;

/// Which rows of the log are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only what was done to this: `account 12`.
    pub subject: Option<String>,
    /// Only what this actor did: `staff 3`, `cli`.
    pub actor: Option<String>,
    /// Only actions that begin so: `account.`.
    pub action: Option<String>,
    /// Only rows older than this one.
    pub before: Option<i64>,
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
        self.audit_rows(AuditQuery { subject, ..AuditQuery::default() }, most).await
    }

    /// The newest rows that a query wants, newest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn audit_rows(&self, query: AuditQuery, most: i64) -> Result<Vec<AuditRow>, Fault> {
        self.read(ReadAudit { query, most }).await
    }
}

struct ReadAudit {
    query: AuditQuery,
    most: i64,
}

impl Unit for ReadAudit {
    type Out = Vec<AuditRow>;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<AuditRow>, Fault> {
        let query = &self.query;
        let before = query.before.unwrap_or(i64::MAX);
        let (actor, action) = (query.actor.as_ref(), query.action.as_deref().map(super::search::beginning));
        // Two statements, so that the one about a subject goes by its index.
        let rows = if let Some(subject) = &query.subject {
            tx.many(
                concat!(
                    "select ",
                    audit_columns!(),
                    " from audit where subject = ?1 and id < ?2 and (cast(?3 as text) is null or actor = ?3)
                      and (cast(?4 as text) is null or action like ?4 escape '\\') order by id desc limit ?5"
                ),
                values![subject, before, actor, action.as_ref(), self.most],
            )
            .await?
        } else {
            tx.many(
                concat!(
                    "select ",
                    audit_columns!(),
                    " from audit where id < ?1 and (cast(?2 as text) is null or actor = ?2)
                      and (cast(?3 as text) is null or action like ?3 escape '\\') order by id desc limit ?4"
                ),
                values![before, actor, action.as_ref(), self.most],
            )
            .await?
        };
        rows.iter().map(audit_row).collect()
    }
}

/// Reads a row of the log.
pub(super) fn audit_row(row: &Row) -> Result<AuditRow, Fault> {
    Ok(AuditRow {
        id: row.get(0)?,
        trail: Trail {
            at: row.get(1)?,
            actor: row.get(2)?,
            request_id: row.get(7)?,
            address: row.get(8)?,
            place: String::new(),
        },
        action: row.get(3)?,
        subject: row.get(4)?,
        before: row.get(5)?,
        after: row.get(6)?,
        salt: row.get(9)?,
        withheld: row.get(10)?,
    })
}
