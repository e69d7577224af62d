//! Spaces: listed, made, changed. However many there are, a page shows fifty of them.

use axum::extract::Path;

use super::super::super::answer::{Answer, Trouble};
use super::super::paths;
use super::super::person::typed;
use super::super::views::{Choice, ConsoleSpace, ConsoleSpaces, Field, Here, SpaceLine, Tab, Told};
use super::desk::{Desk, in_words};
use super::facts::{PAGE, history, space_href};
use super::lines::line;
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::brand::Brand;
use crate::domain::ids::SpaceId;
use crate::domain::space::{Admission, Space};
use crate::domain::{FieldProblem, FieldProblems};
use crate::flows::invite::invite as send_invitation;
use crate::flows::refusal::Refusal;
use crate::flows::spaces::{self, SpaceForm};

/// `GET /console/spaces`
pub async fn list(desk: Desk) -> Answer {
    match desk.reads(Tab::Spaces) {
        Ok(()) => listed(&desk, 200, None, None).await,
        Err(answer) => answer,
    }
}

/// `POST /console/spaces`
pub async fn add(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Spaces) {
        return answer;
    }
    if !desk.is_ours(&["name", "support_email", "brand"]) {
        return listed(&desk, 400, Some(Told::Stale), None).await;
    }
    let (trail, p) = (desk.visit.trail(), desk.visit.p());
    match spaces::add_space(typed_form(&desk), desk.actor(), trail, p).await {
        Ok(id) => desk.done(&space_href(id.0), &Told::SpaceMade),
        Err(Stop::Refused(Refusal::Fields(problems))) => listed(&desk, 400, None, Some(&problems)).await,
        Err(stop) => desk.refused(stop),
    }
}

fn typed_form(desk: &Desk) -> SpaceForm {
    SpaceForm {
        name: typed(&desk.visit, "name"),
        support_email: typed(&desk.visit, "support_email"),
        brand: typed(&desk.visit, "brand"),
        logo: None,
        sign_up: typed(&desk.visit, "sign_up"),
    }
}

async fn listed(desk: &Desk, status: u16, told: Option<Told>, problems: Option<&FieldProblems>) -> Answer {
    let spaces = match desk.visit.p().store.spaces().await {
        Ok(spaces) => spaces,
        Err(fault) => return desk.visit.broke(&fault),
    };
    let query = desk.visit.query.get("q").unwrap_or_default().trim().to_owned();
    let after = desk.visit.query.get("after").and_then(|id| id.parse().ok()).map_or(SpaceId(0), SpaceId);
    let wanted = query.to_lowercase();
    // The list is held in memory anyway, in the order of the numbers; names of it are looked through, and fifty shown.
    let mut found = spaces[spaces.partition_point(|space| space.id <= after)..]
        .iter()
        .filter(|space| wanted.is_empty() || space.name.to_lowercase().contains(&wanted));
    let rows: Vec<_> = found.by_ref().take(PAGE).map(space_line).collect();
    let next_href = rows.last().filter(|_| found.next().is_some()).map(|last| {
        let mut href = url::form_urlencoded::Serializer::new(format!("{}?", Tab::Spaces.href()));
        href.append_pair("q", &query).append_pair("after", &last.id.to_string()).finish()
    });
    let back = |name: &str| field(desk, name, String::new(), problems);
    let view = ConsoleSpaces {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Spaces),
        query,
        count: spaces.len(),
        rows,
        next_href,
        form: desk.visit.form(Tab::Spaces.href(), Vec::new()),
        name: back("name"),
        support_email: back("support_email"),
        brand: back("brand"),
        told,
        line: line(&["space", "add", "Acme Bank", "--support-email", "help@acme.example", "--brand", "#7a1f3d"]),
    };
    desk.visit.page(status, &view)
}

fn space_line(space: &Space) -> SpaceLine {
    SpaceLine {
        id: space.id.0,
        name: space.name.clone(),
        support_email: space.support_email.clone(),
        brand: space.brand.map(Brand::hex),
        href: space_href(space.id.0),
    }
}

/// `GET /console/spaces/{id}`
pub async fn show(Path(id): Path<String>, desk: Desk) -> Answer {
    match find(&desk, &id).await {
        Ok(space) => {
            let told = desk.told();
            page(&desk, &space, 200, told, None).await
        }
        Err(answer) => answer,
    }
}

/// `POST /console/spaces/{id}`
pub async fn change(Path(id): Path<String>, desk: Desk) -> Answer {
    let space = match find(&desk, &id).await {
        Ok(space) => space,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["name", "support_email", "brand", "sign_up"]) {
        return page(&desk, &space, 400, Some(Told::Stale), None).await;
    }
    save(&desk, &space, typed_form(&desk)).await
}

