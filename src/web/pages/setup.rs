//! `/setup`: the first staff account, by the one-time link of the first start. Without a link that works there is nothing
//! here, for anybody.

use zeroize::Zeroizing;

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::paths;
use super::person::{field, refused, typed};
use super::views::{Here, Hidden, ProblemKind, Setup};
use crate::contract::table::Stop;
use crate::domain::{FieldProblems, password};
use crate::flows::refusal::Refusal;
use crate::flows::setup::{SetupForm, look_at_setup, make_first_staff};

/// `GET /setup?link=…`
pub async fn show(visit: Visit) -> Answer {
    let link = visit.query.get("link").unwrap_or_default().to_owned();
    match look_at_setup(&link, visit.p()).await {
        Ok(_) => page(&visit, 200, &link, None),
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `POST /setup`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&["form_token", "link", "name", "email", "password"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let link = typed(&visit, "link");
    if let Err(stop) = look_at_setup(&link, visit.p()).await {
        return refused(&visit, stop).await;
    }
    if !visit.has_form_token(paths::SETUP) {
        return page(&visit, 400, &link, None);
    }
    let form = SetupForm {
        link: link.clone(),
        name: typed(&visit, "name"),
        email: typed(&visit, "email"),
        password: Zeroizing::new(typed(&visit, "password")),
    };
    match make_first_staff(form, visit.trail(), visit.p()).await {
        Ok(_) => visit.see_other(&format!("{}?made=staff", paths::SIGN_IN)),
        Err(Stop::Refused(Refusal::Fields(problems))) => page(&visit, 400, &link, Some(&problems)),
        Err(stop) => refused(&visit, stop).await,
    }
}

fn page(visit: &Visit, status: u16, link: &str, problems: Option<&FieldProblems>) -> Answer {
    let back = |name| field(visit, name, name, problems);
    let mut password = back("password");
    password.value.clear();
    let view = Setup {
        chrome: visit.chrome(Here::Elsewhere),
        form: visit.form(paths::SETUP, vec![Hidden { name: "link", value: link.to_owned() }]),
        name: back("name"),
        email: back("email"),
        password,
        password_min: password::FEWEST,
    };
    visit.page(status, &view)
}
