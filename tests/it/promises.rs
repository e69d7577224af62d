//! `docs/promises.md` is checked against the tests it names: a promise without a test, a test that does not exist, an id
//! given twice or left out are all failures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A row of a table.
struct Promise {
    id: String,
    tests: Vec<String>,
}

#[test]
fn every_promise_of_the_documents_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promises = read(&std::fs::read_to_string(root.join("docs/promises.md")).expect("the list of promises"));
    let mut missing = Vec::new();
    for promise in &promises {
        if promise.tests.is_empty() {
            missing.push(format!("{} names no test", promise.id));
        }
        for test in &promise.tests {
            let found = test.rsplit_once("::").and_then(|(file, name)| {
                let file = sources(root, file).into_iter().find(|path| path.is_file())?;
                is_a_test(&std::fs::read_to_string(file).expect("a source"), name).then_some(())
            });
            if found.is_none() {
                missing.push(format!("{} names {test}, which does not exist", promise.id));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_promises_are_numbered_without_gaps() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promises = read(&std::fs::read_to_string(root.join("docs/promises.md")).expect("the list of promises"));
    assert!(promises.len() >= 130, "only {} promises", promises.len());
    let mut last = BTreeMap::new();
    for promise in &promises {
        let (document, number) = promise.id.split_once('-').expect("an id such as S1-01");
        let number: u32 = number.parse().expect("a number");
        let before = last.insert(document, number).unwrap_or(0);
        assert_eq!(number, before + 1, "{} follows {document}-{before:02}", promise.id);
    }
    assert_eq!(last.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from(["S1", "S2", "S3"]));
}

/// The rows whose first cell is an id.
fn read(text: &str) -> Vec<Promise> {
    let rows = text.lines().filter(|line| line.starts_with("| S"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [id, _section, _promise, tests] = cells[..] else { panic!("not four cells: {row}") };
        let tests = tests.split(',').map(|test| test.trim().trim_matches('`').to_owned());
        Promise { id: id.to_owned(), tests: tests.filter(|test| !test.is_empty()).collect() }
    })
    .collect()
}

/// Where a module of tests may lie.
fn sources(root: &Path, module: &str) -> Vec<PathBuf> {
    let below = |folder: &str| [format!("{folder}/{module}.rs"), format!("{folder}/{module}/mod.rs")];
    below("tests/it").into_iter().chain(below("src")).map(|path| root.join(path)).collect()
}

/// Is there a function of this name, marked as a test?
fn is_a_test(source: &str, name: &str) -> bool {
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if line.starts_with("#[ignore") {
            marked = false;
        } else if let Some(rest) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) {
            if marked && rest.split('(').next() == Some(name) {
                return true;
            }
            marked = false;
        }
    }
    false
}
