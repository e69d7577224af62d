//! The role of a third-party agent: asked for by an institution, decided by staff (A-05; seed 1, both options).
//!
//! Asking:
//! 1. Is it an institution's account, in use or waiting to be?
//! 2. Are the further accounts that it names email addresses?
//! 3. Write the request down, with the mail that says it has come in. Staff have three business days.
//!
//! Deciding:
//! 1. May this actor decide, and is the request not their own?
//! 2. Is there a reason to give, where the answer is no?
//! 3. Is the step legal from where the role stands? Nobody is approved before the address is validated.
//! 4. One write moves the role, decides the request, approves a waiting account along with it, grants the role to the
//!    further accounts that were named, and mails everybody concerned. Withdrawing ends in that write all that the role
//!    issued.

use crate::contract::table::Stop;
use crate::contract::words::time::date;
use crate::domain::account::{Account, AccountKind};
use crate::domain::agent::{AgentMove, AgentRole, REVIEW_BUSINESS_DAYS, RequestForm};
use crate::domain::email::Email;
use crate::domain::ids::AccountId;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems, business_days, text};
use crate::fault::Fault;
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::agents::{AgentRequest, AskForRole, DecideRole};
use crate::store::audit::Trail;

use super::refusal::{Actor, Outcome, REVIEW, Refusal};
use super::write_mail::{link_to, write_to};

/// What an institution writes when it asks.
#[derive(Clone, Debug, Default)]
pub struct RoleWish {
    /// Emails of further accounts of the same institution, separated by white space or commas.
    pub further_accounts: String,
    /// Anything that helps to decide.
    pub message: String,
}

/// Asks for the role with an account that exists already (seed 1, option 1).
///
/// # Errors
/// `Refused` with [`Refusal::WrongKind`], [`Refusal::NotUsable`], [`Refusal::Fields`] (`accounts`, `message`) or
/// [`Refusal::IllegalStep`].
pub async fn ask_for_role(account: &Account, wish: &RoleWish, trail: Trail, p: &Prosper) -> Outcome<()> {
    if account.kind != AccountKind::Institutional {
        return Err(Refusal::WrongKind(account.kind).into());
    }
    if !account.is_usable() && !account.status.is_waiting() {
        return Err(Refusal::NotUsable(account.status).into());
    }
    let further_accounts = check(wish)?;
    let about = About::AgentRequested { due: date(due(trail.at, p)) };
    let unit = AskForRole {
        account: account.id,
        form: RequestForm::ExistingAccount,
        message: wish.message.trim().to_owned(),
        further_accounts,
        mail: Some(write_to(account, about, p).await?),
        trail,
    };
    if p.store.ask_for_agent_role(unit).await? { Ok(()) } else { Err(Refusal::IllegalStep(account.agent).into()) }
}

/// The further accounts, one a line, once everything typed is right.
fn check(wish: &RoleWish) -> Result<String, Refusal> {
    let mut problems = FieldProblems::default();
    let typed: Vec<_> =
        wish.further_accounts.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    let mut emails: Vec<String> = Vec::new();
    for word in typed {
        match Email::parse(word) {
            Ok(email) if !emails.iter().any(|held| held == email.as_str()) => emails.push(email.as_str().to_owned()),
            Ok(_) => {}
            Err(problem) => {
                problems.0.push(("accounts", problem));
                break;
            }
        }
    }
    if emails.len() > MOST_FURTHER_ACCOUNTS {
        problems.0.push(("accounts", FieldProblem::TooLong(MOST_FURTHER_ACCOUNTS * 100)));
    }
    problems.note("message", text(&wish.message, MOST_MESSAGE));
    if problems.0.is_empty() { Ok(emails.join("\n")) } else { Err(Refusal::Fields(problems)) }
}

/// The most further accounts that a request may name.
const MOST_FURTHER_ACCOUNTS: usize = 20;
/// The longest message, in characters.
const MOST_MESSAGE: usize = 2_000;

/// What staff decide of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Grant it, to the named further accounts too.
    Approve,
    /// Refuse it, with a reason.
    Decline,
    /// Take it back, with a reason.
    Withdraw,
}

