//! What was observed, written down off the hot path: when a secret, a consent or a session was last used, and what became
//! of each request of an application. Bounded and coalescing; an answer never waits for it, and under a flood it forgets
//! rather than grows.
//!
//! A request that was refused has a row of its own. Calls that went well are counted: a row for each minute and each kind of
//! call, with the id of the last, so that a busy application costs what a quiet one does.
//!
//! This file is long because what is observed, written and read back is one account of the same few things.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::grant_events;
use super::value::Row;
use crate::domain::ids::{AuthKeyId, ClientId, ConsentId, SecretId, SessionId};
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// The most observations of one kind that wait to be written.
const BOUND: usize = 4_096;

/// A request of an application, for its owner to look up (W-03).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRequest {
    /// The id that the answer carried.
    pub request_id: String,
    /// Which application.
    pub application: ClientId,
    /// When.
    pub at: Timestamp,
    /// `authorize`, `access-token`, `token`, `introspect`, `authorization-key`.
    pub surface: &'static str,
    /// `ok`, or the error code or words that went over the wire.
    pub outcome: String,
    /// The true cause, in words for the owner; no secret, nothing about a person.
    pub detail: String,
}

/// The same, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The id that the answer carried.
    pub request_id: String,
    /// Which application.
    pub application: ClientId,
    /// When.
    pub at: Timestamp,
    /// On which surface.
    pub surface: String,
    /// What went over the wire.
    pub outcome: String,
    /// The true cause.
    pub detail: String,
    /// How many calls this row counts, all in one minute, the last of them with this id; 0 for a row of one request.
    pub calls: i64,
}

/// Calls of one kind that went well within a minute.
#[derive(Clone)]
struct Calls {
    count: i64,
    last: Timestamp,
    request_id: String,
}

/// Which application, which kind of call, which minute.
type CallKey = (ClientId, &'static str, i64);

#[derive(Default)]
pub(super) struct Recorder {
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
}

#[derive(Clone, Default)]
struct Waiting {
    secrets: HashMap<SecretId, Timestamp>,
    renewed_secrets: HashMap<SecretId, KeyedHash>,
    renewed_keys: HashMap<AuthKeyId, KeyedHash>,
    consents: HashMap<ConsentId, (Timestamp, String)>,
    sessions: HashMap<SessionId, Timestamp>,
    requests: Vec<AppRequest>,
    calls: HashMap<CallKey, Calls>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.secrets.is_empty()
            && self.renewed_secrets.is_empty()
            && self.renewed_keys.is_empty()
            && self.consents.is_empty()
            && self.sessions.is_empty()
            && self.requests.is_empty()
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

    /// A consent was used, roughly from `place`.
    pub fn saw_consent(&self, id: ConsentId, now: Timestamp, place: &str) {
        self.observe(|waiting| put(&mut waiting.consents, id, (now, place.to_owned())));
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

    /// A call of an application went well: `surface` is `access-token`, `introspect`, or the grant type.
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
        let waiting = std::mem::take(&mut *self.inner.recorder.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let dropped = self.inner.recorder.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "more was observed than could be written down");
        }
        if waiting.is_empty() { Ok(()) } else { self.write(waiting).await }
    }

    /// The requests of an application, newest first, at most `most`: those before `before`, a moment and the id of the
    /// request there, or the newest.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn requests_of(
        &self,
        application: ClientId,
        before: Option<(Timestamp, String)>,
        most: i64,
    ) -> Result<Vec<RecordedRequest>, Fault> {
        self.read(RequestsOf { application, before, most }).await
    }

    /// One request of an application, by the id that its answer carried.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn request_of(&self, application: ClientId, id: String) -> Result<Option<RecordedRequest>, Fault> {
        self.read(RequestOf { application, id }).await
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
        for (id, (at, place)) in &self.consents {
            let sql = "update consents set last_used_at = ?2, last_used_from = ?3 where id = ?1";
            tx.execute(sql, values![id, *at, place]).await?;
            grant_events::note_use(tx, *id, place, *at).await?;
        }
        for (id, at) in &self.sessions {
            tx.execute("update sessions set seen_at = ?2 where id = ?1 and seen_at < ?2", values![id, *at]).await?;
            tx.changed(Change::Session(*id));
        }
        for request in &self.requests {
            tx.execute(
                "insert into app_requests (request_id, application, at, surface, outcome, detail)
                 values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (request_id) do nothing",
                values![
                    &request.request_id,
                    &request.application,
                    request.at,
                    request.surface,
                    &request.outcome,
                    &request.detail,
                ],
            )
            .await?;
        }
        for ((application, surface, minute), calls) in &self.calls {
            count(tx, (application, surface, *minute), calls).await?;
        }
        Ok(())
    }
}

/// Adds to the row of this minute, or begins it.
async fn count(
    tx: &mut Tx,
    (application, surface, minute): (&ClientId, &str, i64),
    calls: &Calls,
) -> Result<(), Fault> {
    let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
    let counted = tx
        .execute(
            "update app_requests set calls = calls + ?5, at = ?6, request_id = ?7
             where application = ?1 and at >= ?3 and at < ?4 and surface = ?2 and calls > 0",
            values![application, surface, from, to, calls.count, calls.last, &calls.request_id],
        )
        .await?;
    if counted == 0 {
        tx.execute(
            "insert into app_requests (request_id, application, at, surface, outcome, calls)
             values (?1, ?2, ?3, ?4, 'ok', ?5) on conflict (request_id) do nothing",
            values![&calls.request_id, application, calls.last, surface, calls.count],
        )
        .await?;
    }
    Ok(())
}

/// In microseconds.
const MINUTE: i64 = 60_000_000;

struct RequestsOf {
    application: ClientId,
    before: Option<(Timestamp, String)>,
    most: i64,
}

impl Unit for RequestsOf {
    type Out = Vec<RecordedRequest>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let (at, id) = self.before.clone().unwrap_or((Timestamp::from_micros(i64::MAX), String::new()));
        let rows = tx
            .many(
                "select request_id, application, at, surface, outcome, detail, calls from app_requests
                 where application = ?1 and (at < ?2 or (at = ?2 and request_id < ?3))
                 order by at desc, request_id desc limit ?4",
                values![&self.application, at, &id, self.most],
            )
            .await?;
        rows.iter().map(recorded).collect()
    }
}

struct RequestOf {
    application: ClientId,
    id: String,
}

impl Unit for RequestOf {
    type Out = Option<RecordedRequest>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select request_id, application, at, surface, outcome, detail, calls from app_requests
                   where request_id = ?1 and application = ?2";
        let row = tx.one(sql, values![&self.id, &self.application]).await?;
        row.as_ref().map(recorded).transpose()
    }
}

fn recorded(row: &Row) -> Result<RecordedRequest, Fault> {
    Ok(RecordedRequest {
        request_id: row.get(0)?,
        application: row.get(1)?,
        at: row.get(2)?,
        surface: row.get(3)?,
        outcome: row.get(4)?,
        detail: row.get(5)?,
        calls: row.get(6)?,
    })
}
