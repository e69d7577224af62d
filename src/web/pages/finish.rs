//! `/account/finish`: what is missing of a registration that was begun.

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::paths;
use super::person::{field, refused, signed_in, typed};
use super::views::{Field, Finish, Here, ProblemKind, SignUpOutcome, SignUpStep};
use crate::contract::table::Stop;
use crate::domain::FieldProblems;
use crate::domain::account::Account;
use crate::domain::status::Status;
use crate::flows::finish_registration::finish_registration;
use crate::flows::refusal::Refusal;
use crate::store::installation::Purpose;

/// `GET /account/finish`
pub async fn show(visit: Visit) -> Answer {
    match signed_in(&visit, paths::FINISH) {
        Ok(account) if account.status == Status::IncompleteRegistration => page(&visit, &account, 200, None),
        Ok(_) => visit.see_other(paths::ACCOUNT),
        Err(answer) => answer,
    }
}

/// `POST /account/finish`
pub async fn submit(visit: Visit) -> Answer {
    let account = match signed_in(&visit, paths::FINISH) {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "full_name"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(paths::FINISH) {
        return page(&visit, &account, 400, None);
    }
    match finish_registration(&account, &typed(&visit, "full_name"), visit.trail(), visit.p()).await {
        Ok(()) => {
            let sandbox = visit.p().settings.purpose == Purpose::Sandbox;
            let outcome = SignUpOutcome::LookIntoMail {
                email: account.email.as_str().to_owned(),
                mailbox_href: sandbox.then(|| paths::SANDBOX_MAIL.to_owned()),
                to_app: None,
            };
            visit.page(200, &SignUpStep { chrome: visit.chrome(Here::Elsewhere), outcome })
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => page(&visit, &account, 400, Some(&problems)),
        Err(Stop::Refused(Refusal::NotUsable(_))) => visit.see_other(paths::ACCOUNT),
        Err(stop) => refused(&visit, stop).await,
    }
}

fn page(visit: &Visit, account: &Account, status: u16, problems: Option<&FieldProblems>) -> Answer {
    let typed = problems.is_some() || visit.form.get("full_name").is_some();
    let view = Finish {
        chrome: visit.chrome(Here::Elsewhere),
        form: visit.form(paths::FINISH, Vec::new()),
        email: account.email.as_str().to_owned(),
        full_name: if typed { field(visit, "full_name", "full_name", problems) } else { Field::of(&account.name) },
    };
    visit.page(status, &view)
}
