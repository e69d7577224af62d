//! The networked engine: PostgreSQL, and what speaks its wire.
//!
//! 1. A write runs in a task of its own, so that a caller who goes away leaves no transaction half-way.
//! 2. `begin`, the unit, its notes for the change log, `commit`, on a connection of the pool.
//! 3. A conflict (40001, 40P01) re-runs the unit after a pause; so does a connection that was lost or turned read-only
//!    *before* the commit was sent. A commit whose answer was lost is ambiguous: nobody guesses, the answer is 503.
//! 4. After the commit the live view forgets what the unit changed, and only then the caller is answered.
//!
//! Reads go out on a few shared connections, many at a time (pipelined), each statement for itself. Nothing depends on
//! advisory locks, `LISTEN`, or the server's clock.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio::sync::Mutex;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Config, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::changes;
use super::engine::{Engine, OnCommit, Tx, Unit};
use super::value::{Cell, Row, Value};
use crate::clock::Clock;
use crate::fault::Fault;

/// Connections for transactions. More than the database has cores gains little; what waits is answered in two seconds.
const POOL: usize = 16;
/// Connections that reads share.
const SHARED: usize = 3;
/// How often a unit is run before its caller is told to come back.
const TRIES: u32 = 6;
/// How long a caller waits in all.
const PATIENCE: Duration = Duration::from_secs(9);

/// The ways to a database. Cheap to clone.
#[derive(Clone)]
pub(super) struct Lanes(Arc<Inner>);

struct Inner {
    pool: Pool,
    shared: Vec<Mutex<Option<Arc<Object>>>>,
    turn: AtomicUsize,
    clock: Clock,
    on_commit: OnCommit,
}

/// What went wrong with a statement, as far as it matters to what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another transaction was faster: run the unit again.
    Conflict,
    /// The connection is of no use any more: take another.
    Connection,
    /// The statement itself.
    Statement,
}

/// Reads the address of a database, several hosts and `target_session_attrs` included.
pub(super) fn pool(url: &str) -> Result<Pool, Fault> {
    let mut config: Config =
        url.parse().map_err(|problem| Fault::internal(format!("the database address cannot be read: {problem}")))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(2));
    }
    config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(4));
    config.application_name("prosper");
    // A statement that hangs holds a connection; a transaction left open holds its locks.
    let timeouts = "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=8000";
    let options = config.get_options().map_or_else(|| timeouts.to_owned(), |given| format!("{timeouts} {given}"));
    config.options(options);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, tls(), recycling);
    Pool::builder(manager)
        .max_size(POOL + SHARED)
        .wait_timeout(Some(Duration::from_secs(2)))
        .create_timeout(Some(Duration::from_secs(3)))
        .recycle_timeout(Some(Duration::from_secs(2)))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|problem| Fault::internal(format!("the database pool cannot be made: {problem}")))
}

/// The system's trust anchors; `sslmode` in the address decides whether TLS is spoken.
fn tls() -> MakeRustlsConnect {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

impl Lanes {
    pub(super) fn new(pool: Pool, clock: Clock, on_commit: OnCommit) -> Self {
        let shared = (0..SHARED).map(|_| Mutex::new(None)).collect();
        Self(Arc::new(Inner { pool, shared, turn: AtomicUsize::new(0), clock, on_commit }))
    }

    /// Runs a unit in a transaction and answers once it is durable.
    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        let lanes = self.clone();
        let work = tokio::spawn(async move { lanes.persist(|| lanes.try_write(&unit)).await });
        work.await.unwrap_or_else(|_| Err(Fault::internal("store: a unit panicked")))
    }

    /// Runs a unit that only reads, on a connection that it shares.
    pub(super) async fn read<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        self.persist(|| self.try_read(&unit)).await
    }

    /// Tries until it works, until it cannot work, or until patience ends.
    async fn persist<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, (Fault, Option<Trouble>)>>,
    {
        let until = Clock::monotonic() + PATIENCE;
        let mut tries = 0;
        loop {
            let left = until.saturating_sub(Clock::monotonic());
            let outcome = tokio::time::timeout(left, attempt()).await;
            tries += 1;
            match outcome {
                Ok(Ok(out)) => return Ok(out),
                Ok(Err((_, Some(Trouble::Conflict | Trouble::Connection)))) if tries < TRIES => {
                    // A few hundredths of a second, more each time, no two callers the same.
                    let jitter = Clock::monotonic().subsec_nanos() % 20;
                    tokio::time::sleep(Duration::from_millis(u64::from(5 * (1 << tries) + jitter))).await;
                }
                Ok(Err((fault, _))) => return Err(fault),
                Err(_) => return Err(Fault::unavailable("the database did not answer in time")),
            }
        }
    }

    async fn try_write<U: Unit>(&self, unit: &U) -> Result<U::Out, (Fault, Option<Trouble>)> {
        let connection = Arc::new(self.connection().await?);
        let mut tx = Tx::new(Engine::Postgres(Arc::clone(&connection)));
        let outcome = self.in_transaction(unit, &connection, &mut tx).await;
        let trouble = tx.trouble;
        let changes = std::mem::take(&mut tx.changes);
        drop(tx);
        match outcome {
            Ok(out) => {
                (self.0.on_commit)(&changes);
                Ok(out)
            }
            Err((fault, sent_commit)) => {
                let clean = !sent_commit && connection.batch_execute("rollback").await.is_ok();
                if !clean || trouble == Some(Trouble::Connection) {
                    discard(connection);
                }
                // Whether a commit that was sent took effect, only the database knows.
                Err((fault, trouble.filter(|_| !sent_commit)))
            }
        }
    }

    /// The second of an error says whether the commit had been sent.
    async fn in_transaction<U: Unit>(
        &self,
        unit: &U,
        connection: &Object,
        tx: &mut Tx,
    ) -> Result<U::Out, (Fault, bool)> {
        let begun = connection.batch_execute("begin").await;
        begun.map_err(|problem| (tx.stumble(&problem), false))?;
        let out = unit.run(tx).await.map_err(|fault| (fault, false))?;
        if !tx.changes.is_empty() {
            let noted = tx.changes.clone();
            changes::log(tx, &noted, self.0.clock.now()).await.map_err(|fault| (fault, false))?;
        }
        match connection.batch_execute("commit").await {
            Ok(()) => Ok(out),
            Err(problem) => {
                let fault = tx.stumble(&problem);
                // A conflict found at commit time has undone everything; a lost answer tells nothing.
                Err((fault, tx.trouble != Some(Trouble::Conflict)))
            }
        }
    }

    async fn try_read<U: Unit>(&self, unit: &U) -> Result<U::Out, (Fault, Option<Trouble>)> {
        let lane = &self.0.shared[self.0.turn.fetch_add(1, Ordering::Relaxed) % SHARED];
        let connection = {
            let mut held = lane.lock().await;
            match &*held {
                Some(connection) if !connection.is_closed() => Arc::clone(connection),
                _ => {
                    let connection = Arc::new(self.connection().await?);
                    *held = Some(Arc::clone(&connection));
                    connection
                }
            }
        };
        let mut tx = Tx::new(Engine::Postgres(connection));
        let outcome = unit.run(&mut tx).await;
        let trouble = tx.trouble;
        if trouble == Some(Trouble::Connection)
            && let Some(connection) = lane.lock().await.take()
        {
            discard(connection);
        }
        outcome.map_err(|fault| (fault, trouble))
    }

    async fn connection(&self) -> Result<Object, (Fault, Option<Trouble>)> {
        connect(&self.0.pool).await.map_err(|fault| (fault, Some(Trouble::Connection)))
    }
}

