//! What is written down is held against what is there: links lead somewhere, the reference of the configuration is the
//! one of the code, and every command that a guide shows is one that the binary takes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use prosper::contract::catalogue::{catalogue, explain};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every Markdown file of the repository.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["docs", "docs/guide", "docs/decisions", "client", "."].map(Into::into).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(Path::new(ROOT).join(&folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    let mut dead = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let place = link.split('#').next().expect("a first part");
            let folder = document.parent().expect("a folder");
            if !place.is_empty() && !place.contains("://") && !folder.join(place).exists() {
                dead.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// W-05: the page is made from the settings themselves. `UPDATE_DOCUMENTS=1` writes it anew.
#[test]
fn the_configuration_guide_is_the_reference_of_the_code() {
    let expected = format!(
        "# Configuration\n\nMade from the settings in the code (`prosper config reference` prints it too); \
         [Operating Prosper](operating.md) says how the layers overrule each other.\n\n{}\n",
        prosper::config::reference().trim()
    );
    is_what_the_code_says("docs/guide/configuration.md", &expected);
}

/// W-05: so is this one, from the error tables and what the developers' error page says of each row.
#[test]
fn the_error_guide_is_the_tables_of_the_code() {
    let mut expected = String::from(
        "# Errors\n\nMade from the tables in the code; your Prosper shows the same at `/docs/errors`. Every answer has an \
         `X-Request-Id`: the owner of the application finds it, with the true cause, on the application's page.\n",
    );
    for table in catalogue() {
        let body = if table.bare { "one JSON string" } else { "`error` and `error_description`" };
        let _ = write!(expected, "\n## {}\n\n`{}`, {body}.\n\n", table.title, table.surface);
        let _ = writeln!(expected, "| status | error | reason | cause | remedy |\n|---|---|---|---|---|");
        for row in table.rows {
            let (cause, remedy) = explain(row).unwrap_or_else(|| panic!("nobody has explained {row:?}"));
            let code = if table.bare { "–".to_owned() } else { format!("`{}`", row.code) };
            let _ = writeln!(expected, "| {} | {code} | {} | {cause} | {remedy} |", row.status, row.reason);
        }
    }
    is_what_the_code_says("docs/guide/errors.md", &expected);
}

fn is_what_the_code_says(document: &str, expected: &str) {
    let path = Path::new(ROOT).join(document);
    if crate::prosper::is_set("UPDATE_DOCUMENTS") {
        std::fs::write(&path, expected).expect("written");
    }
    let there = std::fs::read_to_string(&path).expect("the guide");
    assert_eq!(there, expected, "run this test with UPDATE_DOCUMENTS=1");
}

#[test]
fn every_command_that_a_guide_shows_is_one_that_the_binary_takes() {
    let mut count = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("text").replace("\\\n", " ");
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("$ prosper ")) {
            let line = line.split(" #").next().expect("a first part");
            // What stands before `--help` is parsed, and nothing is run.
            let shown = format!("'{}' {line} --help", env!("CARGO_BIN_EXE_prosper"));
            let outcome = Command::new("sh").args(["-c", &shown]).stdin(Stdio::null()).output().expect("a shell");
            let said = String::from_utf8_lossy(&outcome.stderr);
            assert!(outcome.status.success(), "{}: prosper {line}\n{said}", document.display());
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} commands were found");
}
