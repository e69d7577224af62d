//! A registration that was begun and not finished is finished by its owner (A-02: `incomplete_registration` to
//! `unactivated`): a full name, and a link that validates the address.

use crate::contract::lifetimes::VERIFICATION_LINK;
use crate::domain::account::{Account, InvestorType};
use crate::domain::status::Status;
use crate::domain::{FieldProblems, line};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::links::Link;
use crate::store::new_accounts::{FinishRegistration, SendVerification};

use super::mailed_link;
use super::refusal::{Outcome, Refusal};
use super::sign_up::VERIFY_EMAIL;
use super::write_mail::write_to;

/// Finishes the registration of `account`, whose session is limited to this.
///
/// # Errors
/// `Refused` with [`Refusal::NotUsable`] (there is nothing to finish) or [`Refusal::Fields`] (`full_name`).
pub async fn finish_registration(account: &Account, typed: &str, trail: Trail, p: &Prosper) -> Outcome<()> {
    if account.status != Status::IncompleteRegistration {
        return Err(Refusal::NotUsable(account.status).into());
    }
    let mut problems = FieldProblems::default();
    let Some(name) = problems.note("full_name", line(typed, 120)) else { return Err(problems.into()) };
    let (link, plain) = mailed_link::fresh(trail.at, VERIFICATION_LINK, p);
    let agent = account.investor_type == InvestorType::ThirdPartyAgent;
    let about = About::VerifyEmail { link: mailed_link::address(VERIFY_EMAIL, &plain, p), agent };
    let mail = write_to(&Account { name: name.clone(), ..account.clone() }, about, p).await?;
    let verification = SendVerification { link: Link { account: Some(account.id), ..link }, mail, trail };
    let finished = p.store.finish_registration(FinishRegistration { id: account.id, name, verification }).await?;
    if finished { Ok(()) } else { Err(Refusal::NotUsable(account.status).into()) }
}
