//! `prosper app`: applications, their secrets and redirect URIs (B-01 to B-07).
//!
//! This file is long because each thing a command does is a few lines, and they are read side by side.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::one_of;
use super::talk::{Facts, facts};
use crate::domain::application::{ApplicationKind, Registration};
use crate::domain::ids::ClientId;
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::scope::{Scope, ScopeSet};
use crate::domain::time::Timestamp;
use crate::flows::hand_over::{self, HandoverLink};
use crate::flows::manage_app::{self, AppWish, Rotation};
use crate::flows::refusal::Actor;
use crate::flows::register_app::{self, NewApplication};
use crate::store::applications::{Client, ClientSecret};

/// What can be done with applications.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register an application; its secret is shown this once
    #[command(after_help = "Examples:
  prosper app register --kind personal --owner ada@example.com --name 'Ada Lovelace' \\
      --phone '+61 2 5550 1234'
  prosper app register --kind login --owner ada@example.com --name 'Acme HR' \\
      --url https://hr.acme.example --redirect-uri https://hr.acme.example/callback \\
      --logo acme.png
  prosper app register --kind partner --owner ops@acme.example --name 'Acme Lending'
  prosper app register --kind api --owner ops@acme.example --name 'Investor API'")]
    Register(Register),
    /// List applications, newest first
    List {
        /// Only of this space
        #[arg(long)]
        space: Option<String>,
        /// Only of this account: email or number
        #[arg(long)]
        owner: Option<String>,
    },
    /// Show an application and its secrets, never a secret itself
    Show(Which),
    /// Mail the owner of an application a link at which a new secret is shown once, to them alone
    HandOver(Which),
    /// Add a secret beside the one there is, which goes on working for a while; the new one is shown this once
    #[command(after_help = "Example:\n  prosper app rotate-secret 3f9c0e5d7a1b4c2d8e6f90a1b2c3d4e5 --overlap-hours 72")]
    RotateSecret {
        #[command(flatten)]
        which: Which,
        /// What to call it
        #[arg(long, default_value = "")]
        label: String,
        /// Hours that the one before it goes on working, 720 at most
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(0..=720))]
        overlap_hours: u64,
    },
    /// End every secret of an application and everything it was given
    RevokeSecrets(Which),
    /// Switch an application off, which ends everything it was given
    Disable(Which),
    /// Switch an application on again
    Enable(Which),
    /// Remove an application for good
    Delete(Which),
    /// Replace the redirect URIs of an application
    SetRedirectUris {
        #[command(flatten)]
        which: Which,
        /// The new ones
        #[arg(required = true, value_name = "URI")]
        uris: Vec<String>,
    },
    /// Change the switches of a login application
    #[command(group = clap::ArgGroup::new("switch").required(true).multiple(true))]
    Configure {
        #[command(flatten)]
        which: Which,
        /// Must every authorization bring a PKCE challenge?
        #[arg(long, value_name = "true|false", group = "switch")]
        require_pkce: Option<bool>,
        /// Does the redirect carry `iss` (RFC 9207)?
        #[arg(long, value_name = "true|false", group = "switch")]
        send_issuer: Option<bool>,
    },
}

/// Which application.
#[derive(Debug, Args)]
pub struct Which {
    /// Its client id
    client_id: String,
}

