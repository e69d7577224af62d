//! What was observed, written down off the hot path: when a secret, a consent or a session was last used, and what became
//! of each request of an application. Bounded and coalescing; an answer never waits for it, and under a flood it forgets
//! rather than grows.
//!
//! A request that was refused has a row of its own. Calls that went well are counted: a row for each minute and each kind of
//! call, with the id of the last, so that a busy application costs what a quiet one does.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Store;
use super::app_requests::{self, AppRequest, CallKey, Calls, MINUTE, Requests, Trim};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::grant_events::{Use, Uses};
use super::lately::Lately;
use crate::domain::ids::{AuthKeyId, ClientId, ConsentId, SecretId, SessionId};
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// The most observations of one kind that wait to be written.
const BOUND: usize = 4_096;
/// Requests, or uses of consents, that are written down in one unit.
const AT_ONCE: usize = 256;

/// Requests of one application that are added before its oldest are looked for.
const TRIM_AFTER: usize = 10_000;

/// How long a use of a consent stands for those that follow it: "last used" is true to within so much.
const WHILE: Duration = Duration::from_mins(5);

pub(super) struct Recorder {
    waiting: Mutex<Waiting>,
    used: Mutex<Lately>,
    dropped: AtomicU64,
    /// Requests of each application since its oldest were looked for.
    added: Mutex<HashMap<ClientId, usize>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            used: Mutex::new(Lately::over(WHILE)),
            dropped: AtomicU64::default(),
            added: Mutex::default(),
        }
    }
}

impl Recorder {
    /// The applications of which enough was added by now to look for their oldest requests.
    fn crowded(&self, added: &[AppRequest]) -> Vec<ClientId> {
        let mut counts = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() > BOUND {
            counts.clear();
        }
        for request in added {
            *counts.entry(request.application).or_default() += 1;
        }
        let crowded: Vec<_> = counts.iter().filter(|(_, count)| **count >= TRIM_AFTER).map(|(id, _)| *id).collect();
        for id in &crowded {
            counts.remove(id);
        }
        crowded
    }
}

#[derive(Clone, Default)]
struct Waiting {
    secrets: HashMap<SecretId, Timestamp>,
    renewed_secrets: HashMap<SecretId, KeyedHash>,
    renewed_keys: HashMap<AuthKeyId, KeyedHash>,
    consents: HashMap<ConsentId, Use>,
    sessions: HashMap<SessionId, Timestamp>,
    requests: Vec<AppRequest>,
    calls: HashMap<CallKey, Calls>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.secrets.is_empty()
            && self.renewed_secrets.is_empty()
            && self.renewed_keys.is_empty()
            && self.sessions.is_empty()
            && self.calls.is_empty()
    }
}

impl Store {
    /// A secret authenticated its application. `renewed` is its hash under the current key, if it was kept under an
    /// older one.
    pub fn saw_secret(&self, id: SecretId, now: Timestamp, renewed: Option<KeyedHash>) {
        self.observe(|waiting| {
            renewed.is_none_or(|hash| put(&mut waiting.renewed_secrets, id, hash)) & put(&mut waiting.secrets, id, now)
        });
    }

    /// An authorization key was used that is kept under an older hash key.
    pub fn saw_key(&self, id: AuthKeyId, renewed: KeyedHash) {
        self.observe(|waiting| put(&mut waiting.renewed_keys, id, renewed));
    }

    /// A consent was used, roughly from `place`. Noted once in five minutes and place.
    pub fn saw_consent(&self, id: ConsentId, now: Timestamp, place: &str) {
        let mut used = self.inner.recorder.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.is_news((id, place), now) {
            drop(used);
            self.observe(|waiting| {
                put(&mut waiting.consents, id, Use { consent: id, at: now, place: place.to_owned() })
            });
        }
    }

    /// A session was used. The caller asks only when what is known is some minutes old.
    pub fn saw_session(&self, id: SessionId, now: Timestamp) {
        self.observe(|waiting| put(&mut waiting.sessions, id, now));
    }

    /// An application made a request.
    pub fn saw_request(&self, request: AppRequest) {
        self.observe(|waiting| {
            let room = waiting.requests.len() < BOUND;
            if room {
                waiting.requests.push(request);
            }
            room
        });
    }

    /// A call of an application went well: `surface` is `authorize`, `authorization-key`, `access-token`, `introspect`, or
    /// the grant type.
    pub fn saw_call(&self, application: ClientId, surface: &'static str, request_id: &str, now: Timestamp) {
        let key = (application, surface, now.micros().div_euclid(MINUTE));
        self.observe(|waiting| {
            if let Some(calls) = waiting.calls.get_mut(&key) {
                calls.count += 1;
                calls.last = now;
                request_id.clone_into(&mut calls.request_id);
                return true;
            }
            put(&mut waiting.calls, key, Calls { count: 1, last: now, request_id: request_id.to_owned() })
        });
    }

    /// Writes down what was observed since the last time. Called about once a second.
    ///
    /// # Errors
    /// The store cannot be written; what was observed is then forgotten.
    pub async fn flush_observations(&self) -> Result<(), Fault> {
        let mut waiting =
            std::mem::take(&mut *self.inner.recorder.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let dropped = self.inner.recorder.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "more was observed than could be written down");
        }
        let requests = std::mem::take(&mut waiting.requests);
        let mut uses: Vec<_> = std::mem::take(&mut waiting.consents).into_values().collect();
        // In one order, so that two servers that note the same uses do not wait for one another in a ring.
        uses.sort_unstable_by_key(|used| used.consent);
        if !waiting.is_empty() {
            self.write(waiting).await?;
        }
        // A few at a time, so that whoever waits for the engine meanwhile has its turn in between.
        for some in uses.chunks(AT_ONCE) {
            self.write(Uses(some.to_vec())).await?;
        }
        for some in requests.chunks(AT_ONCE) {
            self.write(Requests(some.to_vec())).await?;
        }
        for application in self.inner.recorder.crowded(&requests) {
            self.write(Trim(application)).await?;
        }
        Ok(())
    }

    fn observe(&self, put: impl FnOnce(&mut Waiting) -> bool) {
        let recorder = &self.inner.recorder;
        if !put(&mut recorder.waiting.lock().unwrap_or_else(PoisonError::into_inner)) {
            recorder.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn put<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: V) -> bool {
    let room = map.len() < BOUND || map.contains_key(&key);
    if room {
        map.insert(key, value);
    }
    room
}

impl Unit for Waiting {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        for (id, at) in &self.secrets {
            tx.execute("update client_secrets set last_used_at = ?2 where id = ?1", values![id, *at]).await?;
        }
        for (id, hash) in &self.renewed_secrets {
            let sql = "update client_secrets set mac = ?2, mac_key = ?3 where id = ?1";
            tx.execute(sql, values![id, &hash.mac, hash.key]).await?;
        }
        for (id, hash) in &self.renewed_keys {
            let sql = "update authorization_keys set mac = ?2, mac_key = ?3 where id = ?1";
            tx.execute(sql, values![id, &hash.mac, hash.key]).await?;
        }
        for (id, at) in &self.sessions {
            tx.execute("update sessions set seen_at = ?2 where id = ?1 and seen_at < ?2", values![id, *at]).await?;
            tx.changed(Change::Session(*id));
        }
        for ((application, surface, minute), calls) in &self.calls {
            app_requests::count(tx, (application, surface, *minute), calls).await?;
        }
        Ok(())
    }
}
