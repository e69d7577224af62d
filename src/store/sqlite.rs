//! The embedded engine: one writer thread that commits in groups, and readers beside it.
//!
//! 1. A unit travels to the writer thread, which takes whatever else is queued with it.
//! 2. `begin immediate`; each of several units runs in a savepoint, so that a failing one harms no other.
//! 3. One `commit` for all of them, with `synchronous=FULL`: the flush has returned before anybody is answered.
//! 4. The live view forgets what the units changed, and only then each caller gets its answer.
//!
//! A unit's future never waits on SQLite, so it is polled once; one that is still pending, or that panics, is a `Fault`.
//!
//! This file is long because a group of units and its commit are understood together or not at all.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::pin;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use tokio::sync::oneshot;

use super::changes;
use super::engine::{Answer, AnyUnit, Engine, OnCommit, Tx};
use super::value::{Cell, Row, Value};
use super::whereabouts::{self, Whereabouts};
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// The oldest SQLite that may open a store: before it, a checkpoint beside a writer could lose committed pages.
pub const OLDEST_SQLITE: i32 = 3_051_003;

/// How many units may wait for the writer before new ones are turned away (503).
const QUEUE: usize = 4_096;
/// How many units share one commit at most.
const GROUP: usize = 512;
/// What a reader keeps of the file, 2 MB: it asks for what the live view does not hold, and that is seldom the same again.
const READER_CACHE: &str = "pragma cache_size = -2000;";
/// How long the engine waits for a lock that another process holds (a command beside a running server).
const BUSY: Duration = Duration::from_secs(5);

/// The channels to the threads of a store.
pub(super) struct Threads {
    writer: SyncSender<Job>,
    readers: SyncSender<Job>,
}

impl Threads {
    /// Opens the file and starts its threads. `on_commit` hears of each group's changes before anybody is answered.
    pub(super) fn start(path: &Path, readers: usize, clock: Clock, on_commit: OnCommit) -> Result<Self, Fault> {
        let writer = Writer { path: path.to_owned(), tx: Tx::new(open(path)?), clock, on_commit, marked: None };
        let (to_writer, jobs) = sync_channel(QUEUE);
        spawn("prosper-writer", move || writer.work(&jobs))?;
        let (to_readers, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..readers {
            let (jobs, engine) = (Arc::clone(&jobs), connect(path)?);
            execute_batch(&engine, READER_CACHE)?;
            let mut tx = Tx::new(Engine::Sqlite(engine));
            spawn("prosper-reader", move || read(&jobs, &mut tx))?;
        }
        Ok(Self { writer: to_writer, readers: to_readers })
    }

    /// Runs a unit in its turn and answers once it is durable.
    pub(super) async fn write(&self, unit: Box<dyn AnyUnit>) -> Result<Answer, Fault> {
        submit(&self.writer, unit).await
    }

    /// Runs a unit that only reads.
    pub(super) async fn read(&self, unit: Box<dyn AnyUnit>) -> Result<Answer, Fault> {
        submit(&self.readers, unit).await
    }
}

async fn submit(to: &SyncSender<Job>, unit: Box<dyn AnyUnit>) -> Result<Answer, Fault> {
    let (answer, answered) = oneshot::channel();
    let job = Job { unit, answer: Some(answer), done: None };
    to.try_send(job).map_err(|problem| match problem {
        TrySendError::Full(_) => Fault::unavailable("store: too many units are waiting"),
        TrySendError::Disconnected(_) => Fault::unavailable("store: its thread has ended"),
    })?;
    answered.await.unwrap_or_else(|_| Err(Fault::unavailable("store: the unit was dropped")))
}

/// A unit on its way through a thread.
struct Job {
    unit: Box<dyn AnyUnit>,
    answer: Option<oneshot::Sender<Result<Answer, Fault>>>,
    done: Option<Result<Answer, Fault>>,
}

impl Job {
    /// Runs the unit and keeps its outcome; tells whether it succeeded.
    fn run(&mut self, tx: &mut Tx) -> bool {
        let outcome = now(self.unit.run(tx));
        let succeeded = outcome.is_ok();
        self.done = Some(outcome);
        succeeded
    }

    /// Refuses the unit if it may not be run while the installation is moved; tells whether it did.
    fn refuse_while_moved(&mut self) -> bool {
        let refused = !self.unit.always();
        if refused {
            self.done = Some(Err(Fault::unavailable("this installation is being moved, or was")));
        }
        refused
    }

