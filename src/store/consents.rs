//! What accounts let applications do, and the keys that agents hold to it.
//!
//! This file is long because a grant and its end stand together, each with all that hangs on it.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::grant_events::{self, GrantStep, NewEvent};
use super::outbox::{self, Mail};
use super::value::Row;
use crate::domain::consent::{Consent, Terms};
use crate::domain::ids::{AccountId, AuthKeyId, ClientId, ConsentId};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A consent as it is listed for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedConsent {
    /// The consent.
    pub consent: Consent,
    /// Roughly where it was given from; empty when that is not known.
    pub granted_from: String,
    /// When it was last used, to within five minutes.
    pub last_used_at: Option<Timestamp>,
    /// Roughly where from; empty when that is not known.
    pub last_used_from: String,
}

/// An authorization key and the grant that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthKey {
    /// Its keyed hash.
    pub hash: KeyedHash,
    /// What the investor allows.
    pub consent: Consent,
}

impl Store {
    /// What `account` lets `application` do, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn consent(&self, account: AccountId, application: ClientId) -> Result<Option<Arc<Consent>>, Fault> {
        let (view, pair) = (&self.inner.view, (account, application));
        if let Some(held) = view.look(&view.consents, &pair) {
            return Ok(Some(held));
        }
        let began = view.generation();
        let found = self.read(ByPair(account, application)).await?.map(Arc::new);
        if let Some(found) = &found {
            view.fill(began, || view.consents.insert(pair, Arc::clone(found)));
        }
        Ok(found)
    }

    /// Everything that an account lets applications do, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn consents_of(&self, account: AccountId) -> Result<Vec<ListedConsent>, Fault> {
        self.read(Of { account: Some(account), application: None }).await
    }

    /// Everything that accounts let an application do, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn consents_to(&self, application: ClientId) -> Result<Vec<ListedConsent>, Fault> {
        self.read(Of { account: None, application: Some(application) }).await
    }

    /// Writes down that a person allowed an application; `None` when either may no longer act or changed since the page
    /// was shown, or when the form was answered before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn allow(&self, consent: Allow) -> Result<Option<ConsentId>, Fault> {
        self.write(consent).await
    }

    /// Takes a consent back, with every key of it; `false` when there was none.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn withdraw(&self, account: AccountId, application: ClientId, trail: Trail) -> Result<bool, Fault> {
        self.write(Withdraw { account, application, trail }).await
    }

    /// The authorization key of this name, from the store itself.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn auth_key(&self, id: AuthKeyId) -> Result<Option<AuthKey>, Fault> {
        self.read(KeyById(id)).await
    }
}

fn consent(row: &Row) -> Result<Consent, Fault> {
    Ok(Consent {
        id: row.get(0)?,
        account: row.get(1)?,
        application: row.get(2)?,
        scope: ScopeSet::from_bits(row.get(3)?),
        terms: serde_json::from_str::<Terms>(&row.get::<String>(4)?).map_err(Fault::internal)?,
        granted_at: row.get(5)?,
    })
}

struct ByPair(AccountId, ClientId);

impl Unit for ByPair {
    type Out = Option<Consent>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select id, account, application, scope, terms, granted_at from consents
                   where account = ?1 and application = ?2";
        tx.one(sql, values![self.0, &self.1]).await?.as_ref().map(consent).transpose()
    }
}

struct Of {
    account: Option<AccountId>,
    application: Option<ClientId>,
}

impl Unit for Of {
    type Out = Vec<ListedConsent>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let rows = match (&self.account, &self.application) {
            (Some(account), _) => {
                let sql = "select id, account, application, scope, terms, granted_at, granted_from, last_used_at,
                               last_used_from from consents
                           where account = ?1 order by granted_at desc, id";
                tx.many(sql, values![*account]).await?
            }
            (None, application) => {
                let sql = "select id, account, application, scope, terms, granted_at, granted_from, last_used_at,
                               last_used_from from consents
                           where application = ?1 order by granted_at desc, id";
                tx.many(sql, values![application.as_ref()]).await?
            }
        };
        let listed = |row: &Row| {
            Ok(ListedConsent {
                consent: consent(row)?,
                granted_from: row.get(6)?,
                last_used_at: row.get(7)?,
                last_used_from: row.get(8)?,
            })
        };
        rows.iter().map(listed).collect()
    }
}

