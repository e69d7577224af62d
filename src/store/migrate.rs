//! One numbered list of migrations for both engines, each run once, in one transaction, with its checksum kept.
//!
//! Migrations are expand-then-contract. A binary that meets a schema newer than it knows refuses with one clear line.

use aws_lc_rs::digest;

use super::engine::{Tx, Unit};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A migration: its number, its name and its text.
struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

/// Every migration, in order.
const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "the_three_documents",
    sql: include_str!("../../migrations/0001_the_three_documents.sql"),
}];

/// The words that each engine spells its own way.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    int: &'static str,
    bytes: &'static str,
    strict: &'static str,
    random: &'static str,
}

/// SQLite's spelling.
pub(super) const SQLITE: Dialect =
    Dialect { int: "integer", bytes: "blob", strict: " strict", random: "randomblob(16)" };

impl Dialect {
    fn spell(self, sql: &str) -> String {
        sql.replace("{int}", self.int)
            .replace("{bytes}", self.bytes)
            .replace("{text}", "text")
            .replace("{strict}", self.strict)
            .replace("{random}", self.random)
    }
}

/// The newest schema this binary knows.
pub fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// Brings a connection's schema up to date, a transaction for each migration.
///
/// # Errors
/// The schema is newer than this binary, a migration that ran was altered since, or the engine refused.
pub(super) fn sqlite(connection: &rusqlite::Connection, at: Timestamp) -> Result<(), Fault> {
    let run = |sql: &str| super::sqlite::execute_batch(connection, sql);
    run("begin immediate")?;
    let outcome = (|| {
        run("create table if not exists migrations (number integer primary key, name text not null, \
             checksum blob not null, at integer not null) strict")?;
        let known = super::sqlite::many(connection, "select number, checksum from migrations order by number", &[])?;
        let mut done = 0;
        for row in &known {
            let number = row.get::<i64>(0)?;
            check(number, &row.get::<Vec<u8>>(1)?)?;
            done = number;
        }
        for migration in MIGRATIONS.iter().filter(|migration| migration.number > done) {
            run(&SQLITE.spell(migration.sql))?;
            super::sqlite::execute(
                connection,
                "insert into migrations (number, name, checksum, at) values (?1, ?2, ?3, ?4)",
                values![migration.number, migration.name, &checksum(migration.sql), at],
            )?;
        }
        Ok(())
    })();
    run(if outcome.is_ok() { "commit" } else { "rollback" })?;
    outcome
}

fn check(number: i64, stored: &[u8]) -> Result<(), Fault> {
    match MIGRATIONS.iter().find(|migration| migration.number == number) {
        None => Err(Fault::internal(format!(
            "this database has schema {number}, and this prosper knows {} at most: use a newer prosper",
            newest()
        ))),
        Some(migration) if checksum(migration.sql) != stored => {
            Err(Fault::internal(format!("migration {number} is not the one that made this database")))
        }
        Some(_) => Ok(()),
    }
}

fn checksum(sql: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, sql.as_bytes()).as_ref().to_vec()
}

/// The schema of a store, for a command that must not migrate it.
pub struct SchemaNumber;

impl Unit for SchemaNumber {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        let row = tx.one("select coalesce(max(number), 0) from migrations", &[]).await?;
        row.map_or(Ok(0), |row| row.get(0))
    }
}