    /// Sends the outcome, or the failure of the commit it depended on.
    fn answer(&mut self, commit: Result<(), &Fault>) {
        let outcome = match (self.done.take(), commit) {
            (Some(Err(fault)), _) => Err(fault),
            (_, Err(fault)) => Err(fault.again()),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(Fault::internal("store: a unit was not run")),
        };
        if let Some(answer) = self.answer.take() {
            // Whoever asked may have gone; the work is done all the same.
            let _ = answer.send(outcome);
        }
    }
}

/// Drives a future that never waits.
pub(super) fn now<T>(future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let mut future = pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(Fault::internal("store: a unit waited for something that is not the store")),
        }
    }));
    polled.unwrap_or_else(|_| Err(Fault::internal("store: a unit panicked")))
}

struct Writer {
    path: std::path::PathBuf,
    tx: Tx,
    clock: Clock,
    on_commit: OnCommit,
    /// The high-water mark that was last written.
    marked: Option<Timestamp>,
}

impl Writer {
    fn work(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = jobs.try_recv()
            {
                group.push(job);
            }
            let outcome = self.commit(&mut group);
            if let Err(fault) = &outcome {
                tracing::error!(cause = %fault, units = group.len(), "a group of writes failed");
            }
            for job in &mut group {
                job.answer(outcome.as_ref().copied());
            }
        }
        // The last sender is gone: the store was closed. Leave the database in one file.
        let _ = execute_batch(self.connection(), "pragma wal_checkpoint(truncate)");
    }

    fn commit(&mut self, group: &mut [Job]) -> Result<(), Fault> {
        let outcome = self.try_commit(group);
        if outcome.is_err() {
            // Whatever state the connection is in, a new one is in a known one.
            match open(&self.path) {
                Ok(engine) => self.tx = Tx::new(engine),
                Err(fault) => tracing::error!(cause = %fault, "the database could not be reopened"),
            }
        }
        outcome
    }

    fn try_commit(&mut self, group: &mut [Job]) -> Result<(), Fault> {
        self.tx.changes.clear();
        self.execute("begin immediate")?;
        let at = self.clock.now();
        let (mut changed, mut last) = (Vec::new(), 0);
        // Nobody else writes until this group is committed, so one look is enough for all of it.
        let moved = now(whereabouts::read(&mut self.tx))? != Whereabouts::Here;
        // A unit by itself is undone with the transaction; a savepoint would copy each page that it touches.
        let alone = group.len() == 1;
        for job in group.iter_mut() {
            if moved && job.refuse_while_moved() {
                continue;
            }
            if !alone {
                self.execute("savepoint unit")?;
            }
            let succeeded = job.run(&mut self.tx);
            let noted = std::mem::take(&mut self.tx.changes);
            if succeeded && !noted.is_empty() {
                last = now(changes::log(&mut self.tx, &noted, at))?;
            }
            // FULL, IOERR and NOMEM may have rolled the whole group back.
            if self.connection().is_autocommit() {
                return Err(Fault::unavailable("the database rolled the group back"));
            }
            if succeeded {
                changed.extend(noted);
            } else if alone {
                return self.execute("rollback");
            } else {
                self.execute("rollback to unit")?;
            }
            if !alone {
                self.execute("release unit")?;
            }
        }
        if !moved {
            self.mark(at)?;
        }
        self.execute("commit")?;
        (self.on_commit)(&changed, last);
        Ok(())
    }

    /// Carries the high-water mark forward, about once a second, with a commit that happens anyway.
    fn mark(&mut self, at: Timestamp) -> Result<(), Fault> {
        if self.marked.is_none_or(|marked| at.since(marked) >= Duration::from_secs(1)) {
            now(self.tx.execute(
                "update installation set high_water = ?1 where one = 1 and high_water < ?1",
                crate::values![at],
            ))?;
            self.marked = Some(at);
        }
        Ok(())
    }

    fn connection(&self) -> &Connection {
        self.tx.embedded()
    }

    fn execute(&self, sql: &'static str) -> Result<(), Fault> {
        control(self.connection(), sql)
    }
}

fn read(jobs: &Mutex<Receiver<Job>>, tx: &mut Tx) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        // One snapshot for a unit of several reads.
        let begun = control(tx.embedded(), "begin deferred");
        if begun.is_ok() {
            job.run(tx);
            let _ = control(tx.embedded(), "rollback");
        }
        job.answer(begun.as_ref().copied());
    }
}

