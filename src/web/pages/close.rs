//! `/account/close`: a person closes their account, and may have what is known of them erased. The password is asked.

use zeroize::Zeroizing;

use super::super::answer::{self, Answer};
use super::super::visitor::Visit;
use super::paths;
use super::person::{refused, typed, usable, when};
use super::views::{AccountClosed, CloseAccount, Field, Here, ProblemKind};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::FieldProblem;
use crate::domain::account::Account;
use crate::flows::close_account::close_account;
use crate::flows::refusal::Refusal;

/// `GET /account/close`
pub async fn show(visit: Visit) -> Answer {
    match usable(&visit, paths::CLOSE).await {
        Ok(account) => page(&visit, &account, 200, Field::default()).await,
        Err(answer) => answer,
    }
}

/// `POST /account/close`
pub async fn close(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::CLOSE).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "current", "erase"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(paths::CLOSE) {
        return page(&visit, &account, 400, Field::default()).await;
    }
    if is_unknown(&visit) {
        return page(&visit, &account, 400, Field::default()).await;
    }
    let current = Zeroizing::new(typed(&visit, "current"));
    match close_account(account.id, &current, erase(&visit), visit.trail(), visit.p()).await {
        Ok(erased) => {
            // The frame of somebody who is signed in no more.
            let chrome = super::views::Chrome { signed_in: None, ..visit.chrome(Here::Elsewhere) };
            let view = AccountClosed { chrome, erased: erased.map(|at| when(&visit, at)) };
            answer::set_cookie(visit.page(200, &view), &visit.no_session_cookie())
        }
        Err(Stop::Refused(Refusal::WrongPassword)) => {
            visit.web.limits.failed(visit.address, visit.now());
            page(&visit, &account, 400, Field::wrong("", words::WRONG_PASSWORD)).await
        }
        Err(stop) => refused(&visit, stop).await,
    }
}

fn erase(visit: &Visit) -> bool {
    visit.form.get("erase") == Some("yes")
}

/// Was something else said than the page offers? Nothing is guessed of what ends an account.
fn is_unknown(visit: &Visit) -> bool {
    visit.form.get("erase").is_some_and(|said| !matches!(said, "yes" | "no"))
}

async fn page(visit: &Visit, account: &Account, status: u16, current: Field) -> Answer {
    let apps = match visit.p().store.clients_of(account.id).await {
        Ok(apps) => apps.len(),
        Err(fault) => return visit.broke(&fault),
    };
    let view = CloseAccount {
        chrome: visit.chrome(Here::Account),
        form: visit.form(paths::CLOSE, Vec::new()),
        email: account.email.as_str().to_owned(),
        apps,
        days: visit.p().settings.erasure_wait.as_secs() / (24 * 60 * 60),
        erase: erase(visit),
        erase_error: is_unknown(visit).then(|| words::field_problem(FieldProblem::Unknown)),
        current,
        staff: account.staff.is_some(),
    };
    visit.page(status, &view)
}
