//! Links that work once: the first staff account's, a validated or changed address's, an invitation's, a reset
//! password's. Only a keyed hash is kept. They are made and used up within the units of what they are for.

use super::Store;
use super::engine::{Tx, Unit};
use crate::domain::ids::{AccountId, LinkId, SpaceId};
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
    /// Opens an account with an address in a space, both named by staff.
    Invitation,
    /// Sets a new password.
    ResetPassword,
    /// Makes its address the account's.
    ChangeEmail,
    /// Makes the address that the account had its own again.
    UndoEmail,
}

impl LinkPurpose {
    /// The name it is stored under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::VerifyEmail => "verify_email",
            Self::Invitation => "invitation",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
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
    /// The address it is about, where that is not the account's own.
    pub address: Option<String>,
    /// The space of that address.
    pub space: Option<SpaceId>,
    /// Where its owner goes on to afterwards, a path of ours.
    pub leads_to: Option<String>,
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
            "delete from links where purpose = ?1 and (account = ?2 or (account is null and cast(?2 as bigint) is null
                 and (address is null or (lower(address) = lower(?3) and space = ?4))))",
            values![self.purpose.name(), self.link.account, self.link.address.as_ref(), self.link.space],
        )
        .await?;
        tx.execute(
            "insert into links (id, purpose, account, mac, mac_key, created_at, expires_at, address, space, leads_to)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            values![
                &self.link.id,
                self.purpose.name(),
                self.link.account,
                &self.link.hash.mac,
                self.link.hash.key,
                self.now,
                self.link.expires_at,
                self.link.address.as_ref(),
                self.link.space,
                self.link.leads_to.as_ref(),
            ],
        )
        .await?;
        Ok(())
    }
}

/// Where the link of this purpose and account leads on to, so that the one that takes its place leads there too.
pub(super) async fn leads_to(
    tx: &mut Tx,
    purpose: LinkPurpose,
    account: Option<AccountId>,
) -> Result<Option<String>, Fault> {
    let sql = "select leads_to from links where purpose = ?1 and account = ?2 and leads_to is not null limit 1";
    tx.one(sql, values![purpose.name(), account]).await?.map_or(Ok(None), |row| row.get(0))
}

/// Uses a link up within another unit; `false` when it is dead.
pub(super) async fn use_up(tx: &mut Tx, purpose: LinkPurpose, id: &LinkId, now: Timestamp) -> Result<bool, Fault> {
    let used = tx
        .execute(
            "delete from links where id = ?1 and purpose = ?2 and expires_at > ?3",
            values![id, purpose.name(), now],
        )
        .await?;
    Ok(used == 1)
}

/// Ends the links of one purpose of an account within another unit.
pub(super) async fn end(tx: &mut Tx, purpose: LinkPurpose, account: AccountId) -> Result<(), Fault> {
    tx.execute("delete from links where purpose = ?1 and account = ?2", values![purpose.name(), account]).await?;
    Ok(())
}

/// The account that may still take this address back, and the address as it wrote it: nobody else gets it meanwhile.
pub(super) async fn holder(
    tx: &mut Tx,
    space: SpaceId,
    folded: &str,
    now: Timestamp,
) -> Result<Option<(AccountId, String)>, Fault> {
    let row = tx
        .one(
            "select account, address from links
             where purpose = ?1 and space = ?2 and lower(address) = ?3 and expires_at > ?4 limit 1",
            values![LinkPurpose::UndoEmail.name(), space, folded, now],
        )
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
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
                "select id, account, mac_key, mac, expires_at, address, space, leads_to from links
                 where id = ?1 and purpose = ?2",
                values![&self.id, self.purpose.name()],
            )
            .await?;
        row.map(|row| {
            Ok(Link {
                id: row.get(0)?,
                account: row.get(1)?,
                hash: KeyedHash { key: row.get(2)?, mac: row.get(3)? },
                expires_at: row.get(4)?,
                address: row.get(5)?,
                space: row.get(6)?,
                leads_to: row.get(7)?,
            })
        })
        .transpose()
    }
}
