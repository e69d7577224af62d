//! Rows that a statement is given as if they were a table, so that many of a kind are one statement.
//!
//! The statement is one text for both engines and reads from `given`, which each engine is handed in its own way: the
//! embedded one as `values (…), (…)`, whose text depends on how many rows there are, so that there are a few widths and
//! what is left over in one is filled with rows of nulls, which the statement leaves out; the networked one as an array for
//! each column, one text and one plan however many rows there are. So the first column of a given row is never null.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::value::Value;

/// What a column of the given rows holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An integer, an instant, a boolean; or null.
    Int,
    /// Bytes; or null.
    Bytes,
    /// Text; or null.
    Text,
}

/// The columns of the given rows, in order.
pub type Columns = &'static [(&'static str, Kind)];

/// A row, a value for each column.
pub type GivenRow<'v> = Vec<Value<'v>>;

/// Rows that a statement of the embedded engine has room for.
const WIDTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// How many rows the next statement of the embedded engine has room for, of `rows` that are left. A row of nulls costs less
/// than a further statement.
pub(super) fn width(rows: usize) -> usize {
    WIDTHS.into_iter().find(|width| *width >= rows).unwrap_or(64)
}

/// The statement for the embedded engine, with room for this many rows.
///
/// An insert that fails leaves behind what it did so far, and the unit, which fails with it, undoes that. Otherwise the
/// engine would keep a copy of each page that the statement touches, to undo it by itself.
pub(super) fn as_values(sql: &'static str, columns: Columns, rows: usize) -> &'static str {
    known(sql, rows, || {
        let row = |row: usize| {
            let places = (1..=columns.len()).map(|column| format!("?{}", row * columns.len() + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
        let sql = match sql.strip_prefix("insert into ") {
            Some(rest) => format!("insert or fail into {rest}"),
            None => sql.to_owned(),
        };
        let names = names(columns);
        format!("with given ({names}) as (select * from (values {rows}) where column1 is not null) {sql}")
    })
}

/// The statement for the networked engine, with any number of rows. If it runs `alone`, without a transaction around it, it
/// looks by itself whether the installation is being moved or was, as a transaction does in its end: then a division fails.
pub(super) fn as_arrays(sql: &'static str, columns: Columns, alone: bool) -> &'static str {
    known(sql, if alone { ALONE } else { ARRAYS }, || {
        let array = |(at, (_, kind)): (usize, &(&str, Kind))| {
            let of = match kind {
                Kind::Int => "bigint",
                Kind::Bytes => "bytea",
                Kind::Text => "text",
            };
            format!("cast(?{} as {of}[])", at + 1)
        };
        let arrays = columns.iter().enumerate().map(array).collect::<Vec<_>>().join(", ");
        let stays = if alone { format!(" where ({STAYS}) = 1") } else { String::new() };
        format!("with given ({}) as (select * from unnest({arrays}){stays}) {sql}", names(columns))
    })
}

/// Answers one, unless the installation is being moved or was (`installation.moved_to`): then the division fails, and with
/// it whatever it is part of. On the networked engine; the embedded one asks before a unit begins.
pub(super) const STAYS: &str =
    "select 1 / (case when moved_to is null then 1 else 0 end) from installation where one = 1";

fn names(columns: Columns) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Where a constant text lies, which tells it from any other without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    address: usize,
    length: usize,
}

impl Place {
    pub(super) fn of(text: &'static str) -> Self {
        Self { address: text.as_ptr().addr(), length: text.len() }
    }
}

/// In place of a width: the networked engine's text, within a transaction.
const ARRAYS: usize = 0;
/// The same, alone.
const ALONE: usize = usize::MAX;

/// Each statement is a constant, and there are few widths, so each text is made once.
fn known(sql: &'static str, rows: usize, make: impl FnOnce() -> String) -> &'static str {
    static KNOWN: LazyLock<RwLock<HashMap<(Place, usize), &'static str>>> = LazyLock::new(RwLock::default);
    let key = (Place::of(sql), rows);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known;
    }
    let mut texts = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    texts.entry(key).or_insert_with(|| Box::leak(make().into_boxed_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = &[("id", Kind::Bytes), ("at", Kind::Int)];

    #[test]
    fn a_statement_is_given_its_rows_as_each_engine_likes_them() {
        let sql = "select id from given";
        assert_eq!(
            as_values(sql, COLUMNS, 2),
            "with given (id, at) as (select * from (values (?1, ?2), (?3, ?4)) where column1 is not null) \
             select id from given"
        );
        assert_eq!(
            as_arrays(sql, COLUMNS, false),
            "with given (id, at) as (select * from unnest(cast(?1 as bytea[]), cast(?2 as bigint[]))) select id from given"
        );
        assert!(
            as_arrays(sql, COLUMNS, true)
                .contains("cast(?2 as bigint[])) where (select 1 / (case when moved_to is null")
        );
        assert!(std::ptr::eq(as_values(sql, COLUMNS, 2), as_values(sql, COLUMNS, 2)), "made once");
    }

    #[test]
    fn there_is_room_for_any_number_of_rows_in_few_statements_and_not_much_is_left_over() {
        for rows in 1..700usize {
            let (mut left, mut statements, mut room) = (rows, 0, 0);
            while left > 0 {
                room += width(left);
                left -= left.min(width(left));
                statements += 1;
            }
            assert_eq!(statements, rows.div_ceil(64), "{rows} rows");
            assert!(room < 2 * rows, "room for {room} where there are {rows}");
        }
    }

    #[test]
    fn an_insert_of_the_embedded_engine_is_undone_by_its_unit() {
        let sql = as_values("insert into things (id) select id from given", COLUMNS, 1);
        assert!(sql.ends_with(" insert or fail into things (id) select id from given"), "{sql}");
    }
}
