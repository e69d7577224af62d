//! Looking after an application: secrets, redirect URIs, what its owner says of it, its switches, its end (B-05, B-07).
//!
//! 1. Find the application as this actor may see it. To an owner, somebody else's does not exist.
//! 2. Check what was typed, by the rules of its kind.
//! 3. Make the change in one write, which ends what it must end (T-11).

use std::sync::Arc;
use std::time::Duration;

use crate::contract::lifetimes::{LONGEST_SECRET_OVERLAP, MOST_SECRETS, SECRET_OVERLAP};
use crate::contract::words;
use crate::crypto::secret::{Kind, Plain, client_secret};
use crate::domain::application::{self, ApplicationKind, Registration};
use crate::domain::ids::{ClientId, SecretId};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems, line};
use crate::prosper::Prosper;
use crate::store::applications::{ApplicationChange, Client};
use crate::store::audit::Trail;
use crate::store::client_secrets::RotateSecret;

use super::logo::read_logo;
use super::refusal::{ADMINISTRATION, Actor, Outcome, Refusal, must_be_usable};

/// The application, if this actor may look after it.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::NotUsable`] or [`Refusal::StaffNeeded`].
pub async fn app_of(id: ClientId, actor: Actor<'_>, p: &Prosper) -> Outcome<Arc<Client>> {
    if let Actor::Owner(account) = actor {
        must_be_usable(account)?;
    } else {
        actor.must_be_staff(ADMINISTRATION)?;
    }
    let found = p.store.client_as_kept(id).await?;
    let seen = found.filter(|client| match actor {
        Actor::Owner(account) => client.application.owner == account.id && client.application.space == account.space,
        Actor::Staff(_) | Actor::Terminal => true,
    });
    Ok(seen.ok_or(Refusal::NotFound)?)
}

/// A wish for a second secret.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// What its owner calls it; a name with the date when it is empty.
    pub label: String,
    /// How long the secrets there are go on working; a day when nothing is said.
    pub overlap: Option<Duration>,
    /// The name of the new secret that a form stands for, so that the same form makes one secret; `None` draws one.
    pub id: Option<SecretId>,
}

/// A second secret, and the only sight of it.
#[derive(Debug)]
pub struct NewSecret {
    /// Its name.
    pub id: SecretId,
    /// What its owner calls it.
    pub label: String,
    /// The secret, in clear (B-05).
    pub client_secret: Plain,
    /// When the one before it stops working, if there is one that still does.
    pub older_ends: Option<Timestamp>,
}

