//! `prosper audit`: what was changed, by whom, and whether anybody has changed what was written down of it.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::talk::facts;
use crate::flows::audit_chain;
use crate::store::audit::AuditQuery;

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the newest changes, newest first
    #[command(after_help = "Example:\n  prosper audit list --subject 'account 12' --limit 20")]
    List {
        /// Only what was done to this: `account 12`, `application 3f9c...`, `space 1`, `installation`
        #[arg(long)]
        subject: Option<String>,
        /// Only what they did: `staff 3`, `account 12`, `cli`, `system`
        #[arg(long)]
        actor: Option<String>,
        /// Only actions that begin so: `account.`, `agent.decide`
        #[arg(long)]
        action: Option<String>,
        /// Only rows older than this one
        #[arg(long, value_name = "ID")]
        before: Option<i64>,
        /// At most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
    /// Check the chain of seals over the log: find rows that were altered, removed or added
    ///
    /// The server seals the log every ten seconds under a key that is not in the database. Keep the head that a check
    /// answers somewhere else, and give it to the next: then a log whose newest part was cut off is found too.
    #[command(after_help = "Example:\n  prosper audit verify --head 12:0f3a9c51b07a7e4c2d9d1e6b0a58f2c4")]
    Verify {
        /// The head of an earlier check
        #[arg(long)]
        head: Option<String>,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// The log was tampered with, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::List { subject, actor, action, before, limit } => {
                list(desk, AuditQuery { subject, actor, action, before }, limit).await
            }
            Self::Verify { head } => verify(desk, head.as_deref()).await,
        }
    }
}

async fn list(desk: &Desk, query: AuditQuery, limit: i64) -> Outcome {
    let rows = desk.p.store.audit_rows(query, limit).await?;
    let rows = rows
        .into_iter()
        .map(|row| {
            facts! {
                id: row.id,
                at: row.trail.at.rfc3339(),
                actor: row.trail.actor,
                action: row.action,
                subject: row.subject,
                before: row.before,
                after: row.after,
                address: row.trail.address,
                request_id: row.trail.request_id,
            }
        })
        .collect();
    desk.talk.list(&["at", "actor", "action", "subject", "before", "after"], rows)
}

async fn verify(desk: &Desk, head: Option<&str>) -> Outcome {
    // Beside no server nobody else seals: what a command wrote is covered before it is checked.
    if !desk.served {
        while audit_chain::seal_audit(&desk.p).await? > 0 {}
    }
    let verdict = audit_chain::verify_audit(head, &desk.p).await?;
    let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    desk.talk.show(facts! {
        intact: findings.is_empty(),
        seals: verdict.seals,
        rows: verdict.rows,
        not_sealed_yet: verdict.unsealed,
        withheld: verdict.withheld,
        head: verdict.head,
        findings: findings,
    })?;
    if verdict.findings.is_empty() { Ok(()) } else { Err(Failure::failed("the audit log is not as it was written")) }
}