/// A consent that a person has just given.
pub struct Allow {
    /// The consent. Its id is used when there is none yet; a consent that stands keeps its own.
    pub consent: Consent,
    /// An agent's key to it.
    pub key: Option<(AuthKeyId, KeyedHash)>,
    /// The account's epoch when the page was answered.
    pub account_epoch: i64,
    /// The application's epoch when the page was answered.
    pub application_epoch: i64,
    /// What its owner is told when this allows something that nothing allowed before.
    pub mail: Option<Mail>,
    /// The form that was answered, and until when its token could be posted again.
    pub form: Option<([u8; 16], Timestamp)>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for Allow {
    type Out = Option<ConsentId>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let given = &self.consent;
        let terms = serde_json::to_string(&given.terms).map_err(Fault::internal)?;
        if let Some((form, until)) = &self.form {
            let sql = "insert into used_forms (id, expires_at) values (?1, ?2) on conflict (id) do nothing";
            if tx.execute(sql, values![form, *until]).await? == 0 {
                return Ok(None);
            }
        }
        let before = tx
            .one(
                "select scope, terms from consents where account = ?1 and application = ?2",
                values![given.account, &given.application],
            )
            .await?;
        let step = match before {
            Some(row) => {
                let same_terms = row.get::<String>(1)? == terms;
                GrantStep::between(Some(ScopeSet::from_bits(row.get(0)?)), same_terms, given.scope)
            }
            None => GrantStep::Given,
        };
        let row = tx
            .one(
                "insert into consents (id, account, application, scope, terms, granted_at, granted_from)
                 select ?1, ?2, ?3, ?4, ?5, ?6, ?9
                 where exists (select 1 from accounts where id = ?2 and epoch = ?7 and status = 'active'
                         and password_reset_required = 0)
                   and exists (select 1 from applications a join accounts o on o.id = a.owner
                         where a.id = ?3 and a.epoch = ?8 and a.disabled = 0
                           and (a.kind <> 'third_party_agent' or (o.agent = 'approved' and o.status = 'active')))
                 on conflict (account, application)
                     do update set scope = excluded.scope, terms = excluded.terms, granted_at = excluded.granted_at,
                         granted_from = excluded.granted_from
                 returning id",
                values![
                    &given.id,
                    given.account,
                    &given.application,
                    given.scope.bits(),
                    &terms,
                    given.granted_at,
                    self.account_epoch,
                    self.application_epoch,
                    &self.trail.place,
                ],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: ConsentId = row.get(0)?;
        if let Some((key, hash)) = &self.key {
            tx.execute(
                "insert into authorization_keys (id, consent, mac, mac_key, created_at) values (?1, ?2, ?3, ?4, ?5)",
                values![key, &id, &hash.mac, hash.key, given.granted_at],
            )
            .await?;
        }
        let event = NewEvent {
            account: given.account,
            application: &given.application,
            step,
            actor: &self.trail.actor,
            scope: given.scope,
            place: &self.trail.place,
            at: self.trail.at,
        };
        grant_events::note(tx, event).await?;
        if let (Some(mail), GrantStep::Given | GrantStep::Widened) = (&self.mail, step) {
            outbox::post_notice(tx, mail, self.trail.at).await?;
        }
        let subject = format!("account {}", given.account);
        let after = format!("application {}: {}", given.application, given.scope);
        audit::note(tx, &self.trail, "consent.allow", &subject, "", &after).await?;
        tx.changed(Change::Consent(given.account, given.application, id));
        Ok(Some(id))
    }
}

struct Withdraw {
    account: AccountId,
    application: ClientId,
    trail: Trail,
}

impl Unit for Withdraw {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let gone = tx
            .one(
                "delete from consents where account = ?1 and application = ?2 returning id, scope",
                values![self.account, &self.application],
            )
            .await?;
        let Some(row) = gone else { return Ok(false) };
        let event = NewEvent {
            account: self.account,
            application: &self.application,
            step: GrantStep::Withdrawn,
            actor: &self.trail.actor,
            scope: ScopeSet::from_bits(row.get(1)?),
            place: &self.trail.place,
            at: self.trail.at,
        };
        grant_events::note(tx, event).await?;
        let subject = format!("account {}", self.account);
        let before = format!("application {}", self.application);
        audit::note(tx, &self.trail, "consent.withdraw", &subject, &before, "").await?;
        tx.changed(Change::Consent(self.account, self.application, row.get(0)?));
        Ok(true)
    }
}

struct KeyById(AuthKeyId);

impl Unit for KeyById {
    type Out = Option<AuthKey>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select c.id, c.account, c.application, c.scope, c.terms, c.granted_at, k.mac_key, k.mac
                   from authorization_keys k join consents c on c.id = k.consent where k.id = ?1";
        let row = tx.one(sql, values![&self.0]).await?;
        row.map(|row| Ok(AuthKey { consent: consent(&row)?, hash: KeyedHash { key: row.get(6)?, mac: row.get(7)? } }))
            .transpose()
    }
}
