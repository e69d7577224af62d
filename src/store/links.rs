//! Links that work once: the first staff account's, a validated email address's. Only a keyed hash is kept. They are
//! made and used up within the units of what they are for (`new_accounts`).

use super::Store;
use super::engine::{Tx, Unit};
use crate::domain::ids::{AccountId, LinkId};
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Makes the first staff account, while there is none.
    Setup,
    /// Validates an email address.
    VerifyEmail,
}

impl LinkPurpose {
    /// The name it is stored under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::VerifyEmail => "verify_email",
        }
    }
}

/// A link as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name, in the link beside the secret.
    pub id: LinkId,
    /// Whose it is, if it belongs to an account.
    pub account: Option<AccountId>,
    /// The hash of its secret.
    pub hash: KeyedHash,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Store {
    /// The link of this name, unused. Looking does not use it (mail scanners look).
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn link(&self, purpose: LinkPurpose, id: LinkId) -> Result<Option<Link>, Fault> {
        self.read(ById { purpose, id }).await
    }
}

/// Writes a link down within another unit; older links of the same purpose and account end, so that only the newest
/// works.
pub(super) struct MakeLink {
    pub(super) purpose: LinkPurpose,
    pub(super) link: Link,
    pub(super) now: Timestamp,
}

impl Unit for MakeLink {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute(
            "delete from links where purpose = ?1 and (account = ?2 or (account is null and cast(?2 as bigint) is null))",
            values![self.purpose.name(), self.link.account],
        )
        .await?;
        tx.execute(
            "insert into links (id, purpose, account, mac, mac_key, created_at, expires_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            values![
                &self.link.id,
                self.purpose.name(),
                self.link.account,
                &self.link.hash.mac,
                self.link.hash.key,
                self.now,
                self.link.expires_at,
            ],
        )
        .await?;
        Ok(())
    }
}

struct ById {
    purpose: LinkPurpose,
    id: LinkId,
}

impl Unit for ById {
    type Out = Option<Link>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx
            .one(
                "select id, account, mac_key, mac, expires_at from links where id = ?1 and purpose = ?2",
                values![&self.id, self.purpose.name()],
            )
            .await?;
        row.map(|row| {
            Ok(Link {
                id: row.get(0)?,
                account: row.get(1)?,
                hash: KeyedHash { key: row.get(2)?, mac: row.get(3)? },
                expires_at: row.get(4)?,
            })
        })
        .transpose()
    }
}