/// Adds a secret beside the one there is, which goes on working for a while. Ends no token (B-05).
///
/// # Errors
/// `Refused` as [`app_of`], with [`Refusal::Fields`] (`label`, `overlap`) or [`Refusal::MadeAlready`].
pub async fn rotate_secret(
    id: ClientId,
    wish: Rotation,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<NewSecret> {
    let client = app_of(id, actor, p).await?;
    let mut problems = FieldProblems::default();
    let label = if wish.label.trim().is_empty() {
        Some(words::secret_added(trail.at))
    } else {
        problems.note("label", line(&wish.label, MOST_LABEL))
    };
    let overlap = wish.overlap.unwrap_or(SECRET_OVERLAP);
    if overlap > LONGEST_SECRET_OVERLAP {
        problems.0.push(("overlap", FieldProblem::Unknown));
    }
    let Some(label) = label.filter(|_| problems.0.is_empty()) else { return Err(problems.into()) };
    let secret = client_secret(&p.entropy);
    let others_end = trail.at.plus(overlap);
    let older = client.secrets.iter().filter(|kept| kept.is_live(trail.at));
    let older_ends = older.map(|kept| kept.expires_at.map_or(others_end, |end| end.min(others_end))).max();
    let unit = RotateSecret {
        application: id,
        id: wish.id.unwrap_or_else(|| SecretId::from_bytes(p.entropy.bytes())),
        label: label.clone(),
        hash: p.keys.hash(Kind::ClientSecret, secret.expose().as_bytes()),
        others_end,
        most: MOST_SECRETS,
        trail,
    };
    if client.secrets.iter().any(|kept| kept.id == unit.id) {
        return Err(Refusal::MadeAlready.into());
    }
    let made = unit.id;
    if !p.store.rotate_secret(unit).await? {
        return Err(Refusal::MadeAlready.into());
    }
    let older_ends = older_ends.filter(|end| !end.has_come(p.now()));
    Ok(NewSecret { id: made, label, client_secret: secret, older_ends })
}

/// The longest name of a secret, in characters.
const MOST_LABEL: usize = 60;

/// What can be wished for an application that is there.
#[derive(Clone, Debug)]
pub enum AppWish {
    /// End one secret; its tokens live on.
    RevokeSecret(SecretId),
    /// End all secrets and everything the application was given.
    RevokeAllSecrets,
    /// Switch it off, which ends everything it was given.
    Disable,
    /// Switch it on again.
    Enable,
    /// Remove it for good.
    Delete,
    /// Where browsers are sent back to, one each.
    RedirectUris(Vec<String>),
    /// What its owner says of it; redirect URIs are left as they are.
    Profile(Registration),
    /// Must every authorization bring a PKCE challenge? (L-08) Login only.
    RequirePkce(bool),
    /// Does the redirect carry `iss`? (RFC 9207) Login only.
    SendIssuer(bool),
    /// A logo as it was uploaded; `None` takes it away.
    Logo(Option<Vec<u8>>),
    /// What it may ask for, within what its kind may. Staff alone.
    Scopes(ScopeSet),
}

/// Changes an application.
///
/// # Errors
/// `Refused` as [`app_of`], with [`Refusal::Fields`], or with [`Refusal::NotFound`] when it or its secret is gone.
pub async fn change_app(id: ClientId, wish: AppWish, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    let client = app_of(id, actor, p).await?;
    let kind = client.application.kind;
    let change = match wish {
        AppWish::RevokeSecret(secret) => ApplicationChange::RevokeSecret(secret),
        AppWish::RevokeAllSecrets => ApplicationChange::RevokeAllSecrets,
        // A second click on the same button finds it done, which is what was wished.
        AppWish::Disable if client.application.disabled => return Ok(()),
        AppWish::Enable if !client.application.disabled => return Ok(()),
        AppWish::Disable => ApplicationChange::Disabled(true),
        AppWish::Enable => ApplicationChange::Disabled(false),
        AppWish::Delete => ApplicationChange::Delete,
        AppWish::RedirectUris(typed) => ApplicationChange::RedirectUris(redirect_uris(&typed, kind)?),
        AppWish::Profile(typed) => profile(&typed, &client)?,
        AppWish::RequirePkce(on) => {
            login_only(kind)?;
            ApplicationChange::RequirePkce(on)
        }
        AppWish::SendIssuer(on) => {
            login_only(kind)?;
            ApplicationChange::SendIssuer(on)
        }
        AppWish::Logo(Some(upload)) => ApplicationChange::Logo(Some(read_logo(upload).await?)),
        AppWish::Logo(None) => ApplicationChange::Logo(None),
        AppWish::Scopes(scopes) => {
            actor.must_be_staff(ADMINISTRATION)?;
            ApplicationChange::Scopes(scopes.and(kind.scopes()))
        }
    };
    if p.store.change_application(id, change, trail).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

fn redirect_uris(
    typed: &[String],
    kind: ApplicationKind,
) -> Result<Vec<crate::domain::redirect_uri::RedirectUri>, Refusal> {
    // A kind that sends nobody anywhere has no such page.
    if !kind.has_redirect_uris() {
        return Err(Refusal::NotFound);
    }
    application::redirect_uris(typed, kind)
        .map_err(|problem| Refusal::Fields(FieldProblems(vec![("redirect_uris", problem)])))
}

fn profile(typed: &Registration, client: &Client) -> Result<ApplicationChange, Refusal> {
    let application = &client.application;
    let kept = application.profile.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect();
    let whole = Registration { redirect_uris: kept, ..typed.clone() };
    whole.check(application.kind).map(ApplicationChange::Profile).map_err(Refusal::Fields)
}

fn login_only(kind: ApplicationKind) -> Result<(), Refusal> {
    if kind == ApplicationKind::Login { Ok(()) } else { Err(Refusal::NotFound) }
}
