//! What every flow is handed: the store, the clock, randomness, keys, the password workers and the settings.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::BaseUrl;
use crate::crypto::chain::ChainKey;
use crate::crypto::entropy::Entropy;
use crate::crypto::keys::Keys;
use crate::crypto::password::Passwords;
use crate::crypto::ring::MasterKey;
use crate::domain::secret::{KeyUse, RingKey};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::mail::transport::Mailing;
use crate::store::Store;
use crate::store::audit::Trail;
use crate::store::installation::{Purpose, RotateKeys};

/// A running Prosper. Shared, never copied.
pub struct Prosper {
    /// Where things are kept.
    pub store: Store,
    /// The present.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The unlocked key ring.
    pub keys: Keys,
    /// The threads that hash passwords.
    pub passwords: Passwords,
    /// Seals the audit log.
    pub chain: ChainKey,
    /// What the operator chose.
    pub settings: Settings,
    master: MasterKey,
}

/// What an operator chose, as far as flows and pages need it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The only source of absolute links.
    pub public_url: BaseUrl,
    /// Where people ask for help.
    pub support_email: String,
    /// Where partners ask to be registered.
    pub business_email: String,
    /// Where weaknesses are reported, if the operator chose whom people write to.
    pub security_contact: Option<String>,
    /// The address of the staff console, where it has a listener of its own: with it, no other listener serves it.
    pub console_url: Option<String>,
    /// Live, or a sandbox.
    pub purpose: Purpose,
    /// Is the sample resource served?
    pub sample_resource: bool,
    /// How failed sign-ins lock an email, if they do (T-13).
    pub lockout: Option<Lockout>,
    /// Failed attempts that one address has in a minute, if they are counted.
    pub failures_per_address: Option<u32>,
    /// How long what is known of a person outlives their account, when they wish it erased.
    pub erasure_wait: Duration,
    /// Days that are no business days, weekends aside.
    pub holidays: Vec<jiff::civil::Date>,
    /// How mail leaves the house.
    pub mail: Mailing,
}

/// How failed sign-ins lock an email (T-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// How many in a row.
    pub failures: u32,
    /// For how long.
    pub span: Duration,
}

impl Prosper {
    /// Puts the parts together, making the first keys of a new store.
    ///
    /// # Errors
    /// The store cannot be used, or its key ring does not open under `master`.
    pub async fn assemble(
        store: Store,
        entropy: Entropy,
        passwords: Passwords,
        master: MasterKey,
        settings: Settings,
    ) -> Result<Arc<Self>, Fault> {
        let clock = store.clock().clone();
        let mut ring = store.ring_keys().await?;
        if ring.is_empty() {
            let now = clock.now();
            let add = vec![
                RingKey::generate(1, KeyUse::Seal, &master, &entropy, now),
                RingKey::generate(2, KeyUse::Hash, &master, &entropy, now),
            ];
            let made = store.rotate_keys(RotateKeys { add, retire: Vec::new(), trail: Trail::system(now) }).await;
            ring = store.ring_keys().await?;
            // Of the nodes that start together on a new store, one is first.
            if ring.is_empty() {
                made?;
            }
        }
        let keys = Keys::unlock(&master, &ring, &clock)?;
        let chain = master.chain_key();
        Ok(Arc::new(Self { store, clock, entropy, keys, passwords, chain, settings, master }))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the key ring again, after somebody rotated it.
    ///
    /// # Errors
    /// The store cannot be read, or a key does not open.
    pub async fn reload_keys(&self) -> Result<(), Fault> {
        self.keys.replace(&self.master, &self.store.ring_keys().await?)
    }

    /// Follows the clock that an operator accepted since `known`, and answers it for the next time.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn follow_clock(&self, known: Timestamp) -> Result<Timestamp, Fault> {
        let set = self.store.installation().await?.clock_set;
        if set != known {
            self.clock.rebase(self.clock.wall());
            self.store.settle_clock(self.now()).await?;
            tracing::warn!("the clock was set by an operator; every code, token, key and session has ended");
        }
        Ok(set)
    }

    /// Adds a sealing key and a hash key, and lets the sealing keys there were end once nothing they sealed can live.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn rotate_keys(&self, trail: Trail) -> Result<(), Fault> {
        let ring = self.store.ring_keys().await?;
        let newest = ring.iter().map(|key| key.id).max().unwrap_or(0);
        let now = self.now();
        let add = vec![
            RingKey::generate(newest + 1, KeyUse::Seal, &self.master, &self.entropy, now),
            RingKey::generate(newest + 2, KeyUse::Hash, &self.master, &self.entropy, now),
        ];
        // Hash keys stay: what they hashed is re-keyed when it is next used, whenever that is.
        let end = RingKey::retirement(now, LONGEST_SEALED);
        let retire = ring
            .iter()
            .filter(|key| key.usage == KeyUse::Seal && key.retires_at.is_none())
            .map(|key| (key.id, end))
            .collect();
        self.store.rotate_keys(RotateKeys { add, retire, trail }).await?;
        self.reload_keys().await
    }
}

/// The longest that anything sealed lives: a mail in the outbox.
const LONGEST_SEALED: Duration = crate::contract::lifetimes::MAIL;
