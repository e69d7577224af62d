//! `/forgot`: a link that sets a new password, for whoever asks. The answer is the same whether there is such an account
//! or not.

use super::super::answer::{Answer, Trouble};
use super::super::visitor::Visit;
use super::person::{field, refused, typed};
use super::views::{Forgot, ForgotStep, Here, ProblemKind};
use super::{paths, space_choice};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::ids::SpaceId;
use crate::domain::space::Space;
use crate::domain::{FieldProblem, FieldProblems};
use crate::flows::refusal::Refusal;
use crate::flows::reset_password::ask_reset;
use crate::store::installation::Purpose;

/// `GET /forgot`
pub async fn show(visit: Visit) -> Answer {
    match visit.p().store.spaces().await {
        Ok(spaces) => ask(&visit, &spaces, 200, None),
        Err(fault) => visit.broke(&fault),
    }
}

/// `POST /forgot`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&["form_token", "email", "space"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let now = visit.now();
    if let Some(later) = visit.web.limits.check(visit.address, now) {
        return visit.trouble(Trouble::Later(later));
    }
    let spaces = match visit.p().store.spaces().await {
        Ok(spaces) => spaces,
        Err(fault) => return visit.broke(&fault),
    };
    if !visit.has_form_token(paths::FORGOT) {
        return ask(&visit, &spaces, 400, None);
    }
    // Each may cost somebody a mail, so each counts against the address, however it ends.
    visit.web.limits.failed(visit.address, now);
    let all: Vec<&Space> = spaces.iter().collect();
    let Some(space) = space_choice::named(&visit, &all) else {
        return ask(&visit, &spaces, 400, Some(&FieldProblems(vec![("space", FieldProblem::Unknown)])));
    };
    match ask_reset(space, &typed(&visit, "email"), visit.trail(), visit.p()).await {
        Ok(email) => {
            let sandbox = visit.p().settings.purpose == Purpose::Sandbox;
            let mailbox_href = sandbox.then(|| paths::SANDBOX_MAIL.to_owned());
            let house = spaces.iter().find(|one| one.id == space);
            let chrome = visit.chrome_in(house, Here::Elsewhere);
            visit.page(200, &Forgot { chrome, step: ForgotStep::Sent { email, mailbox_href } })
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => ask(&visit, &spaces, 400, Some(&problems)),
        Err(stop) => refused(&visit, stop).await,
    }
}

fn ask(visit: &Visit, spaces: &[Space], status: u16, problems: Option<&FieldProblems>) -> Answer {
    let all: Vec<&Space> = spaces.iter().collect();
    let asked = visit.query.get("space").and_then(|id| id.parse().ok()).map(SpaceId);
    let first = all.iter().find(|space| asked.is_none_or(|asked| asked == space.id)).map(|space| space.id);
    let error = problems.and_then(|all| all.of("space")).map(words::field_problem);
    let step = ForgotStep::Ask {
        form: visit.form(paths::FORGOT, Vec::new()),
        email: field(visit, "email", "email", problems),
        space: space_choice::field(visit, &all, first, error),
    };
    let house = all.into_iter().find(|space| Some(space.id) == first);
    visit.page(status, &Forgot { chrome: visit.chrome_in(house, Here::Elsewhere), step })
}
