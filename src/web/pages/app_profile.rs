//! What an owner says of an application, and its logo (B-02 to B-04; ).
//!
//! A logo is sent, never fetched. What was typed wrong, or too late, comes back as it was typed.

use axum::extract::Path;

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::app::Desk;
use super::person::{app_kind, logo, refused, typed};
use super::views::{AppProfile, Field, Here, ProblemKind};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::application::{ApplicationKind, Registration};
use crate::domain::{FieldProblem, FieldProblems};
use crate::flows::manage_app::{AppWish, change_app};
use crate::flows::refusal::Refusal;

/// `GET /oauth/apps/{client_id}/profile`
pub async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    match Desk::of(&visit, &id).await {
        Ok(desk) => page(&desk, 200, &Said::default()),
        Err(answer) => answer,
    }
}

/// `POST …/profile`
pub async fn save(Path(id): Path<String>, visit: Visit) -> Answer {
    let desk = match Desk::of(&visit, &id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "name", "phone", "email", "url"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(&desk.base) {
        return page(&desk, 400, &Said { typed: true, stale: true, ..Said::default() });
    }
    let typed = Registration {
        name: typed(&visit, "name"),
        phone: typed(&visit, "phone"),
        email: typed(&visit, "email"),
        url: typed(&visit, "url"),
        redirect_uris: Vec::new(),
    };
    change(&desk, AppWish::Profile(typed), "profile").await
}

/// `POST …/logo`: a form with a file, or one that takes the logo away.
pub async fn set_logo(Path(id): Path<String>, visit: Visit) -> Answer {
    let desk = match Desk::of(&visit, &id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "do"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(&desk.base) {
        return page(&desk, 400, &Said { stale: true, ..Said::default() });
    }
    let logo = match (visit.form.get("do"), &visit.file) {
        (Some("remove"), _) => None,
        (_, Some(file)) => Some(file.clone()),
        (_, None) => {
            let problems = FieldProblems(vec![("logo", FieldProblem::Missing)]);
            return page(&desk, 400, &Said { problems: Some(problems), ..Said::default() });
        }
    };
    change(&desk, AppWish::Logo(logo), "logo").await
}

async fn change(desk: &Desk<'_>, wish: AppWish, done: &str) -> Answer {
    let (visit, of_profile) = (desk.visit, matches!(wish, AppWish::Profile(_)));
    match change_app(desk.id, wish, desk.actor(), visit.trail(), visit.p()).await {
        Ok(()) => visit.see_other(&format!("{}?done={done}", desk.base)),
        Err(Stop::Refused(Refusal::Fields(problems))) => {
            page(desk, 400, &Said { typed: of_profile, problems: Some(problems), ..Said::default() })
        }
        Err(stop) => refused(visit, stop).await,
    }
}

/// What the page has to say besides what is there.
#[derive(Default)]
struct Said {
    /// Show what was typed rather than what is kept.
    typed: bool,
    stale: bool,
    problems: Option<FieldProblems>,
}

fn page(desk: &Desk<'_>, status: u16, said: &Said) -> Answer {
    let (visit, application) = (desk.visit, &desk.client.application);
    let (profile, kind) = (&application.profile, application.kind);
    let problem = |name| said.problems.as_ref().and_then(|found| found.of(name)).map(words::field_problem);
    let field = |name, kept: Option<&String>| Field {
        value: if said.typed { typed(visit, name) } else { kept.cloned().unwrap_or_default() },
        error: problem(name),
    };
    let view = AppProfile {
        chrome: visit.chrome(Here::ApiSettings),
        base: desk.base.clone(),
        form_token: visit.form_token(&desk.base),
        stale: said.stale,
        title: profile.name.clone(),
        kind: app_kind(kind),
        logo: logo(application),
        name: field("name", Some(&profile.name)),
        phone: (kind.is_own_use() || kind == ApplicationKind::ThirdPartyAgent)
            .then(|| field("phone", profile.phone.as_ref())),
        email: field("email", profile.email.as_ref()),
        url: kind.has_redirect_uris().then(|| field("url", profile.url.as_ref())),
        logo_error: problem("logo"),
    };
    visit.page(status, &view)
}
