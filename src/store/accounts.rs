//! Accounts: found by number and by email; moved and changed in one unit each. `new_accounts` makes them.
//!
//! This file is long because the statements about one table stand together.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::links::{self, LinkPurpose};
use super::outbox::{self, Mail};
use super::password_networks;
use super::value::Row;
use crate::domain::account::{Account, AccountKind, InvestorType, StaffRole};
use crate::domain::agent::AgentRole;
use crate::domain::email::{self, Email};
use crate::domain::ids::{AccountId, SpaceId};
use crate::domain::secret::PasswordHash;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// An account and the hash of its password, read together so that they belong together.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account as it was when the hash was read.
    pub account: Account,
    /// Its password's hash.
    pub password: PasswordHash,
}

impl Store {
    /// The account with this number, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn account(&self, id: AccountId) -> Result<Option<Arc<Account>>, Fault> {
        let view = &self.inner.view;
        if let Some(held) = view.look(&view.accounts, &id) {
            return Ok(Some(held));
        }
        let began = view.generation();
        let found = self.read(ById(id)).await?.map(|found| Arc::new(found.account));
        if let Some(found) = &found {
            view.fill(began, || view.accounts.insert(id, Arc::clone(found)));
        }
        Ok(found)
    }

    /// The account with this number and its password's hash, from the store itself.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, Fault> {
        self.read(ById(id)).await
    }

    /// The account that signs in with `typed` in `space`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn credentials_by_email(&self, space: SpaceId, typed: &str) -> Result<Option<Credentials>, Fault> {
        self.read(ByEmail { space: Some(space), folded: email::fold(typed) }).await.map(|mut found| found.pop())
    }

    /// Every account with this email, whatever its space: at most two are told apart from one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn credentials_anywhere(&self, typed: &str) -> Result<Vec<Credentials>, Fault> {
        self.read(ByEmail { space: None, folded: email::fold(typed) }).await
    }

    /// Accounts of a space (or of all), a page after the number `after`, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn accounts(&self, space: Option<SpaceId>, after: AccountId, most: i64) -> Result<Vec<Account>, Fault> {
        self.read(Page { space, after, most }).await
    }

    /// When the password of an account was last changed, if it ever was.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn password_changed_at(&self, id: AccountId) -> Result<Option<Timestamp>, Fault> {
        self.read(PasswordAt(id)).await
    }

    /// Sets a password, which ends every session, family and code (T-11) and lifts the flag that asked for it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn set_password(&self, change: SetPassword) -> Result<bool, Fault> {
        self.write(change).await
    }

    /// Replaces a hash by one of the same password with stronger parameters; ends nothing.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn rehash(&self, id: AccountId, old: PasswordHash, new: PasswordHash) -> Result<(), Fault> {
        self.write(Rehash { id, old, new }).await
    }

    /// Sets or lifts the flag that demands a new password. Setting it ends everything the account granted.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn require_reset(&self, id: AccountId, required: bool, trail: Trail) -> Result<bool, Fault> {
        self.write(RequireReset { id, required, trail }).await
    }

    /// Ends every session, family, code and Login token of an account (T-11).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn sign_out_everywhere(&self, id: AccountId, trail: Trail) -> Result<bool, Fault> {
        self.write(SignOutEverywhere { id, trail }).await
    }

    /// Gives or takes a staff role.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn set_staff(&self, id: AccountId, role: Option<StaffRole>, trail: Trail) -> Result<bool, Fault> {
        self.write(SetStaff { id, role, trail }).await
    }

    /// Every member of staff.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn staff(&self) -> Result<Vec<Account>, Fault> {
        self.read(AllStaff).await
    }
}

/// The columns of [`account`], in its order.
macro_rules! account_columns {
    () => {
        "id, uid, space, email, name, kind, investor_type, status, password_reset_required, agent, epoch, agent_epoch, \
         staff, institution, phone, created_at, password"
    };
}

pub(super) use account_columns;

pub(super) fn account(row: &Row) -> Result<Account, Fault> {
    let broken = |what: &str| Fault::internal(format!("store: an account with an unknown {what}"));
    Ok(Account {
        id: row.get(0)?,
        uid: row.get(1)?,
        space: row.get(2)?,
        email: Email::parse(&row.get::<String>(3)?).map_err(|_| broken("email"))?,
        name: row.get(4)?,
        kind: AccountKind::parse(&row.get::<String>(5)?).ok_or_else(|| broken("kind"))?,
        investor_type: InvestorType::parse(&row.get::<String>(6)?).ok_or_else(|| broken("investor type"))?,
        status: Status::parse(&row.get::<String>(7)?).ok_or_else(|| broken("status"))?,
        password_reset_required: row.get(8)?,
        agent: AgentRole::parse(&row.get::<String>(9)?).ok_or_else(|| broken("agent role"))?,
        epoch: row.get(10)?,
        agent_epoch: row.get(11)?,
        staff: row.get::<Option<String>>(12)?.as_deref().and_then(StaffRole::parse),
        institution: row.get(13)?,
        phone: row.get(14)?,
        created_at: row.get(15)?,
    })
}

fn credentials(row: &Row) -> Result<Credentials, Fault> {
    Ok(Credentials { account: account(row)?, password: PasswordHash::from_stored(row.get(16)?) })
}

struct ById(AccountId);

impl Unit for ById {
    type Out = Option<Credentials>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = concat!("select ", account_columns!(), " from accounts where id = ?1");
        tx.one(sql, values![self.0]).await?.as_ref().map(credentials).transpose()
    }
}

struct ByEmail {
    space: Option<SpaceId>,
    folded: String,
}

