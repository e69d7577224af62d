//! `/logout`: GET asks, POST does it.

use super::super::answer::{self, Answer};
use super::super::visitor::{self, Visit};
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
    let console = match visitor::staff(&visit.headers, visit.p()).await {
        Ok(console) => console.map(|staff| staff.session.id),
        Err(fault) => return visit.broke(&fault),
    };
    match sign_out(who.session.id, console, visit.p()).await {
        Ok(()) => {
            let signed_out = answer::set_cookie(visit.see_other(paths::SIGN_OUT), &visit.no_session_cookie());
            if console.is_some() { answer::set_cookie(signed_out, &visit.no_staff_cookie()) } else { signed_out }
        }
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
