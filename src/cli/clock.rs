//! `prosper clock`: the time as Prosper believes it to be, and how it is made to follow the wall clock.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::Outcome;
use super::talk::facts;
use crate::clock::wall;

/// What can be done with the clock.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the time as Prosper believes it to be, and how far the wall clock is off
    Show,
    /// Follow the wall clock from now on, which ends every code, token, key and session
    ///
    /// Prosper never goes back in time by itself, and never follows a clock that jumps ahead while it runs: what has
    /// expired stays expired. When the wall clock is right and Prosper's is not, this sets it right. Everybody signs in
    /// again, and every agent is granted again.
    Accept,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Nobody said yes, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        if let Self::Accept = self {
            desk.talk.confirm("This ends every code, token, key and session. Follow the wall clock?")?;
            let wall = wall();
            desk.p.store.begin_epoch(Some(wall), desk.trail()).await?;
            desk.p.clock.rebase(wall);
            desk.talk.say("the wall clock is followed from now on; every code, token, key and session has ended");
        }
        show(desk).await
    }
}

async fn show(desk: &Desk) -> Outcome {
    let installation = desk.p.store.installation().await?;
    let (now, wall) = (desk.p.now(), wall());
    // Whole seconds: the two readings are taken one after the other.
    let drift = (wall.micros() - now.micros()) / 1_000_000;
    desk.talk.show(facts! {
        now: now.rfc3339(),
        wall: wall.rfc3339(),
        wall_is_ahead_by_seconds: drift,
        high_water_mark: installation.high_water.rfc3339(),
        last_accepted: (installation.clock_set.micros() > 0).then(|| installation.clock_set.rfc3339()),
        server_running: desk.served,
    })
}
