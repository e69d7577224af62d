//! `/forgot`: a link that sets a new password, for whoever asks. The answer is the same whether there is such an account
//! or not. Whoever is on the way to an application is led back to it afterwards.

use std::sync::Arc;

use super::super::answer::{Answer, Trouble};
use super::super::visitor::Visit;
use super::onward::Onward;
use super::person::{field, refused, typed};
use super::views::{Chrome, Forgot, ForgotStep, Here, ProblemKind};
use super::{paths, space_choice};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::email::Email;
use crate::domain::ids::SpaceId;
use crate::domain::space::Space;
use crate::domain::{FieldProblem, FieldProblems};
use crate::fault::Fault;
use crate::flows::refusal::Refusal;
use crate::flows::reset_password::ask_reset;
use crate::store::installation::Purpose;

/// `GET /forgot`
pub async fn show(visit: Visit) -> Answer {
    match Lost::of(&visit, visit.query.get("next")).await {
        Ok(lost) => lost.ask(&visit, 200, None),
        Err(fault) => visit.broke(&fault),
    }
}

/// `POST /forgot`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&["form_token", "email", "space", "next"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let now = visit.now();
    if let Some(later) = visit.web.limits.check(visit.address, now) {
        return visit.trouble(Trouble::Later(later));
    }
    let lost = match Lost::of(&visit, visit.form.get("next")).await {
        Ok(lost) => lost,
        Err(fault) => return visit.broke(&fault),
    };
    if !visit.has_form_token(paths::FORGOT) {
        return lost.ask(&visit, 400, None);
    }
    // Each may cost somebody a mail, so each counts against the address, however it ends.
    visit.web.limits.failed(visit.address, now);
    let mut problems = FieldProblems::default();
    let space = space_choice::named(&visit, &lost.spaces()).ok_or(FieldProblem::Unknown);
    let Some(space) = problems.note("space", space) else {
        problems.note("email", Email::parse(&typed(&visit, "email")));
        return lost.ask(&visit, 400, Some(&problems));
    };
    let leads_to = lost.onward.as_ref().and_then(Onward::kept);
    match ask_reset(space, &typed(&visit, "email"), leads_to, visit.trail(), visit.p()).await {
        Ok(email) => {
            let sandbox = visit.p().settings.purpose == Purpose::Sandbox;
            let mailbox_href = sandbox.then(|| paths::SANDBOX_MAIL.to_owned());
            let chrome = lost.chrome(&visit, Some(space));
            visit.page(200, &Forgot { chrome, step: ForgotStep::Sent { email, mailbox_href } })
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => lost.ask(&visit, 400, Some(&problems)),
        Err(stop) => refused(&visit, stop).await,
    }
}

/// Somebody who forgot their password, and what they are on the way to.
struct Lost {
    all: Arc<Vec<Space>>,
    onward: Option<Onward>,
}

impl Lost {
    async fn of(visit: &Visit, next: Option<&str>) -> Result<Self, Fault> {
        Ok(Self { all: visit.p().store.spaces().await?, onward: Onward::read(next, visit.p()).await? })
    }

    /// Where the account is looked for: on the way to an application, in that application's space alone.
    fn spaces(&self) -> Vec<&Space> {
        let of_app = self.onward.as_ref().map(|onward| onward.space);
        self.all.iter().filter(|space| of_app.is_none_or(|id| id == space.id)).collect()
    }

    fn chrome(&self, visit: &Visit, space: Option<SpaceId>) -> Chrome {
        let house = self.all.iter().find(|one| Some(one.id) == space);
        Onward::framed(self.onward.as_ref(), visit.chrome_in(house, Here::Elsewhere))
    }

    fn ask(&self, visit: &Visit, status: u16, problems: Option<&FieldProblems>) -> Answer {
        let spaces = self.spaces();
        let asked = visit.query.get("space").and_then(|id| id.parse().ok()).map(SpaceId);
        let first = spaces.iter().find(|space| asked.is_none_or(|asked| asked == space.id)).map(|space| space.id);
        let error = problems.and_then(|all| all.of("space")).map(words::field_problem);
        let step = ForgotStep::Ask {
            form: visit.form(paths::FORGOT, self.onward.iter().map(Onward::hidden).collect()),
            email: field(visit, "email", "email", problems),
            space: space_choice::field(visit, &spaces, first, error),
            sign_in_href: self.onward.as_ref().map_or_else(|| paths::SIGN_IN.to_owned(), Onward::sign_in_href),
        };
        visit.page(status, &Forgot { chrome: self.chrome(visit, first), step })
    }
}
