//! Where accounts stand: who made the last move, and the next one. `domain::status` has the legal moves.

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::erasures;
use super::outbox::{self, Mail};
use crate::domain::ids::AccountId;
use crate::domain::status::{Mover, Status};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// Who made the last status move, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusMove {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Until when, if it was said.
    pub until: Option<Timestamp>,
}

impl StatusMove {
    /// Was it made by the holder of the account?
    pub fn is_of_holder(&self, id: AccountId) -> bool {
        self.by == holder(id)
    }
}

impl Store {
    /// Who made the last status move of an account.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn status_move(&self, id: AccountId) -> Result<Option<StatusMove>, Fault> {
        self.read(LastMove(id)).await
    }

    /// Moves an account's status, if the move is legal from where it stands now; `false` when it is not. Leaving
    /// `active` ends everything the account granted (T-11).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn set_status(&self, step: SetStatus) -> Result<bool, Fault> {
        self.write(step).await
    }
}

struct LastMove(AccountId);

impl Unit for LastMove {
    type Out = Option<StatusMove>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select status_by, status_at, status_reason, status_until from accounts where id = ?1";
        let row = tx.one(sql, values![self.0]).await?;
        row.map(|row| Ok(StatusMove { by: row.get(0)?, at: row.get(1)?, reason: row.get(2)?, until: row.get(3)? }))
            .transpose()
    }
}

/// A status move.
pub struct SetStatus {
    /// Whose.
    pub id: AccountId,
    /// Where to.
    pub to: Status,
    /// By whom, which decides whether it is legal.
    pub by: Mover,
    /// Why.
    pub reason: String,
    /// Until when, if that was said.
    pub until: Option<Timestamp>,
    /// What the person is told: each at most so often in an hour.
    pub mails: Vec<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for SetStatus {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "select status, erased, erase_at from accounts where id = ?1";
        let Some(row) = tx.one(sql, values![self.id]).await? else { return Ok(false) };
        // Of whom nothing is known any more, nobody comes back.
        if row.get(1)? {
            return Ok(false);
        }
        let from = Status::parse(&row.get::<String>(0)?)
            .ok_or_else(|| Fault::internal("store: an account with an unknown status"))?;
        if !from.may_move(self.to, self.by) {
            return Ok(false);
        }
        // Entering `active` bumps the epoch as well: nothing that was granted before may come back to life.
        let moved = tx
            .execute(
                "update accounts set status = ?2, status_by = ?3, status_at = ?4, status_reason = ?5, status_until = ?6,
                     epoch = epoch + 1, erase_at = case when ?8 = 1 then erase_at else null end
                 where id = ?1 and status = ?7",
                values![
                    self.id,
                    self.to.name(),
                    &self.trail.actor,
                    self.trail.at,
                    &self.reason,
                    self.until,
                    from.name(),
                    // Who is opened again is not erased.
                    self.to.has_ended(),
                ],
            )
            .await?;
        let after =
            if self.reason.is_empty() { self.to.name().into() } else { format!("{}: {}", self.to.name(), self.reason) };
        audit::note(tx, &self.trail, "account.status", &format!("account {}", self.id), from.name(), &after).await?;
        let planned: Option<Timestamp> = row.get(2)?;
        if planned.is_some() && !self.to.has_ended() {
            erasures::note(tx, self.id, [planned, None], &self.trail).await?;
        }
        for mail in &self.mails {
            outbox::post_notice(tx, mail, self.trail.at).await?;
        }
        tx.changed(Change::Account(self.id));
        Ok(moved == 1)
    }
}

/// Was the last move its holder's own, who closed the account?
pub(super) async fn closed_by_holder(tx: &mut Tx, id: AccountId) -> Result<bool, Fault> {
    let sql = "select 1 from accounts where id = ?1 and status = ?2 and status_by = ?3 and erased = 0";
    Ok(tx.one(sql, values![id, Status::Closed.name(), &holder(id)]).await?.is_some())
}

/// An account that its holder closed is active again, and is not erased: its holder was somebody else, and whose it is takes
/// it back. No move of `domain::status`, but one that never was to be.
pub(super) async fn take_back_closing(tx: &mut Tx, id: AccountId, trail: &Trail) -> Result<(), Fault> {
    let row = tx.one("select erase_at from accounts where id = ?1", values![id]).await?;
    let planned: Option<Timestamp> = row.map_or(Ok(None), |row| row.get(0))?;
    tx.execute(
        "update accounts set status = ?2, status_by = ?3, status_at = ?4, status_reason = '', status_until = null,
             epoch = epoch + 1, erase_at = null
         where id = ?1",
        values![id, Status::Active.name(), &trail.actor, trail.at],
    )
    .await?;
    audit::note(tx, trail, "account.status", &holder(id), Status::Closed.name(), Status::Active.name()).await?;
    if planned.is_some() {
        erasures::note(tx, id, [planned, None], trail).await?;
    }
    Ok(())
}

/// An account's holder, as the log names them.
fn holder(id: AccountId) -> String {
    format!("account {id}")
}
