//! Applications and their secrets.
//!
//! This file is long because the statements about one table stand together.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::client_secrets;
use super::engine::{Tx, Unit};
use super::value::Row;
use crate::domain::application::{Application, ApplicationKind, Profile};
use crate::domain::ids::{AccountId, ClientId, SecretId, SpaceId};
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// An application with the secrets it may authenticate by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The application.
    pub application: Application,
    /// Its secrets, oldest first, expired ones among them.
    pub secrets: Vec<ClientSecret>,
}

/// A client secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its name.
    pub id: SecretId,
    /// What its owner calls it.
    pub label: String,
    /// Its keyed hash.
    pub hash: KeyedHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it last authenticated its application.
    pub last_used_at: Option<Timestamp>,
}

impl ClientSecret {
    /// Does it still work?
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| !end.has_come(now))
    }
}

impl Store {
    /// The application with this client id and its secrets, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn client(&self, id: ClientId) -> Result<Option<Arc<Client>>, Fault> {
        let view = &self.inner.view;
        if let Some(held) = view.look(&view.clients, &id) {
            return Ok(Some(held));
        }
        let began = view.generation();
        let found = self.read(ById(id)).await?.map(Arc::new);
        if let Some(found) = &found {
            view.fill(began, || view.clients.insert(id, Arc::clone(found)));
        }
        Ok(found)
    }

    /// The same as the store has it: when its secrets were last used stands there, which the live view does not follow.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn client_as_kept(&self, id: ClientId) -> Result<Option<Arc<Client>>, Fault> {
        Ok(self.read(ById(id)).await?.map(Arc::new))
    }

    /// The applications of an owner, newest first, with their secrets.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn clients_of(&self, owner: AccountId) -> Result<Vec<Client>, Fault> {
        self.read(Of { owner: Some(owner), space: None }).await
    }

    /// The applications of a space (or of all), newest first, with their secrets.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn clients_in(&self, space: Option<SpaceId>) -> Result<Vec<Client>, Fault> {
        self.read(Of { owner: None, space }).await
    }

    /// Registers an application; `false` when its owner has as many as are allowed or may no longer register this kind, or
    /// when the client id was given out before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn register_application(&self, application: RegisterApplication) -> Result<bool, Fault> {
        self.write(application).await
    }

    /// Changes an application; `false` when there is no such application.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn change_application(
        &self,
        id: ClientId,
        change: ApplicationChange,
        trail: Trail,
    ) -> Result<bool, Fault> {
        self.write(ChangeApplication { id, change, trail }).await
    }

    /// An application's logo, as PNG.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn logo(&self, id: ClientId) -> Result<Option<Vec<u8>>, Fault> {
        self.read(ReadLogo(id)).await
    }
}

/// The columns of [`application`], in its order.
macro_rules! application_columns {
    () => {
        "id, space, owner, kind, name, phone, email, url, redirect_uris, scopes, disabled, require_pkce, send_issuer, \
         case when logo is null then 0 else 1 end, epoch, created_at"
    };
}

pub(super) use application_columns;

pub(super) fn application(row: &Row) -> Result<Application, Fault> {
    Ok(Application {
        id: row.get(0)?,
        space: row.get(1)?,
        owner: row.get(2)?,
        kind: ApplicationKind::parse(&row.get::<String>(3)?)
            .ok_or_else(|| Fault::internal("store: an application of an unknown kind"))?,
        profile: Profile {
            name: row.get(4)?,
            phone: row.get(5)?,
            email: row.get(6)?,
            url: row.get(7)?,
            redirect_uris: row.get::<String>(8)?.lines().map(RedirectUri::from_stored).collect(),
        },
        scopes: ScopeSet::from_bits(row.get(9)?),
        disabled: row.get(10)?,
        require_pkce: row.get(11)?,
        send_issuer: row.get(12)?,
        has_logo: row.get(13)?,
        epoch: row.get(14)?,
        created_at: row.get(15)?,
    })
}

async fn with_secrets(tx: &mut Tx, row: &Row) -> Result<Client, Fault> {
    let application = application(row)?;
    let rows = tx
        .many(
            "select id, label, mac_key, mac, created_at, expires_at, last_used_at from client_secrets
             where application = ?1 order by created_at, id",
            values![&application.id],
        )
        .await?;
    let secrets = rows
        .iter()
        .map(|row| {
            Ok(ClientSecret {
                id: row.get(0)?,
                label: row.get(1)?,
                hash: KeyedHash { key: row.get(2)?, mac: row.get(3)? },
                created_at: row.get(4)?,
                expires_at: row.get(5)?,
                last_used_at: row.get(6)?,
            })
        })
        .collect::<Result<_, Fault>>()?;
    Ok(Client { application, secrets })
}

