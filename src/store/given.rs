//! Rows that a statement is given as if they were a table, so that many of a kind are one statement.
//!
//! The statement is one text for both engines and reads from `given`, which each engine is handed in its own way: the
//! embedded one as `values (…), (…)`, whose text depends on how many rows there are, so that a few widths make up any
//! number; the networked one as an array for each column, one text and one plan however many rows there are.

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

/// Rows that one statement of the embedded engine is given: the widest that fits is taken first.
const WIDTHS: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// How many of `rows` rows the next statement of the embedded engine takes.
pub(super) fn width(rows: usize) -> usize {
    WIDTHS.into_iter().find(|width| *width <= rows).unwrap_or(rows)
}

/// The statement for the embedded engine, with this many rows.
pub(super) fn as_values(sql: &'static str, columns: Columns, rows: usize) -> &'static str {
    known(sql, rows, || {
        let row = |row: usize| {
            let places = (1..=columns.len()).map(|column| format!("?{}", row * columns.len() + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
        format!("with given ({}) as (values {rows}) {sql}", names(columns))
    })
}

/// The statement for the networked engine, with any number of rows.
pub(super) fn as_arrays(sql: &'static str, columns: Columns) -> &'static str {
    known(sql, 0, || {
        let array = |(at, (_, kind)): (usize, &(&str, Kind))| {
            let of = match kind {
                Kind::Int => "bigint",
                Kind::Bytes => "bytea",
                Kind::Text => "text",
            };
            format!("cast(?{} as {of}[])", at + 1)
        };
        let arrays = columns.iter().enumerate().map(array).collect::<Vec<_>>().join(", ");
        format!("with given ({}) as (select * from unnest({arrays})) {sql}", names(columns))
    })
}

fn names(columns: Columns) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Each statement is a constant, and there are few widths, so each text is made once.
fn known(sql: &'static str, rows: usize, make: impl FnOnce() -> String) -> &'static str {
    static KNOWN: LazyLock<RwLock<HashMap<(&'static str, usize), &'static str>>> = LazyLock::new(RwLock::default);
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&(sql, rows)) {
        return known;
    }
    let mut texts = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    texts.entry((sql, rows)).or_insert_with(|| Box::leak(make().into_boxed_str()))
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
            "with given (id, at) as (values (?1, ?2), (?3, ?4)) select id from given"
        );
        assert_eq!(
            as_arrays(sql, COLUMNS),
            "with given (id, at) as (select * from unnest(cast(?1 as bytea[]), cast(?2 as bigint[]))) select id from given"
        );
        assert!(std::ptr::eq(as_values(sql, COLUMNS, 2), as_values(sql, COLUMNS, 2)), "made once");
    }

    #[test]
    fn a_few_widths_make_up_any_number_of_rows() {
        for rows in 1..700 {
            let (mut left, mut statements) = (rows, 0);
            while left > 0 {
                left -= width(left);
                statements += 1;
            }
            assert!(statements <= rows / 64 + 6, "{rows} rows in {statements} statements");
        }
    }
}
