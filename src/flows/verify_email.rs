//! The mailed link that validates an address.
//!
//! 1. Looking changes nothing: mail scanners follow links.
//! 2. Posting uses the link up and moves its account on, in one write: an individual's becomes active, an institution's
//!    waits for staff. Whoever happens to be signed in has no part in it; the link alone says whose address it is.

use crate::contract::words::time::date;
use crate::domain::account::{Account, AccountKind, InvestorType};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::links::{Link, LinkPurpose};
use crate::store::new_accounts::VerifyEmail;

use super::agent_role::due;
use super::mailed_link;
use super::refusal::{Outcome, Refusal};
use super::write_mail::{link_to, write_to};

/// Whose address the link would validate. Uses nothing up.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn look_at_link(text: &str, p: &Prosper) -> Outcome<Account> {
    Ok(find(text, p).await?.1)
}

/// An address that was just validated.
pub struct Verified {
    /// Its account, as it stands now.
    pub account: Account,
    /// The request of an application on the way to which the account was opened.
    pub leads_to: Option<String>,
}

/// Validates the address that the link was mailed to.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn verify_email(text: &str, trail: Trail, p: &Prosper) -> Outcome<Verified> {
    let (Link { id: link, leads_to, .. }, account) = find(text, p).await?;
    let about = match account.kind {
        AccountKind::Individual => About::AccountActive { link: link_to("/login", p) },
        AccountKind::Institutional => About::InReview {
            due: date(due(trail.at, p)),
            agent: account.investor_type == InvestorType::ThirdPartyAgent,
        },
    };
    let mail = Some(write_to(&account, about, p).await?);
    let moved = p.store.verify_email(VerifyEmail { link, account: account.id, mail, trail }).await?;
    let status = moved.ok_or(Refusal::DeadLink)?;
    Ok(Verified { account: Account { status, ..account }, leads_to })
}

async fn find(text: &str, p: &Prosper) -> Outcome<(Link, Account)> {
    let link = mailed_link::find(LinkPurpose::VerifyEmail, text, p).await?;
    let account = link.account.ok_or(Refusal::DeadLink)?;
    let found = p.store.credentials(account).await?.ok_or(Refusal::DeadLink)?;
    Ok((link, found.account))
}
