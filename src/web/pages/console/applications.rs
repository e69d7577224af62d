//! Applications: found, shown, registered for an owner, handed over, switched off and on (B-01a, B-04, B-05).
//!
//! This file is long because each action of the one page has its handler, a few lines each.

use std::sync::Arc;

use axum::extract::Path;

use super::super::super::answer::{Answer, Trouble};
use super::super::person::{app_kind, app_state, logo, made_by, typed, when};
use super::super::views::{Choice, ConsoleApp, ConsoleApps, ConsoleRegister, Field, NewLink, Tab, Told};
use super::desk::{Desk, in_words};
use super::facts::{PAGE, PAGE_AND_ONE, account_href, app_line, application_href, history, space_choices, space_name};
use super::lines::line;
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::application::{ApplicationKind, Registration};
use crate::domain::ids::{AccountId, ClientId};
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems};
use crate::fault::Fault;
use crate::flows::hand_over::{self, HandoverLink};
use crate::flows::manage_app::{AppWish, change_app};
use crate::flows::refusal::Refusal;
use crate::flows::register_app::NewApplication;
use crate::store::applications::Client;
use crate::store::search::ApplicationSearch;

/// `GET /console/applications`
pub async fn search(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Applications) {
        return answer;
    }
    match found(&desk).await {
        Ok(view) => desk.visit.page(200, &view),
        Err(fault) => desk.visit.broke(&fault),
    }
}

async fn found(desk: &Desk) -> Result<ConsoleApps, Fault> {
    let query = &desk.visit.query;
    let (text, kind) = (query.get("q").unwrap_or_default().to_owned(), query.get("kind"));
    let search = ApplicationSearch {
        text: text.clone(),
        kind: kind.and_then(ApplicationKind::parse),
        before: query.get("before").and_then(key),
    };
    let found = desk.visit.p().store.search_applications(search, PAGE_AND_ONE).await?;
    let last = found.get(PAGE - 1).filter(|_| found.len() > PAGE);
    let next_href = last.map(|last| {
        let mut href = url::form_urlencoded::Serializer::new(format!("{}?", Tab::Applications.href()));
        href.append_pair("q", &text).append_pair("kind", kind.unwrap_or_default());
        href.append_pair("before", &format!("{}.{}", last.created_at.micros(), last.id.hex())).finish()
    });
    Ok(ConsoleApps {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Applications),
        query: text,
        kinds: kinds(&ApplicationKind::ALL, kind, true),
        rows: found.iter().take(PAGE).map(|application| app_line(desk, application)).collect(),
        next_href,
        line: line(&["app", "list"]),
    })
}

/// Where a page of the list begins.
fn key(text: &str) -> Option<(Timestamp, ClientId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), ClientId::from_hex(id)?))
}

fn kinds(list: &[ApplicationKind], chosen: Option<&str>, all: bool) -> Vec<Choice> {
    let every =
        all.then(|| Choice { value: String::new(), words: words::ALL_KINDS.to_owned(), chosen: chosen.is_none() });
    let each = list.iter().map(|kind| Choice {
        value: kind.name().to_owned(),
        words: words::application_kind(*kind).to_owned(),
        chosen: chosen == Some(kind.name()),
    });
    every.into_iter().chain(each).collect()
}

/// `GET /console/applications/new`
pub async fn new(desk: Desk) -> Answer {
    match desk.reads(Tab::Applications) {
        Ok(()) => form(&desk, 200, None, None).await,
        Err(answer) => answer,
    }
}

/// `POST /console/applications/new`
pub async fn register(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Applications) {
        return answer;
    }
    if !desk.is_ours(&["kind", "space", "owner", "name", "url", "redirect_uris"]) {
        return form(&desk, 400, Some(Told::Stale), None).await;
    }
    let visit = &desk.visit;
    let id = ClientId::from_bytes(made_by(visit));
    let wish = match wish(&desk, id).await {
        Ok(Ok(wish)) => wish,
        Ok(Err(problems)) => return form(&desk, 400, None, Some(&problems)).await,
        Err(fault) => return visit.broke(&fault),
    };
    match hand_over::register_and_hand_over(wish, desk.actor(), visit.trail(), visit.p()).await {
        Ok((application, link)) => page(&desk, application.id, 200, None, Some(link)).await,
        Err(Stop::Refused(Refusal::Fields(problems))) => form(&desk, 400, None, Some(&problems)).await,
        // Sent twice: what it made is shown, without the link, of which the owner has a copy.
        Err(Stop::Refused(Refusal::MadeAlready)) => visit.see_other(&application_href(&id.hex())),
        Err(Stop::Refused(refusal @ (Refusal::WrongKind(_) | Refusal::NotUsable(_)))) => {
            let (status, told) = in_words(&refusal);
            form(&desk, status, Some(told), None).await
        }
        Err(stop) => desk.refused(stop),
    }
}

