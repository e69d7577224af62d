//! What became of an application's requests, for its owner alone (W-03): a few on its page, all of them on their own, and
//! one by the id that its answer carried.

use axum::extract::Path;

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::app::Desk;
use super::person::when;
use super::views::{AppRequests, Here, RequestRow};
use crate::domain::ids::ClientId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::store::app_requests::RecordedRequest;

/// Requests on the application's own page.
const FEW: i64 = 5;
/// Requests on one page of the list.
const PAGE: usize = 50;

/// `GET /oauth/apps/{client_id}/requests`
pub async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let desk = match Desk::of(&visit, &id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    match listed(&desk).await {
        Ok(view) => visit.page(200, &view),
        Err(fault) => visit.broke(&fault),
    }
}

/// The newest requests of an application, a few.
///
/// # Errors
/// The store cannot be read.
pub async fn newest(visit: &Visit, application: ClientId) -> Result<Vec<RequestRow>, Fault> {
    let found = visit.p().store.requests_of(application, None, FEW).await?;
    Ok(found.into_iter().map(|request| row(visit, request)).collect())
}

async fn listed(desk: &Desk<'_>) -> Result<AppRequests, Fault> {
    let (visit, store) = (desk.visit, &desk.visit.p().store);
    let query = visit.query.get("q").unwrap_or_default().trim().to_owned();
    let mut found = if query.is_empty() {
        store.requests_of(desk.id, before(visit), i64::try_from(PAGE + 1).unwrap_or(i64::MAX)).await?
    } else {
        store.request_of(desk.id, query.clone()).await?.into_iter().collect()
    };
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next_href = found.last().filter(|_| more).map(|last| {
        let mut href = url::form_urlencoded::Serializer::new(format!("{}/requests?", desk.base));
        href.append_pair("before", &last.at.micros().to_string()).append_pair("id", &last.request_id).finish()
    });
    Ok(AppRequests {
        chrome: visit.chrome(Here::ApiSettings),
        base: desk.base.clone(),
        name: desk.client.application.profile.name.clone(),
        query,
        rows: found.into_iter().map(|request| row(visit, request)).collect(),
        next_href,
    })
}

/// Where the page before this one ended.
fn before(visit: &Visit) -> Option<(Timestamp, String)> {
    let at = visit.query.get("before")?.parse().ok()?;
    Some((Timestamp::from_micros(at), visit.query.get("id").unwrap_or_default().to_owned()))
}

fn row(visit: &Visit, request: RecordedRequest) -> RequestRow {
    RequestRow {
        at: when(visit, request.at),
        surface: request.surface,
        outcome: request.outcome,
        cause: request.detail,
        request_id: request.request_id,
        calls: request.calls,
    }
}
