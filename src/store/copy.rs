//! An installation as a whole: read from one database, written to another, compared, whichever engine either has.
//!
//! Tables are copied in the order in which they refer to one another, each in the order of its key, a page at a time, so
//! that a copy that was broken off goes on where it was. What is compared afterwards is everything: how many rows, and a
//! sum over the digest of each, which does not depend on how an engine sorts text.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use aws_lc_rs::digest;

use super::engine::Tx;
use super::postgres;
use super::value::{Cell, Row, Value};
use crate::fault::Fault;

/// Where a database is.
#[derive(Clone)]
pub enum Place {
    /// An embedded one, in this file.
    File(PathBuf),
    /// At this address of the network, password included.
    Address(String),
}

impl fmt::Display for Place {
    /// As a person is told: without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Address(address) => f.write_str(&postgres::place(address).unwrap_or_else(|_| "a database".into())),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// `copying` or `comparing`.
    pub step: &'static str,
    /// The table.
    pub table: &'static str,
    /// Rows done, over all tables.
    pub done: u64,
    /// Rows there are, over all tables.
    pub rows: u64,
}

/// A table, and how its rows are told apart.
pub(super) struct Table {
    pub(super) name: &'static str,
    keys: &'static [&'static str],
    /// Do both engines sort the key alike? Text they may not: such a table is gone through again from its beginning.
    sorted_alike: bool,
}

const fn table(name: &'static str, keys: &'static [&'static str]) -> Table {
    Table { name, keys, sorted_alike: true }
}

const fn by_text(name: &'static str, keys: &'static [&'static str]) -> Table {
    Table { name, keys, sorted_alike: false }
}

/// Every table, each after those it refers to; but for `migrations`, which are each database's own, and the two of one
/// row, which are brought last.
pub(super) const TABLES: &[Table] = &[
    table("changes", &["position"]),
    table("ring_keys", &["id"]),
    table("spaces", &["id"]),
    table("accounts", &["id"]),
    table("agent_requests", &["id"]),
    table("applications", &["id"]),
    table("client_secrets", &["id"]),
    table("consents", &["id"]),
    table("authorization_keys", &["id"]),
    table("grant_events", &["id"]),
    table("used_forms", &["id"]),
    table("families", &["id"]),
    table("redemptions", &["code"]),
    table("sessions", &["id"]),
    by_text("sign_in_failures", &["space", "folded_email"]),
    table("links", &["id"]),
    table("outbox", &["id"]),
    table("audit", &["id"]),
    table("audit_seals", &["number"]),
    table("handovers", &["application"]),
    by_text("app_requests", &["request_id"]),
    by_text("password_networks", &["application", "network"]),
];

/// Tables whose key counts by itself.
pub(super) const COUNTING: [&str; 4] = ["agent_requests", "outbox", "audit", "grant_events"];

/// Rows that are read at a time, and written in one transaction.
const PAGE: usize = 500;
/// Rows that one statement writes. A statement may have some thirty thousand values, and a row has two dozen at most.
const WIDE: usize = 100;

/// What two copies of a table are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    digest: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &Row) {
        let mut bytes = Vec::with_capacity(256);
        for cell in &row.0 {
            let (kind, content) = match cell {
                Cell::Null => (0_u8, Vec::new()),
                Cell::Int(int) => (1, int.to_be_bytes().to_vec()),
                Cell::Text(text) => (2, text.as_bytes().to_vec()),
                Cell::Bytes(content) => (3, content.clone()),
            };
            bytes.push(kind);
            bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
            bytes.extend_from_slice(&content);
        }
        self.rows += 1;
        let row = digest::digest(&digest::SHA256, &bytes);
        for (sum, part) in self.digest.iter_mut().zip(row.as_ref().chunks_exact(8)) {
            let part = u64::from_be_bytes(part.try_into().expect("chunks of eight bytes"));
            *sum = sum.wrapping_add(part);
        }
    }
}

/// Goes through a table page by page.
pub(super) struct Pages {
    table: &'static Table,
    columns: Vec<String>,
    after: Option<Vec<Cell>>,
}

impl Pages {
    /// From the first row on.
    pub(super) async fn of(table: &'static Table, tx: &mut Tx) -> Result<Self, Fault> {
        Ok(Self { table, columns: tx.columns(table.name).await?, after: None })
    }

    /// From the last row on that `there` has, if that can be told.
    pub(super) async fn after_those_in(mut self, there: &mut Tx) -> Result<Self, Fault> {
        if self.table.sorted_alike {
            let sql = text(format!(
                "select {keys} from {name} order by {backwards} limit 1",
                keys = self.table.keys.join(", "),
                name = self.table.name,
                backwards = self.table.keys.iter().map(|key| format!("{key} desc")).collect::<Vec<_>>().join(", "),
            ));
            self.after = there.one(sql, &[]).await?.map(|row| row.0);
        }
        Ok(self)
    }

