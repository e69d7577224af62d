//! The request for the third-party agent role: asked for, and seen to stand where it stands (A-05; seed 1, option 1).

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::person::{field, refused, signed_in, typed, when};
use super::role::{REVIEW_DAYS, role_state};
use super::views::{AgentRequest, Here, ProblemKind, RoleStep, When};
use super::{paths, standing};
use crate::contract::table::Stop;
use crate::domain::FieldProblems;
use crate::domain::account::Account;
use crate::domain::agent::AgentRole;
use crate::fault::Fault;
use crate::flows::agent_role::{RoleWish, ask_for_role};
use crate::flows::refusal::Refusal;
use crate::store::agents::AgentRequest as Request;

/// `GET /account/agent-request`. An account that waits for approval may see it too: its request may be why it waits.
pub async fn show(visit: Visit) -> Answer {
    match signed_in(&visit, paths::AGENT_REQUEST) {
        Ok(account) if may_see(&account) => page(&visit, &account, 200, None).await,
        Ok(account) => standing::page(&visit, &account).await,
        Err(answer) => answer,
    }
}

/// `POST /account/agent-request`
pub async fn ask(visit: Visit) -> Answer {
    let account = match signed_in(&visit, paths::AGENT_REQUEST) {
        Ok(account) if may_see(&account) => account,
        Ok(account) => return standing::page(&visit, &account).await,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "accounts", "message"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(paths::AGENT_REQUEST) {
        return page(&visit, &account, 400, None).await;
    }
    let wish = RoleWish { further_accounts: typed(&visit, "accounts"), message: typed(&visit, "message") };
    match ask_for_role(&account, &wish, visit.trail(), visit.p()).await {
        // A second click finds the request made, and the page says how it stands.
        Ok(()) | Err(Stop::Refused(Refusal::IllegalStep(_))) => visit.see_other(paths::AGENT_REQUEST),
        Err(Stop::Refused(Refusal::Fields(problems))) => page(&visit, &account, 400, Some(&problems)).await,
        Err(stop) => refused(&visit, stop).await,
    }
}

fn may_see(account: &Account) -> bool {
    account.is_usable() || account.status.is_waiting()
}

async fn page(visit: &Visit, account: &Account, status: u16, problems: Option<&FieldProblems>) -> Answer {
    match view(visit, account, problems).await {
        Ok(view) => visit.page(status, &view),
        Err(fault) => visit.broke(&fault),
    }
}

async fn view(visit: &Visit, account: &Account, problems: Option<&FieldProblems>) -> Result<AgentRequest, Fault> {
    let requests = visit.p().store.agent_requests_of(account.id).await?;
    let named = requests.last().map(|last| {
        let further = last.further_accounts.lines().map(str::to_owned);
        std::iter::once(account.email.as_str().to_owned()).chain(further).collect()
    });
    Ok(AgentRequest {
        chrome: visit.chrome(Here::ApiSettings),
        role: role_state(visit, account).await?,
        form: visit.form(paths::AGENT_REQUEST, Vec::new()),
        accounts: field(visit, "accounts", "accounts", problems),
        message: field(visit, "message", "message", problems),
        named: named.unwrap_or_default(),
        history: requests.iter().flat_map(|request| steps(visit, request)).collect(),
        review_days: REVIEW_DAYS,
    })
}

/// What happened to a request: asked, and decided if it is.
fn steps(visit: &Visit, request: &Request) -> Vec<(When, RoleStep)> {
    let mut steps = vec![(when(visit, request.asked_at), RoleStep::Asked)];
    let decision = request.decision.as_deref().and_then(AgentRole::parse);
    if let (Some(at), Some(decision)) = (request.decided_at, decision) {
        let step = match decision {
            AgentRole::Approved => RoleStep::Approved,
            AgentRole::Withdrawn => RoleStep::Withdrawn,
            _ => RoleStep::Declined,
        };
        steps.push((when(visit, at), step));
    }
    steps
}
