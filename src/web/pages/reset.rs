//! `/reset`: the mailed link that sets a new password. Looking asks; only the post uses the link up.
//! Whoever was on the way to an application when they asked for it is led back there.

use zeroize::Zeroizing;

use super::super::answer::{Answer, Trouble};
use super::super::visitor::Visit;
use super::onward::Onward;
use super::paths;
use super::person::{refused, typed};
use super::views::{Field, Here, Hidden, ProblemKind, Reset, ResetStep};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::password;
use crate::flows::refusal::Refusal;
use crate::flows::reset_password::{look_at_reset, reset_password};

/// `GET /reset`
pub async fn show(visit: Visit) -> Answer {
    let link = visit.query.get("link").unwrap_or_default().to_owned();
    choose(&visit, link, 200, Field::default()).await
}

/// `POST /reset`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&["form_token", "link", "password"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let now = visit.now();
    if let Some(later) = visit.web.limits.check(visit.address, now) {
        return visit.trouble(Trouble::Later(later));
    }
    let link = typed(&visit, "link");
    if !visit.has_form_token(paths::RESET) {
        return choose(&visit, link, 400, Field::default()).await;
    }
    visit.web.limits.failed(visit.address, now);
    let new = Zeroizing::new(typed(&visit, "password"));
    match reset_password(&link, &new, visit.trail(), visit.p()).await {
        Ok(leads_to) => match Onward::read(leads_to.as_deref(), visit.p()).await {
            Ok(onward) => {
                let sign_in_href = onward.as_ref().map_or_else(|| paths::SIGN_IN.to_owned(), Onward::sign_in_href);
                page(&visit, 200, ResetStep::Done { sign_in_href, to_app: onward.as_ref().map(Onward::to_app) })
            }
            Err(fault) => visit.broke(&fault),
        },
        Err(Stop::Refused(Refusal::Fields(problems))) => {
            let error = problems.of("password").map(words::field_problem);
            choose(&visit, link, 400, Field { value: String::new(), error }).await
        }
        Err(Stop::Refused(Refusal::DeadLink)) => page(&visit, 404, ResetStep::Dead),
        Err(stop) => refused(&visit, stop).await,
    }
}

async fn choose(visit: &Visit, link: String, status: u16, password: Field) -> Answer {
    match look_at_reset(&link, visit.p()).await {
        Ok(account) => {
            let step = ResetStep::Choose {
                form: visit.form(paths::RESET, vec![Hidden { name: "link", value: link }]),
                email: account.email.as_str().to_owned(),
                password,
                password_min: password::FEWEST,
            };
            page(visit, status, step)
        }
        Err(Stop::Refused(Refusal::DeadLink)) => page(visit, 404, ResetStep::Dead),
        Err(stop) => refused(visit, stop).await,
    }
}

fn page(visit: &Visit, status: u16, step: ResetStep) -> Answer {
    visit.page(status, &Reset { chrome: visit.chrome(Here::Elsewhere), step })
}
