//! Codes that were used. A code carries its own facts, sealed; redeeming it is one insert of its id, "on conflict do
//! nothing", and "one row" *is* single use (L-15).

use std::sync::Arc;

use super::Store;
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::families::Epochs;
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
        self.write(RedeemCodes(vec![code]))
            .await
            .and_then(|mut redeemed| redeemed.pop().ok_or_else(|| Fault::internal("store: a code was not looked at")))
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

async fn by_code(tx: &mut Tx, code: CodeId) -> Result<Option<Redemption>, Fault> {
    let row = tx
        .one(
            "select code, application, account, used_at, code_expires_at, token_expires_at, revoked
             from redemptions where code = ?1",
            values![&code],
        )
        .await?;
    row.map(|row| {
        Ok(Redemption {
            code: row.get(0)?,
            application: row.get(1)?,
            account: row.get(2)?,
            used_at: row.get(3)?,
            code_expires_at: row.get(4)?,
            token_expires_at: row.get(5)?,
            revoked: row.get(6)?,
        })
    })
    .transpose()
}

impl Unit for ByCode {
    type Out = Option<Redemption>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        by_code(tx, self.0).await
    }
}

struct Count;

impl Unit for Count {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        tx.one("select count(*) from redemptions", &[]).await?.map_or(Ok(0), |row| row.get(0))
    }
}

/// Takes a slice, so that neighbours in a queue can become one multi-row statement on an engine that gains by it.
struct RedeemCodes(Vec<Redeeming>);

impl Unit for RedeemCodes {
    type Out = Vec<Redeemed>;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Redeemed>, Fault> {
        let mut outcomes = Vec::with_capacity(self.0.len());
        for Redeeming { redemption, consent, epochs } in &self.0 {
            let rows = tx
                .execute(
                    "insert into redemptions
                         (code, application, account, used_at, code_expires_at, token_expires_at, revoked)
                     select ?1, ?2, ?3, ?4, ?5, ?6, 0
                     where ?5 > (select swept_before from installation where one = 1)
                       and exists (select 1 from installation where one = 1 and epoch = ?10)
                       and exists (select 1 from applications where id = ?2 and epoch = ?9 and disabled = 0)
                       and exists (select 1 from accounts
                             where id = ?3 and epoch = ?8 and status = 'active' and password_reset_required = 0)
                       and exists (select 1 from consents where id = ?7)
                     on conflict (code) do nothing",
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
                    ],
                )
                .await?;
            outcomes.push(if rows == 1 {
                Redeemed::Now
            } else {
                match by_code(tx, redemption.code).await? {
                    Some(used) => Redeemed::Before { at: used.used_at },
                    None => Redeemed::NotAllowed,
                }
            });
        }
        Ok(outcomes)
    }
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