impl Unit for ByEmail {
    type Out = Vec<Credentials>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let rows = if let Some(space) = self.space {
            let sql = concat!("select ", account_columns!(), " from accounts where folded_email = ?1 and space = ?2");
            tx.many(sql, values![&self.folded, space]).await?
        } else {
            let sql =
                concat!("select ", account_columns!(), " from accounts where folded_email = ?1 order by space limit 2");
            tx.many(sql, values![&self.folded]).await?
        };
        rows.iter().map(credentials).collect()
    }
}

struct Page {
    space: Option<SpaceId>,
    after: AccountId,
    most: i64,
}

impl Unit for Page {
    type Out = Vec<Account>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let rows = if let Some(space) = self.space {
            let sql = concat!(
                "select ",
                account_columns!(),
                " from accounts where space = ?1 and id > ?2 order by id limit ?3"
            );
            tx.many(sql, values![space, self.after, self.most]).await?
        } else {
            let sql = concat!("select ", account_columns!(), " from accounts where id > ?1 order by id limit ?2");
            tx.many(sql, values![self.after, self.most]).await?
        };
        rows.iter().map(account).collect()
    }
}

/// Reads an index of their own: there may be millions of others.
pub(super) const ALL_STAFF: &str =
    concat!("select ", account_columns!(), " from accounts where staff is not null order by id");

struct AllStaff;

impl Unit for AllStaff {
    type Out = Vec<Account>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        tx.many(ALL_STAFF, &[]).await?.iter().map(account).collect()
    }
}

struct PasswordAt(AccountId);

impl Unit for PasswordAt {
    type Out = Option<Timestamp>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx.one("select password_at from accounts where id = ?1", values![self.0]).await?;
        row.map_or(Ok(None), |row| row.get(0))
    }
}

/// A new password.
pub struct SetPassword {
    /// Whose.
    pub id: AccountId,
    /// Its hash.
    pub password: PasswordHash,
    /// The hash that was checked to allow this, if one was: the change is refused when it is no longer the current one.
    pub instead_of: Option<PasswordHash>,
    /// What the person is told.
    pub mail: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for SetPassword {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let old = self.instead_of.as_ref().map(PasswordHash::as_str);
        let changed = tx
            .execute(
                "update accounts set password = ?2, password_reset_required = 0, epoch = epoch + 1, password_at = ?4
                 where id = ?1 and (cast(?3 as text) is null or password = ?3)",
                values![self.id, self.password.as_str(), old, self.trail.at],
            )
            .await?;
        if changed == 1 {
            // Whoever asked for these knew the old password, or the old mailbox.
            links::end(tx, LinkPurpose::ResetPassword, self.id).await?;
            links::end(tx, LinkPurpose::ChangeEmail, self.id).await?;
            // Nor is the new one known to have been used from anywhere (C-07).
            password_networks::forget(tx, self.id).await?;
            audit::note(tx, &self.trail, "account.password", &format!("account {}", self.id), "", "").await?;
            if let Some(mail) = &self.mail {
                outbox::post(tx, mail, self.trail.at).await?;
            }
            tx.changed(Change::Account(self.id));
        }
        Ok(changed == 1)
    }
}

struct Rehash {
    id: AccountId,
    old: PasswordHash,
    new: PasswordHash,
}

impl Unit for Rehash {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute(
            "update accounts set password = ?2 where id = ?1 and password = ?3",
            values![self.id, self.new.as_str(), self.old.as_str()],
        )
        .await?;
        Ok(())
    }
}

struct RequireReset {
    id: AccountId,
    required: bool,
    trail: Trail,
}

impl Unit for RequireReset {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "select password_reset_required from accounts where id = ?1";
        let Some(row) = tx.one(sql, values![self.id]).await? else { return Ok(false) };
        let words = |required| if required { "required" } else { "not required" };
        tx.execute(
            "update accounts set password_reset_required = ?2, epoch = epoch + 1 where id = ?1",
            values![self.id, self.required],
        )
        .await?;
        let (before, after) = (words(row.get(0)?), words(self.required));
        audit::note(tx, &self.trail, "account.reset", &format!("account {}", self.id), before, after).await?;
        tx.changed(Change::Account(self.id));
        Ok(true)
    }
}

struct SignOutEverywhere {
    id: AccountId,
    trail: Trail,
}

impl Unit for SignOutEverywhere {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let changed = tx.execute("update accounts set epoch = epoch + 1 where id = ?1", values![self.id]).await?;
        if changed == 0 {
            return Ok(false);
        }
        let ended = tx.execute("delete from sessions where account = ?1", values![self.id]).await?;
        let before = format!("{ended} sessions");
        let subject = format!("account {}", self.id);
        audit::note(tx, &self.trail, "account.sign_out_everywhere", &subject, &before, "none").await?;
        tx.changed(Change::Account(self.id));
        Ok(true)
    }
}

struct SetStaff {
    id: AccountId,
    role: Option<StaffRole>,
    trail: Trail,
}

impl Unit for SetStaff {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let Some(row) = tx.one("select staff from accounts where id = ?1", values![self.id]).await? else {
            return Ok(false);
        };
        let before = row.get::<Option<String>>(0)?.unwrap_or_else(|| "none".to_owned());
        let role = self.role.map(StaffRole::name);
        tx.execute("update accounts set staff = ?2 where id = ?1", values![self.id, role]).await?;
        // Whoever may do more, or less, than when they typed their password types it again.
        super::sessions::close_console(tx, self.id).await?;
        let after = role.unwrap_or("none");
        audit::note(tx, &self.trail, "account.staff", &format!("account {}", self.id), &before, after).await?;
        tx.changed(Change::Account(self.id));
        Ok(true)
    }
}
