//! `prosper audit`: what was changed, by whom.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::Outcome;
use super::talk::facts;

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the newest changes, newest first
    #[command(after_help = "Example:\n  prosper audit list --subject 'account 12' --limit 20")]
    List {
        /// Only what was done to this: `account 12`, `application 3f9c...`, `space 1`, `installation`
        #[arg(long)]
        subject: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        let Self::List { subject, limit } = self;
        let rows = desk.p.store.audit(subject, limit).await?;
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
}
