//! The whole HTTP suite once more, on PostgreSQL: flows must not learn which engine they run on.
//!
//! The binary runs itself a second time with a variable set that gives every server a database of a private cluster.
//! Behaviours of the built binary, of files and of the sources are left out: they are the same on either engine.

use std::process::Command;

use crate::prosper::{ON_POSTGRES, cluster, is_set};

/// What is not about the engine.
const ELSEWHERE: [&str; 20] = [
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
    // They look into the database file.
    "register_app::the_secret_is_shown_once_and_never_again",
    "setup::without_a_form_token_of_this_browser_nothing_is_made",
    "sign_in::the_session_cookie_is_kept_from_scripts_other_sites_and_other_hosts",
    "sign_up::no_link_and_no_password_lies_on_the_disk_in_clear",
    // They count statements or reads that the networked engine makes otherwise: its view is renewed by a task, its mark
    // of time by the follower, and its reads share connections that commit by themselves.
    "not_telling::unknown_user_wrong_password_and_not_the_owner_are_one_answer_and_one_amount_of_work",
    "spaces::ten_thousand_spaces_are_read_once_and_make_no_page_longer",
    "two_engines::live_view::a_view_whose_lease_has_run_out_is_read_through",
    "two_engines::sweep::the_high_water_mark_rises_with_the_writes_and_never_falls",
    "two_engines::units::what_a_reading_unit_writes_is_never_kept",
];

#[test]
fn the_whole_suite_passes_on_postgresql_too() {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let binary = std::env::current_exe().expect("a running binary");
    let mut suite = Command::new(binary);
    suite.env(ON_POSTGRES, "1").args(["--test-threads", "4"]);
    for elsewhere in ELSEWHERE {
        suite.args(["--skip", elsewhere]);
    }
    let outcome = suite.output().expect("the suite runs");
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{said}\n{}", String::from_utf8_lossy(&outcome.stderr));
    let passed = said.lines().find(|line| line.starts_with("test result: ok.")).expect("a result");
    assert!(!passed.contains(" 0 passed"), "{said}");
}
