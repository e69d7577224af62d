//! The page of an account that may not be used: which it is, whose move it is, what to do (A-04, L-07).

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::views::{Here, Hidden, Standing, StatusPage, When};
use crate::domain::account::Account;
use crate::domain::agent::AgentRole;
use crate::domain::status::Status;

/// How an account stands, if it may not be used. What a password must be set for comes first, as at `/v1` (T-08).
pub const fn standing(account: &Account) -> Option<Standing> {
    if account.password_reset_required {
        return Some(Standing::PasswordResetRequired);
    }
    Some(match account.status {
        Status::Active => return None,
        Status::Closed => Standing::Closed,
        Status::Duplicate => Standing::Duplicate,
        Status::Expired => Standing::Expired,
        Status::Inactive => Standing::Inactive,
        Status::OnHold => Standing::OnHold,
        Status::PendingActivation => Standing::PendingActivation,
        Status::PendingApproval => Standing::PendingApproval,
        Status::IncompleteRegistration => Standing::IncompleteRegistration,
        Status::Suspended => Standing::Suspended,
        Status::Terminated => Standing::Terminated,
        Status::Unactivated => Standing::Unactivated,
    })
}

/// The page that goes on with what is missing, where the person can do something about it.
const fn next_href(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Unactivated => Some(super::paths::VERIFY_EMAIL),
        Standing::IncompleteRegistration => Some(super::paths::FINISH),
        _ => None,
    }
}

/// The page: 403 for an account that may not be used; 200 for one that may meanwhile, which has nothing to be shown.
pub async fn page(visit: &Visit, account: &Account) -> Answer {
    let Some(standing) = standing(account) else { return visit.see_other(super::paths::ACCOUNT) };
    let last = match visit.p().store.status_move(account.id).await {
        Ok(last) => last,
        Err(fault) => return visit.broke(&fault),
    };
    let erased = match visit.p().store.erased_at(account.id).await {
        Ok(erased) => erased.filter(|_| standing == Standing::Closed),
        Err(fault) => return visit.broke(&fault),
    };
    let reset = match visit.p().store.space(account.space).await {
        Ok(space) => space.filter(|_| standing == Standing::PasswordResetRequired).map(|space| {
            let (email, space) = (account.email.as_str().to_owned(), space.name);
            let known = vec![Hidden { name: "email", value: email }, Hidden { name: "space", value: space }];
            visit.form(super::paths::FORGOT, known)
        }),
        Err(fault) => return visit.broke(&fault),
    };
    let now = visit.now().micros();
    // A review begins when the address is validated, which is the move that made the account wait for it.
    let due = last
        .as_ref()
        .filter(|_| standing == Standing::PendingApproval)
        .map(|last| When::new(crate::flows::agent_role::due(last.at, visit.p()).micros(), now));
    let of_status = last.filter(|_| standing != Standing::PasswordResetRequired);
    let view = StatusPage {
        chrome: visit.chrome(Here::Elsewhere),
        standing,
        since: of_status.as_ref().map(|last| When::new(last.at.micros(), now)),
        until: of_status.as_ref().and_then(|last| last.until).map(|until| When::new(until.micros(), now)),
        reason: of_status.map(|last| last.reason).filter(|reason| !reason.is_empty()),
        due,
        with_agent_role: account.agent == AgentRole::Requested,
        email: (standing == Standing::Unactivated).then(|| account.email.as_str().to_owned()),
        erased: erased.map(|at| When::new(at.micros(), now)),
        reset,
        next_href: next_href(standing).map(str::to_owned),
    };
    visit.page(403, &view)
}
