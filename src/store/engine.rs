//! Engines behind one seam: the only file that names both.
//!
//! A [`Unit`] is a named piece of work on the database: re-runnable, with no side effect inside (no mail sent, no
//! randomness drawn, no clock read). What it changed of the things a live view holds it notes with [`Tx::changed`]; the
//! engine writes those notes to the change log in the same transaction and applies them after the commit.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use super::changes::Change;
use super::follower::{Follower, Following};
use super::value::{Row, Value};
use super::view::View;
use super::{postgres, sqlite};
use crate::clock::Clock;
use crate::fault::Fault;

/// A unit of work: all of it happens, or nothing does.
pub trait Unit: Send + Sync + 'static {
    /// What the work answers.
    type Out: Send + 'static;

    /// Does the work. May be run again after a conflict, so everything it needs is in `self`.
    ///
    /// # Errors
    /// A `Fault` undoes the unit, and only this unit.
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Out, Fault>> + Send;
}

/// The transaction a unit runs in.
pub struct Tx {
    pub(super) engine: Engine,
    pub(super) changes: Vec<Change>,
    /// What the networked engine stumbled over last.
    pub(super) trouble: Option<postgres::Trouble>,
}

/// The engines there are.
pub(super) enum Engine {
    /// The embedded database.
    Sqlite(rusqlite::Connection),
    /// A connection to PostgreSQL; a read shares it with others.
    Postgres(Arc<deadpool_postgres::Object>),
}

/// Hears of each commit's changes before anybody is answered.
pub(super) type OnCommit = Arc<dyn Fn(&[Change]) + Send + Sync>;

/// The ways into a store.
pub(super) enum Backend {
    Sqlite(sqlite::Threads),
    Postgres(postgres::Lanes),
}

impl Backend {
    /// The embedded engine's threads, and what follows its change log.
    pub(super) fn embedded(
        path: &Path,
        readers: usize,
        clock: &Clock,
        view: &Arc<View>,
    ) -> Result<(Self, Follower), Fault> {
        let threads = sqlite::Threads::start(path, readers, clock.clone(), forgetting(view))?;
        let (following, told) = Following::new(view, clock);
        let follower = Follower::thread(Tx::new(sqlite::open(path)?), following, told)?;
        Ok((Self::Sqlite(threads), follower))
    }

    /// The networked engine's connections, and what follows its change log.
    pub(super) async fn networked(
        pool: deadpool_postgres::Pool,
        clock: &Clock,
        view: &Arc<View>,
    ) -> Result<(Self, Follower), Fault> {
        let lanes = postgres::Lanes::new(pool, clock.clone(), forgetting(view));
        let (following, told) = Following::new(view, clock);
        let follower = Follower::task(lanes.clone(), following, told).await?;
        Ok((Self::Postgres(lanes), follower))
    }

    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        match self {
            Self::Sqlite(threads) => threads.write(unit).await,
            Self::Postgres(lanes) => lanes.write(unit).await,
        }
    }

    pub(super) async fn read<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        match self {
            Self::Sqlite(threads) => threads.read(unit).await,
            Self::Postgres(lanes) => lanes.read(unit).await,
        }
    }
}

/// What forgets, after each commit, what it changed.
fn forgetting(view: &Arc<View>) -> OnCommit {
    let view = Arc::clone(view);
    Arc::new(move |changes| view.forget(changes))
}

impl Tx {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, changes: Vec::new(), trouble: None }
    }

    /// Runs a statement and counts the rows it touched.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, values),
            Engine::Postgres(connection) => {
                let outcome = postgres::execute(connection, sql, values).await;
                outcome.map_err(|problem| self.stumble(&problem))
            }
        }
    }

    /// Runs a statement that answers at most one row.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn one(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::one(connection, sql, values),
            Engine::Postgres(_) => Ok(self.many(sql, values).await?.into_iter().next()),
        }
    }

    /// Runs a statement that answers any number of rows.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn many(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::many(connection, sql, values),
            Engine::Postgres(connection) => {
                let outcome = postgres::many(connection, sql, values).await;
                outcome.map_err(|problem| self.stumble(&problem))
            }
        }
    }

    /// Notes that something a live view may hold has changed.
    pub fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Keeps what a statement stumbled over, which decides whether the unit is run again.
    pub(super) fn stumble(&mut self, problem: &tokio_postgres::Error) -> Fault {
        let (fault, trouble) = postgres::fault(problem);
        self.trouble = Some(trouble);
        fault
    }
}
