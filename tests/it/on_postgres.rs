//! The whole HTTP suite once more, on PostgreSQL: flows must not learn which engine they run on.
//!
//! The binary runs itself a second time with a variable set that gives every server a database of a private cluster.
//! Behaviours of the built binary, of files and of the sources are left out: they are the same on either engine.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::prosper::{ON_POSTGRES, SERIALIZABLE, cluster, is_set};

/// What is not about the engine.
const ELSEWHERE: &[&str] = &[
    "on_postgres::",
    "beside_the_last_release::",
    "postgres_",
    "cli::",
    "cli_house::",
    "serve::",
    "sandbox::",
    "durability::",
    "disk::",
    "real_clients::",
    "floors::",
    "promises::",
    "browser_pages::",
    "routes::",
];

#[test]
fn the_whole_suite_passes_on_postgresql_too() {
    passes_with(&[ON_POSTGRES]);
}

/// Every transaction serializable, a lone read as well: what was overtaken is run again, and no answer is another.
#[test]
fn the_whole_suite_passes_where_every_transaction_is_serializable() {
    passes_with(&[ON_POSTGRES, SERIALIZABLE]);
}

fn passes_with(variables: &[&str]) {
    /// One after the other: two suites at once would only slow each other down.
    static TURN: Mutex<()> = Mutex::new(());
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let binary = std::env::current_exe().expect("a running binary");
    let mut suite = Command::new(binary);
    suite.args(["--test-threads", "4"]).envs(variables.iter().map(|variable| (variable, "1")));
    for elsewhere in ELSEWHERE {
        suite.args(["--skip", elsewhere]);
    }
    let outcome = suite.output().expect("the suite runs");
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{said}\n{}", String::from_utf8_lossy(&outcome.stderr));
    let passed = said.lines().find(|line| line.starts_with("test result: ok.")).expect("a result");
    assert!(!passed.contains(" 0 passed"), "{said}");
}