/// What the form asks for, or everything that is wrong with it.
async fn wish(desk: &Desk, id: ClientId) -> Result<Result<NewApplication, FieldProblems>, Fault> {
    let visit = &desk.visit;
    let typed_in = Registration {
        name: typed(visit, "name"),
        url: typed(visit, "url"),
        redirect_uris: typed(visit, "redirect_uris").lines().map(str::to_owned).collect(),
        ..Registration::default()
    };
    let mut problems = FieldProblems::default();
    let kind = visit.form.get("kind").and_then(ApplicationKind::parse).filter(|kind| kind.is_registered_by_staff());
    let kind = problems.note("kind", kind.ok_or(FieldProblem::Unknown));
    let owner = owner(desk, &mut problems).await?;
    if let Some(Err(found)) = kind.map(|kind| typed_in.check(kind)) {
        problems.0.extend(found.0);
    }
    Ok(match (owner, kind) {
        (Some(owner), Some(kind)) if problems.0.is_empty() => {
            Ok(NewApplication { owner, kind, typed: typed_in, scopes: None, logo: None, id: Some(id) })
        }
        _ => Err(problems),
    })
}

/// The account whose email was typed, in the space that was chosen, else in the first.
async fn owner(desk: &Desk, problems: &mut FieldProblems) -> Result<Option<AccountId>, Fault> {
    let store = &desk.visit.p().store;
    let spaces = store.spaces().await?;
    let space = match desk.visit.form.get("space") {
        Some(chosen) => spaces.iter().find(|space| space.id.to_string() == chosen),
        None => spaces.first(),
    };
    let space = problems.note("space", space.ok_or(FieldProblem::Unknown));
    let email = typed(&desk.visit, "owner");
    let found = match space {
        _ if email.trim().is_empty() => Err(FieldProblem::Missing),
        None => return Ok(None),
        Some(space) => {
            let found = store.credentials_by_email(space.id, email.trim()).await?;
            found.map(|found| found.account.id).ok_or(FieldProblem::Nobody)
        }
    };
    Ok(problems.note("owner", found))
}

async fn form(desk: &Desk, status: u16, told: Option<Told>, problems: Option<&FieldProblems>) -> Answer {
    let visit = &desk.visit;
    let spaces = match space_choices(desk, visit.form.get("space"), false).await {
        Ok(spaces) => spaces,
        Err(fault) => return visit.broke(&fault),
    };
    let error = |name: &str| problems.and_then(|problems| problems.of(name)).map(words::field_problem);
    let back = |name: &str| Field { value: typed(visit, name), error: error(name) };
    let by_staff = [ApplicationKind::Login, ApplicationKind::Partner, ApplicationKind::Api];
    let example = "https://app.example";
    let view = ConsoleRegister {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Applications),
        told,
        form: visit.form("/console/applications/new", Vec::new()),
        kinds: kinds(&by_staff, visit.form.get("kind"), false),
        kind_error: error("kind"),
        spaces,
        space_error: error("space"),
        owner: back("owner"),
        name: back("name"),
        url: back("url"),
        redirect_uris: back("redirect_uris"),
        line: line(&[
            "app",
            "register",
            "--hand-over",
            "--kind",
            "login",
            "--owner",
            "ada@example.com",
            "--name",
            "Acme HR",
            "--url",
            example,
            "--redirect-uri",
            "https://app.example/callback",
        ]),
    };
    visit.page(status, &view)
}

/// `GET /console/applications/{client_id}`
pub async fn show(Path(id): Path<String>, desk: Desk) -> Answer {
    match read_id(&desk, &id) {
        Ok(id) => {
            let told = desk.told();
            page(&desk, id, 200, told, None).await
        }
        Err(answer) => answer,
    }
}

