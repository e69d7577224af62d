//! Who waits to be erased, for staff to see; the one due first on top.

use super::Store;
use super::accounts::{account, account_columns};
use super::engine::{Tx, Unit};
use crate::domain::account::Account;
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

impl Store {
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
