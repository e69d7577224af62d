//! Codes that were used. A code carries its own facts, sealed; redeeming it is one insert of its id, "on conflict do
//! nothing", and "one row" *is* single use (L-15).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Store;
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::families::Epochs;
use super::given::{Columns, GivenRow, Kind};
use super::neighbours::Hot;
use super::value::Row;
use crate::domain::ids::{AccountId, ClientId, CodeId, ConsentId};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A code that was used, and what its token depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// The code.
    pub code: CodeId,
    /// The application that redeemed it.
    pub application: ClientId,
    /// Whose profile its token reads.
    pub account: AccountId,
    /// When.
    pub used_at: Timestamp,
    /// When the code would have expired.
    pub code_expires_at: Timestamp,
    /// When the token expires.
    pub token_expires_at: Timestamp,
    /// Was the token ended by a late replay of the code? (L-15)
    pub revoked: bool,
}

/// What became of an attempt to redeem a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// This attempt won.
    Now,
    /// It was used before.
    Before {
        /// When.
        at: Timestamp,
    },
    /// What it was given on the strength of stands no more; it stays unused.
    NotAllowed,
}

impl Store {
    /// The redemption of this code, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn redemption(&self, code: CodeId) -> Result<Option<Arc<Redemption>>, Fault> {
        let view = &self.inner.view;
        if let Some(held) = view.look(&view.redemptions, &code) {
            return Ok(Some(held));
        }
        let began = view.generation();
        let found = self.read(ByCode(code)).await?.map(Arc::new);
        if let Some(found) = &found {
            view.fill(began, || view.redemptions.insert(code, Arc::clone(found)));
        }
        Ok(found)
    }

    /// Uses a code, if nobody has and everything it was given on the strength of still stands.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn redeem_code(&self, code: Redeeming) -> Result<Redeemed, Fault> {
        let view = &self.inner.view;
        let began = view.generation();
        let redemption = code.redemption.clone();
        let outcome = self.inner.redeeming.join(code, self).await?;
        if outcome == Redeemed::Now {
            // What was written is what would be read, and its token is about to be used.
            view.fill(began, || view.redemptions.insert(redemption.code, Arc::new(redemption)));
        }
        Ok(outcome)
    }

    /// Ends the token of a code that was used at `used_by` or before; for a late replay (L-15).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn revoke_redemption(&self, code: CodeId, used_by: Timestamp) -> Result<bool, Fault> {
        self.write(RevokeRedemption { code, used_by }).await
    }

    /// How many redemptions there are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn redemption_count(&self) -> Result<i64, Fault> {
        self.read(Count).await
    }
}

/// A code about to be used.
#[derive(Clone, Debug)]
pub struct Redeeming {
    /// What is written down.
    pub redemption: Redemption,
    /// The consent that the code was issued under.
    pub consent: ConsentId,
    /// The counters the code carries.
    pub epochs: Epochs,
}

struct ByCode(CodeId);

fn redemption(row: &Row) -> Result<Redemption, Fault> {
    Ok(Redemption {
        code: row.get(0)?,
        application: row.get(1)?,
        account: row.get(2)?,
        used_at: row.get(3)?,
        code_expires_at: row.get(4)?,
        token_expires_at: row.get(5)?,
        revoked: row.get(6)?,
    })
}

impl Unit for ByCode {
    type Out = Option<Redemption>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx
            .one(
                "select code, application, account, used_at, code_expires_at, token_expires_at, revoked
                 from redemptions where code = ?1",
                values![&self.0],
            )
            .await?;
        row.as_ref().map(redemption).transpose()
    }
}

struct Count;

impl Unit for Count {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        tx.one("select count(*) from redemptions", &[]).await?.map_or(Ok(0), |row| row.get(0))
    }
}

/// The given rows of [`Redeeming::all`].
const COLUMNS: Columns = &[
    ("code", Kind::Bytes),
    ("application", Kind::Bytes),
    ("account", Kind::Int),
    ("used_at", Kind::Int),
    ("code_expires_at", Kind::Int),
    ("token_expires_at", Kind::Int),
    ("consent", Kind::Bytes),
    ("account_epoch", Kind::Int),
    ("application_epoch", Kind::Int),
    ("installation_epoch", Kind::Int),
];

