//! Codes that were used, one row each (L-15). How one is used: [`super::redeeming`].

use std::sync::Arc;

use super::Store;
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::value::Row;
use crate::domain::ids::{AccountId, ClientId, CodeId};
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

/// The redemption of this code, past the live view.
pub(super) struct ByCode(pub CodeId);

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