/// A connection of the pool.
pub(super) async fn connect(pool: &Pool) -> Result<Object, Fault> {
    pool.get().await.map_err(|problem| match problem {
        PoolError::Timeout(_) => Fault::unavailable("postgres: every connection is busy"),
        problem => Fault::unavailable(format!("postgres: {}", causes(&problem))),
    })
}

/// Takes a connection out of the pool for good: it was lost, or leads to a server that is no longer the primary.
fn discard(connection: Arc<Object>) {
    if let Ok(connection) = Arc::try_unwrap(connection) {
        drop(Object::take(connection));
    }
}

pub(super) async fn execute(
    connection: &Object,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<u64, tokio_postgres::Error> {
    let statement = connection.prepare_cached(dollars(sql)).await?;
    connection.execute(&statement, &bound(values)).await
}

pub(super) async fn many(
    connection: &Object,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = connection.prepare_cached(dollars(sql)).await?;
    connection.query(&statement, &bound(values)).await?.iter().map(row).collect()
}

fn bound<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// What to do about an error, and its words.
pub(super) fn fault(problem: &tokio_postgres::Error) -> (Fault, Trouble) {
    let words = format!("postgres: {}", causes(problem));
    let Some(state) = problem.code() else {
        return (Fault::unavailable(words), Trouble::Connection);
    };
    let class = &state.code()[..2];
    match state {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            (Fault::unavailable(words), Trouble::Conflict)
        }
        // Read-only: the old primary after a promotion. Shutting down, starting up, cut off.
        &SqlState::READ_ONLY_SQL_TRANSACTION => (Fault::unavailable(words), Trouble::Connection),
        _ if matches!(class, "57" | "08" | "53") => (Fault::unavailable(words), Trouble::Connection),
        &SqlState::LOCK_NOT_AVAILABLE => (Fault::unavailable(words), Trouble::Conflict),
        _ => (Fault::internal(words), Trouble::Statement),
    }
}

/// An error and what caused it: the driver's own words stop at "db error".
fn causes(problem: &dyn std::error::Error) -> String {
    let mut words = problem.to_string();
    let mut cause = problem.source();
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    words
}

/// `?1` becomes `$1`. Each statement is a constant, so each is rewritten once.
pub(super) fn dollars(sql: &'static str) -> &'static str {
    static KNOWN: LazyLock<RwLock<HashMap<&'static str, &'static str>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(sql) {
        return known;
    }
    let rewritten: &'static str = Box::leak(sql.replace('?', "$").into_boxed_str());
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(sql, rewritten);
    rewritten
}

fn row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let cells = (0..row.len()).map(|at| {
        Ok(match *row.columns()[at].type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map_or(Cell::Null, Cell::Int),
            Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map_or(Cell::Null, |int| Cell::Int(int.into())),
            Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map_or(Cell::Null, |yes| Cell::Int(yes.into())),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map_or(Cell::Null, Cell::Bytes),
            _ => row.try_get::<_, Option<String>>(at)?.map_or(Cell::Null, Cell::Text),
        })
    });
    cells.collect::<Result<_, _>>().map(Row)
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            // The server types a parameter by what it stands beside; a narrow one must fit.
            Value::Int(int) if *kind == Type::INT4 => i32::try_from(*int)?.to_sql(kind, out),
            Value::Int(int) => int.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Value<'_> {
    /// Values may be hashes of secrets, or people's names: only their kind is told.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Int(_) => "an integer",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_placeholders_become_the_servers() {
        assert_eq!(dollars("select ?1 where a = ?12"), "select $1 where a = $12");
    }
}
