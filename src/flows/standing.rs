//! Does what was issued still stand? Every use of a family asks here, and nowhere else (T-11).
//!
//! 1. The installation has not begun a new epoch (restore, accepted clock).
//! 2. The application exists, is switched on, and has not ended what it was given.
//! 3. An agent's application: its owner still holds the role, without a break.
//! 4. The account may be used, and has not ended what it granted.
//! 5. The grant behind an authorization key is the same one, with whatever it allows now.
//!
//! All of it is answered from the live view.

use std::sync::Arc;

use crate::domain::account::Account;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::scope::ScopeSet;
use crate::domain::status::Status;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::families::{Epochs, Family};

/// A family that stands.
pub struct Standing {
    /// Whose account it acts for; `None` for client credentials.
    pub account: Option<Arc<Account>>,
    /// The application it was issued to.
    pub client: Arc<Client>,
    /// What it may do now.
    pub scope: ScopeSet,
}

/// What stands behind `family`, or `None` when it stands no more.
///
/// # Errors
/// The store cannot be read.
pub async fn standing(family: &Family, p: &Prosper) -> Result<Option<Standing>, Fault> {
    if p.store.installation().await?.epoch != family.epochs.installation {
        return Ok(None);
    }
    let Some(client) = p.store.client(family.application).await? else { return Ok(None) };
    if client.application.disabled || client.application.epoch != family.epochs.application {
        return Ok(None);
    }
    if agent_epoch(&client.application, p).await? != Some(family.epochs.agent) {
        return Ok(None);
    }
    let mut scope = family.scope;
    let account = match family.account {
        None => None,
        Some(id) => {
            let Some(account) = p.store.account(id).await? else { return Ok(None) };
            if !account.is_usable() || account.epoch != family.epochs.account {
                return Ok(None);
            }
            if let Some(consent) = family.consent {
                match p.store.consent(id, family.application).await? {
                    Some(stands) if stands.id == consent => scope = scope.and(stands.scope),
                    _ => return Ok(None),
                }
            }
            Some(account)
        }
    };
    Ok(Some(Standing { account, client, scope }))
}

/// The counter of its owner's agent role, which an agent's application depends on: `None` when the role is not held.
/// Other kinds depend on none, and carry zero.
///
/// # Errors
/// The store cannot be read.
pub async fn agent_epoch(application: &Application, p: &Prosper) -> Result<Option<i64>, Fault> {
    if application.kind != ApplicationKind::ThirdPartyAgent {
        return Ok(Some(0));
    }
    let owner = p.store.account(application.owner).await?;
    Ok(owner.filter(|owner| owner.is_agent() && owner.status == Status::Active).map(|owner| owner.agent_epoch))
}

/// The counters as they are now, to be carried by what is about to be given on the strength of a check. `None` when the
/// application is an agent's and its owner does not hold the role.
///
/// # Errors
/// The store cannot be read.
pub async fn epochs(
    application: &Application,
    account: Option<&Account>,
    p: &Prosper,
) -> Result<Option<Epochs>, Fault> {
    let installation = p.store.installation().await?.epoch;
    let agent = agent_epoch(application, p).await?;
    Ok(agent.map(|agent| Epochs {
        account: account.map_or(0, |account| account.epoch),
        application: application.epoch,
        agent,
        installation,
    }))
}
