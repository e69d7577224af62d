//! The sweep of what has expired and can be presented no more.
//!
//! 1. `swept_before` moves first, in a transaction of its own: redeeming a code demands that it expires after that mark,
//!    so a code whose row was swept stays used even if a clock goes back.
//! 2. Then rows go, some of each table at a time, so that no writer waits long behind it, until none is left.

use super::Store;
use super::engine::{Tx, Unit};
use crate::contract::lifetimes::LOGIN_TOKEN;
use crate::domain::ids::CodeId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Removes what has expired and can be presented no more; answers how many rows went.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, Fault> {
        self.write(Advance { now }).await?;
        let mut gone = 0;
        loop {
            let step = self.write(Step { now }).await?;
            gone += step;
            if step < STEP {
                return Ok(gone + self.erase_due(now).await?);
            }
        }
    }
}

/// Rows of each table that one unit takes at most.
const STEP: u64 = 1_000;

struct Advance {
    now: Timestamp,
}

impl Unit for Advance {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute("update installation set swept_before = ?1 where one = 1 and swept_before < ?1", values![self.now])
            .await?;
        Ok(())
    }
}

struct Step {
    now: Timestamp,
}

impl Unit for Step {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        let mut most = used_codes(tx, self.now).await?;
        for statement in SWEEPS {
            most = most.max(tx.execute(statement, values![self.now]).await?);
        }
        Ok(most)
    }
}

/// Used codes lie in the order they were drawn in, and have no other. One whose token has expired was drawn that long ago,
/// so only the older end is looked at; and what seems to be of the days to come, which is what was named at random before
/// codes were named in order, or drawn by a clock that was since set back.
async fn used_codes(tx: &mut Tx, now: Timestamp) -> Result<u64, Fault> {
    let first_of = |micros: i64| CodeId::drawn_at(Timestamp::from_micros(micros), [0; 16]);
    let token = i64::try_from(LOGIN_TOKEN.as_micros()).unwrap_or(i64::MAX);
    let (old, to_come) = (first_of(now.micros() - token + MILLISECOND), first_of(now.micros() + DAY));
    tx.execute(
        "delete from redemptions where code in (select code from redemptions
            where (code < ?2 or code >= ?3)
              and token_expires_at <= ?1 and code_expires_at <= (select swept_before from installation) limit 1000)",
        values![now, &old, &to_come],
    )
    .await
}

const MILLISECOND: i64 = 1_000;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// One statement a table. Those with a number in them keep a while of history, in microseconds.
const SWEEPS: [&str; 12] = [
    "delete from used_forms where id in (select id from used_forms where expires_at <= ?1 limit 1000)",
    "delete from families where id in (select id from families where expires_at <= ?1 limit 1000)",
    "delete from sessions where id in (select id from sessions where expires_at <= ?1 limit 1000)",
    "delete from links where id in (select id from links where expires_at <= ?1 limit 1000)",
    "delete from client_secrets where id in (select id from client_secrets
        where expires_at is not null and expires_at <= ?1 - 2592000000000 limit 1000)",
    "delete from sign_in_failures where locked_until <= ?1 and at <= ?1 - 86400000000",
    "delete from changes where at <= ?1 - 3600000000 and position in (select position from changes
        where at <= ?1 - 3600000000 order by position limit 1000)",
    "delete from app_requests where request_id in (select request_id from app_requests
        where at <= ?1 - 2592000000000 limit 1000)",
    "delete from grant_events where id in (select id from grant_events
        where (at <= ?1 - 7776000000000 and step = 'used') or at <= ?1 - 63072000000000 limit 1000)",
    "delete from password_networks where (application, network) in (select application, network from password_networks
        where last_at <= ?1 - 15552000000000 limit 1000)",
    "delete from outbox where id in (select id from outbox where created_at <= ?1 - 2592000000000 limit 1000)",
    // As long as `contract::lifetimes::MAIL`: what was not sent by then holds no link that works.
    "update outbox set body = substr(body, 1, 0) where id in (select id from outbox
        where created_at <= ?1 - 259200000000 and length(body) > 0 limit 1000)",
];
