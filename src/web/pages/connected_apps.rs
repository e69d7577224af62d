//! Connected apps: what a person has allowed, and taking it back (R-23, L-09, K-04).

use axum::extract::Path;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;

use super::super::answer::{self, Answer};
use super::super::visitor::Visit;
use super::paths;
use super::person::{logo, refused, usable, when};
use super::views::{
    Confirm, ConnectedApp, ConnectedApps, ConnectedKind, Ending, GrantHistory, GrantRow, Here, Permission,
};
use crate::domain::application::ApplicationKind;
use crate::domain::ids::ClientId;
use crate::domain::redirect_uri::host_of;
use crate::flows::connected_apps::{
    self as connected, Connection, connected_app, connected_apps, withdraw as take_back,
};
use crate::flows::refusal::Refusal;

/// `GET /account/connected-apps`
pub async fn show(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::CONNECTED_APPS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    page(&visit, &account, None).await
}

/// `GET …/{client_id}/withdraw`: asks.
pub async fn ask(Path(id): Path<String>, visit: Visit) -> Answer {
    let account = match usable(&visit, paths::CONNECTED_APPS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let Some(id) = ClientId::from_hex(&id) else { return refused(&visit, Refusal::NotFound.into()).await };
    match connected_app(&account, id, visit.p()).await {
        Ok(held) => {
            let application = &held.client.application;
            let ending = Ending::Consent { app: application.profile.name.clone(), agent: is_agent(&held) };
            let form = visit.form(&visit.path, Vec::new());
            let back_href = paths::CONNECTED_APPS.to_owned();
            visit.page(200, &Confirm { chrome: visit.chrome(Here::ConnectedApps), form, ending, back_href })
        }
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `POST …/{client_id}/withdraw`: does it.
pub async fn withdraw(Path(id): Path<String>, visit: Visit) -> Answer {
    let account = match usable(&visit, paths::CONNECTED_APPS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let Some(id) = ClientId::from_hex(&id) else { return refused(&visit, Refusal::NotFound.into()).await };
    if !visit.has_form_token(&visit.path) {
        return visit.stale_form();
    }
    match take_back(&account, id, visit.trail(), visit.p()).await {
        Ok(name) => page(&visit, &account, Some(name)).await,
        // A second click finds it gone, which is what was wished.
        Err(crate::contract::table::Stop::Refused(Refusal::NotFound)) => visit.see_other(paths::CONNECTED_APPS),
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `GET …/history`
pub async fn history(visit: Visit) -> Answer {
    let account = match usable(&visit, HISTORY).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let before = visit.query.get("before").and_then(|id| id.parse().ok());
    let events = match connected::history(&account, before, PAGE + 1, visit.p()).await {
        Ok(events) => events,
        Err(fault) => return visit.broke(&fault),
    };
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let last = events.get(page - 1).filter(|_| events.len() > page);
    let next_href = last.map(|last| format!("{HISTORY}?before={}", last.id));
    let rows = events.iter().take(page).map(|event| GrantRow {
        at: when(&visit, event.at),
        name: event.name.clone(),
        step: event.step,
        by: connected::by_whom(event, &account),
        place: event.place.clone(),
    });
    let rows = rows.collect();
    visit.page(200, &GrantHistory { chrome: visit.chrome(Here::ConnectedApps), rows, next_href })
}

/// `GET …/export.json`
pub async fn export_json(visit: Visit) -> Answer {
    let account = match usable(&visit, HISTORY).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    match connected::export_json(&account, visit.p()).await {
        Ok(text) => file("application/json", "connected-apps.json", text),
        Err(fault) => visit.broke(&fault),
    }
}

/// `GET …/export.csv`
pub async fn export_csv(visit: Visit) -> Answer {
    let account = match usable(&visit, HISTORY).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    match connected::export_csv(&account, visit.p()).await {
        Ok(text) => file("text/csv; charset=utf-8; header=present", "connected-apps.csv", text),
        Err(fault) => visit.broke(&fault),
    }
}

/// A file to keep, which no browser shows as a page of ours.
fn file(content_type: &'static str, name: &'static str, text: String) -> Answer {
    let mut answer = answer::with_type(200, content_type, text);
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    answer.headers_mut().insert(CONTENT_DISPOSITION, disposition.expect("a name of ours is a header's text"));
    answer
}

async fn page(visit: &Visit, account: &crate::domain::account::Account, withdrawn: Option<String>) -> Answer {
    match connected_apps(account, visit.p()).await {
        Ok(held) => {
            let apps = held.iter().map(|held| shown(visit, held)).collect();
            visit.page(200, &ConnectedApps { chrome: visit.chrome(Here::ConnectedApps), apps, withdrawn })
        }
        Err(fault) => visit.broke(&fault),
    }
}

fn shown(visit: &Visit, held: &Connection) -> ConnectedApp {
    let application = &held.client.application;
    let agent = is_agent(held);
    let scopes = held.consent.scope.iter().filter(|_| agent);
    ConnectedApp {
        name: application.profile.name.clone(),
        host: application.profile.url.as_deref().map(host_of).unwrap_or_default().to_owned(),
        logo: logo(application),
        kind: if agent { ConnectedKind::Agent } else { ConnectedKind::SignIn },
        permissions: scopes.filter_map(Permission::of).collect(),
        granted: when(visit, held.consent.granted_at),
        granted_from: held.granted_from.clone(),
        last_used: held.last_used_at.map(|at| when(visit, at)),
        last_used_from: held.last_used_from.clone(),
        withdraw_href: format!("{}/{}/withdraw", paths::CONNECTED_APPS, application.id),
    }
}

fn is_agent(held: &Connection) -> bool {
    held.client.application.kind == ApplicationKind::ThirdPartyAgent
}

const HISTORY: &str = "/account/connected-apps/history";
/// Rows on one page of the history.
const PAGE: i64 = 50;
