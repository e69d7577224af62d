//! Sign-in with email and password (seed 3, 4.1; ).
//!
//! 1. Whose account could it be? On the way to an application: the one with this email in the application's space, else
//!    the sole one elsewhere, which the flow then sends to `/welcome`. Otherwise the one in the space that was chosen.
//! 2. Exactly one hash, whether anybody was found or not.
//! 3. Must a new password be set first? A page says so, and there is no session.
//! 4. How does the account stand? Active: a session. Waiting for something: a session that shows only what for. Any
//!    other: a page of its own, and no session.
//!
//! A session is opened in one write, in place of the one the browser had, if the account is still as it was when the
//! password was queued for hashing.

use zeroize::Zeroizing;

use crate::contract::lifetimes;
use crate::crypto::password::HashProblem;
use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::account::Account;
use crate::domain::email;
use crate::domain::ids::{SessionId, SpaceId};
use crate::domain::status::Status;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::accounts::Credentials;
use crate::store::sessions::Session;

use super::password_check::{check_password, forgive};
use super::tokens::counted_as;

/// What was typed, and where.
pub struct SignInAsk {
    /// The email.
    pub email: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// Where the account is looked for.
    pub space: Where,
    /// The session the browser had, which ends with this.
    pub instead: Option<SessionId>,
    /// Where from.
    pub address: String,
    /// With what browser, in its own words.
    pub agent: String,
}

/// Where an account is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// On the way to an application: its space, else the sole account elsewhere.
    Flow(SpaceId),
    /// Outside of a flow: the space that was chosen.
    Chosen(SpaceId),
}

/// What became of a sign-in.
pub enum SignedIn {
    /// A session: for an active account, or one that waits and sees only what for.
    Opened {
        /// The cookie.
        cookie: Plain,
        /// When the session ends at the latest, from now.
        account: Box<Account>,
    },
    /// The password was right, and the account may not be used, or not with this password.
    Refused(Box<Account>),
    /// No such account, or another password. Which of the two is never said.
    Wrong,
}

/// Signs a person in.
///
/// # Errors
/// `Busy` when the email is locked or too many hashes wait; `Broke` when the fault is ours.
pub async fn sign_in(ask: SignInAsk, p: &Prosper) -> Result<SignedIn, HashProblem> {
    // Read before the hash is queued: a session stands or falls with how things are now (T-11).
    let installation = p.store.installation().await.map_err(HashProblem::Broke)?.epoch;
    let found = find(&ask, p).await.map_err(HashProblem::Broke)?;
    let space = match (&found, ask.space) {
        (Some(found), _) => found.account.space,
        (None, Where::Flow(space) | Where::Chosen(space)) => space,
    };
    // Nobody's email is longer; what somebody types is not worth keeping, but it costs them the same hash.
    let typed = if ask.email.len() > email::MOST_BYTES { "" } else { ask.email.as_str() };
    let right = check_password((space, typed), &ask.password, found.as_ref(), p).await?;
    let Some(Credentials { account, .. }) = found.filter(|_| right) else { return Ok(SignedIn::Wrong) };
    let may_see_itself = account.status == Status::Active || account.status.is_waiting();
    if account.password_reset_required || !may_see_itself {
        forgive(space, typed, p).await.map_err(HashProblem::Broke)?;
        return Ok(SignedIn::Refused(Box::new(account)));
    }
    let browser = Browser { instead: ask.instead, address: &ask.address, agent: &ask.agent };
    open(account, &browser, installation, p).await.map_err(HashProblem::Broke)
}

/// Every way through makes the same reads.
async fn find(ask: &SignInAsk, p: &Prosper) -> Result<Option<Credentials>, Fault> {
    let (Where::Flow(space) | Where::Chosen(space)) = ask.space;
    let here = p.store.credentials_by_email(space, &ask.email).await?;
    if ask.space == Where::Chosen(space) {
        return Ok(here);
    }
    let mut anywhere = p.store.credentials_anywhere(&ask.email).await?;
    let sole = if anywhere.len() == 1 { anywhere.pop() } else { None };
    Ok(here.or(sole))
}

/// The browser that a session is for.
pub struct Browser<'a> {
    /// The session it had, which ends with this.
    pub instead: Option<SessionId>,
    /// Where from.
    pub address: &'a str,
    /// With what browser, in its own words.
    pub agent: &'a str,
}

/// Opens a session for an account whose password was right when `account` and `installation` were read.
pub(super) async fn open(
    account: Account,
    browser: &Browser<'_>,
    installation: i64,
    p: &Prosper,
) -> Result<SignedIn, Fault> {
    let now = p.now();
    let id = SessionId::drawn_at(now, p.entropy.bytes());
    let (cookie, hash) = ticket::issue(Kind::Session, *id.bytes(), &p.keys, &p.entropy);
    let session = Session {
        id,
        account: account.id,
        hash,
        created_at: now,
        seen_at: now,
        expires_at: now.plus(lifetimes::SESSION),
        account_epoch: account.epoch,
        installation_epoch: installation,
        address: browser.address.to_owned(),
        agent: browser.agent.chars().filter(|c| !c.is_control()).take(MOST_AGENT).collect(),
        console: false,
    };
    let forgiven = p.settings.lockout.map(|_| counted_as(account.space, account.email.as_str()));
    Ok(if p.store.open_session(session, browser.instead, forgiven).await? {
        SignedIn::Opened { cookie, account: Box::new(account) }
    } else {
        // The password, the status or the installation changed while the hash was queued.
        SignedIn::Wrong
    })
}

/// The most characters of a browser's name that are kept.
const MOST_AGENT: usize = 200;
