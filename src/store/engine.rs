//! Engines behind one seam: the only file that names both.
//!
//! A [`Unit`] is a named piece of work on the database: re-runnable, with no side effect inside (no mail sent, no
//! randomness drawn, no clock read). What it changed of the things a live view holds it notes with [`Tx::changed`]; the
//! engine writes those notes to the change log in the same transaction and applies them after the commit.
//!
//! This file is long because whatever differs between the engines stands here and nowhere else.

use std::any::Any;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use super::changes::Change;
use super::copy::Place;
use super::follower::{Follower, Following};
use super::given::{self, Columns, GivenRow};
use super::value::{Row, Value};
use super::view::View;
use super::{migrate, postgres, sqlite};
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// A unit of work: all of it happens, or nothing does.
pub trait Unit: Send + Sync + 'static {
    /// What the work answers.
    type Out: Send + 'static;

    /// Is it run even while the installation is being moved, and after? All others are refused then.
    const ALWAYS: bool = false;

    /// Is it no more than one statement of [`Tx::many_given`], which changes nothing that a live view holds? The networked
    /// engine then needs no transaction around it. Asked when there is a connection to run it on.
    fn is_one_statement(&self) -> bool {
        false
    }

    /// Does the work. May be run again after a conflict, so everything it needs is in `self`.
    ///
    /// # Errors
    /// A `Fault` undoes the unit, and only this unit.
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Out, Fault>> + Send;
}

/// A unit without its type. What queues, retries and commits is so compiled once, not once for each unit there is.
pub(super) trait AnyUnit: Send + Sync {
    /// [`Unit::ALWAYS`].
    fn always(&self) -> bool;
    /// [`Unit::is_one_statement`].
    fn is_one_statement(&self) -> bool;
    /// [`Unit::run`].
    fn run<'a>(&'a self, tx: &'a mut Tx) -> Running<'a>;
}

/// A unit at work.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;

/// What a unit answered, without its type.
pub(super) type Answer = Box<dyn Any + Send>;

impl<U: Unit> AnyUnit for U {
    fn always(&self) -> bool {
        U::ALWAYS
    }

    fn is_one_statement(&self) -> bool {
        Unit::is_one_statement(self)
    }

    fn run<'a>(&'a self, tx: &'a mut Tx) -> Running<'a> {
        Box::pin(async move { Ok(Box::new(Unit::run(self, tx).await?) as Answer) })
    }
}

/// Gives an answer the type of the unit that made it.
pub(super) fn typed<U: Unit>(answer: Answer) -> Result<U::Out, Fault> {
    answer.downcast().map(|out| *out).map_err(|_| Fault::internal("store: a unit answered for another"))
}

/// The transaction a unit runs in.
pub struct Tx {
    pub(super) engine: Engine,
    pub(super) changes: Vec<Change>,
    /// What the networked engine stumbled over last.
    pub(super) trouble: Option<postgres::Trouble>,
    /// Set while the networked engine runs a unit that is one statement.
    pub(super) alone: Option<Alone>,
}

/// How far the only statement of a unit has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    /// The database has not been sent it: it has no effect yet.
    Waits,
    /// It has been sent it.
    Sent,
}

/// The engines there are.
pub(super) enum Engine {
    /// The embedded database.
    Sqlite(rusqlite::Connection),
    /// A connection to PostgreSQL; a read shares it with others.
    Postgres(Arc<deadpool_postgres::Object>),
}

