//! Investor API tokens: how a family is opened, how access tokens are sealed and opened, how a scope is narrowed.
//!
//! An access token is sealed, not stored: it carries the name of its family, its own end and its scope. The family must
//! exist and stand, so a stolen sealing key alone forges nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::contract::lifetimes;
use crate::contract::token_endpoint::{ScopeError, Tokens};
use crate::crypto::seal::{Purpose, from_base64url, to_base64url};
use crate::crypto::secret::Kind;
use crate::crypto::ticket;
use crate::domain::account::Account;
use crate::domain::application::Application;
use crate::domain::email;
use crate::domain::ids::{ConsentId, FamilyId, SpaceId};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::families::{Epochs, Family};
use crate::store::password_networks::NetworkUse;

use super::standing::{Standing, standing};

/// What a new family is for.
pub struct NewFamily<'a> {
    /// The application it is issued to.
    pub application: &'a Application,
    /// Whose account it acts for.
    pub account: Option<&'a Account>,
    /// The grant behind it.
    pub consent: Option<ConsentId>,
    /// What it may do.
    pub scope: ScopeSet,
    /// The counters as they were before anything was checked.
    pub epochs: Epochs,
    /// Is the account's row of failed attempts to be forgotten with it?
    pub forgive: bool,
    /// The network that a password was used from, unless it is known to us.
    pub network: Option<NetworkUse>,
}

/// Opens a family in one durable write and issues its first tokens. `None` when what it was to be given on the strength
/// of no longer stands.
///
/// # Errors
/// The store cannot be written.
pub async fn open_family(new: NewFamily<'_>, p: &Prosper) -> Result<Option<Tokens>, Fault> {
    let now = p.now();
    let id = FamilyId::drawn_at(now, p.entropy.bytes());
    // A machine has its secret and asks again; a refresh token is for those who would have to ask a person (T-06).
    let refresh = new.account.map(|_| ticket::issue(Kind::RefreshToken, *id.bytes(), &p.keys, &p.entropy));
    // The access token of a last refresh outlives the refresh token (T-02), so the family is kept as long.
    let refreshable = if refresh.is_some() { lifetimes::REFRESH_TOKEN } else { Duration::ZERO };
    let family = Family {
        id,
        application: new.application.id,
        account: new.account.map(|account| account.id),
        consent: new.consent,
        scope: new.scope,
        refresh: refresh.as_ref().map(|(_, hash)| *hash),
        created_at: now,
        expires_at: now.plus(refreshable + lifetimes::ACCESS_TOKEN),
        epochs: new.epochs,
    };
    let forgive = new.account.filter(|_| new.forgive).map(|account| (account.space, account.email.folded().to_owned()));
    let access = access_token(id, new.scope, now, p);
    let opened = match new.network {
        Some(network) => p.store.open_family_from(network, family, forgive).await?,
        None => p.store.open_family(family, forgive).await?,
    };
    if !opened {
        return Ok(None);
    }
    Ok(Some(Tokens { access_token: access, refresh_token: refresh.map(|(plain, _)| plain.expose().to_owned()) }))
}

/// Seals an access token of a family (T-01).
pub fn access_token(family: FamilyId, scope: ScopeSet, now: Timestamp, p: &Prosper) -> String {
    let mut plain = [0; TOKEN];
    plain[..16].copy_from_slice(family.bytes());
    plain[16..24].copy_from_slice(&now.plus(lifetimes::ACCESS_TOKEN).micros().to_be_bytes());
    plain[24..32].copy_from_slice(&now.micros().to_be_bytes());
    plain[32..].copy_from_slice(&scope.bits().to_be_bytes());
    to_base64url(&p.keys.seal(Purpose::InvestorToken, &plain, &p.entropy))
}

/// An access token that may be used.
pub struct GoodToken {
    /// What stands behind it, with the scope that the token itself has left.
    pub standing: Standing,
    /// Its family.
    pub family: Arc<Family>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Opens an access token; `None` for anything that may not be used, whatever the reason (T-12).
///
/// # Errors
/// The store cannot be read.
pub async fn open_token(text: &str, p: &Prosper) -> Result<Option<GoodToken>, Fault> {
    let Some(sealed) = read_token(text, p) else { return Ok(None) };
    if sealed.expires_at.has_come(p.now()) {
        return Ok(None);
    }
    let Some(family) = p.store.family(sealed.family).await? else { return Ok(None) };
    let Some(mut standing) = standing(&family, p).await? else { return Ok(None) };
    standing.scope = standing.scope.and(sealed.scope);
    Ok(Some(GoodToken { standing, family, issued_at: sealed.issued_at, expires_at: sealed.expires_at }))
}

struct Sealed {
    family: FamilyId,
    expires_at: Timestamp,
    issued_at: Timestamp,
    scope: ScopeSet,
}

fn read_token(text: &str, p: &Prosper) -> Option<Sealed> {
    let plain = p.keys.open(Purpose::InvestorToken, &from_base64url(text)?)?;
    let plain: [u8; TOKEN] = plain.try_into().ok()?;
    let int = |at: usize| plain[at..at + 8].try_into().map(i64::from_be_bytes).ok();
    Some(Sealed {
        family: FamilyId::from_bytes(plain[..16].try_into().ok()?),
        expires_at: Timestamp::from_micros(int(16)?),
        issued_at: Timestamp::from_micros(int(24)?),
        scope: ScopeSet::from_bits(int(32)?),
    })
}

/// The scope that a request asks for, out of what it may have at most. Absent means all of it; a scope never widens.
///
/// # Errors
/// `scope` is sent and empty, has a name that is unknown, or is wider than allowed (T-08).
pub fn narrow(asked: Option<&str>, most: ScopeSet) -> Result<ScopeSet, ScopeError> {
    let Some(asked) = asked else { return Ok(most) };
    let asked = ScopeSet::parse_investor(asked).ok_or(ScopeError::InvalidScopes)?;
    if asked.is_empty() {
        Err(ScopeError::NoScopes)
    } else if asked.is_within(most) {
        Ok(asked)
    } else {
        Err(ScopeError::InvalidScopes)
    }
}

/// The space and the folded form that an email is counted under (T-13).
pub fn counted_as(space: SpaceId, typed: &str) -> (SpaceId, String) {
    (space, email::fold(typed))
}

const TOKEN: usize = 40;
