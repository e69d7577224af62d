//! Families: everything that one password request, one use of an authorization key or one client-credentials request
//! issued. One row each; a refresh and a token check write nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::engine::{Tx, Unit};
use super::given::{Columns, GivenRow, Kind};
use super::neighbours::Hot;
use super::password_networks::{self, NetworkUse, Told, Uses, Where};
use super::{Store, failures};
use crate::domain::ids::{AccountId, ClientId, ConsentId, FamilyId, SpaceId};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// The counters of T-11 as they were *before* a password, a consent or a secret was checked. What is issued on the
/// strength of that check carries them, and every use compares them for equality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// The account's.
    pub account: i64,
    /// The application's.
    pub application: i64,
    /// Its owner's as an agent; zero for other kinds.
    pub agent: i64,
    /// The installation's.
    pub installation: i64,
}

/// A family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, sealed into each of its tokens.
    pub id: FamilyId,
    /// The application it was issued to.
    pub application: ClientId,
    /// Whose account it acts for; `None` for client credentials.
    pub account: Option<AccountId>,
    /// The grant behind an authorization key.
    pub consent: Option<ConsentId>,
    /// What it may do at most.
    pub scope: ScopeSet,
    /// The hash of its refresh token, if it has one.
    pub refresh: Option<KeyedHash>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When its last token ends.
    pub expires_at: Timestamp,
    /// What it was given on the strength of.
    pub epochs: Epochs,
}

impl Store {
    /// The family of this name, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn family(&self, id: FamilyId) -> Result<Option<Arc<Family>>, Fault> {
        let view = &self.inner.view;
        if let Some(held) = view.look(&view.families, &id) {
            return Ok(Some(held));
        }
        let began = view.generation();
        let found = self.read(ById(id)).await?.map(Arc::new);
        if let Some(found) = &found {
            view.fill(began, || view.families.insert(id, Arc::clone(found)));
        }
        Ok(found)
    }

    /// Writes a family down, if everything it was given on the strength of still stands; `false` otherwise.
    /// `forgive` are the space and the folded email whose failed attempts are forgotten with it (T-13).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_family(&self, family: Family, forgive: Option<(SpaceId, String)>) -> Result<bool, Fault> {
        self.join_others(Opening { family, forgive, from: None }).await
    }

    /// The same for a password that was used from a network of which [`Store::remembers_network`] knows nothing. The use
    /// is written down with the family, and so is its mail if it is the first from there: all of it, or nothing.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_family_from(
        &self,
        from: NetworkUse,
        family: Family,
        forgive: Option<(SpaceId, String)>,
    ) -> Result<bool, Fault> {
        self.join_others(Opening { family, forgive, from: Some(from) }).await
    }

    async fn join_others(&self, opening: Opening) -> Result<bool, Fault> {
        let view = &self.inner.view;
        let began = view.generation();
        let opened = self.inner.opening.join(opening.clone(), self).await?;
        let Opening { family, from, .. } = opening;
        if let Some(from) = from.filter(|_| opened.network) {
            self.remember_network(family.application, family.epochs.account, &from.network, family.created_at);
        }
        if opened.family {
            // What was written is what would be read, and its token is about to be used.
            view.fill(began, || view.families.insert(family.id, Arc::new(family)));
        }
        Ok(opened.family)
    }

    /// How many families there are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn family_count(&self) -> Result<i64, Fault> {
        self.read(Count).await
    }
}

struct ById(FamilyId);

impl Unit for ById {
    type Out = Option<Family>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let row = tx
            .one(
                "select id, application, account, consent, scope, refresh_mac_key, refresh_mac, created_at, expires_at,
                     account_epoch, application_epoch, agent_epoch, installation_epoch
                 from families where id = ?1",
                values![&self.0],
            )
            .await?;
        row.map(|row| {
            let refresh = match (row.get::<Option<u32>>(5)?, row.get::<Option<[u8; 32]>>(6)?) {
                (Some(key), Some(mac)) => Some(KeyedHash { key, mac }),
                _ => None,
            };
            Ok(Family {
                id: row.get(0)?,
                application: row.get(1)?,
                account: row.get(2)?,
                consent: row.get(3)?,
                scope: ScopeSet::from_bits(row.get(4)?),
                refresh,
                created_at: row.get(7)?,
                expires_at: row.get(8)?,
                epochs: Epochs {
                    account: row.get(9)?,
                    application: row.get(10)?,
                    agent: row.get(11)?,
                    installation: row.get(12)?,
                },
            })
        })
        .transpose()
    }
}