/// Hears of each commit's changes before anybody is answered, and of the last position they have in the log.
pub(super) type OnCommit = Arc<dyn Fn(&[Change], i64) + Send + Sync>;

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
        let lanes = postgres::Lanes::new(pool, clock.clone(), forgetting(view), Arc::clone(view));
        let (following, told) = Following::new(view, clock);
        let follower = Follower::task(lanes.clone(), following, told).await?;
        Ok((Self::Postgres(lanes), follower))
    }

    /// Is each unit a transaction of its own, on a connection? The embedded engine commits those that wait together.
    pub(super) fn is_networked(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(super) async fn write<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        let unit: Box<dyn AnyUnit> = Box::new(unit);
        // Boxed, so that a request that finds all it needs in the live view does not carry the room of this with it.
        let running: Running<'_> = match self {
            Self::Sqlite(threads) => Box::pin(threads.write(unit)),
            Self::Postgres(lanes) => Box::pin(lanes.write(unit)),
        };
        typed::<U>(running.await?)
    }

    pub(super) async fn read<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        let unit: Box<dyn AnyUnit> = Box::new(unit);
        let running: Running<'_> = match self {
            Self::Sqlite(threads) => Box::pin(threads.read(unit)),
            Self::Postgres(lanes) => Box::pin(lanes.read(unit)),
        };
        typed::<U>(running.await?)
    }
}

/// Says which statement runs, never with what: values are people's.
fn told(sql: &'static str) {
    tracing::trace!(target: "prosper::store::statement", sql);
}

/// What forgets, after each commit, what it changed.
fn forgetting(view: &Arc<View>) -> OnCommit {
    let view = Arc::clone(view);
    Arc::new(move |changes, last| view.forget_logged(changes, last))
}

const NOT_ALONE: &str = "store: a unit that said it is one statement runs another";

