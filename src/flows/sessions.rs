//! Where a person is signed in, and ending one of those sessions. `account_status` ends them all.

use crate::contract::lifetimes::{SESSION_IDLE, STAFF_SESSION_IDLE};
use crate::contract::words::CONSOLE_SESSION;
use crate::domain::account::Account;
use crate::domain::ids::SessionId;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::sessions::Session;

use super::refusal::{Outcome, Refusal};

/// A session that stands.
pub struct OpenSession {
    /// The session.
    pub session: Session,
    /// Is it one of the staff console?
    pub console: bool,
}

/// The sessions of an account that stand, the newest first. Those that ended with the account's or the installation's
/// counters, or were idle for too long, are no longer anybody's.
///
/// # Errors
/// The store cannot be read.
pub async fn open_sessions(account: &Account, p: &Prosper) -> Result<Vec<OpenSession>, Fault> {
    let (now, installation) = (p.now(), p.store.installation().await?.epoch);
    let all = p.store.sessions_of(account.id).await?.into_iter().map(|session| {
        let console = session.agent.starts_with(CONSOLE_SESSION);
        OpenSession { session, console }
    });
    let stands = |open: &OpenSession| {
        let idle = if open.console { STAFF_SESSION_IDLE } else { SESSION_IDLE };
        open.session.account_epoch == account.epoch
            && open.session.installation_epoch == installation
            && !open.session.expires_at.has_come(now)
            && !open.session.seen_at.plus(idle).has_come(now)
    };
    Ok(all.filter(stands).collect())
}

/// Ends one session of an account.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`]: it is gone, or somebody else's.
pub async fn end_session(account: &Account, id: SessionId, trail: Trail, p: &Prosper) -> Outcome<()> {
    if p.store.end_session_of(account.id, id, trail).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
}