/// An application to be registered.
#[derive(Debug, Args)]
pub struct Register {
    /// What it is for
    #[arg(long, value_parser = kind())]
    kind: ApplicationKind,
    /// Whose it will be: email or account number
    #[arg(long, value_name = "WHO")]
    owner: String,
    /// The owner's space, when the email is in several
    #[arg(long)]
    space: Option<String>,
    /// Company name, or application name
    #[arg(long)]
    name: String,
    /// Phone number: personal, institutional and agent applications
    #[arg(long, default_value = "")]
    phone: String,
    /// Email for communication
    #[arg(long, default_value = "")]
    email: String,
    /// Company URL, or application URL: agent and login applications
    #[arg(long, default_value = "")]
    url: String,
    /// Where browsers are sent back to: agent (one) and login applications
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// What it may ask for; everything that its kind may when it is not given
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A PNG, JPEG or WebP file
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// Show no secret: mail the owner a link at which it is shown once, to them alone
    #[arg(long)]
    hand_over: bool,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// There is no such application or account, a rule forbids it, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::Register(new) => register(desk, new).await,
            Self::List { space, owner } => list(desk, space.as_deref(), owner.as_deref()).await,
            Self::Show(which) => show(desk, which.find(desk).await?).await,
            Self::HandOver(which) => {
                let id = which.find(desk).await?;
                let link = hand_over::hand_over(id, Actor::Terminal, desk.trail(), &desk.p).await?;
                desk.talk.show(handed_over(id, &link))
            }
            Self::RotateSecret { which, label, overlap_hours } => {
                let overlap = Some(Duration::from_secs(overlap_hours * 3_600));
                rotate(desk, which.find(desk).await?, Rotation { label, overlap, id: None }).await
            }
            Self::RevokeSecrets(which) => {
                let question = "This ends every secret of it and everything it was given. Revoke them?";
                change(desk, &which, AppWish::RevokeAllSecrets, Some(question)).await
            }
            Self::Disable(which) => change(desk, &which, AppWish::Disable, None).await,
            Self::Enable(which) => change(desk, &which, AppWish::Enable, None).await,
            Self::Delete(which) => delete(desk, &which).await,
            Self::SetRedirectUris { which, uris } => change(desk, &which, AppWish::RedirectUris(uris), None).await,
            Self::Configure { which, require_pkce, send_issuer } => {
                let id = which.find(desk).await?;
                let wishes = [require_pkce.map(AppWish::RequirePkce), send_issuer.map(AppWish::SendIssuer)];
                for wish in wishes.into_iter().flatten() {
                    manage_app::change_app(id, wish, Actor::Terminal, desk.trail(), &desk.p).await?;
                }
                show(desk, id).await
            }
        }
    }
}

impl Which {
    async fn find(&self, desk: &Desk) -> Outcome<ClientId> {
        Ok(desk.client(&self.client_id).await?.application.id)
    }
}

async fn register(desk: &Desk, new: Register) -> Outcome {
    let owner = desk.account(&new.owner, new.space.as_deref()).await?;
    let scopes = match new.scopes.as_slice() {
        [] => None,
        some => Some(ScopeSet::parse_investor(&some.join(" ")).ok_or_else(|| {
            let names: Vec<_> = ScopeSet::INVESTOR.iter().map(Scope::name).collect();
            Failure::usage(format!("--scope: there are {}", names.join(", ")))
        })?),
    };
    let logo = match &new.logo {
        None => None,
        Some(path) => Some(
            std::fs::read(path)
                .map_err(|error| Failure::usage(format!("--logo: cannot read {}: {error}", path.display())))?,
        ),
    };
    let (phone, email, url, redirect_uris) = (new.phone, new.email, new.url, new.redirect_uris);
    let typed = Registration { name: new.name, phone, email, url, redirect_uris };
    let wish = NewApplication { owner: owner.id, kind: new.kind, typed, scopes, logo, id: None };
    if new.hand_over {
        let made = hand_over::register_and_hand_over(wish, Actor::Terminal, desk.trail(), &desk.p).await?;
        return desk.talk.show(handed_over(made.0.id, &made.1));
    }
    let made = register_app::register_app(wish, Actor::Terminal, desk.trail(), &desk.p).await?;
    let mut facts = facts! { client_id: made.application.id.hex(), client_secret: made.client_secret.expose() };
    let found = desk.client(&made.application.id.hex()).await?;
    facts.extend(facts_of(desk, &found).await?.into_iter().filter(|(name, _)| *name != "client_id"));
    desk.talk.show(facts)?;
    desk.talk.say("the secret is shown this once: keep it where only the application can read it");
    Ok(())
}

