//! The profile of the person who signed in (seed 3, 4.3; L-17, L-18).
//!
//! 1. The token: one of ours, not expired.
//! 2. Its code was redeemed, by this application for this account, and no late replay has ended that.
//! 3. The installation, the application, the account and the consent are as they were when the code was issued, and may
//!    still act (T-11).
//!
//! Whatever is wrong, the answer is the same. All of it is read from the live view; nothing is written. What was found to
//! stand need not be looked at again until something happens to the person, an application or the installation
//! (`store::stood`).

use std::sync::Arc;

use crate::contract::login_with_prosper::UserError;
use crate::contract::table::Stop;
use crate::domain::account::Account;
use crate::domain::application::ApplicationKind;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::stood::Basis;

use super::code::LoginToken;

/// The account whose profile `token` reads.
///
/// # Errors
/// `Refused` when the token may not be used; `Broke` when the fault is ours.
pub async fn read_profile(token: Option<&str>, p: &Prosper) -> Result<Arc<Account>, Stop<UserError>> {
    let token = token.and_then(|text| LoginToken::open(text, p)).ok_or(UserError::InvalidToken)?;
    if token.expires_at.has_come(p.now()) {
        return Err(UserError::InvalidToken.into());
    }
    stands(&token, p).await?.ok_or_else(|| UserError::InvalidToken.into())
}

async fn stands(token: &LoginToken, p: &Prosper) -> Result<Option<Arc<Account>>, Fault> {
    let basis = &token.basis;
    let mark = p.store.mark(basis);
    if let Some(account) = mark.and_then(|mark| p.store.stood(basis, mark)) {
        return Ok(Some(account));
    }
    let account = found_to_stand(basis, p).await?;
    if let (Some(mark), Some(account)) = (mark, &account) {
        p.store.found_to_stand(*basis, mark, Arc::clone(account));
    }
    Ok(account)
}

/// The account, by each fact that the token depends on.
async fn found_to_stand(basis: &Basis, p: &Prosper) -> Result<Option<Arc<Account>>, Fault> {
    let Some(used) = p.store.redemption(basis.code).await? else { return Ok(None) };
    if used.revoked || used.application != basis.client || used.account != basis.account {
        return Ok(None);
    }
    if p.store.installation().await?.epoch != basis.epochs.installation {
        return Ok(None);
    }
    let Some(client) = p.store.client(basis.client).await? else { return Ok(None) };
    let application = &client.application;
    let may_act = application.kind == ApplicationKind::Login
        && !application.disabled
        && application.epoch == basis.epochs.application
        && application.space == basis.space;
    if !may_act {
        return Ok(None);
    }
    let consent = p.store.consent(basis.account, basis.client).await?;
    if consent.is_none_or(|consent| consent.id != basis.consent) {
        return Ok(None);
    }
    let account = p.store.account(basis.account).await?;
    Ok(account
        .filter(|account| account.is_usable() && account.epoch == basis.epochs.account && account.space == basis.space))
}