    /// The next rows; none when all were seen.
    pub(super) async fn next(&mut self, tx: &mut Tx) -> Result<Vec<Row>, Fault> {
        let keys = self.table.keys;
        let beyond = if self.after.is_some() {
            let marks: Vec<_> = (1..=keys.len()).map(|at| format!("?{at}")).collect();
            format!("where ({}) > ({})", keys.join(", "), marks.join(", "))
        } else {
            String::new()
        };
        let sql = text(format!(
            "select {} from {} {beyond} order by {} limit {PAGE}",
            self.columns.join(", "),
            self.table.name,
            keys.join(", ")
        ));
        let values: Vec<Value<'_>> = self.after.iter().flatten().map(Value::from).collect();
        let rows = tx.many(sql, &values).await?;
        if let Some(last) = rows.last() {
            let at = |key: &&str| self.columns.iter().position(|column| column == key);
            let key: Option<Vec<_>> = keys.iter().map(|key| Some(last.0[at(key)?].clone())).collect();
            self.after = Some(key.ok_or_else(|| Fault::internal(format!("{} has lost its key", self.table.name)))?);
        }
        Ok(rows)
    }

    /// Writes rows of this table into another database that has the same columns. Rows that are there are left.
    pub(super) async fn write(&self, rows: &[Row], tx: &mut Tx) -> Result<(), Fault> {
        let width = self.columns.len();
        for some in rows.chunks(WIDE) {
            // Two statements a table: one for many rows, one for what is left.
            let at_once = if some.len() == WIDE { WIDE } else { 1 };
            let marks = |row: usize| {
                let marks: Vec<_> = (1..=width).map(|at| format!("?{}", row * width + at)).collect();
                format!("({})", marks.join(", "))
            };
            let sql = text(format!(
                "insert into {} ({}) values {} on conflict do nothing",
                self.table.name,
                self.columns.join(", "),
                (0..at_once).map(marks).collect::<Vec<_>>().join(", ")
            ));
            for group in some.chunks(at_once) {
                let values: Vec<Value<'_>> = group.iter().flat_map(|row| &row.0).map(Value::from).collect();
                tx.execute(sql, &values).await?;
            }
        }
        Ok(())
    }
}

/// Counts and sums a whole table. `tell` hears of each page's rows.
pub(super) async fn sum(table: &'static Table, tx: &mut Tx, tell: &mut impl FnMut(u64)) -> Result<Sum, Fault> {
    let mut pages = Pages::of(table, tx).await?;
    let mut sum = Sum::default();
    loop {
        let rows = pages.next(tx).await?;
        if rows.is_empty() {
            return Ok(sum);
        }
        for row in &rows {
            sum.add(row);
        }
        tell(rows.len() as u64);
    }
}

/// How many rows a table has.
pub(super) async fn count(table: &'static Table, tx: &mut Tx) -> Result<u64, Fault> {
    let row = tx.one(text(format!("select count(*) from {}", table.name)), &[]).await?;
    let rows = row.map_or(Ok(0), |row| row.get::<i64>(0))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// Copies the rows of one row each: the installation, less its whereabouts, and the head of the change log.
pub(super) async fn copy_heads(from: &mut Tx, to: &mut Tx) -> Result<(), Fault> {
    for head in ["installation", "change_head"] {
        let mut columns = from.columns(head).await?;
        columns.retain(|column| column != "one" && column != "moved_to");
        let sql = text(format!("select {} from {head} where one = 1", columns.join(", ")));
        let row = from.one(sql, &[]).await?.ok_or_else(|| Fault::internal(format!("{head} has no row")))?;
        let sets: Vec<_> = columns.iter().enumerate().map(|(at, column)| format!("{column} = ?{}", at + 1)).collect();
        let values: Vec<Value<'_>> = row.0.iter().map(Value::from).collect();
        to.execute(text(format!("update {head} set {} where one = 1", sets.join(", "))), &values).await?;
    }
    Ok(())
}

/// Removes every row but those of one row.
pub(super) async fn clear(tx: &mut Tx) -> Result<(), Fault> {
    for table in TABLES.iter().rev() {
        tx.execute(text(format!("delete from {}", table.name)), &[]).await?;
    }
    Ok(())
}

/// A statement that was put together: kept for as long as the process lives, once however often it is asked for. There
/// are a few for each table.
fn text(sql: String) -> &'static str {
    static KNOWN: LazyLock<Mutex<HashMap<String, &'static str>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = known.get(&sql) {
        return text;
    }
    let text: &'static str = Box::leak(sql.clone().into_boxed_str());
    known.insert(sql, text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("x.db"));
        let at = crate::domain::time::Timestamp::from_seconds(1);
        let tables = crate::store::sqlite::now(async {
            let mut tx = Tx::open(&place, Some(at)).await?;
            tx.many("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'", &[]).await
        });
        let mut there: Vec<String> = tables.unwrap().iter().map(|row| row.get(0).unwrap()).collect();
        let mut known: Vec<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        known.extend(["installation", "change_head", "migrations"].map(str::to_owned));
        there.sort();
        known.sort();
        assert_eq!(there, known);
    }

    #[test]
    fn a_sum_tells_rows_apart_and_not_their_order() {
        let rows = [
            Row(vec![Cell::Text("ab".into()), Cell::Text("c".into())]),
            Row(vec![Cell::Text("a".into()), Cell::Text("bc".into())]),
            Row(vec![Cell::Null, Cell::Bytes(b"abc".to_vec())]),
        ];
        let sum = |order: &[usize]| {
            let mut sum = Sum::default();
            for at in order {
                sum.add(&rows[*at]);
            }
            sum
        };
        assert_eq!(sum(&[0, 1, 2]), sum(&[2, 0, 1]));
        assert_ne!(sum(&[0, 0, 2]), sum(&[0, 1, 2]));
        assert_ne!(sum(&[0, 1]), sum(&[0, 1, 2]));
    }
}
