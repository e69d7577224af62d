//! Who waits to be erased, and when; planned and called off on the page of the account.
//!
//! A person who closes their account may wish what is known of them erased. It waits for some days, within which they can
//! write to us: an administrator calls it off, or opens the account again, which does the same.

use axum::extract::Path;

use super::super::super::answer::Answer;
use super::super::person::when;
use super::super::views::{ConsoleErasures, ErasureForm, ErasureLine, Hidden, ProblemKind, Tab, Told};
use super::accounts;
use super::desk::Desk;
use super::facts::{PAGE, PAGE_AND_ONE, account_href, space_name, title};
use super::lines::line;
use crate::domain::account::Account;
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::flows::close_account::plan_erasure;
use crate::flows::refusal::ADMINISTRATION;

/// `GET /console/erasures`
pub async fn list(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Erasures) {
        return answer;
    }
    match waiting(&desk).await {
        Ok(view) => desk.visit.page(200, &view),
        Err(fault) => desk.visit.broke(&fault),
    }
}

async fn waiting(desk: &Desk) -> Result<ConsoleErasures, Fault> {
    let found = desk.visit.p().store.erasures(after(desk), PAGE_AND_ONE).await?;
    let last = found.get(PAGE - 1).filter(|_| found.len() > PAGE);
    let next_href =
        last.map(|(account, at)| format!("{}?after={}&id={}", Tab::Erasures.href(), at.micros(), account.id));
    let mut rows = Vec::new();
    for (account, at) in found.iter().take(PAGE) {
        rows.push(ErasureLine {
            id: account.id.0,
            name: title(account),
            email: account.email.as_str().to_owned(),
            space: space_name(desk, account.space).await?,
            due: when(&desk.visit, *at),
            href: format!("{}#erasure", account_href(account.id.0)),
        });
    }
    Ok(ConsoleErasures {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Erasures),
        rows,
        next_href,
        line: line(&["user", "erasures"]),
    })
}

/// Where the page before this one ended.
fn after(desk: &Desk) -> Option<(Timestamp, AccountId)> {
    let at = desk.visit.query.get("after")?.parse().ok()?;
    let id = desk.visit.query.get("id")?.parse().ok()?;
    Some((Timestamp::from_micros(at), AccountId(id)))
}

/// `POST /console/accounts/{id}/erasure`: plans it, or calls it off.
pub async fn plan(Path(id): Path<String>, desk: Desk) -> Answer {
    let account = match desk.account(Tab::Accounts, &id).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["do"]) {
        return accounts::page(&desk, &account, 400, Told::Stale).await;
    }
    let now = desk.visit.now();
    // What the button said, and not the opposite of what is true by now: two clicks are one.
    let (at, told) = match desk.visit.form.get("do") {
        Some("plan") => (Some(now.plus(desk.visit.p().settings.erasure_wait)), Told::ErasurePlanned),
        Some("keep") => (None, Told::ErasureOff),
        _ => return desk.visit.problem(ProblemKind::BadRequest),
    };
    let outcome = plan_erasure(account.id, at, desk.actor(), desk.visit.trail(), desk.visit.p()).await;
    accounts::answered(&desk, &account, outcome, &told).await
}

/// When an account is erased and, for those who may, the form that plans it or calls it off; nothing where neither is.
///
/// # Errors
/// The store cannot be read.
pub async fn form(desk: &Desk, account: &Account) -> Result<Option<ErasureForm>, Fault> {
    let due = desk.visit.p().store.erased_at(account.id).await?;
    let may = account.status.has_ended() && desk.may(ADMINISTRATION) && desk.actor().must_not_be(account.id).is_ok();
    let erased = desk.visit.p().store.is_noted_as_erased(format!("account {}", account.id)).await?;
    if erased || (due.is_none() && !may) {
        return Ok(None);
    }
    let number = account.id.to_string();
    let days = desk.visit.p().settings.erasure_wait.as_secs() / (24 * 60 * 60);
    let in_days = days.to_string();
    let (verb, words): (_, &[&str]) = if due.is_some() {
        ("keep", &["user", "erase", &number, "--keep"])
    } else {
        ("plan", &["user", "erase", &number, "--in-days", &in_days])
    };
    let act = may.then(|| {
        let mut act = desk.act(&format!("{}/erasure", account_href(account.id.0)), line(words));
        act.form.hidden.push(Hidden { name: "do", value: verb.to_owned() });
        act
    });
    Ok(Some(ErasureForm { due: due.map(|at| when(&desk.visit, at)), days, act }))
}