/// `POST /console/applications/{client_id}/hand-over`
pub async fn hand_over(Path(id): Path<String>, desk: Desk) -> Answer {
    let id = match read_id(&desk, &id) {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&[]) {
        return page(&desk, id, 400, Some(Told::Stale), None).await;
    }
    match hand_over::hand_over(id, desk.actor(), desk.visit.trail(), desk.visit.p()).await {
        Ok(link) => page(&desk, id, 200, None, Some(link)).await,
        Err(stop) => desk.refused(stop),
    }
}

/// `POST /console/applications/{client_id}/disable`
pub async fn disable(Path(id): Path<String>, desk: Desk) -> Answer {
    switch(&desk, &id, AppWish::Disable, &Told::Disabled).await
}

/// `POST /console/applications/{client_id}/enable`
pub async fn enable(Path(id): Path<String>, desk: Desk) -> Answer {
    switch(&desk, &id, AppWish::Enable, &Told::Enabled).await
}

async fn switch(desk: &Desk, id: &str, wish: AppWish, told: &Told) -> Answer {
    let id = match read_id(desk, id) {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&[]) {
        return page(desk, id, 400, Some(Told::Stale), None).await;
    }
    match change_app(id, wish, desk.actor(), desk.visit.trail(), desk.visit.p()).await {
        Ok(()) => desk.done(&application_href(&id.hex()), told),
        Err(stop) => desk.refused(stop),
    }
}

#[expect(clippy::result_large_err, reason = "the answer that is given instead is no larger than any other")]
fn read_id(desk: &Desk, id: &str) -> Result<ClientId, Answer> {
    desk.reads(Tab::Applications)?;
    ClientId::from_hex(id).ok_or_else(|| desk.visit.trouble(Trouble::NotFound))
}

async fn page(desk: &Desk, id: ClientId, status: u16, told: Option<Told>, link: Option<HandoverLink>) -> Answer {
    match desk.visit.p().store.client_as_kept(id).await {
        Ok(Some(client)) => match view(desk, &client, told, link).await {
            Ok(view) => desk.visit.page(status, &view),
            Err(fault) => desk.visit.broke(&fault),
        },
        Ok(None) => desk.visit.trouble(Trouble::NotFound),
        Err(fault) => desk.visit.broke(&fault),
    }
}

async fn view(
    desk: &Desk,
    client: &Arc<Client>,
    told: Option<Told>,
    link: Option<HandoverLink>,
) -> Result<ConsoleApp, Fault> {
    let (visit, application) = (&desk.visit, &client.application);
    let store = &visit.p().store;
    let owner = store.account(application.owner).await?.ok_or_else(|| Fault::internal("an application of nobody"))?;
    let (id, base) = (application.id.hex(), application_href(&application.id.hex()));
    let waits = store.handover(application.id).await?.filter(|kept| !kept.expires_at.has_come(visit.now()));
    let turn = if application.disabled { "enable" } else { "disable" };
    let email = owner.email.as_str().to_owned();
    Ok(ConsoleApp {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Applications),
        told,
        link: link.map(|link| NewLink {
            url: link.url.expose().to_owned(),
            owner: email.clone(),
            until: when(visit, link.expires_at),
        }),
        name: application.profile.name.clone(),
        logo: logo(application),
        kind: app_kind(application.kind),
        state: app_state(application, &owner),
        owner: email,
        owner_href: Some(account_href(owner.id.0)),
        space: space_name(desk, application.space).await?,
        url: application.profile.url.clone(),
        redirect_uris: application.profile.redirect_uris.iter().map(RedirectUri::as_str).map(str::to_owned).collect(),
        created: when(visit, application.created_at),
        secrets: client.secrets.iter().filter(|secret| secret.is_live(visit.now())).count(),
        last_used: client.secrets.iter().filter_map(|secret| secret.last_used_at).max().map(|at| when(visit, at)),
        link_waits: waits.map(|kept| when(visit, kept.expires_at)),
        hand_over: desk.act(&format!("{base}/hand-over"), line(&["app", "hand-over", &id])),
        switch: desk.act(&format!("{base}/{turn}"), line(&["app", turn, &id])),
        history: history(desk, format!("application {id}"), &application_href(&id)).await?,
        client_id: id,
    })
}
