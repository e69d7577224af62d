//! What became of the requests of applications, for their owners to look up (W-03): a row for each refusal, and for
//! requests that went well one for each minute and kind, with their number.

use super::Store;
use super::engine::{Tx, Unit};
use super::given::{Columns, GivenRow, Kind};
use super::value::Row;
use crate::contract::lifetimes::MOST_REQUESTS_KEPT;
use crate::domain::ids::ClientId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

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
pub(super) struct Calls {
    pub count: i64,
    pub last: Timestamp,
    pub request_id: String,
}

/// Which application, which kind of call, which minute.
pub(super) type CallKey = (ClientId, &'static str, i64);

/// In microseconds.
pub(super) const MINUTE: i64 = 60_000_000;

impl Store {
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
}

/// Adds to the row of this minute, or begins it.
pub(super) async fn count(
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

/// Forgets the oldest requests of an application, beyond the newest [`MOST_REQUESTS_KEPT`], some at a time.
pub(super) struct Trim(pub ClientId);

impl Unit for Trim {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute(
            "delete from app_requests where request_id in (select request_id from app_requests
                 where application = ?1 and at <= (select at from app_requests where application = ?1
                     order by at desc limit 1 offset ?2) order by at limit ?3)",
            values![&self.0, MOST_REQUESTS_KEPT, TRIMMED],
        )
        .await?;
        Ok(())
    }
}

/// Rows that one unit forgets: more than are added between two of them.
const TRIMMED: i64 = 20_000;

/// Requests that are written down together.
pub(super) struct Requests(pub Vec<AppRequest>);

impl Unit for Requests {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let rows: Vec<GivenRow<'_>> = self.0.iter().map(AppRequest::given).collect();
        let sql = "insert into app_requests (request_id, application, at, surface, outcome, detail)
                   select g.request_id, g.application, g.at, g.surface, g.outcome, g.detail from given g where true
                   on conflict (request_id) do nothing returning request_id";
        tx.many_given(sql, COLUMNS, &rows).await.map(|_| ())
    }
}

/// The given rows of [`Requests`].
const COLUMNS: Columns = &[
    ("request_id", Kind::Text),
    ("application", Kind::Bytes),
    ("at", Kind::Int),
    ("surface", Kind::Text),
    ("outcome", Kind::Text),
    ("detail", Kind::Text),
];

impl AppRequest {
    fn given(&self) -> GivenRow<'_> {
        values![&self.request_id, &self.application, self.at, self.surface, &self.outcome, &self.detail].to_vec()
    }
}

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