struct Count;

impl Unit for Count {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        tx.one("select count(*) from families", &[]).await?.map_or(Ok(0), |row| row.get(0))
    }
}

/// A family about to be opened.
#[derive(Clone)]
pub(super) struct Opening {
    family: Family,
    forgive: Option<(SpaceId, String)>,
    from: Option<NetworkUse>,
}

/// What became of it.
#[derive(Clone, Copy)]
pub(super) struct Opened {
    /// Is the family there?
    family: bool,
    /// Is the network that it came from written down as known?
    network: bool,
}

/// The given rows of [`Opening::all`].
const COLUMNS: Columns = &[
    ("id", Kind::Bytes),
    ("application", Kind::Bytes),
    ("account", Kind::Int),
    ("consent", Kind::Bytes),
    ("scope", Kind::Int),
    ("refresh_mac", Kind::Bytes),
    ("refresh_mac_key", Kind::Int),
    ("created_at", Kind::Int),
    ("expires_at", Kind::Int),
    ("account_epoch", Kind::Int),
    ("application_epoch", Kind::Int),
    ("agent_epoch", Kind::Int),
    ("installation_epoch", Kind::Int),
];

impl Hot for Opening {
    type Out = Opened;

    fn is_one_statement(items: &[Self]) -> bool {
        items.iter().all(|item| item.forgive.is_none() && item.from.is_none())
    }

    async fn all(items: &[Self], tx: &mut Tx) -> Result<Vec<Opened>, Fault> {
        let rows: Vec<_> = items.iter().map(Self::given).collect();
        let opened = tx
            .many_given(
                "insert into families (id, application, account, consent, scope, refresh_mac, refresh_mac_key,
                     created_at, expires_at, account_epoch, application_epoch, agent_epoch, installation_epoch)
                 select g.id, g.application, g.account, g.consent, g.scope, g.refresh_mac, g.refresh_mac_key,
                     g.created_at, g.expires_at, g.account_epoch, g.application_epoch, g.agent_epoch,
                     g.installation_epoch
                 from given g
                 where exists (select 1 from applications a join accounts o on o.id = a.owner
                         where a.id = g.application and a.epoch = g.application_epoch and a.disabled = 0
                           and (a.kind <> 'third_party_agent'
                             or (o.agent = 'approved' and o.status = 'active' and o.agent_epoch = g.agent_epoch)))
                   and (g.account is null or exists (select 1 from accounts c
                         where c.id = g.account and c.epoch = g.account_epoch and c.status = 'active'
                           and c.password_reset_required = 0))
                   and (g.consent is null or exists (select 1 from consents where id = g.consent))
                   and exists (select 1 from installation where one = 1 and epoch = g.installation_epoch)
                 returning id",
                COLUMNS,
                &rows,
            )
            .await?;
        let opened = opened.iter().map(|row| row.get(0)).collect::<Result<HashSet<FamilyId>, _>>()?;
        let is_open = |item: &Self| opened.contains(&item.family.id);
        let forgiven: HashSet<_> =
            items.iter().filter(|item| is_open(item)).filter_map(|item| item.forgive.as_ref()).collect();
        failures::forgive_all(tx, forgiven).await?;
        let uses: Uses<'_> = items.iter().filter(|item| is_open(item)).filter_map(Self::network_use).collect();
        let known = password_networks::note_all(tx, &uses).await?;
        let outcome = |item: &Self| Opened {
            family: is_open(item),
            network: item.network_use().is_some_and(|(network, _)| known.contains(&network)),
        };
        Ok(items.iter().map(outcome).collect())
    }
}

impl Opening {
    fn network_use(&self) -> Option<(Where<'_>, Told<'_>)> {
        let from = self.from.as_ref()?;
        Some(((self.family.application, &from.network), (&from.mail, self.family.created_at)))
    }

    fn given(&self) -> GivenRow<'_> {
        let Family { id, application, account, consent, scope, refresh, created_at, expires_at, epochs } = &self.family;
        values![
            id,
            application,
            *account,
            consent.as_ref(),
            scope.bits(),
            refresh.as_ref().map(|hash| &hash.mac),
            refresh.as_ref().map(|hash| hash.key),
            *created_at,
            *expires_at,
            epochs.account,
            epochs.application,
            epochs.agent,
            epochs.installation,
        ]
        .to_vec()
    }
}
