//! An account's address moves to another: asked for, confirmed, taken back. `domain::email_change` has the legal steps; how
//! far a change has come is told by the links that are out.

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::links::{self, Link, LinkPurpose, MakeLink};
use super::outbox::{self, Mail};
use super::status_moves::{closed_by_holder, take_back_closing};
use crate::domain::email::Email;
use crate::domain::email_change::{EmailChange, EmailStep};
use crate::domain::ids::{AccountId, LinkId, SpaceId};
use crate::domain::secret::PasswordHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Keeps the wish for another address, and mails its link.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn ask_email(&self, ask: AskEmail) -> Result<EmailAsked, Fault> {
        self.write(ask).await
    }

    /// Moves an account to the address that was asked for; `false` when the link is dead or the address was taken since.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn confirm_email(&self, confirm: ConfirmEmail) -> Result<bool, Fault> {
        self.write(confirm).await
    }

    /// Gives an account the address back that it had; `false` when the link is dead.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn undo_email(&self, undo: UndoEmail) -> Result<bool, Fault> {
        self.write(undo).await
    }

    /// How far the change of an account's address has come.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn email_change(&self, id: AccountId, now: Timestamp) -> Result<EmailChange, Fault> {
        self.read(ReadChange { id, now }).await
    }
}

/// The wish for another address.
pub struct AskEmail {
    /// Whose.
    pub id: AccountId,
    /// The link, which goes to the new address.
    pub link: Link,
    /// Which address.
    pub to: Email,
    /// The hash of the password that was checked for it: nothing happens when it is no longer the current one.
    pub password: PasswordHash,
    /// To the new address: the link.
    pub confirm: Mail,
    /// To the address that there is: what was asked.
    pub notice: Mail,
    /// To the owner of the new address, when it is somebody's already.
    pub taken: Mail,
    /// Who, when.
    pub trail: Trail,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailAsked {
    /// Mails are on their way: the same answer whether the address is somebody's or not.
    Mailed,
    /// The account was moved lately, and moves no further until that can no longer be taken back.
    MovedLately,
    /// The password was changed meanwhile.
    Stale,
}

impl Unit for AskEmail {
    type Out = EmailAsked;

