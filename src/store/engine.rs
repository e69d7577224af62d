//! Engines behind one seam: the only file that names them.
//!
//! A [`Unit`] is a named piece of work on the database: re-runnable, with no side effect inside (no mail sent, no
//! randomness drawn, no clock read). What it changed of the things a live view holds it notes with [`Tx::changed`]; the
//! engine writes those notes to the change log in the same transaction and applies them after the commit.

use std::future::Future;

use super::changes::Change;
use super::sqlite;
use super::value::{Row, Value};
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
}

/// The engines there are.
pub(super) enum Engine {
    /// The embedded database.
    Sqlite(rusqlite::Connection),
}

impl Tx {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, changes: Vec::new() }
    }

    /// Runs a statement and counts the rows it touched.
    ///
    /// # Errors
    /// The engine refused.
    #[expect(clippy::unused_async, reason = "a networked engine answers later; units are written for both")]
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, values),
        }
    }

    /// Runs a statement that answers at most one row.
    ///
    /// # Errors
    /// The engine refused.
    #[expect(clippy::unused_async, reason = "a networked engine answers later; units are written for both")]
    pub async fn one(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::one(connection, sql, values),
        }
    }

    /// Runs a statement that answers any number of rows.
    ///
    /// # Errors
    /// The engine refused.
    #[expect(clippy::unused_async, reason = "a networked engine answers later; units are written for both")]
    pub async fn many(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Fault> {
        match &self.engine {
            Engine::Sqlite(connection) => sqlite::many(connection, sql, values),
        }
    }

    /// Notes that something a live view may hold has changed.
    pub fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }
}
