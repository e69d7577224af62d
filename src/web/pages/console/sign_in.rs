//! `/console/sign-in`: staff who are signed in type their password once more. `/console/leave` closes the console again.

use zeroize::Zeroizing;

use super::super::super::answer::{self, Answer, Trouble};
use super::super::super::local_path::LocalPath;
use super::super::super::visitor::Visit;
use super::super::paths;
use super::super::person::lost_a_form;
use super::super::views::{ConsoleSignIn, Here, Hidden, ProblemKind, SignInRefusal};
use super::gate::is_beneath;
use crate::contract::table::Stop;
use crate::flows::refusal::Refusal;
use crate::flows::sign_out;
use crate::flows::staff_sign_in::open_console;

/// Where the password is typed.
pub const PATH: &str = "/console/sign-in";
/// Where the console is closed.
pub const LEAVE: &str = "/console/leave";

/// `GET /console/sign-in`
pub async fn show(visit: Visit) -> Answer {
    if visit.staff.is_some() {
        return answer::found(paths::CONSOLE);
    }
    page(&visit, 200, None)
}

/// `POST /console/sign-in`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&["form_token", "password", "next"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let Some(who) = &visit.signed_in else { return visit.trouble(Trouble::NotFound) };
    if let Some(later) = visit.web.limits.check(visit.address, visit.now()) {
        return visit.trouble(Trouble::Later(later));
    }
    if !visit.has_form_token(PATH) {
        return page(&visit, 400, Some(SignInRefusal::StaleForm));
    }
    let Some(password) = visit.form.get("password") else {
        return page(&visit, 400, Some(SignInRefusal::Incomplete));
    };
    let typed = Zeroizing::new(password.to_owned());
    match open_console(who.account.id, &typed, visit.user_agent(), visit.trail(), visit.p()).await {
        Ok(cookie) => answer::set_cookie(answer::see_other(&leads_to(&visit)), &visit.staff_cookie(&cookie)),
        Err(Stop::Refused(Refusal::WrongPassword)) => {
            let (request_id, account) = (&visit.request_id, who.account.id.0);
            tracing::warn!(request_id, account, address = %visit.address, "the console was not opened: a wrong password");
            visit.web.limits.failed(visit.address, visit.now());
            page(&visit, 400, Some(SignInRefusal::BadCredentials))
        }
        Err(Stop::Refused(_)) => visit.trouble(Trouble::NotFound),
        Err(Stop::Later(later)) if later.too_many => {
            let minutes = u32::try_from(later.seconds.div_ceil(60)).unwrap_or(u32::MAX).max(1);
            answer::retry_after(page(&visit, 429, Some(SignInRefusal::TooMany { minutes })), later)
        }
        Err(Stop::Later(later)) => visit.trouble(Trouble::Later(later)),
        Err(Stop::Broke(fault)) => visit.broke(&fault),
    }
}

/// `POST /console/leave`
pub async fn leave(visit: Visit) -> Answer {
    let Some(who) = &visit.staff else { return visit.trouble(Trouble::NotFound) };
    if !visit.has_form_token(LEAVE) {
        return visit.stale_form();
    }
    match sign_out::sign_out(who.session.id, None, visit.p()).await {
        Ok(()) => answer::set_cookie(answer::see_other(paths::ACCOUNT), &visit.no_staff_cookie()),
        Err(fault) => visit.broke(&fault),
    }
}

/// Only ever to another page of the console.
fn leads_to(visit: &Visit) -> String {
    let next = visit.form.get("next").and_then(LocalPath::parse);
    let next = next.filter(|next| is_beneath(next.parts().0) && next.parts().0 != PATH);
    next.map_or_else(|| paths::CONSOLE.to_owned(), |next| next.as_str().to_owned())
}

fn page(visit: &Visit, status: u16, refusal: Option<SignInRefusal>) -> Answer {
    let Some(who) = &visit.signed_in else { return visit.trouble(Trouble::NotFound) };
    let next = visit.form.get("next").or_else(|| visit.query.get("next"));
    let hidden = next.map(|next| Hidden { name: "next", value: next.to_owned() });
    let view = ConsoleSignIn {
        chrome: visit.chrome(Here::Elsewhere),
        form: visit.form(PATH, hidden.into_iter().collect()),
        email: who.account.email.as_str().to_owned(),
        lost_form: lost_a_form(visit),
        refusal,
    };
    visit.page(status, &view)
}
