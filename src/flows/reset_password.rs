//! A person who has forgotten their password sets a new one by a mailed link (R-68, R-71, R-72; T-11, T-13).
//!
//! 1. Asking: whoever asks is answered alike. If there is an account with this address in this space, a link goes to the
//!    address that is stored, and the one before ends. The same statements are run if there is none.
//! 2. Looking at the link changes nothing: mail scanners follow links.
//! 3. Posting sets the password, by the rules for passwords that people choose. That uses the link up, ends every session,
//!    token, code and key there was, lifts a demand for a new password and a lock, and tells the person by mail.
//!
//! It signs nobody in, and it moves no status: what an account was stopped for, a new password does not settle.

use crate::contract::lifetimes::RESET_LINK;
use crate::domain::account::Account;
use crate::domain::ids::SpaceId;
use crate::domain::{FieldProblem, FieldProblems, email::Email};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::accounts::{Credentials, SetPassword};
use crate::store::audit::Trail;
use crate::store::links::{Link, LinkPurpose};
use crate::store::resets::{AskReset, ResetPassword};

use super::account_status::{choose, password_changed};
use super::mailed_link;
use super::refusal::{Outcome, Refusal};
use super::tokens::counted_as;
use super::write_mail::{write_to, write_to_address};

/// Mails a link, if there is an account with this address. Answers the address that was typed, in either case. `leads_to`
/// is where the person goes on to afterwards, a path of ours; it is kept beside the link and stands in no mail.
///
/// # Errors
/// `Refused` with [`Refusal::Fields`] (`email`, when it is no address).
pub async fn ask_reset(
    space: SpaceId,
    typed: &str,
    leads_to: Option<String>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<String> {
    let mut problems = FieldProblems::default();
    let Some(email) = problems.note("email", Email::parse(typed)) else { return Err(problems.into()) };
    let (link, plain) = mailed_link::fresh(trail.at, RESET_LINK, p);
    let about = About::ResetPassword { link: mailed_link::address("/reset", &plain, p) };
    let found = p.store.credentials_by_email(space, email.as_str()).await?;
    // To the address as its owner wrote it, never as the stranger did. A letter to nobody is written, and dropped.
    let (account, mail) = match &found {
        Some(found) => (Some(found.account.id), write_to(&found.account, about, p).await?),
        None => (None, write_to_address(space, email.as_str(), email.as_str(), about, p).await?),
    };
    p.store.ask_reset(AskReset { account, link: Link { account, leads_to, ..link }, mail, trail }).await?;
    Ok(email.as_str().to_owned())
}

/// Whose password the link would set. Uses nothing up.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn look_at_reset(text: &str, p: &Prosper) -> Outcome<Account> {
    Ok(find(text, p).await?.1.account)
}

/// Sets the password of the account that the link was mailed to. Answers where that person goes on to, a path of ours.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`] or [`Refusal::Fields`] (`password`), which leaves the link as it was.
pub async fn reset_password(text: &str, typed: &str, trail: Trail, p: &Prosper) -> Outcome<Option<String>> {
    let (Link { id: link, leads_to, .. }, Credentials { account, password: old }) = find(text, p).await?;
    let chosen = choose(typed, &account, p).await?;
    // Where a new one was demanded, the old one may be known to others.
    if account.password_reset_required && p.passwords.verify(Some(&old), Some(chosen.clone())).await? {
        return Err(FieldProblems(vec![("password", FieldProblem::Unchanged)]).into());
    }
    let password = SetPassword {
        id: account.id,
        password: p.passwords.hash(chosen).await?,
        instead_of: None,
        mail: Some(write_to(&account, password_changed(trail.at, p), p).await?),
        trail,
    };
    let forgive = p.settings.lockout.map(|_| counted_as(account.space, account.email.as_str()));
    let set = p.store.reset_password(ResetPassword { link, password, forgive }).await?;
    if set { Ok(leads_to) } else { Err(Refusal::DeadLink.into()) }
}

async fn find(text: &str, p: &Prosper) -> Outcome<(Link, Credentials)> {
    let link = mailed_link::find(LinkPurpose::ResetPassword, text, p).await?;
    let account = link.account.ok_or(Refusal::DeadLink)?;
    let found = p.store.credentials(account).await?.ok_or(Refusal::DeadLink)?;
    Ok((link, found))
}