/// Opens the file with the settings that every connection has.
pub(super) fn open(path: &Path) -> Result<Engine, Fault> {
    connect(path).map(Engine::Sqlite)
}

/// A connection with the settings that every connection has.
pub(super) fn connect(path: &Path) -> Result<Connection, Fault> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Fault::internal(format!("SQLite {} is too old to keep a store safe", rusqlite::version())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|problem| fault(&problem))?;
    connection.busy_timeout(BUSY).map_err(|problem| fault(&problem))?;
    connection.set_prepared_statement_cache_capacity(256);
    // A plan depends on the statement alone. Otherwise some are made anew for each value that is bound, at several times
    // the cost of what they do.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|problem| fault(&problem))?;
    execute_batch(
        &connection,
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off; \
         pragma cache_size = -4000; pragma temp_store = memory; pragma wal_autocheckpoint = 4000;",
    )?;
    Ok(connection)
}

pub(super) fn execute_batch(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.execute_batch(sql).map_err(|problem| fault(&problem))
}

/// Runs a statement that begins or ends something. Prepared once: reading it each time costs more than it does.
fn control(connection: &Connection, sql: &'static str) -> Result<(), Fault> {
    let run = || connection.prepare_cached(sql)?.execute([]);
    run().map(|_| ()).map_err(|problem: rusqlite::Error| fault(&problem))
}

pub(super) fn execute(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<u64, Fault> {
    let run = || connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values));
    run().map(|rows| rows as u64).map_err(|problem| fault(&problem))
}

pub(super) fn one(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>, Fault> {
    let run = || {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let first = rows.next()?.map(row).transpose()?;
        // Stepping to the end: a `returning` clause takes effect only then.
        while rows.next()?.is_some() {}
        Ok(first)
    };
    run().map_err(|problem: rusqlite::Error| fault(&problem))
}

pub(super) fn many(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
    let run = || {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut all = Vec::new();
        while let Some(found) = rows.next()? {
            all.push(row(found)?);
        }
        Ok(all)
    };
    run().map_err(|problem: rusqlite::Error| fault(&problem))
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let width = row.as_ref().column_count();
    let mut cells = Vec::with_capacity(width);
    for column in 0..width {
        cells.push(match row.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(int) => Cell::Int(int),
            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
            ValueRef::Real(_) => {
                return Err(rusqlite::Error::InvalidColumnType(column, "real".into(), rusqlite::types::Type::Real));
            }
        });
    }
    Ok(Row(cells))
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(int) => ValueRef::Integer(int),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Busy, full and unreadable may pass; a broken statement does not.
pub(super) fn fault(problem: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, OutOfMemory, ReadOnly,
        SystemIoFailure,
    };
    match problem.sqlite_error_code() {
        Some(
            CannotOpen | DatabaseBusy | DatabaseCorrupt | DatabaseLocked | DiskFull | NotADatabase | OutOfMemory
            | ReadOnly | SystemIoFailure,
        ) => Fault::unavailable(format!("sqlite: {problem}")),
        _ => Fault::internal(format!("sqlite: {problem}")),
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(|_| ())
        .map_err(|problem| Fault::internal(format!("cannot start a thread: {problem}")))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = connect(&folder.path().join("database")).expect("open");
        execute_batch(&connection, "create table t (a integer, b integer); create index t_by_a on t (a, b);")
            .expect("made");
        for sql in [
            "select b from t where a = ?1 and b < ?2 order by b limit ?3",
            "insert into t (a, b) select a + ?1, b from t where a = ?2 and not exists (select 1 from t where b > ?3 limit ?3)",
        ] {
            let mut statement = connection.prepare(sql).expect("prepared");
            for value in 0..10 {
                let mut rows = statement.query((value, value + 1, value + 2)).expect("run");
                while rows.next().expect("a row").is_some() {}
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }

    #[test]
    fn who_the_staff_are_is_told_without_reading_all_accounts() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = connect(&folder.path().join("database")).expect("open");
        crate::store::migrate::sqlite(&connection, Timestamp::from_seconds(0)).expect("migrated");
        for sql in [crate::store::accounts::ALL_STAFF, crate::store::new_accounts::HAS_STAFF] {
            let plan = many(&connection, &format!("explain query plan {sql}"), &[]).expect("a plan");
            let plan: Vec<String> = plan.iter().map(|row| row.get(3).expect("a line")).collect();
            assert!(plan.concat().contains("accounts_of_staff"), "{plan:?}");
        }
    }
}
