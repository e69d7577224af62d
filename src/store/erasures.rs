//! Who waits to be erased: planned, called off, and for staff to see, the one due first on top. `erasure` carries it out.

use super::Store;
use super::accounts::{account, account_columns};
use super::audit::{self, Trail};
use super::engine::{Tx, Unit};
use super::outbox::{self, Mail};
use crate::domain::account::Account;
use crate::domain::ids::AccountId;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Sets when an account that has ended is erased, or that it is not; `false` when there is none, it has not ended, or
    /// it is erased.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn plan_erasure(&self, plan: PlanErasure) -> Result<bool, Fault> {
        self.write(plan).await
    }

    /// When an account is erased, if it is to be.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn erased_at(&self, id: AccountId) -> Result<Option<Timestamp>, Fault> {
        self.read(ErasedAt(id)).await
    }

    /// Accounts that are to be erased, and when, at most `most`: those after `after`, the moment and the number of the
    /// last of the page before.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn erasures(
        &self,
        after: Option<(Timestamp, AccountId)>,
        most: i64,
    ) -> Result<Vec<(Account, Timestamp)>, Fault> {
        self.read(Erasures { after, most }).await
    }
}

struct Erasures {
    after: Option<(Timestamp, AccountId)>,
    most: i64,
}

impl Unit for Erasures {
    type Out = Vec<(Account, Timestamp)>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let (at, id) = self.after.unwrap_or((Timestamp::from_micros(i64::MIN), AccountId(0)));
        let sql = concat!(
            "select ",
            account_columns!(),
            ", erase_at from accounts where erase_at is not null and (erase_at > ?1 or (erase_at = ?1 and id > ?2))
              order by erase_at, id limit ?3"
        );
        let rows = tx.many(sql, values![at, id, self.most]).await?;
        rows.iter().map(|row| Ok((account(row)?, row.get(17)?))).collect()
    }
}

/// When an account that has ended is to be erased.
pub struct PlanErasure {
    /// Which.
    pub id: AccountId,
    /// When; `None` for never.
    pub at: Option<Timestamp>,
    /// What the person is told of it.
    pub mail: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for PlanErasure {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let row = tx.one("select status, erased from accounts where id = ?1", values![self.id]).await?;
        let Some(row) = row else { return Ok(false) };
        let ended = Status::parse(&row.get::<String>(0)?).is_some_and(Status::has_ended);
        if !ended || row.get::<bool>(1)? {
            return Ok(false);
        }
        let planned = plan(tx, self.id, self.at, &self.trail).await?;
        // Planned for the same day twice, or called off twice, it is told once.
        if let Some(mail) = self.mail.as_ref().filter(|_| planned != self.at) {
            outbox::post(tx, mail, self.trail.at).await?;
        }
        Ok(true)
    }
}

/// Answers when it was planned for until now.
pub(super) async fn plan(
    tx: &mut Tx,
    id: AccountId,
    at: Option<Timestamp>,
    trail: &Trail,
) -> Result<Option<Timestamp>, Fault> {
    let before = ErasedAt(id).run(tx).await?;
    tx.execute("update accounts set erase_at = ?2 where id = ?1", values![id, at]).await?;
    note(tx, id, [before, at], trail).await?;
    Ok(before)
}

/// Notes for when it was planned, and for when it is now.
pub(super) async fn note(
    tx: &mut Tx,
    id: AccountId,
    planned: [Option<Timestamp>; 2],
    trail: &Trail,
) -> Result<(), Fault> {
    let [was, is] = planned.map(|at| at.map_or_else(|| "never".to_owned(), Timestamp::rfc3339));
    audit::note(tx, trail, "account.erasure", &format!("account {id}"), &was, &is).await
}

struct ErasedAt(AccountId);

impl Unit for ErasedAt {
    type Out = Option<Timestamp>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx.one("select erase_at from accounts where id = ?1", values![self.0]).await?;
        row.map_or(Ok(None), |row| row.get(0))
    }
}