struct ById(ClientId);

impl Unit for ById {
    type Out = Option<Client>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = concat!("select ", application_columns!(), " from applications where id = ?1");
        match tx.one(sql, values![&self.0]).await? {
            Some(row) => with_secrets(tx, &row).await.map(Some),
            None => Ok(None),
        }
    }
}

struct Of {
    owner: Option<AccountId>,
    space: Option<SpaceId>,
}

impl Unit for Of {
    type Out = Vec<Client>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = concat!(
            "select ",
            application_columns!(),
            " from applications where (cast(?1 as bigint) is null or owner = ?1) and (cast(?2 as bigint) is null or space = ?2)
              order by created_at desc, id"
        );
        let rows = tx.many(sql, values![self.owner, self.space]).await?;
        let mut clients = Vec::with_capacity(rows.len());
        for row in &rows {
            clients.push(with_secrets(tx, row).await?);
        }
        Ok(clients)
    }
}

struct ReadLogo(ClientId);

impl Unit for ReadLogo {
    type Out = Option<Vec<u8>>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx.one("select logo from applications where id = ?1", values![&self.0]).await?;
        row.map_or(Ok(None), |row| row.get(0))
    }
}

/// A new application with its first secret.
pub struct RegisterApplication {
    /// The application.
    pub application: Application,
    /// Its logo, as PNG.
    pub logo: Option<Vec<u8>>,
    /// The name of its first secret.
    pub secret: SecretId,
    /// The hash of its first secret.
    pub hash: KeyedHash,
    /// How many applications its owner may have; `None` when staff register it.
    pub most: Option<i64>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for RegisterApplication {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let app = &self.application;
        let uris = uris_text(&app.profile.redirect_uris);
        // Others who register for the same owner wait here, where a count sees only what was committed before it.
        tx.execute("update accounts set created_at = created_at where id = ?1", values![app.owner]).await?;
        let subject = format!("application {}", app.id);
        // The limit, the agent role and the owner's own standing are checked by the statement itself, so that none can be
        // raced. A client id that was ever given out is never given out again: what its first life issued must not live
        // in a second one.
        let made = tx
            .execute(
                "insert into applications (id, space, owner, kind, name, phone, email, url, redirect_uris, scopes,
                     disabled, require_pkce, send_issuer, logo, epoch, created_at)
                 select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0, ?15
                 where (cast(?16 as bigint) is null or (select count(*) from applications where owner = ?3) < ?16)
                   and exists (select 1 from accounts where id = ?3 and space = ?2
                       and (?4 <> 'third_party_agent' or agent = 'approved')
                       and (cast(?16 as bigint) is null or (status = 'active' and password_reset_required = 0)))
                   and not exists (select 1 from audit where subject = ?17)",
                values![
                    &app.id,
                    app.space,
                    app.owner,
                    app.kind.name(),
                    &app.profile.name,
                    app.profile.phone.as_ref(),
                    app.profile.email.as_ref(),
                    app.profile.url.as_ref(),
                    &uris,
                    app.scopes.bits(),
                    app.disabled,
                    app.require_pkce,
                    app.send_issuer,
                    self.logo.as_ref(),
                    app.created_at,
                    self.most,
                    &subject,
                ],
            )
            .await?;
        if made == 0 {
            return Ok(false);
        }
        client_secrets::insert(tx, app.id, self.secret, crate::contract::words::FIRST_SECRET, self.hash, self.trail.at)
            .await?;
        audit::note(tx, &self.trail, "application.register", &subject, "", app.kind.name()).await?;
        Ok(true)
    }
}

fn uris_text(uris: &[RedirectUri]) -> String {
    uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>().join("\n")
}

/// What can be changed of an application.
#[derive(Clone, Debug)]
pub enum ApplicationChange {
    /// Switch it off, which ends everything it was given (T-11), or on again.
    Disabled(bool),
    /// Remove it, its secrets, its consents and keys.
    Delete,
    /// End one secret. Ends no token.
    RevokeSecret(SecretId),
    /// End all secrets and everything the application was given (T-11).
    RevokeAllSecrets,
    /// Replace what its owner said of it, its redirect URIs aside.
    Profile(Profile),
    /// Replace where browsers may be sent back to.
    RedirectUris(Vec<RedirectUri>),
    /// Must every authorization bring a PKCE challenge?
    RequirePkce(bool),
    /// Does the redirect carry `iss`?
    SendIssuer(bool),
    /// Its logo, as PNG.
    Logo(Option<Vec<u8>>),
    /// What it may ask for.
    Scopes(ScopeSet),
}

struct ChangeApplication {
    id: ClientId,
    change: ApplicationChange,
    trail: Trail,
}

