//! `/logout`: GET asks, POST does it.

use super::super::answer::{self, Answer};
use super::super::visitor::Visit;
use super::paths;
use super::views::{Here, SignOut, SignedOut};
use crate::flows::sign_out::sign_out;

/// `GET /logout`
pub async fn show(visit: Visit) -> Answer {
    ask(&visit, 200)
}

/// `POST /logout`
pub async fn submit(visit: Visit) -> Answer {
    let Some(who) = &visit.signed_in else { return visit.see_other(paths::SIGN_OUT) };
    if !visit.has_form_token(paths::SIGN_OUT) {
        return ask(&visit, 400);
    }
    match sign_out(who.session.id, visit.p()).await {
        Ok(()) => answer::set_cookie(visit.see_other(paths::SIGN_OUT), &visit.no_session_cookie()),
        Err(fault) => visit.broke(&fault),
    }
}

fn ask(visit: &Visit, status: u16) -> Answer {
    let chrome = visit.chrome(Here::Elsewhere);
    if visit.signed_in.is_some() {
        visit.page(status, &SignOut { chrome, form: visit.form(paths::SIGN_OUT, Vec::new()) })
    } else {
        visit.page(200, &SignedOut { chrome })
    }
}
