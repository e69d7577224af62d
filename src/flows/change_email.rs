//! A person moves their account to another email address.
//!
//! 1. Is the new one an address, and another, and was a password typed at all? Said before anything is spent.
//! 2. Is the password right? Asked even of a live session, and counted like every other attempt (T-13).
//! 3. One write keeps the wish, mails a link to the new address, and tells the old one. If the new address is somebody's,
//!    its owner is told instead, and the answer is the same.
//! 4. Looking at the link changes nothing; posting makes the address the account's, tells both, and gives the old one a
//!    link that takes it back. While that link lives the account moves no further, and nobody else gets the old address.
//! 5. Taking it back ends every session, token, code and key, and demands a new password: whoever moved it knew the old one.
//!    Whoever moved it may have closed it, too, to be erased: that is taken back with it. What staff decided stands.

use zeroize::Zeroizing;

use crate::contract::lifetimes::{CHANGE_EMAIL_LINK, UNDO_EMAIL_LINK};
use crate::contract::words::time::date;
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::ids::AccountId;
use crate::domain::status::Status;
use crate::domain::{FieldProblem, FieldProblems};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::email_changes::{AskEmail, ConfirmEmail, EmailAsked, UndoEmail};
use crate::store::links::{Link, LinkPurpose};

use super::mailed_link;
use super::password_check::{check_password, forgive, typed_at_all};
use super::refusal::{Outcome, Refusal, must_be_usable};
use super::write_mail::{link_to, write_to, write_to_address};

/// What a person types.
pub struct NewEmail {
    /// The password they have.
    pub current: Zeroizing<String>,
    /// The address they want.
    pub email: String,
}

/// Asks for another address. Answers it as it was typed, whether it is somebody's or not.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::NotUsable`], [`Refusal::Fields`] (`email`, `current`
/// when nothing was typed), [`Refusal::WrongPassword`] or [`Refusal::MovedLately`].
pub async fn ask_email(id: AccountId, typed: NewEmail, trail: Trail, p: &Prosper) -> Outcome<String> {
    let before = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?;
    let account = &before.account;
    must_be_usable(account)?;
    let mut problems = FieldProblems::default();
    let to = Email::parse(&typed.email);
    let to =
        to.and_then(|to| if to.folded() == account.email.folded() { Err(FieldProblem::Unchanged) } else { Ok(to) });
    let to = problems.note("email", to);
    let (Some(to), Some(())) = (to, problems.note("current", typed_at_all(&typed.current))) else {
        return Err(problems.into());
    };
    let counted = (account.space, account.email.as_str());
    if !check_password(counted, &typed.current, Some(&before), p).await? {
        return Err(Refusal::WrongPassword.into());
    }
    forgive(account.space, account.email.as_str(), p).await?;
    let (link, plain) = mailed_link::fresh(trail.at, CHANGE_EMAIL_LINK, p);
    let confirm = About::ConfirmNewEmail { link: mailed_link::address("/change-email", &plain, p) };
    let notice = About::EmailChangeAsked { link: link_to("/forgot", p) };
    let taken = About::AddressWanted;
    let address = to.as_str().to_owned();
    let unit = AskEmail {
        id,
        link,
        confirm: write_to_address(account.space, &account.name, &address, confirm, p).await?,
        notice: write_to(account, notice, p).await?,
        // Addressed to nobody by name: what somebody else typed is not the owner's.
        taken: write_to_address(account.space, &address, &address, taken, p).await?,
        to,
        password: before.password.clone(),
        trail,
    };
    match p.store.ask_email(unit).await? {
        EmailAsked::Mailed => Ok(address),
        EmailAsked::MovedLately => Err(Refusal::MovedLately.into()),
        EmailAsked::Stale => Err(Refusal::WrongPassword.into()),
    }
}

/// The address that a link would make an account's, or give back to it. Uses nothing up.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn look_at_email_link(purpose: LinkPurpose, text: &str, p: &Prosper) -> Outcome<String> {
    let (_, _, address) = find(purpose, text, p).await?;
    Ok(address)
}

/// Makes the address of the link the account's. Answers it.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn confirm_email(text: &str, trail: Trail, p: &Prosper) -> Outcome<String> {
    let (link, account, address) = find(LinkPurpose::ChangeEmail, text, p).await?;
    if !account.is_usable() {
        return Err(Refusal::DeadLink.into());
    }
    let (undo, plain) = mailed_link::fresh(trail.at, UNDO_EMAIL_LINK, p);
    let moved = About::EmailMoved {
        at: date(trail.at),
        link: mailed_link::address("/undo-email", &plain, p),
        until: date(undo.expires_at),
    };
    let done = About::EmailChanged { link: link_to("/login", p) };
    let done = write_to_address(account.space, &account.name, &address, done, p).await?;
    let unit = ConfirmEmail {
        link: link.id,
        id: account.id,
        undo,
        done: crate::store::outbox::Mail { account: Some(account.id), ..done },
        moved: write_to(&account, moved, p).await?,
        trail,
    };
    if p.store.confirm_email(unit).await? { Ok(address) } else { Err(Refusal::DeadLink.into()) }
}

/// Gives the account the address of the link back. Answers it.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn undo_email(text: &str, trail: Trail, p: &Prosper) -> Outcome<String> {
    let (link, account, address) = find(LinkPurpose::UndoEmail, text, p).await?;
    let moved = p.store.status_move(account.id).await?;
    let opens = account.status == Status::Closed && moved.is_some_and(|moved| moved.is_of_holder(account.id));
    let restored = About::EmailRestored { link: link_to("/forgot", p), opened: opens };
    let restored = write_to_address(account.space, &account.name, &address, restored, p).await?;
    let restored = crate::store::outbox::Mail { account: Some(account.id), ..restored };
    let unit = UndoEmail { link: link.id, id: account.id, opens, restored, trail };
    if p.store.undo_email(unit).await? { Ok(address) } else { Err(Refusal::DeadLink.into()) }
}

async fn find(purpose: LinkPurpose, text: &str, p: &Prosper) -> Outcome<(Link, Account, String)> {
    let link = mailed_link::find(purpose, text, p).await?;
    let (id, address) = (link.account.ok_or(Refusal::DeadLink)?, link.address.clone().ok_or(Refusal::DeadLink)?);
    let found = p.store.credentials(id).await?.ok_or(Refusal::DeadLink)?;
    Ok((link, found.account, address))
}
