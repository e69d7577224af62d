//! Accounts: found, shown, moved, reset, signed out; staff roles (A-02, T-11).
//!
//! This file is long because each action of the one page has its handler, a few lines each.

use axum::extract::Path;

use super::super::super::answer::Answer;
use super::super::person::typed;
use super::super::views::{
    AccountLine, Choice, ConsoleAccount, ConsoleAccounts, Field, MoveForm, ProblemKind, StaffForm, Tab, Told,
};
use super::desk::{Desk, in_words};
use super::erasures;
use super::facts::{
    PAGE, PAGE_AND_ONE, account_facts, account_href, app_line, history, request_href, space_choices, space_name, title,
};
use super::lines::line;
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::account::{Account, AccountKind, StaffRole};
use crate::domain::ids::SpaceId;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems, text};
use crate::fault::Fault;
use crate::flows::account_status::{self, StatusWish, who_moves};
use crate::flows::agent_role::MOST_REASON;
use crate::flows::refusal::{ADMINISTRATION, REVIEW, Refusal, SUPPORT};
use crate::store::search::AccountSearch;

/// `GET /console/accounts`
pub async fn search(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Accounts) {
        return answer;
    }
    match found(&desk).await {
        Ok(view) => desk.visit.page(200, &view),
        Err(fault) => desk.visit.broke(&fault),
    }
}

async fn found(desk: &Desk) -> Result<ConsoleAccounts, Fault> {
    let query = &desk.visit.query;
    let (text, space) = (query.get("q").unwrap_or_default().to_owned(), query.get("space"));
    let search = AccountSearch {
        text: text.clone(),
        space: space.and_then(|id| id.parse().ok()).map(SpaceId),
        after: query.get("after").and_then(|id| id.parse().ok()).unwrap_or(0),
    };
    let accounts = desk.visit.p().store.search_accounts(search, PAGE_AND_ONE).await?;
    let last = accounts.get(PAGE - 1).filter(|_| accounts.len() > PAGE);
    let next_href = last.map(|last| {
        let mut href = url::form_urlencoded::Serializer::new(format!("{}?", Tab::Accounts.href()));
        href.append_pair("q", &text);
        if let Some(space) = space {
            href.append_pair("space", space);
        }
        href.append_pair("after", &last.id.to_string()).finish()
    });
    let mut rows = Vec::new();
    for account in accounts.iter().take(PAGE) {
        rows.push(AccountLine {
            id: account.id.0,
            name: title(account),
            email: account.email.as_str().to_owned(),
            space: space_name(desk, account.space).await?,
            status: words::status(account.status).to_owned(),
            active: account.status == Status::Active,
            staff: account.staff.map(StaffRole::name),
            href: account_href(account.id.0),
        });
    }
    Ok(ConsoleAccounts {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Accounts),
        query: text,
        spaces: space_choices(desk, space, true).await?,
        rows,
        next_href,
        line: line(&["user", "list"]),
    })
}

/// `GET /console/accounts/{id}`
pub async fn show(Path(id): Path<String>, desk: Desk) -> Answer {
    match desk.account(Tab::Accounts, &id).await {
        Ok(account) => {
            let told = desk.told();
            desk.page(200, view(&desk, &account, told, None).await)
        }
        Err(answer) => answer,
    }
}

/// `POST /console/accounts/{id}/status`
pub async fn move_status(Path(id): Path<String>, desk: Desk) -> Answer {
    let account = match desk.account(Tab::Accounts, &id).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["status", "reason", "until"]) {
        return desk.page(400, view(&desk, &account, Some(Told::Stale), None).await);
    }
    let mut problems = FieldProblems::default();
    let to = desk.visit.form.get("status").and_then(Status::parse).ok_or(FieldProblem::Unknown);
    let to = problems.note("status", to);
    let until = problems.note("until", until(&typed(&desk.visit, "until"), desk.visit.now()));
    let reason = problems.note("reason", text(&typed(&desk.visit, "reason"), MOST_REASON));
    // Whoever may not use their account any more is told why.
    if reason.as_deref() == Some("") && to != Some(Status::Active) {
        problems.0.push(("reason", FieldProblem::Missing));
    }
    let (Some(to), Some(until), Some(reason), []) = (to, until, reason, problems.0.as_slice()) else {
        return desk.page(400, view(&desk, &account, None, Some(&problems)).await);
    };
    let wish = StatusWish { to, reason, until };
    let outcome = account_status::move_status(account.id, wish, desk.actor(), desk.visit.trail(), desk.visit.p()).await;
    answered(&desk, &account, outcome, &Told::StatusMoved).await
}

