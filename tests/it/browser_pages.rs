//! A real Chromium plays the story of account registration on the built binary, with script and without, and axe looks at
//! every page in light and dark, on a phone and on a desktop. Pictures of all of them are left in `target/screens`.
//!
//! The story stands in `tests/browser/story.mjs`; every other page is a line of `tests/browser/pages.mjs`.
//! `tests/clients/install` brings what drives the browser.

use std::process::Command;

use crate::prosper::sandbox::{Sandbox, clients, is_there, run};
use crate::prosper::skipped;

/// Chromium, by the names that systems give it, if there is all that it takes to drive it.
fn chromium() -> Option<&'static str> {
    let modules = clients("node_modules");
    let there = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_there(name));
    let driven = ["playwright-core", "axe-core"].iter().all(|module| modules.join(module).is_dir());
    let found = there.filter(|_| is_there("node") && driven);
    if found.is_none() {
        skipped("no Chromium, or no node with playwright-core and axe-core (tests/clients/install brings the latter)");
    }
    found
}

fn plays(script: &str) {
    let Some(chromium) = chromium() else { return };
    let found = run(Command::new("sh").args(["-c", &format!("command -v {chromium}")]));
    let sandbox = Sandbox::start();
    let mut play = Command::new("node");
    play.arg("tests/browser/run.mjs").arg(sandbox.ready_file()).arg(clients("node_modules"));
    play.args([found.trim(), script, "target/screens"]);
    assert!(run(&mut play).ends_with(": ok\n"));
}

#[test]
fn the_whole_story_passes_with_script_and_axe_finds_nothing_on_any_page() {
    plays("on");
}

#[test]
fn the_whole_story_passes_without_script() {
    plays("off");
}
