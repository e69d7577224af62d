//! How facts become views, for every page of the console.

use super::super::person::{app_kind, when};
use super::super::views::{AccountFacts, AppLine, AuditLine, Choice, History};
use super::desk::Desk;
use crate::contract::words;
use crate::domain::account::{Account, AccountKind, StaffRole};
use crate::domain::application::Application;
use crate::domain::ids::SpaceId;
use crate::domain::status::Status;
use crate::fault::Fault;
use crate::store::audit::{AuditQuery, AuditRow};

/// The page of an account.
pub fn account_href(id: i64) -> String {
    format!("/console/accounts/{id}")
}

/// The page of what an account asks for.
pub fn request_href(id: i64) -> String {
    format!("/console/requests/{id}")
}

/// The page of an application.
pub fn application_href(client_id: &str) -> String {
    format!("/console/applications/{client_id}")
}

/// The page of a space.
pub fn space_href(id: i64) -> String {
    format!("/console/spaces/{id}")
}

/// Everything that is known of an account, never its password.
pub async fn account_facts(desk: &Desk, account: &Account) -> Result<AccountFacts, Fault> {
    let p = desk.visit.p();
    let moved = p.store.status_move(account.id).await?;
    let moved = moved.map(|last| {
        (last.by, when(&desk.visit, last.at), last.reason, last.until.map(|until| when(&desk.visit, until)))
    });
    Ok(AccountFacts {
        id: account.id.0,
        uid: account.uid.to_string(),
        name: account.name.clone(),
        institution: account.institution.clone(),
        email: account.email.as_str().to_owned(),
        phone: account.phone.clone(),
        institutional: account.kind == AccountKind::Institutional,
        investor_type: words::investor_type(account.investor_type).to_owned(),
        space: space_name(desk, account.space).await?,
        status: words::status(account.status).to_owned(),
        active: account.status == Status::Active,
        moved,
        reset_required: account.password_reset_required,
        agent: account.agent.name(),
        staff: account.staff.map(StaffRole::name),
        created: when(&desk.visit, account.created_at),
        href: account_href(account.id.0),
    })
}

/// The institution's name, or the person's.
pub fn title(account: &Account) -> String {
    account.institution.clone().unwrap_or_else(|| account.name.clone())
}

/// The name of a space.
pub async fn space_name(desk: &Desk, id: SpaceId) -> Result<String, Fault> {
    Ok(desk.visit.p().store.space(id).await?.map_or_else(|| id.to_string(), |space| space.name))
}

/// The spaces to choose from, with one chosen; none when there is only one, or too many to list.
pub async fn space_choices(desk: &Desk, chosen: Option<&str>, all: bool) -> Result<Vec<Choice>, Fault> {
    let spaces = desk.visit.p().store.spaces().await?;
    if spaces.len() < 2 || spaces.len() > MOST_CHOICES {
        return Ok(Vec::new());
    }
    let every =
        all.then(|| Choice { value: String::new(), words: words::ALL_SPACES.to_owned(), chosen: chosen.is_none() });
    let each = spaces.iter().map(|space| Choice {
        value: space.id.to_string(),
        words: space.name.clone(),
        chosen: chosen == Some(space.id.to_string().as_str()),
    });
    Ok(every.into_iter().chain(each).collect())
}

/// A row of the log.
pub fn audit_line(desk: &Desk, row: AuditRow) -> AuditLine {
    AuditLine {
        at: when(&desk.visit, row.trail.at),
        actor: row.trail.actor,
        action: row.action,
        subject_href: page_of(&row.subject),
        subject: row.subject,
        before: row.before,
        after: row.after,
        request_id: row.trail.request_id,
        address: row.trail.address,
        withheld: row.withheld.is_some(),
    }
}

fn page_of(subject: &str) -> Option<String> {
    let (kind, id) = subject.split_once(' ')?;
    match kind {
        "account" => Some(account_href(id.parse().ok()?)),
        "space" => Some(space_href(id.parse().ok()?)),
        "application" => Some(application_href(id)),
        _ => None,
    }
}

/// What was done to something, newest first: the page that `before` in the query asks for, of the page at `href`.
pub async fn history(desk: &Desk, subject: String, href: &str) -> Result<History, Fault> {
    let before = desk.visit.query.get("before").and_then(|id| id.parse().ok());
    let query = AuditQuery { subject: Some(subject), before, ..AuditQuery::default() };
    let rows = desk.visit.p().store.audit_rows(query, PAGE_AND_ONE).await?;
    let last = rows.get(PAGE - 1).filter(|_| rows.len() > PAGE);
    let next_href = last.map(|last| format!("{href}?before={}#history", last.id));
    Ok(History { rows: rows.into_iter().take(PAGE).map(|row| audit_line(desk, row)).collect(), next_href })
}

/// An application of a list.
pub fn app_line(desk: &Desk, application: &Application) -> AppLine {
    let client_id = application.id.hex();
    AppLine {
        name: application.profile.name.clone(),
        kind: app_kind(application.kind),
        disabled: application.disabled,
        created: when(&desk.visit, application.created_at),
        href: application_href(&client_id),
        client_id,
    }
}

/// Rows on one page of a list.
pub const PAGE: usize = 50;
/// As the store takes it: one more, which tells whether there is a page after this one.
pub const PAGE_AND_ONE: i64 = 51;
/// Spaces that are offered as a list; of more, one is named by its number.
pub const MOST_CHOICES: usize = 100;
