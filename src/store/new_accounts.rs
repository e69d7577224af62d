//! How accounts come to be: made by staff, by an institution that signs up, or as the first of the installation; and how
//! an address is validated. Each is one unit, the mail that belongs to it included.
//!
//! This file is long because each way in is a whole unit.

use super::Store;
use super::agents::AskForRole;
use super::audit::{self, Trail};
use super::engine::{Tx, Unit};
use super::links::{self, Link, LinkPurpose, MakeLink};
use super::outbox::{self, Mail};
use super::status_moves::SetStatus;
use crate::domain::account::{AccountKind, InvestorType, StaffRole};
use crate::domain::agent::RequestForm;
use crate::domain::email::Email;
use crate::domain::ids::{AccountId, AccountUid, LinkId, SpaceId};
use crate::domain::secret::PasswordHash;
use crate::domain::status::{Mover, Status};
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Makes an account; `None` when its email is taken in its space, or somebody may still take it back.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn create_account(&self, account: NewAccount) -> Result<Option<AccountId>, Fault> {
        self.write(account).await
    }

    /// Makes an account whose address is still to be validated; `None` when its email is taken in its space, and then
    /// the owner of the address is told instead.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn sign_up(&self, sign_up: SignUp) -> Result<Option<AccountId>, Fault> {
        self.write(sign_up).await
    }

    /// Sends a fresh verification link; the older one ends.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn send_verification(&self, again: SendVerification) -> Result<(), Fault> {
        self.write(again).await
    }

    /// Finishes a registration that was begun, and sends the link that validates its address; `false` when there is
    /// nothing to finish.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn finish_registration(&self, finish: FinishRegistration) -> Result<bool, Fault> {
        self.write(finish).await
    }

    /// Uses a verification link up and moves its account on; `None` when the link is dead, or the account needs it no
    /// more.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn verify_email(&self, verification: VerifyEmail) -> Result<Option<Status>, Fault> {
        self.write(verification).await
    }

    /// Makes the first staff account by its one-time link, while there is none.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn make_first_staff(&self, first: FirstStaff) -> Result<FirstStaffMade, Fault> {
        self.write(first).await
    }

    /// Writes a setup link down, unless there are staff already; `false` then.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_setup(&self, setup: OpenSetup) -> Result<bool, Fault> {
        self.write(setup).await
    }
}

/// A new account.
pub struct NewAccount {
    /// Its GUID, drawn by the caller.
    pub uid: AccountUid,
    /// The space it will belong to.
    pub space: SpaceId,
    /// Its login name.
    pub email: Email,
    /// The full name.
    pub name: String,
    /// Individual or institutional.
    pub kind: AccountKind,
    /// What it says it is. A third-party agent opens its request for the role by itself.
    pub investor_type: InvestorType,
    /// The hash of its password.
    pub password: PasswordHash,
    /// Where it begins.
    pub status: Status,
    /// Is it staff from the beginning?
    pub staff: Option<StaffRole>,
    /// The institution's name, where it is one's.
    pub institution: Option<String>,
    /// A phone number, if one was given.
    pub phone: Option<String>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for NewAccount {
    type Out = Option<AccountId>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        if links::holder(tx, self.space, self.email.folded(), self.trail.at).await?.is_some() {
            return Ok(None);
        }
        let row = tx
            .one("update installation set last_account = last_account + 1 where one = 1 returning last_account", &[])
            .await?
            .ok_or_else(|| Fault::internal("store: no installation"))?;
        let id: AccountId = row.get(0)?;
        let made = tx
            .execute(
                "insert into accounts (id, uid, space, email, folded_email, name, kind, investor_type, password, status,
                     status_by, status_at, staff, institution, phone, created_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?12)
                 on conflict (folded_email, space) do nothing",
                values![
                    id,
                    &self.uid,
                    self.space,
                    self.email.as_str(),
                    self.email.folded(),
                    &self.name,
                    self.kind.name(),
                    self.investor_type.name(),
                    self.password.as_str(),
                    self.status.name(),
                    &self.trail.actor,
                    self.trail.at,
                    self.staff.map(StaffRole::name),
                    self.institution.as_ref(),
                    self.phone.as_ref(),
                ],
            )
            .await?;
        if made == 0 {
            return Ok(None);
        }
        let subject = format!("account {id}");
        audit::note(tx, &self.trail, "account.create", &subject, "", self.status.name()).await?;
        if self.investor_type == InvestorType::ThirdPartyAgent {
            let request = AskForRole {
                account: id,
                form: RequestForm::NewAccount,
                message: String::new(),
                further_accounts: String::new(),
                mail: None,
                trail: self.trail.clone(),
            };
            request.run(tx).await?;
        }
        Ok(Some(id))
    }
}

/// An account that a stranger makes for themselves.
pub struct SignUp {
    /// The account.
    pub account: NewAccount,
    /// The link that validates its address; the account is filled in here.
    pub link: Link,
    /// The mail with that link.
    pub verification: Mail,
    /// What the owner of a taken address is told.
    pub taken: Mail,
}

