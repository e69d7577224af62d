//! `/account/password`: a person changes their password. The one they have is asked for; every other browser and app is
//! signed out (R-66, T-11).

use zeroize::Zeroizing;

use super::super::answer::{self, Answer};
use super::super::visitor::Visit;
use super::paths;
use super::person::{refused, typed, usable};
use super::views::{ChangePassword, Field, Here, ProblemKind};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::{FieldProblems, password};
use crate::flows::change_password::{NewPassword, change_password};
use crate::flows::refusal::Refusal;
use crate::flows::sign_in::Browser;

/// `GET /account/password`
pub async fn show(visit: Visit) -> Answer {
    match usable(&visit, paths::PASSWORD).await {
        Ok(_) => page(&visit, 200, Field::default(), Field::default()),
        Err(answer) => answer,
    }
}

/// `POST /account/password`
pub async fn change(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::PASSWORD).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "current", "password"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(paths::PASSWORD) {
        return page(&visit, 400, Field::default(), Field::default());
    }
    let new = NewPassword {
        current: Zeroizing::new(typed(&visit, "current")),
        chosen: Zeroizing::new(typed(&visit, "password")),
    };
    let (address, agent) = (visit.address.to_string(), visit.user_agent());
    let instead = visit.signed_in.as_ref().map(|who| who.session.id);
    let browser = Browser { instead, address: &address, agent: &agent };
    match change_password(account.id, new, &browser, visit.trail(), visit.p()).await {
        Ok(Some(cookie)) => {
            let to_settings = visit.see_other(&format!("{}?done=password", paths::SETTINGS));
            answer::set_cookie(to_settings, &visit.session_cookie(&cookie))
        }
        Ok(None) => visit.see_other(paths::SIGN_IN),
        Err(Stop::Refused(Refusal::Fields(problems))) => {
            page(&visit, 400, wrong(&problems, "current"), wrong(&problems, "password"))
        }
        Err(Stop::Refused(Refusal::WrongPassword)) => {
            visit.web.limits.failed(visit.address, visit.now());
            page(&visit, 400, Field::wrong("", words::WRONG_PASSWORD), Field::default())
        }
        Err(stop) => refused(&visit, stop).await,
    }
}

/// What is wrong with one of the two passwords. Neither is ever put back.
fn wrong(problems: &FieldProblems, name: &str) -> Field {
    Field { value: String::new(), error: problems.of(name).map(words::field_problem) }
}

fn page(visit: &Visit, status: u16, current: Field, password: Field) -> Answer {
    let view = ChangePassword {
        chrome: visit.chrome(Here::Account),
        form: visit.form(paths::PASSWORD, Vec::new()),
        current,
        password,
        password_min: password::FEWEST,
    };
    visit.page(status, &view)
}