impl Tx {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, changes: Vec::new(), trouble: None, alone: None }
    }

    /// Runs a statement and counts the rows it touched.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Fault> {
        told(sql);
        self.in_company()?;
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
            Engine::Sqlite(connection) => {
                told(sql);
                sqlite::one(connection, sql, values)
            }
            Engine::Postgres(_) => Ok(self.many(sql, values).await?.into_iter().next()),
        }
    }

    /// Runs a statement that answers any number of rows.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn many(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        told(sql);
        self.in_company()?;
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::many(connection, sql, values),
            Engine::Postgres(connection) => {
                let outcome = postgres::many(connection, sql, values).await;
                outcome.map_err(|problem| self.stumble(&problem))
            }
        }
    }

    /// Runs a statement over rows that it reads from the table `given`, whose columns these are, and which takes no other
    /// values. Answers what it returns; with several statements for the embedded engine, of all of them.
    ///
    /// # Errors
    /// The engine refused.
    pub async fn many_given(
        &mut self,
        sql: &'static str,
        columns: Columns,
        rows: &[GivenRow<'_>],
    ) -> Result<Vec<Row>, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => {
                let (mut left, mut answers) = (rows, Vec::new());
                while !left.is_empty() {
                    let width = given::width(left.len());
                    let (these, rest) = left.split_at(width.min(left.len()));
                    let sql = given::as_values(sql, columns, width);
                    told(sql);
                    let mut values = these.concat();
                    values.resize(width * columns.len(), Value::Null);
                    answers.extend(sqlite::many(connection, sql, &values)?);
                    left = rest;
                }
                Ok(answers)
            }
            Engine::Postgres(connection) => {
                let sql = given::as_arrays(sql, columns, self.alone.is_some());
                told(sql);
                let prepared = match postgres::prepared(connection, sql).await {
                    Ok(prepared) => prepared,
                    Err(problem) => return Err(self.stumble(&problem)),
                };
                match self.alone {
                    None => {}
                    Some(Alone::Sent) => return Err(Fault::internal(NOT_ALONE)),
                    Some(Alone::Waits) if connection.is_closed() => {
                        self.trouble = Some(postgres::Trouble::Connection);
                        return Err(Fault::unavailable("postgres: the connection was lost"));
                    }
                    Some(Alone::Waits) => self.alone = Some(Alone::Sent),
                }
                let outcome = postgres::many_given(connection, &prepared, columns, rows).await;
                outcome.map_err(|problem| self.stumble(&problem))
            }
        }
    }

    /// Refuses what is not the only statement of a unit that said it has only one.
    fn in_company(&self) -> Result<(), Fault> {
        if self.alone.is_some() { Err(Fault::internal(NOT_ALONE)) } else { Ok(()) }
    }

    /// Notes that something a live view may hold has changed.
    pub fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// The connection of the embedded engine, for its own threads.
    ///
    /// # Panics
    /// Never: those threads make no other transaction.
    pub(super) fn embedded(&self) -> &rusqlite::Connection {
        match &self.engine {
            Engine::Sqlite(connection) => connection,
            Engine::Postgres(_) => unreachable!("the embedded engine's threads run on its own connections"),
        }
    }

    /// Keeps what a statement stumbled over, which decides whether the unit is run again.
    pub(super) fn stumble(&mut self, problem: &tokio_postgres::Error) -> Fault {
        let (fault, trouble) = postgres::fault(problem);
        self.trouble = Some(trouble);
        fault
    }

    /// Opens a database for work on it as a whole, at any length; with `migrate`, its schema is brought up to date.
    pub(super) async fn open(place: &Place, migrate: Option<Timestamp>) -> Result<Self, Fault> {
        match place {
            Place::File(path) => {
                let connection = sqlite::connect(path)?;
                if let Some(at) = migrate {
                    migrate::sqlite(&connection, at)?;
                }
                Ok(Self::new(Engine::Sqlite(connection)))
            }
            Place::Address(address) => {
                let pool = postgres::pool(address)?;
                let connection = postgres::reach(&pool, &postgres::place(address)?).await?;
                if let Some(at) = migrate {
                    migrate::postgres(&pool, at).await?;
                }
                let mut tx = Self::new(Engine::Postgres(Arc::new(connection)));
                tx.run("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0").await?;
                Ok(tx)
            }
        }
    }

    /// Runs statements that answer nothing: `begin`, `commit`.
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::execute_batch(connection, sql),
            Engine::Postgres(connection) => {
                let outcome = connection.batch_execute(sql).await;
                outcome.map_err(|problem| self.stumble(&problem))
            }
        }
    }

    /// Begins a transaction that will write.
    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        let embedded = matches!(self.engine, Engine::Sqlite(_));
        self.run(if embedded { "begin immediate" } else { "begin" }).await
    }

    /// Begins a transaction that sees one moment of the database to its end.
    pub(super) async fn begin_snapshot(&mut self) -> Result<(), Fault> {
        let embedded = matches!(self.engine, Engine::Sqlite(_));
        self.run(if embedded { "begin deferred" } else { "begin isolation level repeatable read, read only" }).await
    }

    /// The columns of a table, in the order of the alphabet.
    pub(super) async fn columns(&mut self, table: &str) -> Result<Vec<String>, Fault> {
        let sql = match self.engine {
            Engine::Sqlite(_) => "select name from pragma_table_info(?1)",
            Engine::Postgres(_) => {
                "select column_name::text from information_schema.columns
                 where table_schema = current_schema() and table_name = cast(?1 as text)"
            }
        };
        let rows = self.many(sql, crate::values![table]).await?;
        let mut columns = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
        columns.sort_unstable();
        Ok(columns)
    }

    /// Lets a key that counts by itself go on after the rows that were brought.
    pub(super) async fn count_on(&mut self, table: &str) -> Result<(), Fault> {
        match self.engine {
            // It counts from the highest key by itself.
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(_) => {
                let next = format!(
                    "select setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) from {table}"
                );
                self.run(&next).await
            }
        }
    }

    /// Waits until every transaction that is open now has ended.
    pub(super) async fn drain(&mut self) -> Result<(), Fault> {
        match &self.engine {
            // Writers take turns: whoever comes later sees what was committed before.
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(connection) => postgres::drain(connection).await,
        }
    }

    /// What may keep an acknowledged write from being durable, as far as the database tells.
    pub(super) async fn durability_doubts(&mut self) -> Result<Vec<String>, Fault> {
        let Engine::Postgres(_) = self.engine else { return Ok(Vec::new()) };
        let rows = self
            .many(
                "select name::text from pg_settings where setting = 'off'
                     and name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name",
                &[],
            )
            .await?;
        let doubt = |name: String| format!("{name} is off: what was acknowledged may be lost with a crash");
        rows.iter().map(|row| row.get(0).map(doubt)).collect()
    }
}
