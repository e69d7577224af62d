//! `prosper grant`: what people let applications do, and taking it back (L-09, K-04).

use clap::{ArgGroup, Args, Subcommand};

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::talk::{Facts, facts};
use super::user::Whose;
use crate::domain::scope::Scope;
use crate::domain::time::Timestamp;
use crate::flows::connected_apps;
use crate::store::consents::ListedConsent;

/// What can be done with grants.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what a person allows, or who allows an application
    #[command(after_help = "Examples:
  prosper grant list --user ada@example.com
  prosper grant list --app 3f9c0e5d7a1b4c2d8e6f90a1b2c3d4e5")]
    List(Filter),
    /// Take a grant back: every code, key and token that hangs on it ends
    #[command(after_help = "Example:
  prosper grant withdraw ada@example.com 3f9c0e5d7a1b4c2d8e6f90a1b2c3d4e5")]
    Withdraw {
        #[command(flatten)]
        whose: Whose,
        /// The application's client id
        client_id: String,
    },
}

/// Whose grants.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").required(true))]
pub struct Filter {
    /// Those of this person: email or account number
    #[arg(long, value_name = "WHO", group = "whose")]
    user: Option<String>,
    /// The space, when the email is in several
    #[arg(long, requires = "user")]
    space: Option<String>,
    /// Those to the application with this client id
    #[arg(long, value_name = "CLIENT_ID", group = "whose")]
    app: Option<String>,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// There is no such account, application or grant, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::List(filter) => list(desk, filter).await,
            Self::Withdraw { whose, client_id } => {
                let account = desk.account(&whose.find(desk).await?.to_string(), None).await?;
                let client = desk.client(&client_id).await?;
                let (who, what) = (account.email.as_str(), client.application.profile.name.as_str());
                desk.talk.confirm(&format!("What {what} may do for {who} stops at once. Withdraw the grant?"))?;
                let withdrawn = connected_apps::withdraw(&account, client.application.id, desk.trail(), &desk.p).await;
                withdrawn.map_err(|stop| match Failure::from(stop) {
                    failure if failure.exit == super::failure::Exit::Refused => {
                        Failure::refused(format!("{who} allows {what} nothing"))
                    }
                    failure => failure,
                })?;
                desk.talk.show(facts! { user: who, client_id: client_id, application: what, withdrawn: true })
            }
        }
    }
}

async fn list(desk: &Desk, filter: Filter) -> Outcome {
    let listed = if let Some(app) = &filter.app {
        desk.p.store.consents_to(desk.client(app).await?.application.id).await?
    } else {
        let who = filter.user.as_deref().unwrap_or_default();
        desk.p.store.consents_of(desk.account(who, filter.space.as_deref()).await?.id).await?
    };
    let mut rows = Vec::new();
    for one in listed {
        rows.push(facts_of(desk, one).await?);
    }
    desk.talk.list(&["user", "application", "kind", "client_id", "scopes", "granted", "last_used"], rows)
}

async fn facts_of(desk: &Desk, listed: ListedConsent) -> Outcome<Facts> {
    let ListedConsent { consent, granted_from, last_used_at, last_used_from } = listed;
    let account = desk.p.store.account(consent.account).await?;
    let client = desk.p.store.client(consent.application).await?;
    let application = client.as_ref().map(|client| &client.application);
    Ok(facts! {
        user: account.as_ref().map(|account| account.email.as_str()),
        account: consent.account.0,
        client_id: consent.application.hex(),
        application: application.map(|application| application.profile.name.as_str()),
        kind: application.map(|application| application.kind.name()),
        scopes: consent.scope.iter().map(Scope::name).collect::<Vec<_>>(),
        granted: consent.granted_at.rfc3339(),
        granted_from: granted_from,
        last_used: last_used_at.map(Timestamp::rfc3339),
        last_used_from: last_used_from,
    })
}
