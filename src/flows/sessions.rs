//! Where a person is signed in, and ending one of those sessions. `account_status` ends them all.

use crate::contract::lifetimes::{SESSION_IDLE, STAFF_SESSION_IDLE};
use crate::domain::account::Account;
use crate::domain::ids::SessionId;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::sessions::Session;

use super::refusal::{Outcome, Refusal};

/// The sessions of an account that stand, the newest first. Those that ended with the account's or the installation's
/// counters, or were idle for too long, are no longer anybody's.
///
/// # Errors
/// The store cannot be read.
pub async fn open_sessions(account: &Account, p: &Prosper) -> Result<Vec<Session>, Fault> {
    let (now, installation) = (p.now(), p.store.installation().await?.epoch);
    let mut all = p.store.sessions_of(account.id).await?;
    all.retain(|session| {
        let idle = if session.console { STAFF_SESSION_IDLE } else { SESSION_IDLE };
        session.account_epoch == account.epoch
            && session.installation_epoch == installation
            && !session.expires_at.has_come(now)
            && !session.seen_at.plus(idle).has_come(now)
    });
    Ok(all)
}

/// Ends one session of an account.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`]: it is gone, or somebody else's.
pub async fn end_session(account: &Account, id: SessionId, trail: Trail, p: &Prosper) -> Outcome<()> {
    if p.store.end_session_of(account.id, id, trail).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
}
