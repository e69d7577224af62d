//! What a person has allowed, and taking it back (L-09, K-04, R-23).
//!
//! 1. List every consent with the application that holds it.
//! 2. What became of them, newest first, and all of it as JSON or CSV. A cell that a spreadsheet would take for a formula
//!    is made text: names of applications are whatever their owners typed.
//! 3. Withdrawing deletes the consent, and every code, key, family and token that hangs on it is dead with that write:
//!    each use asks whether the very same consent still stands.

use std::sync::Arc;

use serde_json::json;

use crate::contract::words;
use crate::domain::account::Account;
use crate::domain::consent::Consent;
use crate::domain::ids::ClientId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::audit::Trail;
use crate::store::grant_events::{GrantEvent, MOST_EVENTS};

use super::refusal::{Outcome, Refusal};

/// An application or agent that holds a grant on an account.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What was allowed, and when.
    pub consent: Consent,
    /// To whom.
    pub client: Arc<Client>,
    /// Roughly where it was given from; empty when that is not known.
    pub granted_from: String,
    /// When it was last used, if ever.
    pub last_used_at: Option<Timestamp>,
    /// Roughly where from; empty when that is not known.
    pub last_used_from: String,
}

/// Everything that `account` allows, newest use first, then newest grant.
///
/// # Errors
/// The store cannot be read.
pub async fn connected_apps(account: &Account, p: &Prosper) -> Result<Vec<Connection>, Fault> {
    let mut connections = Vec::new();
    for listed in p.store.consents_of(account.id).await? {
        // An application that is deleted in this very moment takes its consents with it.
        if let Some(client) = p.store.client(listed.consent.application).await? {
            connections.push(Connection {
                consent: listed.consent,
                client,
                granted_from: listed.granted_from,
                last_used_at: listed.last_used_at,
                last_used_from: listed.last_used_from,
            });
        }
    }
    connections.sort_by_key(|held| std::cmp::Reverse((held.last_used_at, held.consent.granted_at)));
    Ok(connections)
}

/// One of them.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`] when the account allows that application nothing.
pub async fn connected_app(account: &Account, application: ClientId, p: &Prosper) -> Outcome<Connection> {
    let all = connected_apps(account, p).await?;
    Ok(all.into_iter().find(|held| held.consent.application == application).ok_or(Refusal::NotFound)?)
}

/// What became of the account's grants, newest first, older than the row `before`, at most `most`.
///
/// # Errors
/// The store cannot be read.
pub async fn history(account: &Account, before: Option<i64>, most: i64, p: &Prosper) -> Result<Vec<GrantEvent>, Fault> {
    p.store.grant_history(account.id, before, most).await
}

/// Who is behind a step, seen by the person whose account it is: `you`, `staff`, `application` or `prosper`. Members of
/// staff are nobody in particular to them.
pub fn by_whom(event: &GrantEvent, account: &Account) -> &'static str {
    match event.actor.split(' ').next() {
        _ if event.actor == format!("account {}", account.id) => "you",
        // Staff have accounts of their own, and allow things with them.
        Some("staff") if event.actor == format!("staff {}", account.id) => "you",
        Some("staff" | "cli") => "staff",
        Some("application" | "account") => "application",
        _ => "prosper",
    }
}

/// Everything that is known of the account's grants, as JSON.
///
/// # Errors
/// The store cannot be read.
pub async fn export_json(account: &Account, p: &Prosper) -> Result<String, Fault> {
    let connected: Vec<_> = connected_apps(account, p)
        .await?
        .iter()
        .map(|held| {
            let application = &held.client.application;
            json!({
                "application": application.profile.name,
                "client_id": application.id.hex(),
                "kind": words::application_kind(application.kind),
                "scope": held.consent.scope.to_string(),
                "granted_at": held.consent.granted_at.rfc3339(),
                "granted_from": held.granted_from,
                "last_used_at": held.last_used_at.map(Timestamp::rfc3339),
                "last_used_from": held.last_used_from,
            })
        })
        .collect();
    let events = history(account, None, MOST_EVENTS, p).await?;
    let events: Vec<_> = events
        .iter()
        .map(|event| {
            json!({
                "at": event.at.rfc3339(),
                "event": event.step.name(),
                "application": event.name,
                "client_id": event.application.hex(),
                "by": by_whom(event, account),
                "scope": event.scope.to_string(),
                "from": event.place,
            })
        })
        .collect();
    let all = json!({
        "account": account.uid.to_string(),
        "exported_at": p.now().rfc3339(),
        "connected": connected,
        "history": events,
    });
    Ok(format!("{all:#}"))
}

/// What became of the account's grants, as CSV (RFC 4180).
///
/// # Errors
/// The store cannot be read.
pub async fn export_csv(account: &Account, p: &Prosper) -> Result<String, Fault> {
    let mut csv = String::from("at,event,application,client_id,by,scope,from\r\n");
    for event in history(account, None, MOST_EVENTS, p).await? {
        let cells = [
            event.at.rfc3339(),
            event.step.name().to_owned(),
            event.name.clone(),
            event.application.hex(),
            by_whom(&event, account).to_owned(),
            event.scope.to_string(),
            event.place.clone(),
        ];
        csv.push_str(&cells.map(|text| cell(&text)).join(","));
        csv.push_str("\r\n");
    }
    Ok(csv)
}

/// A cell in quotes, which is text to a spreadsheet whatever stands in it (CWE-1236).
fn cell(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let formula = plain.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, plain.replace('"', "\"\""))
}

/// Takes a grant back, whatever the account's own status. Answers the name of the application that held it.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`] when there was none.
pub async fn withdraw(account: &Account, application: ClientId, trail: Trail, p: &Prosper) -> Outcome<String> {
    let name = p.store.client(application).await?.map(|client| client.application.profile.name.clone());
    if p.store.withdraw(account.id, application, trail).await? {
        Ok(name.unwrap_or_default())
    } else {
        Err(Refusal::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\n\t @x"] {
            let cell = cell(evil);
            assert!(cell.starts_with("\"'") && cell.ends_with('"'), "{cell:?}");
            assert!(!cell.contains(['\t', '\r', '\n']), "{cell:?}");
        }
        assert_eq!(cell("Acme \"HR\", Inc"), "\"Acme \"\"HR\"\", Inc\"");
        assert_eq!(cell("Acme=HR"), "\"Acme=HR\"");
    }
}