/// Decides on a request, or takes a granted role back.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`], [`Refusal::OwnRequest`], [`Refusal::NotFound`], [`Refusal::Fields`]
/// (`reason`), [`Refusal::NotUsable`] (an address that is not validated yet) or [`Refusal::IllegalStep`].
pub async fn decide_role(
    account: AccountId,
    decision: Decision,
    reason: &str,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<()> {
    actor.must_be_staff(REVIEW)?;
    actor.must_not_be(account)?;
    let account = p.store.account(account).await?.ok_or(Refusal::NotFound)?;
    let reason = check_reason(reason, decision != Decision::Approve)?;
    let step = match decision {
        Decision::Approve => AgentMove::Approve,
        Decision::Decline => AgentMove::Decline,
        Decision::Withdraw => AgentMove::Withdraw,
    };
    if account.agent.after(step).is_none() {
        return Err(Refusal::IllegalStep(account.agent).into());
    }
    if decision == Decision::Approve && !matches!(account.status, Status::Active | Status::PendingApproval) {
        return Err(Refusal::NotUsable(account.status).into());
    }
    let mut along = Vec::new();
    if decision == Decision::Approve {
        for named in further_accounts(&account, p).await? {
            // A reviewer whose own account is named does not decide on it either.
            if !matches!(actor, Actor::Staff(decider) if decider.id == named.id) {
                along.push((named.id, write_to(&named, told(decision, &reason, p), p).await?));
            }
        }
    }
    let mail = Some(write_to(&account, told(decision, &reason, p), p).await?);
    let unit = DecideRole { account: account.id, step, reason, along, mail, trail };
    if p.store.decide_agent_role(unit).await? { Ok(()) } else { Err(Refusal::IllegalStep(account.agent).into()) }
}

fn told(decision: Decision, reason: &str, p: &Prosper) -> About {
    let reason = reason.to_owned();
    match decision {
        Decision::Approve => About::AgentApproved { link: link_to("/oauth#/settings", p), reason },
        Decision::Decline => About::AgentDeclined { link: link_to("/account/agent-request", p), reason },
        Decision::Withdraw => About::AgentWithdrawn { reason },
    }
}

fn check_reason(reason: &str, needed: bool) -> Result<String, Stop<Refusal>> {
    let reason = text(reason, MOST_REASON);
    let reason =
        reason.and_then(|reason| if needed && reason.is_empty() { Err(FieldProblem::Missing) } else { Ok(reason) });
    reason.map_err(|problem| FieldProblems(vec![("reason", problem)]).into())
}

/// The longest reason, in characters.
pub const MOST_REASON: usize = 1_000;

/// The accounts that the newest request of `account` names besides it, as far as they are validated accounts of
/// institutions in the same space and do not hold the role.
///
/// # Errors
/// The store cannot be read.
pub async fn further_accounts(account: &Account, p: &Prosper) -> Result<Vec<Account>, Fault> {
    let Some(request) = p.store.agent_request(account.id).await? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for email in request.further_accounts.lines() {
        let Some(named) = p.store.credentials_by_email(account.space, email).await? else { continue };
        let named = named.account;
        if named.id != account.id
            && named.kind == AccountKind::Institutional
            && named.agent != AgentRole::Approved
            && named.status == Status::Active
        {
            found.push(named);
        }
    }
    Ok(found)
}

/// A request and its clock.
#[derive(Clone, Debug)]
pub struct ClockedRequest {
    /// The request.
    pub request: AgentRequest,
    /// By when it is answered.
    pub due: Timestamp,
    /// Whole business days gone.
    pub days_gone: u32,
}

/// The requests that wait for staff, oldest first, each with its clock. One that came with a registration waits for them
/// only when its address is validated, and nobody waits any more whose account has ended.
///
/// # Errors
/// The store cannot be read.
pub async fn waiting_requests(p: &Prosper) -> Result<Vec<ClockedRequest>, Fault> {
    let mut waiting = Vec::new();
    for request in p.store.agent_requests(true).await? {
        if p.store.account(request.account).await?.is_some_and(|account| may_be_reviewed(account.status)) {
            waiting.push(clocked(request, p));
        }
    }
    Ok(waiting)
}

/// Is there anything for staff to decide of an account that stands like this?
pub(super) const fn may_be_reviewed(status: Status) -> bool {
    !status.has_ended() && !matches!(status, Status::Unactivated | Status::IncompleteRegistration)
}

/// Puts the clock to a request.
pub fn clocked(request: AgentRequest, p: &Prosper) -> ClockedRequest {
    let days_gone = business_days::gone(request.asked_at, p.now(), REVIEW_BUSINESS_DAYS, &p.settings.holidays);
    ClockedRequest { due: due(request.asked_at, p), days_gone, request }
}

/// By when something that staff review is answered, if it came in at `asked`.
pub fn due(asked: Timestamp, p: &Prosper) -> Timestamp {
    business_days::due(asked, REVIEW_BUSINESS_DAYS, &p.settings.holidays)
}