/// `POST /console/spaces/{id}/logo`: a form with a file, or one that takes the logo away.
pub async fn set_logo(Path(id): Path<String>, desk: Desk) -> Answer {
    let space = match find(&desk, &id).await {
        Ok(space) => space,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["do"]) {
        return page(&desk, &space, 400, Some(Told::Stale), None).await;
    }
    let logo = match (desk.visit.form.get("do"), &desk.visit.file) {
        (Some("remove"), _) => None,
        (_, Some(file)) => Some(file.clone()),
        (_, None) => {
            let problems = FieldProblems(vec![("logo", FieldProblem::Missing)]);
            return page(&desk, &space, 400, None, Some(&problems)).await;
        }
    };
    let form = SpaceForm {
        name: space.name.clone(),
        support_email: space.support_email.clone().unwrap_or_default(),
        brand: space.brand.map(Brand::hex).unwrap_or_default(),
        logo: Some(logo),
        sign_up: String::new(),
    };
    save(&desk, &space, form).await
}

/// `POST /console/spaces/{id}/invite`
pub async fn invite(Path(id): Path<String>, desk: Desk) -> Answer {
    let space = match find(&desk, &id).await {
        Ok(space) => space,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["email"]) {
        return page(&desk, &space, 400, Some(Told::Stale), None).await;
    }
    let (trail, p) = (desk.visit.trail(), desk.visit.p());
    match send_invitation(space.id, &typed(&desk.visit, "email"), desk.actor(), trail, p).await {
        Ok(_) => desk.done(&space_href(space.id.0), &Told::Invited),
        Err(Stop::Refused(Refusal::Fields(problems))) => page(&desk, &space, 400, None, Some(&problems)).await,
        Err(Stop::Refused(refusal @ Refusal::SignUpClosed)) => {
            let (status, told) = in_words(&refusal);
            page(&desk, &space, status, Some(told), None).await
        }
        Err(stop) => desk.refused(stop),
    }
}

async fn save(desk: &Desk, space: &Space, form: SpaceForm) -> Answer {
    let (trail, p) = (desk.visit.trail(), desk.visit.p());
    match spaces::change_space(space.id, form, desk.actor(), trail, p).await {
        Ok(()) => desk.done(&space_href(space.id.0), &Told::SpaceSaved),
        Err(Stop::Refused(Refusal::Fields(problems))) => page(desk, space, 400, None, Some(&problems)).await,
        Err(stop) => desk.refused(stop),
    }
}

async fn find(desk: &Desk, id: &str) -> Result<Space, Answer> {
    desk.reads(Tab::Spaces)?;
    let Ok(id) = id.parse() else { return Err(desk.visit.trouble(Trouble::NotFound)) };
    match desk.visit.p().store.space(SpaceId(id)).await {
        Ok(Some(space)) => Ok(space),
        Ok(None) => Err(desk.visit.trouble(Trouble::NotFound)),
        Err(fault) => Err(desk.visit.broke(&fault)),
    }
}

/// A field that came back, or what is there.
fn field(desk: &Desk, name: &str, kept: String, problems: Option<&FieldProblems>) -> Field {
    let value = if desk.visit.form.count(name) > 0 { typed(&desk.visit, name) } else { kept };
    Field { value, error: problems.and_then(|problems| problems.of(name)).map(words::field_problem) }
}

async fn page(desk: &Desk, space: &Space, status: u16, told: Option<Told>, problems: Option<&FieldProblems>) -> Answer {
    let history = match history(desk, format!("space {}", space.id), &space_href(space.id.0)).await {
        Ok(history) => history,
        Err(fault) => return desk.visit.broke(&fault),
    };
    let sign_up = desk.visit.form.get("sign_up").and_then(Admission::parse).unwrap_or(space.sign_up);
    let (base, kept) = (space_href(space.id.0), |text: &Option<String>| text.clone().unwrap_or_default());
    let view = ConsoleSpace {
        // In its own colours, to be looked at.
        chrome: desk.visit.chrome_in(Some(space), Here::Elsewhere),
        frame: desk.frame(Tab::Spaces),
        told,
        title: space.name.clone(),
        form: desk.visit.form(&base, Vec::new()),
        name: field(desk, "name", space.name.clone(), problems),
        support_email: field(desk, "support_email", kept(&space.support_email), problems),
        brand: field(desk, "brand", space.brand.map(Brand::hex).unwrap_or_default(), problems),
        sign_up: Admission::ALL.map(|choice| admission(choice, sign_up)).to_vec(),
        sign_up_error: problems.and_then(|problems| problems.of("sign_up")).map(words::field_problem),
        invite: (space.sign_up != Admission::Closed).then(|| {
            desk.act(&format!("{base}/invite"), line(&["space", "invite", "ada@example.com", "--space", &space.name]))
        }),
        invite_email: field(desk, "email", String::new(), problems),
        logo: paths::space_logo(space),
        logo_form: desk.visit.form(&format!("{base}/logo"), Vec::new()),
        logo_error: problems.and_then(|problems| problems.of("logo")).map(words::field_problem),
        line: line(&["space", "set", &space.name, "--brand", "#7a1f3d"]),
        logo_line: line(&["space", "set", &space.name, "--logo", "mark.png"]),
        history,
    };
    desk.visit.page(status, &view)
}

fn admission(choice: Admission, stands: Admission) -> Choice {
    Choice { value: choice.name().to_owned(), words: words::admission(choice).to_owned(), chosen: choice == stands }
}