fn handed_over(id: ClientId, link: &HandoverLink) -> Facts {
    facts! { client_id: id.hex(), owner_link: link.url.expose(), link_ends: link.expires_at.rfc3339() }
}

async fn rotate(desk: &Desk, id: ClientId, wish: Rotation) -> Outcome {
    let made = manage_app::rotate_secret(id, wish, Actor::Terminal, desk.trail(), &desk.p).await?;
    desk.talk.show(facts! {
        client_id: id.hex(),
        client_secret: made.client_secret.expose(),
        secret_id: made.id.hex(),
        label: made.label,
        older_secret_ends: made.older_ends.map(Timestamp::rfc3339),
    })?;
    desk.talk.say("the secret is shown this once: keep it where only the application can read it");
    Ok(())
}

async fn change(desk: &Desk, which: &Which, wish: AppWish, question: Option<&str>) -> Outcome {
    let id = which.find(desk).await?;
    if let Some(question) = question {
        desk.talk.confirm(question)?;
    }
    manage_app::change_app(id, wish, Actor::Terminal, desk.trail(), &desk.p).await?;
    show(desk, id).await
}

async fn delete(desk: &Desk, which: &Which) -> Outcome {
    let client = desk.client(&which.client_id).await?;
    let name = &client.application.profile.name;
    desk.talk.confirm(&format!("This removes {name:?} for good, with everything it was given. Delete it?"))?;
    let id = client.application.id;
    manage_app::change_app(id, AppWish::Delete, Actor::Terminal, desk.trail(), &desk.p).await?;
    desk.talk.show(facts! { client_id: id.hex(), name: name, deleted: true })
}

async fn list(desk: &Desk, space: Option<&str>, owner: Option<&str>) -> Outcome {
    let clients = match (owner, space) {
        (Some(owner), _) => desk.p.store.clients_of(desk.account(owner, space).await?.id).await?,
        (None, Some(space)) => desk.p.store.clients_in(Some(desk.space(space).await?.id)).await?,
        (None, None) => desk.p.store.clients_in(None).await?,
    };
    let mut rows = Vec::new();
    for client in clients {
        rows.push(facts_of(desk, &client).await?);
    }
    desk.talk.list(&["client_id", "kind", "name", "owner", "space", "disabled"], rows)
}

async fn show(desk: &Desk, id: ClientId) -> Outcome {
    let client = desk.client(&id.hex()).await?;
    let mut facts = facts_of(desk, &client).await?;
    let now = desk.p.now();
    let secret = |secret: &ClientSecret| {
        serde_json::json!({
            "id": secret.id.hex(),
            "label": secret.label,
            "live": secret.is_live(now),
            "created": secret.created_at.rfc3339(),
            "expires": secret.expires_at.map(Timestamp::rfc3339),
            "last_used": secret.last_used_at.map(Timestamp::rfc3339),
        })
    };
    facts.extend(facts! { secrets: client.secrets.iter().map(secret).collect::<Vec<_>>() });
    desk.talk.show(facts)
}

async fn facts_of(desk: &Desk, client: &Client) -> Outcome<Facts> {
    let application = &client.application;
    let owner = desk.p.store.account(application.owner).await?;
    let profile = &application.profile;
    Ok(facts! {
        client_id: application.id.hex(),
        kind: application.kind.name(),
        name: profile.name,
        owner: owner.map(|owner| owner.email.as_str().to_owned()),
        space: desk.space_name(application.space).await?,
        disabled: application.disabled,
        phone: profile.phone,
        email: profile.email,
        url: profile.url,
        redirect_uris: profile.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
        scopes: application.scopes.iter().map(Scope::name).collect::<Vec<_>>(),
        require_pkce: application.require_pkce,
        send_issuer: application.send_issuer,
        logo: application.has_logo,
        created: application.created_at.rfc3339(),
    })
}

fn kind() -> impl TypedValueParser<Value = ApplicationKind> {
    one_of(ApplicationKind::ALL.map(ApplicationKind::name), ApplicationKind::parse)
}
