//! The link at which an owner draws the secret of an application that staff registered (B-05, R-81): GET looks, POST draws.
//! Whoever is not signed in as the owner is first asked to be; to anybody else there is nothing here.

use axum::extract::Path;

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::paths;
use super::person::{refused, typed, usable};
use super::views::{HandOver, HandOverState, Here, Hidden, ProblemKind};
use crate::contract::table::Stop;
use crate::domain::account::Account;
use crate::domain::ids::ClientId;
use crate::flows::hand_over::{claim_handover, look_at_handover};
use crate::flows::manage_app::app_of;
use crate::flows::refusal::{Actor, Refusal};

/// `GET /oauth/apps/{client_id}/hand-over?link=…`
pub async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let Some(id) = ClientId::from_hex(&id) else { return refused(&visit, Refusal::NotFound.into()).await };
    let account = match usable(&visit, &visit.here()).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let link = visit.query.get("link").unwrap_or_default().to_owned();
    match look_at_handover(id, &link, Actor::Owner(&account), visit.p()).await {
        Ok(_) => page(&visit, &account, id, 200, waits(&visit, link)).await,
        Err(Stop::Refused(Refusal::DeadLink)) => page(&visit, &account, id, 404, HandOverState::Dead).await,
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `POST /oauth/apps/{client_id}/hand-over`
pub async fn draw(Path(id): Path<String>, visit: Visit) -> Answer {
    let Some(id) = ClientId::from_hex(&id) else { return refused(&visit, Refusal::NotFound.into()).await };
    let back: String = url::form_urlencoded::byte_serialize(typed(&visit, "link").as_bytes()).collect();
    let account = match usable(&visit, &format!("{}?link={back}", visit.path)).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "link"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let link = typed(&visit, "link");
    if !visit.has_form_token(&visit.path) {
        return page(&visit, &account, id, 400, waits(&visit, link)).await;
    }
    match claim_handover(id, &link, Actor::Owner(&account), visit.trail(), visit.p()).await {
        Ok(secret) => {
            let secret = secret.expose().to_owned();
            page(&visit, &account, id, 200, HandOverState::Shown { secret }).await
        }
        Err(Stop::Refused(Refusal::DeadLink)) => page(&visit, &account, id, 404, HandOverState::Dead).await,
        Err(stop) => refused(&visit, stop).await,
    }
}

fn waits(visit: &Visit, link: String) -> HandOverState {
    HandOverState::Waits { form: visit.form(&visit.path, vec![Hidden { name: "link", value: link }]) }
}

async fn page(visit: &Visit, account: &Account, id: ClientId, status: u16, state: HandOverState) -> Answer {
    match app_of(id, Actor::Owner(account), visit.p()).await {
        Ok(client) => {
            let view = HandOver {
                chrome: visit.chrome(Here::ApiSettings),
                name: client.application.profile.name.clone(),
                client_id: id.hex(),
                state,
                manage_href: paths::app(&id.hex()),
            };
            visit.page(status, &view)
        }
        Err(stop) => refused(visit, stop).await,
    }
}
