//! The whole HTTP suite once more, on PostgreSQL: flows must not learn which engine they run on.
//!
//! The binary runs itself a second time with a variable set that gives every server a database of a private cluster.
//! Behaviours of the built binary, of files and of the sources are left out: they are the same on either engine.

use std::process::Command;

use crate::prosper::{ON_POSTGRES, SERIALIZABLE, cluster, is_set};

/// What is not about the engine.
const ELSEWHERE: [&str; 11] = [
    "on_postgres::",
    "postgres_",
    "cli::",
    "serve::",
    "sandbox::",
    "durability::",
    "real_clients::",
    "floors::",
    "promises::",
    "browser_pages::",
    "routes::",
];

#[test]
fn the_whole_suite_passes_on_postgresql_too() {
    run_again(&[]);
}

/// Once more where every transaction is serializable: what re-runs a unit after a conflict is exercised by all of it.
#[test]
fn the_whole_suite_passes_on_serializable_postgresql_too() {
    run_again(&[SERIALIZABLE]);
}

fn run_again(more: &[&str]) {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let binary = std::env::current_exe().expect("a running binary");
    let mut suite = Command::new(binary);
    suite.env(ON_POSTGRES, "1").args(["--test-threads", "4"]);
    for variable in more {
        suite.env(variable, "1");
    }
    for elsewhere in ELSEWHERE {
        suite.args(["--skip", elsewhere]);
    }
    let outcome = suite.output().expect("the suite runs");
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{said}\n{}", String::from_utf8_lossy(&outcome.stderr));
    let passed = said.lines().find(|line| line.starts_with("test result: ok.")).expect("a result");
    assert!(!passed.contains(" 0 passed"), "{said}");
}
