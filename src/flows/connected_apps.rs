//! What a person has allowed, and taking it back (L-09, K-04, R-23).
//!
//! 1. List every consent with the application that holds it.
//! 2. Withdrawing deletes the consent, and every code, key, family and token that hangs on it is dead with that write:
//!    each use asks whether the very same consent still stands.

use std::sync::Arc;

use crate::domain::account::Account;
use crate::domain::consent::Consent;
use crate::domain::ids::ClientId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::audit::Trail;

use super::refusal::{Outcome, Refusal};

/// An application or agent that holds a grant on an account.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What was allowed, and when.
    pub consent: Consent,
    /// To whom.
    pub client: Arc<Client>,
    /// When it was last used, if ever.
    pub last_used_at: Option<Timestamp>,
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
            connections.push(Connection { consent: listed.consent, client, last_used_at: listed.last_used_at });
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