/// `POST /console/accounts/{id}/reset`
pub async fn reset(Path(id): Path<String>, desk: Desk) -> Answer {
    let account = match desk.account(Tab::Accounts, &id).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["required"]) {
        return desk.page(400, view(&desk, &account, Some(Told::Stale), None).await);
    }
    // What the button said, and not the opposite of what is true by now: two clicks are one.
    let required = match desk.visit.form.get("required") {
        Some("yes") => true,
        Some("no") => false,
        _ => return desk.visit.problem(ProblemKind::BadRequest),
    };
    let told = if required { Told::ResetRequired } else { Told::ResetLifted };
    let (trail, p) = (desk.visit.trail(), desk.visit.p());
    let outcome = account_status::require_reset(account.id, required, desk.actor(), trail, p).await;
    answered(&desk, &account, outcome, &told).await
}

/// `POST /console/accounts/{id}/sign-out`
pub async fn sign_out(Path(id): Path<String>, desk: Desk) -> Answer {
    let account = match desk.account(Tab::Accounts, &id).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&[]) {
        return desk.page(400, view(&desk, &account, Some(Told::Stale), None).await);
    }
    let (trail, p) = (desk.visit.trail(), desk.visit.p());
    let outcome = account_status::sign_out_everywhere(account.id, desk.actor(), trail, p).await;
    answered(&desk, &account, outcome, &Told::SignedOut).await
}

/// `POST /console/accounts/{id}/staff`
pub async fn set_staff(Path(id): Path<String>, desk: Desk) -> Answer {
    let account = match desk.account(Tab::Accounts, &id).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["role"]) {
        return desk.page(400, view(&desk, &account, Some(Told::Stale), None).await);
    }
    let role = match desk.visit.form.get("role") {
        Some("none") => None,
        Some(name) if StaffRole::parse(name).is_some() => StaffRole::parse(name),
        _ => {
            let problems = FieldProblems(vec![("role", FieldProblem::Unknown)]);
            return desk.page(400, view(&desk, &account, None, Some(&problems)).await);
        }
    };
    let outcome = account_status::set_staff(account.id, role, desk.actor(), desk.visit.trail(), desk.visit.p()).await;
    answered(&desk, &account, outcome, &Told::StaffSet).await
}

/// The page of an account, with what came of a form.
pub(super) async fn page(desk: &Desk, account: &Account, status: u16, told: Told) -> Answer {
    desk.page(status, view(desk, account, Some(told), None).await)
}

/// What came of a form, on the page of the account or as one of its own.
pub(super) async fn answered(
    desk: &Desk,
    account: &Account,
    outcome: Result<(), Stop<Refusal>>,
    told: &Told,
) -> Answer {
    match outcome {
        Ok(()) => desk.done(&account_href(account.id.0), told),
        Err(Stop::Refused(Refusal::Fields(problems))) => {
            desk.page(400, view(desk, account, None, Some(&problems)).await)
        }
        Err(Stop::Refused(refusal @ (Refusal::IllegalMove(..) | Refusal::NotEnded(_)))) => {
            let (status, told) = in_words(&refusal);
            desk.page(status, view(desk, account, Some(told), None).await)
        }
        Err(stop) => desk.refused(stop),
    }
}

/// The beginning of a day to come, UTC; nothing for nothing.
fn until(text: &str, now: Timestamp) -> Result<Option<Timestamp>, FieldProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day: jiff::civil::Date = text.parse().map_err(|_| FieldProblem::Day)?;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| FieldProblem::Day)?;
    let at = Timestamp::from_micros(start.timestamp().as_microsecond());
    if at.has_come(now) { Err(FieldProblem::Day) } else { Ok(Some(at)) }
}

