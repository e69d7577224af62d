//! Opening the staff console: a signed-in member of staff types the password once more.
//!
//! 1. Is it an account of staff that may be used? Anybody else is told that there is nothing here.
//! 2. The password is checked in the one place where passwords are, counted like any other attempt.
//! 3. A session of its own is opened, with a cookie of its own kind: an ordinary session never passes for it, and it is
//!    shorter, idle and altogether.

use zeroize::Zeroizing;

use crate::contract::lifetimes;
use crate::contract::table::{Later, Stop};
use crate::crypto::password::HashProblem;
use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::ids::{AccountId, SessionId};
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::sessions::Session;

use super::password_check::check_password;
use super::refusal::{Outcome, Refusal};
use super::tokens::counted_as;

/// Opens a session of the console, with the browser that calls itself `agent`. That it was opened is written down.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`] (not staff, or not usable) or [`Refusal::WrongPassword`]; `Later` when the account
/// is locked or too many hashes wait.
pub async fn open_console(
    id: AccountId,
    typed: &Zeroizing<String>,
    agent: String,
    trail: Trail,
    p: &Prosper,
) -> Outcome<Plain> {
    // Read before the hash is queued: the session stands or falls with how things are now (T-11).
    let installation = p.store.installation().await?.epoch;
    let found = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?;
    let account = &found.account;
    if account.staff.is_none() || !account.is_usable() {
        return Err(Refusal::NotFound.into());
    }
    let right = check_password((account.space, account.email.as_str()), typed, Some(&found), p).await;
    if !right.map_err(stop)? {
        return Err(Refusal::WrongPassword.into());
    }
    let now = p.now();
    let session = SessionId::drawn_at(now, p.entropy.bytes());
    let (cookie, hash) = ticket::issue(Kind::StaffSession, *session.bytes(), &p.keys, &p.entropy);
    let session = Session {
        id: session,
        account: account.id,
        hash,
        created_at: now,
        seen_at: now,
        expires_at: now.plus(lifetimes::STAFF_SESSION),
        account_epoch: account.epoch,
        installation_epoch: installation,
        address: trail.address.clone(),
        agent,
        console: true,
    };
    let forgiven = p.settings.lockout.map(|_| counted_as(account.space, account.email.as_str()));
    if p.store.open_console(session, forgiven, trail).await? { Ok(cookie) } else { Err(Refusal::WrongPassword.into()) }
}

fn stop(problem: HashProblem) -> Stop<Refusal> {
    match problem {
        HashProblem::Busy(later) => Stop::Later(Later { ..later }),
        HashProblem::Broke(fault) => Stop::Broke(fault),
    }
}
