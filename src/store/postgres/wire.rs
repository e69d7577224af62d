//! Statements, values, rows and errors, as the networked engine's driver has them.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::Object;
use futures_util::future::join;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::Trouble;
use crate::clock::Clock;
use crate::fault::Fault;
use crate::store::given::{Columns, GivenRow, Place, STAYS};
use crate::store::value::{Cell, Row, Value};

pub(in crate::store) async fn execute(
    connection: &Object,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<u64, tokio_postgres::Error> {
    let statement = prepared(connection, sql).await?;
    connection.execute(&statement, &bound(values)).await
}

pub(in crate::store) async fn many(
    connection: &Object,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = prepared(connection, sql).await?;
    connection.query(&statement, &bound(values)).await?.iter().map(row).collect()
}

/// The statement, as the database knows it on this connection.
pub(in crate::store) async fn prepared(
    connection: &Object,
    sql: &'static str,
) -> Result<Statement, tokio_postgres::Error> {
    connection.prepare_cached(dollars(sql)).await
}

/// The given rows travel as an array for each column.
pub(in crate::store) async fn many_given(
    connection: &Object,
    statement: &Statement,
    columns: Columns,
    rows: &[GivenRow<'_>],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let arrays: Vec<Box<dyn ToSql + Sync + Send + '_>> = columns
        .iter()
        .enumerate()
        .map(|(at, _)| Box::new(rows.iter().map(|row| row[at]).collect::<Vec<_>>()) as Box<dyn ToSql + Sync + Send>)
        .collect();
    let bound: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| &**array as &(dyn ToSql + Sync)).collect();
    connection.query(statement, &bound).await?.iter().map(row).collect()
}

/// Ends a transaction, unless the installation is being moved or was, in which case nothing has happened. To look costs no
/// round trip of its own and takes no lock, so whoever marks an installation as moving has to wait for the transactions that
/// were open by then ([`drain`]). It also keeps a transaction that has failed from being taken for one that was committed.
pub(in crate::store) async fn commit(connection: &Object, always: bool) -> Result<(), tokio_postgres::Error> {
    if always {
        return connection.batch_execute("commit").await;
    }
    let stays = prepared(connection, STAYS).await?;
    // Sent together, in this order. What follows a statement that failed undoes what came before it.
    let (stays, ended) = join(connection.query_one(&stays, &[]), connection.batch_execute("commit")).await;
    stays.and(ended)
}

fn bound<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// What to do about an error, and its words.
pub(in crate::store) fn fault(problem: &tokio_postgres::Error) -> (Fault, Trouble) {
    let words = format!("postgres: {}", causes(problem));
    let Some(state) = problem.code() else {
        return (Fault::unavailable(words), Trouble::Connection);
    };
    let class = &state.code()[..2];
    match state {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            (Fault::unavailable(words), Trouble::Conflict)
        }
        // Whoever was faster has made a row of the same key, in a way that the statement's `on conflict` does not name: run
        // again, the unit finds it.
        &SqlState::UNIQUE_VIOLATION => (Fault::internal(words), Trouble::Conflict),
        // The old primary after a promotion.
        &SqlState::READ_ONLY_SQL_TRANSACTION => (Fault::unavailable(words), Trouble::Demoted),
        // What keeps a moved installation from being written ([`STAYS`]).
        &SqlState::DIVISION_BY_ZERO => {
            (Fault::unavailable("this installation is being moved, or was"), Trouble::Statement)
        }
        // Shutting down, starting up, cut off.
        _ if matches!(class, "57" | "08" | "53") => (Fault::unavailable(words), Trouble::Connection),
        &SqlState::LOCK_NOT_AVAILABLE => (Fault::unavailable(words), Trouble::Conflict),
        _ => (Fault::internal(words), Trouble::Statement),
    }
}

/// An error and what caused it: the driver's own words stop at "db error".
pub(super) fn causes(problem: &dyn std::error::Error) -> String {
    let mut words = problem.to_string();
    let mut cause = problem.source();
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    words
}

/// `?1` becomes `$1`. Each statement is a constant, so each is rewritten once.
fn dollars(sql: &'static str) -> &'static str {
    static KNOWN: LazyLock<RwLock<HashMap<Place, &'static str>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&Place::of(sql)) {
        return known;
    }
    let rewritten: &'static str = Box::leak(sql.replace('?', "$").into_boxed_str());
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(Place::of(sql), rewritten);
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

/// Waits until every transaction that is open now has ended: one of them may have begun before an installation was marked
/// as moving, and not see the mark.
pub(in crate::store) async fn drain(connection: &Object) -> Result<(), Fault> {
    let failed = |problem: tokio_postgres::Error| fault(&problem).0;
    let marked: String = connection.query_one("select clock_timestamp()::text", &[]).await.map_err(failed)?.get(0);
    let until = Clock::monotonic() + LONGEST_DRAIN;
    loop {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and usename = current_user
             and pid <> pg_backend_pid() and xact_start <= $1::text::timestamptz";
        if connection.query_one(sql, &[&marked]).await.map_err(failed)?.get::<_, i64>(0) == 0 {
            return Ok(());
        }
        if Clock::monotonic() > until {
            let words = "a transaction has been open on the database for too long: end it, and begin again";
            return Err(Fault::unavailable(words));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long a mover waits for the transactions of others.
const LONGEST_DRAIN: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_placeholders_become_the_servers() {
        assert_eq!(dollars("select ?1 where a = ?12"), "select $1 where a = $12");
    }
}
