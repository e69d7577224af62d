//! Staff invite somebody to open an account in a space.
//!
//! 1. May this actor do it, and does the space let anybody in?
//! 2. Is the address one, and free? Staff see who has an account, so they are told.
//! 3. One write keeps the link and mails it. It opens one account, once, with that address in that space.

use crate::contract::lifetimes::INVITATION_LINK;
use crate::contract::table::{Later, Stop};
use crate::contract::words::time::date;
use crate::domain::email::Email;
use crate::domain::ids::SpaceId;
use crate::domain::space::Admission;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::invitations::Invite;
use crate::store::links::Link;

use super::mailed_link;
use super::refusal::{Actor, Outcome, Refusal, SUPPORT};
use super::write_mail::write_to_address;

/// Invites `typed` into a space. Answers until when the link works.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`], [`Refusal::NotFound`] (no such space), [`Refusal::SignUpClosed`] or
/// [`Refusal::Fields`] (`email`); `Later` when so many were mailed to this address of late that no more are.
pub async fn invite(space: SpaceId, typed: &str, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<Timestamp> {
    actor.must_be_staff(SUPPORT)?;
    let space = p.store.space(space).await?.ok_or(Refusal::NotFound)?;
    if space.sign_up == Admission::Closed {
        return Err(Refusal::SignUpClosed.into());
    }
    let mut problems = FieldProblems::default();
    let Some(email) = problems.note("email", Email::parse(typed)) else { return Err(problems.into()) };
    if p.store.credentials_by_email(space.id, email.as_str()).await?.is_some() {
        return Err(FieldProblems(vec![("email", FieldProblem::Taken)]).into());
    }
    let (link, plain) = mailed_link::fresh(trail.at, INVITATION_LINK, p);
    let link = Link { address: Some(email.as_str().to_owned()), space: Some(space.id), ..link };
    let until = link.expires_at;
    let about = About::Invited { link: mailed_link::address("/sign-up", &plain, p), until: date(until) };
    let mail = write_to_address(space.id, email.as_str(), email.as_str(), about, p).await?;
    if p.store.invite(Invite { link, mail, trail }).await? {
        Ok(until)
    } else {
        Err(Stop::Later(Later::too_many(AN_HOUR)))
    }
}

/// In seconds: what is counted is mailed within an hour.
const AN_HOUR: u64 = 3_600;