impl Unit for SignUp {
    type Out = Option<AccountId>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let now = self.account.trail.at;
        let Some(id) = self.account.run(tx).await? else {
            let owner = tx
                .one(
                    "select id, email from accounts where folded_email = ?1 and space = ?2",
                    values![self.account.email.folded(), self.account.space],
                )
                .await?;
            let (owner, address) = match owner {
                Some(row) => (row.get(0)?, row.get(1)?),
                None => links::holder(tx, self.account.space, self.account.email.folded(), now)
                    .await?
                    .ok_or_else(|| Fault::internal("store: a taken email that nobody has"))?,
            };
            // To the address as its owner wrote it, never as the stranger did.
            let mail = Mail { recipient: address, account: Some(owner), ..self.taken.clone() };
            outbox::post_bounded(tx, &mail, now).await?;
            return Ok(None);
        };
        let link = Link { account: Some(id), ..self.link.clone() };
        MakeLink { purpose: LinkPurpose::VerifyEmail, link, now }.run(tx).await?;
        outbox::post_bounded(tx, &Mail { account: Some(id), ..self.verification.clone() }, now).await?;
        Ok(Some(id))
    }
}

/// Another verification mail.
pub struct SendVerification {
    /// The link, with its account.
    pub link: Link,
    /// The mail with that link.
    pub mail: Mail,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for SendVerification {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let now = self.trail.at;
        // The link that was mailed before goes on working when no other goes out.
        if outbox::post_bounded(tx, &self.mail, now).await? {
            let leads_to = links::leads_to(tx, LinkPurpose::VerifyEmail, self.link.account).await?;
            let link = Link { leads_to, ..self.link.clone() };
            MakeLink { purpose: LinkPurpose::VerifyEmail, link, now }.run(tx).await?;
        }
        Ok(())
    }
}

/// The end of a registration that was begun.
pub struct FinishRegistration {
    /// Whose.
    pub id: AccountId,
    /// The full name.
    pub name: String,
    /// The link and its mail.
    pub verification: SendVerification,
}

impl Unit for FinishRegistration {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let step = SetStatus {
            id: self.id,
            to: Status::Unactivated,
            by: Mover::Owner,
            reason: String::new(),
            until: None,
            mails: Vec::new(),
            trail: self.verification.trail.clone(),
        };
        if !step.run(tx).await? {
            return Ok(false);
        }
        tx.execute("update accounts set name = ?2 where id = ?1", values![self.id, &self.name]).await?;
        self.verification.run(tx).await?;
        Ok(true)
    }
}

/// The use of a verification link.
pub struct VerifyEmail {
    /// The link.
    pub link: LinkId,
    /// Whose it is.
    pub account: AccountId,
    /// What the person is told.
    pub mail: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for VerifyEmail {
    type Out = Option<Status>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let now = self.trail.at;
        let used = links::use_up(tx, LinkPurpose::VerifyEmail, &self.link, now).await?;
        let row = tx.one("select kind from accounts where id = ?1", values![self.account]).await?;
        let (true, Some(row)) = (used, row) else { return Ok(None) };
        let to = if row.get::<String>(0)? == AccountKind::Institutional.name() {
            Status::PendingApproval
        } else {
            Status::Active
        };
        let step = SetStatus {
            id: self.account,
            to,
            by: Mover::Owner,
            reason: String::new(),
            until: None,
            mails: self.mail.iter().cloned().collect(),
            trail: self.trail.clone(),
        };
        if !step.run(tx).await? {
            return Ok(None);
        }
        // Only now can staff act on a request that came with the registration, so their days begin only now.
        tx.execute(
            "update agent_requests set asked_at = ?2 where account = ?1 and decided_at is null",
            values![self.account, now],
        )
        .await?;
        Ok(Some(to))
    }
}

/// A setup link.
pub struct OpenSetup {
    /// The link, without an account.
    pub link: Link,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for OpenSetup {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        if has_staff(tx).await? {
            return Ok(false);
        }
        MakeLink { purpose: LinkPurpose::Setup, link: self.link.clone(), now: self.trail.at }.run(tx).await?;
        audit::note(tx, &self.trail, "setup.link", "installation", "", "").await?;
        Ok(true)
    }
}

/// The first staff account.
pub struct FirstStaff {
    /// The link that allows it.
    pub link: LinkId,
    /// The account.
    pub account: NewAccount,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstStaffMade {
    /// It was made.
    Made(AccountId),
    /// The link is used or expired, or there are staff already.
    Dead,
    /// The email is taken; the link goes on working.
    Taken,
}

impl Unit for FirstStaff {
    type Out = FirstStaffMade;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let live = tx
            .one(
                "select 1 from links where id = ?1 and purpose = ?2 and expires_at > ?3",
                values![&self.link, LinkPurpose::Setup.name(), self.account.trail.at],
            )
            .await?;
        if live.is_none() || has_staff(tx).await? {
            return Ok(FirstStaffMade::Dead);
        }
        let Some(id) = self.account.run(tx).await? else { return Ok(FirstStaffMade::Taken) };
        tx.execute("delete from links where purpose = ?1", values![LinkPurpose::Setup.name()]).await?;
        Ok(FirstStaffMade::Made(id))
    }
}

/// Asked at each start.
pub(super) const HAS_STAFF: &str = "select 1 from accounts where staff is not null limit 1";

async fn has_staff(tx: &mut Tx) -> Result<bool, Fault> {
    Ok(tx.one(HAS_STAFF, &[]).await?.is_some())
}
