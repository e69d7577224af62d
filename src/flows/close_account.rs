//! A person closes their account, and has what is known of them erased (A-02, T-11).
//!
//! 1. Is the password right? Asked even of a live session, and counted like every other attempt (T-13).
//! 2. One write closes the account and ends every session, token, code and key. If they wish it, the same write says when
//!    what is known of them goes: after a while, within which an administrator can open the account again, or staff call it
//!    off. A mail says so, and another one if it is called off. Was its address changed lately, the old one is told too, and
//!    can take everything back for as long as its link lives; until then nothing is erased.
//! 3. The sweep erases what is due. The number and the GUID stay, so that neither is ever given out again.
//!
//! An account with a staff role is not closed by its holder: the role goes first, by somebody else's hand.

use zeroize::Zeroizing;

use crate::contract::words::time::date;
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::email_change::EmailChange;
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::erasure::CloseAccount;
use crate::store::erasures::PlanErasure;
use crate::store::outbox::Mail;

use super::password_check::{check_password, forgive};
use super::refusal::{ADMINISTRATION, Actor, Outcome, Refusal, must_be_usable};
use super::write_mail::{write_to, write_to_address};

/// Closes the account of `id`. Answers when what is known of the person goes, if they wish that.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::NotUsable`], [`Refusal::StaffNeeded`] (it has a staff role) or
/// [`Refusal::WrongPassword`].
pub async fn close_account(
    id: AccountId,
    typed: &Zeroizing<String>,
    erase: bool,
    trail: Trail,
    p: &Prosper,
) -> Outcome<Option<Timestamp>> {
    let before = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?;
    let account = &before.account;
    must_be_usable(account)?;
    if account.staff.is_some() {
        return Err(Refusal::StaffNeeded(ADMINISTRATION).into());
    }
    if !check_password((account.space, account.email.as_str()), typed, Some(&before), p).await? {
        return Err(Refusal::WrongPassword.into());
    }
    forgive(account.space, account.email.as_str(), p).await?;
    let moved = moved_from(id, &trail, p).await?;
    let erase_at = erase.then(|| not_before(trail.at.plus(p.settings.erasure_wait), moved.as_ref()));
    let erased = erase_at.map(date);
    let mail = write_to(account, About::AccountClosed { erased: erased.clone(), undo: None }, p).await?;
    let old = match moved {
        None => None,
        Some((from, until)) => {
            let about = About::AccountClosed { erased, undo: Some(date(until)) };
            let mail = write_to_address(account.space, &account.name, from.as_str(), about, p).await?;
            Some(Mail { account: Some(id), ..mail })
        }
    };
    let unit = CloseAccount { id, password: before.password.clone(), erase_at, mail, old, trail };
    if p.store.close_account(unit).await? { Ok(erase_at) } else { Err(Refusal::WrongPassword.into()) }
}

/// The address that an account had and that can still take it back, and until when.
async fn moved_from(id: AccountId, trail: &Trail, p: &Prosper) -> Result<Option<(Email, Timestamp)>, Fault> {
    Ok(match p.store.email_change(id, trail.at).await? {
        EmailChange::Moved { from, until } => Some((from, until)),
        EmailChange::Settled | EmailChange::Asked { .. } => None,
    })
}

/// Nothing is erased while the address that an account had can take it back.
fn not_before(at: Timestamp, moved: Option<&(Email, Timestamp)>) -> Timestamp {
    moved.map_or(at, |(_, until)| at.max(*until))
}

/// The letter that an erasure is called off; `None` when none is planned.
///
/// # Errors
/// The store cannot be read.
pub async fn erasure_off(account: &Account, p: &Prosper) -> Result<Option<Mail>, Fault> {
    let Some(due) = p.store.erased_at(account.id).await? else { return Ok(None) };
    write_to(account, About::ErasureOff { due: date(due) }, p).await.map(Some)
}

/// Is it an account that can be erased: one that has ended, and is not erased?
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`] or [`Refusal::NotEnded`].
pub async fn may_be_erased(id: AccountId, p: &Prosper) -> Outcome<()> {
    let status = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?.account.status;
    if !status.has_ended() || p.store.is_noted_as_erased(format!("account {id}")).await? {
        return Err(Refusal::NotEnded(status).into());
    }
    Ok(())
}

/// Sets when an account that has ended is erased, or calls it off; the person is told of either.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`], [`Refusal::NotFound`] or [`Refusal::NotEnded`].
pub async fn plan_erasure(
    id: AccountId,
    at: Option<Timestamp>,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<()> {
    actor.must_be_staff(ADMINISTRATION)?;
    actor.must_not_be(id)?;
    let account = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?.account;
    let moved = moved_from(id, &trail, p).await?;
    let at = at.map(|at| not_before(at, moved.as_ref()));
    let mail = match at {
        Some(at) => Some(write_to(&account, About::ErasurePlanned { due: date(at) }, p).await?),
        None => erasure_off(&account, p).await?,
    };
    if p.store.plan_erasure(PlanErasure { id, at, mail, trail }).await? {
        Ok(())
    } else {
        Err(Refusal::NotEnded(account.status).into())
    }
}
