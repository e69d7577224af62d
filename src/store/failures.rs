//! Wrong passwords in a row, counted per space and typed email, known or not (T-13, R-55).

use std::collections::HashSet;

use super::Store;
use super::engine::{Tx, Unit};
use super::given::{GivenRow, Kind};
use crate::domain::ids::SpaceId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// An attempt to be counted before its password is looked at.
pub struct CountAttempt {
    /// The space the sign-in happens in.
    pub space: SpaceId,
    /// The email as typed, folded.
    pub folded_email: String,
    /// How many in a row lock.
    pub most: i64,
    /// Until when, should this attempt be the one that locks.
    pub locked_until: Timestamp,
    /// The present.
    pub now: Timestamp,
}

impl Store {
    /// Counts an attempt, durably, before a hash is spent on it. `Err`-free refusal: the instant until which this email
    /// is locked, when it is. A success forgives what was counted (`open_family`, `open_session`).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn count_attempt(&self, attempt: CountAttempt) -> Result<Option<Timestamp>, Fault> {
        self.write(attempt).await
    }

    /// Forgets the failed attempts of an email in a space: a password was right, or was reset.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forgive_attempts(&self, space: SpaceId, folded_email: String) -> Result<(), Fault> {
        self.write(Forgive { space, folded_email }).await
    }
}

impl Unit for CountAttempt {
    type Out = Option<Timestamp>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        // One statement decides and counts. The attempt that reaches the limit locks those after it and is still looked
        // at; a lock that has passed starts the count again.
        let row = tx
            .one(
                "insert into sign_in_failures (space, folded_email, failures, locked_until, at)
                 values (?1, ?2, 1, case when cast(?3 as bigint) <= 1 then cast(?4 as bigint) else 0 end, ?5)
                 on conflict (space, folded_email) do update set
                     failures = case when sign_in_failures.locked_until > 0 and sign_in_failures.locked_until <= ?5 then 1
                         else sign_in_failures.failures + 1 end,
                     locked_until = case when sign_in_failures.locked_until > ?5 then sign_in_failures.locked_until
                         when sign_in_failures.locked_until > 0 then case when cast(?3 as bigint) <= 1 then cast(?4 as bigint) else 0 end
                         when sign_in_failures.failures + 1 >= ?3 then cast(?4 as bigint) else 0 end,
                     at = ?5
                 returning failures, locked_until",
                values![self.space, &self.folded_email, self.most, self.locked_until, self.now],
            )
            .await?
            .ok_or_else(|| Fault::internal("store: an attempt was not counted"))?;
        let (attempts, until): (i64, Timestamp) = (row.get(0)?, row.get(1)?);
        if attempts == self.most {
            // The attempt that locks is written down, by the same statement whether there is such an account or not.
            tx.execute(
                "insert into audit (at, actor, action, subject, after)
                 select ?3, 'system', 'account.lock', 'account ' || cast(id as text), ?4 from accounts
                 where folded_email = ?2 and space = ?1",
                values![self.space, &self.folded_email, self.now, &format!("until {until}")],
            )
            .await?;
        }
        Ok((attempts > self.most).then_some(until))
    }
}

struct Forgive {
    space: SpaceId,
    folded_email: String,
}

impl Unit for Forgive {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        forgive(tx, self.space, &self.folded_email).await
    }
}

pub(super) async fn forgive(tx: &mut Tx, space: SpaceId, folded_email: &str) -> Result<(), Fault> {
    tx.execute("delete from sign_in_failures where space = ?1 and folded_email = ?2", values![space, folded_email])
        .await?;
    Ok(())
}

/// The same for several at once.
pub(super) async fn forgive_all(tx: &mut Tx, whom: HashSet<&(SpaceId, String)>) -> Result<(), Fault> {
    if whom.is_empty() {
        return Ok(());
    }
    let rows: Vec<GivenRow<'_>> = whom.into_iter().map(|(space, email)| values![*space, email].to_vec()).collect();
    let sql = "delete from sign_in_failures
               where (space, folded_email) in (select g.space, g.folded_email from given g) returning space";
    tx.many_given(sql, &[("space", Kind::Int), ("folded_email", Kind::Text)], &rows).await?;
    Ok(())
}
