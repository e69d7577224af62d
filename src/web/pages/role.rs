//! How the third-party agent role stands, for the pages that show it.

use super::super::visitor::Visit;
use super::person::when;
use super::views::RoleState;
use crate::domain::account::{Account, AccountKind};
use crate::domain::agent::{AgentRole, REVIEW_BUSINESS_DAYS};
use crate::fault::Fault;
use crate::flows::agent_role::clocked;
use crate::store::agents::AgentRequest;

/// How many business days a review may take.
#[expect(clippy::cast_possible_truncation, reason = "three")]
pub const REVIEW_DAYS: u8 = REVIEW_BUSINESS_DAYS as u8;

/// Where the role of `account` stands.
///
/// # Errors
/// The store cannot be read.
pub async fn role_state(visit: &Visit, account: &Account) -> Result<RoleState, Fault> {
    let request = match account.agent {
        AgentRole::None => None,
        _ => visit.p().store.agent_request(account.id).await?,
    };
    Ok(state_of(visit, account, request))
}

fn state_of(visit: &Visit, account: &Account, request: Option<AgentRequest>) -> RoleState {
    if account.kind == AccountKind::Individual {
        return RoleState::Individual;
    }
    let Some(request) = request else { return RoleState::NeverAsked };
    let decided = when(visit, request.decided_at.unwrap_or(request.asked_at));
    match account.agent {
        AgentRole::None => RoleState::NeverAsked,
        AgentRole::Requested => {
            let clocked = clocked(request, visit.p());
            RoleState::InReview {
                asked: when(visit, clocked.request.asked_at),
                due: when(visit, clocked.due),
                days_gone: u8::try_from(clocked.days_gone).unwrap_or(REVIEW_DAYS),
                days: REVIEW_DAYS,
            }
        }
        AgentRole::Approved => RoleState::Approved { since: decided },
        AgentRole::Declined => RoleState::Declined { at: decided, reason: request.reason },
        AgentRole::Withdrawn => RoleState::Withdrawn { at: decided, reason: request.reason },
    }
}
