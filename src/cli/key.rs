//! `prosper key`: the ring of keys that seal and hash.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::Outcome;
use super::talk::facts;
use crate::domain::time::Timestamp;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the keys of the ring, the oldest first; never the keys themselves
    List,
    /// Begin to seal and hash with new keys
    ///
    /// The keys there were go on opening what they sealed until none of it can be alive, so nobody notices.
    Rotate,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        if let Self::Rotate = self {
            desk.p.rotate_keys(desk.trail()).await?;
            desk.talk.say("new keys seal and hash from now on; the old ones go on opening what they sealed");
        }
        list(desk).await
    }
}

async fn list(desk: &Desk) -> Outcome {
    let now = desk.p.now();
    let rows = desk.p.store.ring_keys().await?;
    let rows = rows
        .iter()
        .map(|key| {
            let state = match key.retires_at {
                Some(end) if end.has_come(now) => "retired",
                Some(_) => "retiring",
                None => "in use",
            };
            facts! {
                id: key.id,
                usage: key.usage.name(),
                state: state,
                created: key.created_at.rfc3339(),
                retires: key.retires_at.map(Timestamp::rfc3339),
            }
        })
        .collect();
    desk.talk.list(&["id", "usage", "state", "created", "retires"], rows)
}