impl Unit for ChangeApplication {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let (id, now) = (&self.id, self.trail.at);
        let Some(client) = ById(self.id).run(tx).await? else { return Ok(false) };
        let (rows, action, after) = match &self.change {
            ApplicationChange::Disabled(disabled) => {
                let sql = "update applications set disabled = ?2, epoch = epoch + 1 where id = ?1 and disabled <> ?2";
                let action = if *disabled { "disable" } else { "enable" };
                let after = if *disabled { "disabled" } else { "enabled" };
                (tx.execute(sql, values![id, *disabled]).await?, action, after.to_owned())
            }
            ApplicationChange::Delete => {
                super::grant_events::note_end(tx, id, &self.trail.actor, now).await?;
                tx.execute("delete from password_networks where application = ?1", values![id]).await?;
                (tx.execute("delete from applications where id = ?1", values![id]).await?, "delete", String::new())
            }
            ApplicationChange::RevokeSecret(secret) => {
                let sql = "update client_secrets set expires_at = ?3
                     where application = ?1 and id = ?2 and (expires_at is null or expires_at > ?3)";
                (tx.execute(sql, values![id, secret, now]).await?, "revoke_secret", secret.hex())
            }
            ApplicationChange::RevokeAllSecrets => {
                let sql = "update client_secrets set expires_at = ?2
                     where application = ?1 and (expires_at is null or expires_at > ?2)";
                tx.execute(sql, values![id, now]).await?;
                let sql = "update applications set epoch = epoch + 1 where id = ?1";
                (tx.execute(sql, values![id]).await?, "revoke_secrets", String::new())
            }
            ApplicationChange::Profile(profile) => {
                let sql = "update applications set name = ?2, phone = ?3, email = ?4, url = ?5 where id = ?1";
                let (phone, email, url) = (profile.phone.as_ref(), profile.email.as_ref(), profile.url.as_ref());
                let values = values![id, &profile.name, phone, email, url];
                (tx.execute(sql, values).await?, "change", profile.in_a_line())
            }
            ApplicationChange::RedirectUris(uris) => {
                let uris = uris_text(uris);
                let sql = "update applications set redirect_uris = ?2 where id = ?1";
                (tx.execute(sql, values![id, &uris]).await?, "redirect_uris", uris)
            }
            ApplicationChange::RequirePkce(on) => {
                let sql = "update applications set require_pkce = ?2 where id = ?1";
                (tx.execute(sql, values![id, *on]).await?, "require_pkce", on.to_string())
            }
            ApplicationChange::SendIssuer(on) => {
                let sql = "update applications set send_issuer = ?2 where id = ?1";
                (tx.execute(sql, values![id, *on]).await?, "send_issuer", on.to_string())
            }
            ApplicationChange::Logo(logo) => {
                let sql = "update applications set logo = ?2 where id = ?1";
                let after = if logo.is_some() { "a logo" } else { "none" };
                (tx.execute(sql, values![id, logo.as_ref()]).await?, "logo", after.to_owned())
            }
            ApplicationChange::Scopes(scopes) => {
                let sql = "update applications set scopes = ?2 where id = ?1";
                (tx.execute(sql, values![id, scopes.bits()]).await?, "scopes", scopes.to_string())
            }
        };
        if rows > 0 {
            let (action, subject) = (format!("application.{action}"), format!("application {id}"));
            let before = self.change.was(&client, now);
            audit::note(tx, &self.trail, &action, &subject, &before, &after).await?;
            tx.changed(Change::Application(self.id));
        }
        Ok(rows > 0)
    }
}

impl ApplicationChange {
    /// What stood where this change goes, for the audit log.
    fn was(&self, client: &Client, now: Timestamp) -> String {
        let application = &client.application;
        match self {
            Self::Disabled(_) => if application.disabled { "disabled" } else { "enabled" }.to_owned(),
            Self::Delete => format!("{}: {}", application.kind.name(), application.profile.name),
            Self::RevokeSecret(secret) => {
                let kept = client.secrets.iter().find(|kept| kept.id == *secret);
                kept.map_or_else(String::new, |kept| kept.label.clone())
            }
            Self::RevokeAllSecrets => {
                format!("{} secrets", client.secrets.iter().filter(|secret| secret.is_live(now)).count())
            }
            Self::Profile(_) => application.profile.in_a_line(),
            Self::RedirectUris(_) => uris_text(&application.profile.redirect_uris),
            Self::RequirePkce(_) => application.require_pkce.to_string(),
            Self::SendIssuer(_) => application.send_issuer.to_string(),
            Self::Logo(_) => if application.has_logo { "a logo" } else { "none" }.to_owned(),
            Self::Scopes(_) => application.scopes.to_string(),
        }
    }
}