impl Hot for Redeeming {
    type Out = Redeemed;

    async fn all(items: &[Self], tx: &mut Tx) -> Result<Vec<Redeemed>, Fault> {
        let rows: Vec<_> = items.iter().map(Self::given).collect();
        // In the order of their codes, so that two slices that wait for one another's codes cannot wait in a ring.
        let won = tx
            .many_given(
                "insert into redemptions
                     (code, application, account, used_at, code_expires_at, token_expires_at, revoked)
                 select g.code, g.application, g.account, g.used_at, g.code_expires_at, g.token_expires_at, 0
                 from given g
                 where g.code_expires_at > (select swept_before from installation where one = 1)
                   and exists (select 1 from installation where one = 1 and epoch = g.installation_epoch)
                   and exists (select 1 from applications
                         where id = g.application and epoch = g.application_epoch and disabled = 0)
                   and exists (select 1 from accounts
                         where id = g.account and epoch = g.account_epoch and status = 'active'
                           and password_reset_required = 0)
                   and exists (select 1 from consents where id = g.consent)
                 order by g.code
                 on conflict (code) do nothing
                 returning code, application, account, used_at, code_expires_at, token_expires_at, revoked",
                COLUMNS,
                &rows,
            )
            .await?;
        let mut won = won.iter().map(redemption).collect::<Result<Vec<_>, _>>()?;
        // Each row that was made is one item's own: of several that bring the same code to this slice, one has won.
        let is_first = |item: &Self| won.iter().position(|row| *row == item.redemption).map(|at| won.swap_remove(at));
        let winners: Vec<_> = items.iter().map(is_first).map(|row| row.is_some()).collect();
        if !won.is_empty() {
            return Err(Fault::internal("store: a code was used and nobody was told"));
        }
        let losers: Vec<_> = items.iter().zip(&winners).filter(|(_, won)| !**won).map(|(item, _)| item).collect();
        let used = used_at(&losers, tx).await?;
        let told = |(item, won): (&Self, &bool)| match used.get(&item.redemption.code) {
            _ if *won => Redeemed::Now,
            Some(at) => Redeemed::Before { at: *at },
            None => Redeemed::NotAllowed,
        };
        Ok(items.iter().zip(&winners).map(told).collect())
    }
}

impl Redeeming {
    fn given(&self) -> GivenRow<'_> {
        let Self { redemption, consent, epochs } = self;
        values![
            &redemption.code,
            &redemption.application,
            redemption.account,
            redemption.used_at,
            redemption.code_expires_at,
            redemption.token_expires_at,
            consent,
            epochs.account,
            epochs.application,
            epochs.installation,
        ]
        .to_vec()
    }
}

/// When the codes of those who did not win were used, as far as they were.
async fn used_at(losers: &[&Redeeming], tx: &mut Tx) -> Result<HashMap<CodeId, Timestamp>, Fault> {
    if losers.is_empty() {
        return Ok(HashMap::new());
    }
    let codes: HashSet<_> = losers.iter().map(|item| item.redemption.code).collect();
    let rows: Vec<GivenRow<'_>> = codes.iter().map(|code| values![code].to_vec()).collect();
    let sql = "select r.code, r.used_at from given g join redemptions r on r.code = g.code";
    let used = tx.many_given(sql, &[("code", Kind::Bytes)], &rows).await?;
    used.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

struct RevokeRedemption {
    code: CodeId,
    used_by: Timestamp,
}

impl Unit for RevokeRedemption {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let rows = tx
            .execute(
                "update redemptions set revoked = 1 where code = ?1 and used_at <= ?2 and revoked = 0",
                values![&self.code, self.used_by],
            )
            .await?;
        if rows > 0 {
            tx.changed(Change::Redemption(self.code));
        }
        Ok(rows > 0)
    }
}