async fn view(
    desk: &Desk,
    account: &Account,
    told: Option<Told>,
    problems: Option<&FieldProblems>,
) -> Result<ConsoleAccount, Fault> {
    let base = account_href(account.id.0);
    let number = account.id.to_string();
    let manages = desk.actor().may_manage(account).is_ok();
    let clients = desk.visit.p().store.clients_of(account.id).await?;
    let reset = (manages && desk.may(SUPPORT)).then(|| {
        let demand = !account.password_reset_required;
        let words: &[&str] =
            if demand { &["user", "require-reset", &number] } else { &["user", "require-reset", &number, "--lift"] };
        let mut act = desk.act(&format!("{base}/reset"), line(words));
        let value = if demand { "yes" } else { "no" };
        act.form.hidden.push(super::super::views::Hidden { name: "required", value: value.to_owned() });
        act
    });
    let reviewed = account.kind == AccountKind::Institutional && desk.may(REVIEW);
    Ok(ConsoleAccount {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Accounts),
        told,
        facts: account_facts(desk, account).await?,
        own: desk.staff.id == account.id,
        moves: manages.then(|| move_form(desk, account, problems)).flatten(),
        reset,
        sign_out: (manages && desk.may(SUPPORT))
            .then(|| desk.act(&format!("{base}/sign-out"), line(&["user", "sign-out", &number]))),
        staff: (manages && desk.may(ADMINISTRATION)).then(|| staff_form(desk, account, problems)),
        erasure: erasures::form(desk, account).await?,
        review_href: reviewed.then(|| request_href(account.id.0)),
        apps: clients.iter().filter(|_| desk.may(ADMINISTRATION)).map(|c| app_line(desk, &c.application)).collect(),
        history: history(desk, format!("account {}", account.id), &base).await?,
    })
}

/// Where this reader may move the account; `None` where that is nowhere.
fn move_form(desk: &Desk, account: &Account, problems: Option<&FieldProblems>) -> Option<MoveForm> {
    let legal = account.status.moves(desk.actor().mover());
    let legal: Vec<_> = legal.filter(|to| desk.may(who_moves(account.status, *to))).collect();
    let first = legal.first()?;
    let chosen = desk.visit.form.get("status");
    let problem = |name| problems.and_then(|problems| problems.of(name)).map(words::field_problem);
    let mut words = vec!["user", "set-status"];
    let number = account.id.to_string();
    words.extend([number.as_str(), first.name(), "--reason", "why"]);
    Some(MoveForm {
        form: desk.visit.form(&format!("{}/status", account_href(account.id.0)), Vec::new()),
        choices: legal
            .iter()
            .map(|to| Choice {
                value: to.name().to_owned(),
                words: crate::contract::words::status(*to).to_owned(),
                chosen: chosen == Some(to.name()),
            })
            .collect(),
        opens: account.status.has_ended(),
        choice_error: problem("status"),
        reason: Field { value: typed(&desk.visit, "reason"), error: problem("reason") },
        until: Field { value: typed(&desk.visit, "until"), error: problem("until") },
        line: line(&words),
    })
}

fn staff_form(desk: &Desk, account: &Account, problems: Option<&FieldProblems>) -> StaffForm {
    let roles = [None, Some(StaffRole::Reviewer), Some(StaffRole::Support), Some(StaffRole::Administrator)];
    let number = account.id.to_string();
    let stands = desk.visit.form.get("role").unwrap_or_else(|| account.staff.map_or("none", StaffRole::name));
    StaffForm {
        form: desk.visit.form(&format!("{}/staff", account_href(account.id.0)), Vec::new()),
        choices: roles
            .into_iter()
            .map(|role| {
                let name = role.map_or("none", StaffRole::name);
                Choice { value: name.to_owned(), words: name.to_owned(), chosen: stands == name }
            })
            .collect(),
        choice_error: problems.and_then(|problems| problems.of("role")).map(words::field_problem),
        line: if account.staff.is_some() {
            line(&["staff", "remove", &number])
        } else {
            line(&["staff", "add", &number, "--role", "support"])
        },
    }
}
