//! A person changes their own password (R-66; T-11).
//!
//! 1. Is the new one a good password, and was the current one typed at all? Said before anything is spent.
//! 2. Is the current one right? Asked even of a live session, and counted like every other attempt (T-13).
//! 3. One write sets the new one, if nobody else did meanwhile, and mails the person. It ends every session, token, code
//!    and key there was.
//! 4. The browser at hand gets a new session in place of the one that has just ended with the others.

use zeroize::Zeroizing;

use crate::contract::table::Stop;
use crate::crypto::secret::Plain;
use crate::domain::FieldProblems;
use crate::domain::ids::AccountId;
use crate::prosper::Prosper;
use crate::store::accounts::SetPassword;
use crate::store::audit::Trail;

use super::account_status::{choose, password_changed};
use super::password_check::{check_password, typed_at_all};
use super::refusal::{Outcome, Refusal, must_be_usable};
use super::sign_in::{Browser, SignedIn, open};
use super::write_mail::write_to;

/// What a person types.
pub struct NewPassword {
    /// The password they have.
    pub current: Zeroizing<String>,
    /// The password they want.
    pub chosen: Zeroizing<String>,
}

/// Changes the password of `id`. Answers the cookie of the session that goes on; `None` when the account was stopped in
/// that very moment.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::NotUsable`], [`Refusal::Fields`] (`password`, `current` when
/// nothing was typed) or [`Refusal::WrongPassword`].
pub async fn change_password(
    id: AccountId,
    typed: NewPassword,
    browser: &Browser<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<Option<Plain>> {
    let installation = p.store.installation().await?.epoch;
    let before = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?;
    let account = &before.account;
    must_be_usable(account)?;
    let mut problems = FieldProblems::default();
    let chosen = match choose(&typed.chosen, account, p).await {
        Err(Stop::Refused(Refusal::Fields(found))) => {
            problems = found;
            None
        }
        chosen => Some(chosen?),
    };
    problems.note("current", typed_at_all(&typed.current));
    let Some(chosen) = chosen.filter(|_| problems.0.is_empty()) else { return Err(problems.into()) };
    let counted = (account.space, account.email.as_str());
    if !check_password(counted, &typed.current, Some(&before), p).await? {
        return Err(Refusal::WrongPassword.into());
    }
    let unit = SetPassword {
        id,
        password: p.passwords.hash(chosen).await?,
        instead_of: Some(before.password.clone()),
        mail: Some(write_to(account, password_changed(trail.at, p), p).await?),
        trail,
    };
    if !p.store.set_password(unit).await? {
        return Err(Refusal::WrongPassword.into());
    }
    let after = p.store.credentials(id).await?.ok_or(Refusal::NotFound)?;
    must_be_usable(&after.account).map_err(Stop::Refused)?;
    Ok(match open(after.account, browser, installation, p).await? {
        SignedIn::Opened { cookie, .. } => Some(cookie),
        SignedIn::Refused(_) | SignedIn::Wrong => None,
    })
}