    async fn run(&self, tx: &mut Tx) -> Result<EmailAsked, Fault> {
        let now = self.trail.at;
        let Some(now_is) = standing(tx, self.id).await? else { return Ok(EmailAsked::Stale) };
        if now_is.password != self.password.as_str() {
            return Ok(EmailAsked::Stale);
        }
        let step = EmailStep::Ask { to: self.to.clone(), until: self.link.expires_at };
        let change = ReadChange { id: self.id, now }.run(tx).await?;
        if change.step(step, &now_is.email, now).is_none() {
            return Ok(EmailAsked::MovedLately);
        }
        outbox::post_bounded(tx, &self.notice, now).await?;
        if let Some((owner, address)) = owner(tx, now_is.space, &self.to, now).await? {
            let mail = Mail { recipient: address, account: Some(owner), ..self.taken.clone() };
            outbox::post_bounded(tx, &mail, now).await?;
        } else if outbox::post_bounded(tx, &self.confirm, now).await? {
            let link = Link {
                account: Some(self.id),
                address: Some(self.to.as_str().to_owned()),
                space: Some(now_is.space),
                ..self.link.clone()
            };
            MakeLink { purpose: LinkPurpose::ChangeEmail, link, now }.run(tx).await?;
        }
        // The log keeps no address here: it may be somebody else's, and outlive what is known of them.
        audit::note(tx, &self.trail, "account.email_asked", &format!("account {}", self.id), "", "").await?;
        Ok(EmailAsked::Mailed)
    }
}

/// The use of the link at the new address.
pub struct ConfirmEmail {
    /// The link.
    pub link: LinkId,
    /// Whose.
    pub id: AccountId,
    /// The link that takes it back; address and space are filled in here.
    pub undo: Link,
    /// To the new address.
    pub done: Mail,
    /// To the old one, with the way back.
    pub moved: Mail,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for ConfirmEmail {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let now = self.trail.at;
        let change = ReadChange { id: self.id, now }.run(tx).await?;
        let Some(now_is) = standing(tx, self.id).await? else { return Ok(false) };
        let step = EmailStep::Confirm { until: self.undo.expires_at };
        let Some((_, address)) = change.step(step, &now_is.email, now) else { return Ok(false) };
        if !links::use_up(tx, LinkPurpose::ChangeEmail, &self.link, now).await?
            || owner(tx, now_is.space, &address, now).await?.is_some()
            || !set_email(tx, self.id, &address).await?
        {
            return Ok(false);
        }
        // What was mailed to the old address opens the account no more.
        links::end(tx, LinkPurpose::ResetPassword, self.id).await?;
        let undo = Link {
            account: Some(self.id),
            address: Some(now_is.email.as_str().to_owned()),
            space: Some(now_is.space),
            ..self.undo.clone()
        };
        MakeLink { purpose: LinkPurpose::UndoEmail, link: undo, now }.run(tx).await?;
        for mail in [&self.done, &self.moved] {
            outbox::post(tx, mail, now).await?;
        }
        let [was, is] = [now_is.email.as_str(), address.as_str()];
        audit::note(tx, &self.trail, "account.email", &format!("account {}", self.id), was, is).await?;
        tx.changed(Change::Account(self.id));
        Ok(true)
    }
}

/// The use of the link at the old address.
pub struct UndoEmail {
    /// The link.
    pub link: LinkId,
    /// Whose.
    pub id: AccountId,
    /// Did its holder close it since? Then that is taken back too; nothing happens when it stands otherwise by now.
    pub opens: bool,
    /// To the old address, which is the account's again.
    pub restored: Mail,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for UndoEmail {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let now = self.trail.at;
        let change = ReadChange { id: self.id, now }.run(tx).await?;
        let Some(now_is) = standing(tx, self.id).await? else { return Ok(false) };
        let Some((_, address)) = change.step(EmailStep::TakeBack, &now_is.email, now) else { return Ok(false) };
        if closed_by_holder(tx, self.id).await? != self.opens
            || !links::use_up(tx, LinkPurpose::UndoEmail, &self.link, now).await?
            || !set_email(tx, self.id, &address).await?
        {
            return Ok(false);
        }
        // What its holder closed since is open again, and is not erased; what staff decided stands.
        if self.opens {
            take_back_closing(tx, self.id, &self.trail).await?;
        }
        // Whoever moved it knew the password: everything they got ends, and so does the password (T-11).
        tx.execute(
            "update accounts set password_reset_required = 1, epoch = epoch + 1 where id = ?1",
            values![self.id],
        )
        .await?;
        tx.execute("delete from sessions where account = ?1", values![self.id]).await?;
        links::end(tx, LinkPurpose::ResetPassword, self.id).await?;
        outbox::post(tx, &self.restored, now).await?;
        let [was, is] = [now_is.email.as_str(), address.as_str()];
        audit::note(tx, &self.trail, "account.email_back", &format!("account {}", self.id), was, is).await?;
        tx.changed(Change::Account(self.id));
        Ok(true)
    }
}

struct Standing {
    email: Email,
    space: SpaceId,
    password: String,
}

async fn standing(tx: &mut Tx, id: AccountId) -> Result<Option<Standing>, Fault> {
    let row = tx.one("select email, space, password from accounts where id = ?1", values![id]).await?;
    row.map(|row| {
        let email = Email::parse(&row.get::<String>(0)?)
            .map_err(|_| Fault::internal("store: an account with an unknown email"))?;
        Ok(Standing { email, space: row.get(1)?, password: row.get(2)? })
    })
    .transpose()
}

/// Whose this address is, or may be again.
async fn owner(
    tx: &mut Tx,
    space: SpaceId,
    address: &Email,
    now: Timestamp,
) -> Result<Option<(AccountId, String)>, Fault> {
    let row = tx
        .one("select id, email from accounts where folded_email = ?1 and space = ?2", values![address.folded(), space])
        .await?;
    match row {
        Some(row) => Ok(Some((row.get(0)?, row.get(1)?))),
        None => links::holder(tx, space, address.folded(), now).await,
    }
}

async fn set_email(tx: &mut Tx, id: AccountId, address: &Email) -> Result<bool, Fault> {
    let changed = tx
        .execute(
            "update accounts set email = ?2, folded_email = ?3 where id = ?1 and not exists
                 (select 1 from accounts other where other.folded_email = ?3 and other.space = accounts.space)",
            values![id, address.as_str(), address.folded()],
        )
        .await?;
    Ok(changed == 1)
}

struct ReadChange {
    id: AccountId,
    now: Timestamp,
}

impl Unit for ReadChange {
    type Out = EmailChange;

    async fn run(&self, tx: &mut Tx) -> Result<EmailChange, Fault> {
        // The way back comes first: while there is one, nothing else is.
        let row = tx
            .one(
                "select purpose, address, expires_at from links
                 where account = ?1 and purpose in (?2, ?3) and expires_at > ?4 order by purpose desc limit 1",
                values![self.id, LinkPurpose::ChangeEmail.name(), LinkPurpose::UndoEmail.name(), self.now],
            )
            .await?;
        let Some(row) = row else { return Ok(EmailChange::Settled) };
        let address = Email::parse(&row.get::<String>(1)?)
            .map_err(|_| Fault::internal("store: a link about an unknown email"))?;
        let until = row.get(2)?;
        Ok(if row.get::<String>(0)? == LinkPurpose::UndoEmail.name() {
            EmailChange::Moved { from: address, until }
        } else {
            EmailChange::Asked { to: address, until }
        })
    }
}
