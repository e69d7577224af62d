//! `/account/email`: a person asks for another address. `/change-email` and `/undo-email`: the mailed links that make it
//! the account's, and that take it back. Looking asks; only the post uses a link up.

use zeroize::Zeroizing;

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::paths;
use super::person::{field, refused, typed, usable};
use super::views::{ChangeEmail, EmailLink, EmailLinkStep, Field, Here, Hidden, ProblemKind};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::FieldProblems;
use crate::domain::account::Account;
use crate::flows::change_email::{NewEmail, ask_email, confirm_email, look_at_email_link, undo_email};
use crate::flows::refusal::Refusal;
use crate::store::links::LinkPurpose;

/// `GET /account/email`
pub async fn show(visit: Visit) -> Answer {
    match usable(&visit, paths::EMAIL).await {
        Ok(account) => page(&visit, &account, 200, None, Said::default()),
        Err(answer) => answer,
    }
}

/// `POST /account/email`
pub async fn ask(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::EMAIL).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if visit.form.repeats_any(&["form_token", "current", "email"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(paths::EMAIL) {
        return page(&visit, &account, 400, None, Said::default());
    }
    let new = NewEmail { current: Zeroizing::new(typed(&visit, "current")), email: typed(&visit, "email") };
    match ask_email(account.id, new, visit.trail(), visit.p()).await {
        Ok(email) => page(&visit, &account, 200, None, Said { sent: Some(email), ..Said::default() }),
        Err(Stop::Refused(Refusal::Fields(problems))) => page(&visit, &account, 400, Some(&problems), Said::default()),
        Err(Stop::Refused(Refusal::WrongPassword)) => {
            visit.web.limits.failed(visit.address, visit.now());
            page(&visit, &account, 400, None, Said { wrong_password: true, ..Said::default() })
        }
        Err(Stop::Refused(Refusal::MovedLately)) => {
            page(&visit, &account, 409, None, Said { moved_lately: true, ..Said::default() })
        }
        Err(stop) => refused(&visit, stop).await,
    }
}

#[derive(Default)]
struct Said {
    sent: Option<String>,
    wrong_password: bool,
    moved_lately: bool,
}

fn page(visit: &Visit, account: &Account, status: u16, problems: Option<&FieldProblems>, said: Said) -> Answer {
    let missing = problems.and_then(|problems| problems.of("current")).map(words::field_problem);
    let wrong = said.wrong_password.then(|| words::WRONG_PASSWORD.to_owned());
    let view = ChangeEmail {
        chrome: visit.chrome(Here::Account),
        form: visit.form(paths::EMAIL, Vec::new()),
        now: account.email.as_str().to_owned(),
        email: field(visit, "email", "email", problems),
        current: Field { value: String::new(), error: missing.or(wrong) },
        sent: said.sent,
        moved_lately: said.moved_lately,
    };
    visit.page(status, &view)
}

/// `GET /change-email`
pub async fn show_confirm(visit: Visit) -> Answer {
    look(&visit, LinkPurpose::ChangeEmail).await
}

/// `POST /change-email`
pub async fn confirm(visit: Visit) -> Answer {
    use_link(&visit, LinkPurpose::ChangeEmail).await
}

/// `GET /undo-email`
pub async fn show_undo(visit: Visit) -> Answer {
    look(&visit, LinkPurpose::UndoEmail).await
}

/// `POST /undo-email`
pub async fn undo(visit: Visit) -> Answer {
    use_link(&visit, LinkPurpose::UndoEmail).await
}

async fn look(visit: &Visit, purpose: LinkPurpose) -> Answer {
    let link = visit.query.get("link").unwrap_or_default().to_owned();
    match look_at_email_link(purpose, &link, visit.p()).await {
        Ok(email) => {
            let form = visit.form(&visit.path, vec![Hidden { name: "link", value: link }]);
            let undo = purpose == LinkPurpose::UndoEmail;
            link_page(visit, 200, EmailLinkStep::Confirm { form, email, undo })
        }
        Err(Stop::Refused(Refusal::DeadLink)) => link_page(visit, 404, EmailLinkStep::Dead),
        Err(stop) => refused(visit, stop).await,
    }
}

async fn use_link(visit: &Visit, purpose: LinkPurpose) -> Answer {
    if visit.form.repeats_any(&["form_token", "link"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(&visit.path) {
        return visit.stale_form();
    }
    let (link, trail, p) = (typed(visit, "link"), visit.trail(), visit.p());
    let undo = purpose == LinkPurpose::UndoEmail;
    let done = if undo { undo_email(&link, trail, p).await } else { confirm_email(&link, trail, p).await };
    match done {
        Ok(email) if undo => link_page(visit, 200, EmailLinkStep::Restored { email }),
        Ok(email) => link_page(visit, 200, EmailLinkStep::Moved { email }),
        Err(Stop::Refused(Refusal::DeadLink)) => link_page(visit, 404, EmailLinkStep::Dead),
        Err(stop) => refused(visit, stop).await,
    }
}

fn link_page(visit: &Visit, status: u16, step: EmailLinkStep) -> Answer {
    visit.page(status, &EmailLink { chrome: visit.chrome(Here::Elsewhere), step })
}
