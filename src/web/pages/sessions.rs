//! `/account/sessions`: where a person is signed in; one session ended, or everything there is (R-26, T-11).

use axum::extract::Path;

use super::super::answer::{self, Answer};
use super::super::visitor::Visit;
use super::paths;
use super::person::{refused, usable, when};
use super::views::{EndAllSessions, Here, SessionRow, Sessions};
use crate::contract::table::Stop;
use crate::contract::words::place::{network, program};
use crate::domain::ids::SessionId;
use crate::flows::account_status::sign_out_everywhere;
use crate::flows::refusal::{Actor, Refusal};
use crate::flows::sessions::{end_session, open_sessions};
use crate::store::sessions::Session;

/// `GET /account/sessions`
pub async fn show(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::SESSIONS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    match open_sessions(&account, visit.p()).await {
        Ok(open) => {
            let mut sessions: Vec<_> = open.iter().map(|session| row(&visit, session)).collect();
            // This browser stands first, whenever it signed in.
            sessions.sort_by_key(|session| !session.here);
            let ended = visit.query.get("done") == Some("ended");
            visit.page(200, &Sessions { chrome: visit.chrome(Here::Account), sessions, ended })
        }
        Err(fault) => visit.broke(&fault),
    }
}

fn row(visit: &Visit, session: &Session) -> SessionRow {
    SessionRow {
        browser: program(&session.agent),
        place: session.address.parse().map(network).unwrap_or_default(),
        opened: when(visit, session.created_at),
        seen: when(visit, session.seen_at),
        here: visit.signed_in.as_ref().is_some_and(|who| who.session.id == session.id),
        console: session.console,
        end: visit.form(&format!("{}/{}/end", paths::SESSIONS, session.id.hex()), Vec::new()),
    }
}

/// `POST /account/sessions/{id}/end`
pub async fn end(Path(id): Path<String>, visit: Visit) -> Answer {
    let account = match usable(&visit, paths::SESSIONS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let Some(id) = SessionId::from_hex(&id) else { return refused(&visit, Refusal::NotFound.into()).await };
    if !visit.has_form_token(&visit.path) {
        return visit.stale_form();
    }
    let here = visit.signed_in.as_ref().is_some_and(|who| who.session.id == id);
    match end_session(&account, id, visit.trail(), visit.p()).await {
        Ok(()) if here => answer::set_cookie(visit.see_other(paths::SIGN_OUT), &visit.no_session_cookie()),
        Ok(()) => visit.see_other(&format!("{}?done=ended", paths::SESSIONS)),
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `GET /account/sessions/end-all`
pub async fn ask_end_all(visit: Visit) -> Answer {
    match usable(&visit, paths::END_ALL_SESSIONS).await {
        Ok(_) => asking(&visit, 200),
        Err(answer) => answer,
    }
}

/// `POST /account/sessions/end-all`
pub async fn end_all(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::END_ALL_SESSIONS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !visit.has_form_token(paths::END_ALL_SESSIONS) {
        return asking(&visit, 400);
    }
    match sign_out_everywhere(account.id, Actor::Owner(&account), visit.trail(), visit.p()).await {
        Ok(()) => answer::set_cookie(visit.see_other(paths::SIGN_OUT), &visit.no_session_cookie()),
        Err(Stop::Broke(fault)) => visit.broke(&fault),
        Err(stop) => refused(&visit, stop).await,
    }
}

fn asking(visit: &Visit, status: u16) -> Answer {
    let form = visit.form(paths::END_ALL_SESSIONS, Vec::new());
    visit.page(status, &EndAllSessions { chrome: visit.chrome(Here::Account), form })
}
