//! Registering an application (seed 1 "register your app"; seed 2 step 1; B-01 to B-05).
//!
//! 1. May this actor register an application of this kind for this owner? An owner registers what serves their own
//!    account, and an agent application once the role is granted; staff register the kinds that only staff may.
//! 2. Is what was typed right, for this kind? Fields that the kind has no use for are dropped.
//! 3. Read the logo, if one was sent.
//! 4. Draw the client id and the secret, and write both down in one statement, which checks the owner's limit, standing
//!    and agent role itself, so that none can be raced. Of the secret only a keyed hash is kept; the answer carries it
//!    once.
//!
//! A form may bring a client id of its own, made from its form token. The same form sent twice then asks for the same
//! client id twice, and the second time is refused: a double click or a reload never makes a second application.

use crate::contract::lifetimes::MOST_APPLICATIONS;
use crate::contract::table::Stop;
use crate::crypto::secret::{Kind, Plain, client_secret};
use crate::domain::account::{Account, AccountKind};
use crate::domain::application::{Application, ApplicationKind, Registration};
use crate::domain::ids::{AccountId, ClientId, SecretId};
use crate::domain::scope::ScopeSet;
use crate::prosper::Prosper;
use crate::store::applications::RegisterApplication;
use crate::store::audit::Trail;

use super::logo::read_logo;
use super::refusal::{ADMINISTRATION, Actor, Outcome, Refusal, must_be_usable};

/// An application to be registered.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// Whose it will be.
    pub owner: AccountId,
    /// What it is for.
    pub kind: ApplicationKind,
    /// What was typed.
    pub typed: Registration,
    /// What it may ask for; `None` for everything that its kind may.
    pub scopes: Option<ScopeSet>,
    /// A logo as it was uploaded.
    pub logo: Option<Vec<u8>>,
    /// The client id that a form stands for; `None` draws one.
    pub id: Option<ClientId>,
}

/// A registered application, and the only sight of its secret.
#[derive(Debug)]
pub struct RegisteredApplication {
    /// The application.
    pub application: Application,
    /// Its secret, in clear (B-05).
    pub client_secret: Plain,
}

/// Registers an application.
///
/// # Errors
/// `Refused` with [`Refusal::Fields`], [`Refusal::NotFound`] (no such owner), [`Refusal::NotUsable`],
/// [`Refusal::WrongKind`], [`Refusal::RoleNeeded`], [`Refusal::StaffNeeded`], [`Refusal::TooManyApplications`] or
/// [`Refusal::MadeAlready`].
pub async fn register_app(
    new: NewApplication,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<RegisteredApplication> {
    let owner = p.store.account(new.owner).await?.ok_or(Refusal::NotFound)?;
    may_register(&owner, new.kind, actor)?;
    let profile = new.typed.check(new.kind)?;
    let logo = match new.logo {
        Some(upload) => Some(read_logo(upload).await?),
        None => None,
    };
    let application = Application {
        id: new.id.unwrap_or_else(|| ClientId::from_bytes(p.entropy.bytes())),
        space: owner.space,
        owner: owner.id,
        kind: new.kind,
        profile,
        scopes: new.scopes.map_or(new.kind.scopes(), |scopes| scopes.and(new.kind.scopes())),
        disabled: false,
        require_pkce: false,
        send_issuer: false,
        has_logo: logo.is_some(),
        epoch: 0,
        created_at: trail.at,
    };
    let client_secret = client_secret(&p.entropy);
    let unit = RegisterApplication {
        application: application.clone(),
        logo,
        secret: SecretId::from_bytes(p.entropy.bytes()),
        hash: p.keys.hash(Kind::ClientSecret, client_secret.expose().as_bytes()),
        most: matches!(actor, Actor::Owner(_)).then_some(MOST_APPLICATIONS),
        trail,
    };
    if p.store.register_application(unit).await? {
        Ok(RegisteredApplication { application, client_secret })
    } else {
        Err(why_not(&application, actor, p).await?)
    }
}

/// May this actor register an application of this kind for this owner? What a page asks before it shows a form.
///
/// # Errors
/// The first reason why not.
pub fn may_register(owner: &Account, kind: ApplicationKind, actor: Actor<'_>) -> Result<(), Refusal> {
    if let Actor::Owner(account) = actor {
        if account.id != owner.id {
            return Err(Refusal::NotFound);
        }
        must_be_usable(owner)?;
        if kind.is_registered_by_staff() {
            return Err(Refusal::StaffNeeded(ADMINISTRATION));
        }
    } else {
        actor.must_be_staff(ADMINISTRATION)?;
    }
    match (kind, owner.kind) {
        (ApplicationKind::Personal, AccountKind::Institutional)
        | (ApplicationKind::Institutional | ApplicationKind::ThirdPartyAgent, AccountKind::Individual) => {
            Err(Refusal::WrongKind(owner.kind))
        }
        (ApplicationKind::ThirdPartyAgent, _) if !owner.is_agent() => Err(Refusal::RoleNeeded(owner.agent)),
        _ => Ok(()),
    }
}

/// The statement said no: what was true of the owner a moment ago is not any more, or the client id was given out.
async fn why_not(application: &Application, actor: Actor<'_>, p: &Prosper) -> Result<Stop<Refusal>, Stop<Refusal>> {
    if p.store.client(application.id).await?.is_some() {
        return Ok(Refusal::MadeAlready.into());
    }
    let credentials = p.store.credentials(application.owner).await?.ok_or(Refusal::NotFound)?;
    may_register(&credentials.account, application.kind, actor)?;
    let count = p.store.clients_of(application.owner).await?.len();
    if i64::try_from(count).is_ok_and(|count| count >= MOST_APPLICATIONS) {
        return Ok(Refusal::TooManyApplications(MOST_APPLICATIONS).into());
    }
    // Registered by the same form and deleted since: its client id is never given out again.
    Ok(Refusal::MadeAlready.into())
}
