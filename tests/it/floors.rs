//! The plan of the house, as `ARCHITECTURE.md` draws it: a module uses only what stands below it, one file names the
//! engines, no file grows out of sight. What is found wrong is named with its line and the rule.

use std::fs;
use std::path::{Path, PathBuf};

/// The floors, each with its modules. `config`, `clock`, `telemetry` and `fault` stand beside the domain, which knows
/// none of them; `prosper`, the context that flows are handed, stands on a floor of its own.
const FLOORS: [&[&str]; 7] = [
    &["domain"],
    &["config", "clock", "telemetry", "fault"],
    &["contract"],
    &["store", "crypto", "mail"],
    &["prosper"],
    &["flows"],
    &["cli", "web"],
];

/// Uses within one floor: settings say how to log, and the command line starts the server.
const NEIGHBOURS: [(&str, &str); 5] =
    [("config", "telemetry"), ("config", "fault"), ("telemetry", "fault"), ("clock", "fault"), ("cli", "web")];

struct Source {
    path: PathBuf,
    /// The module's path below the crate's root: `["store", "sqlite"]`.
    module: Vec<String>,
    /// The text without its comments, line for line.
    code: String,
    whole: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    rust_files(&root().join(folder), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let whole = fs::read_to_string(&path).expect("text");
        let path = path.strip_prefix(root()).expect("within the package").to_owned();
        let bare = path.with_extension("");
        let module = bare.components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
        let module = module.filter(|part| part != "mod" && part != "lib").collect();
        let code = whole.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
        let code = code.collect::<Vec<_>>().join("\n");
        Source { path, module, code, whole }
    };
    files.into_iter().map(read).collect()
}

impl Source {
    fn line_of(&self, at: usize) -> String {
        let line = self.code[..at].matches('\n').count();
        format!("{}:{}: {}", self.path.display(), line + 1, self.code.lines().nth(line).unwrap_or_default().trim())
    }

    /// The modules of the crate's root that the code names, with where.
    fn uses(&self) -> Vec<(String, usize)> {
        let mut uses = Vec::new();
        for (at, found) in self.code.match_indices("crate::") {
            let rest = &self.code[at + found.len()..];
            uses.extend(names(rest).into_iter().map(|name| (name, at)));
        }
        // `super::` as often as the module is deep leads to the root as well.
        let climb = "super::".repeat(self.module.len());
        for (at, found) in self.code.match_indices(&climb).filter(|_| !climb.is_empty()) {
            let rest = self.code[at + found.len()..].trim_start_matches("super::");
            let known = names(rest).into_iter().filter(|name| floor(name).is_some());
            uses.extend(known.map(|name| (name, at)));
        }
        uses
    }

    /// The code before its tests.
    fn without_tests(&self) -> &str {
        if self.module.last().is_some_and(|name| name == "tests") {
            return "";
        }
        self.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    fn module_doc(&self) -> String {
        self.whole.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n")
    }
}

/// The first name of a path, or of each path of a group in braces.
fn names(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut found, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(name(&group[begin..at]));
                begin = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

fn may_use(from: &str, to: &str) -> bool {
    from == to || floor(to) < floor(from) || NEIGHBOURS.contains(&(from, to))
}

#[track_caller]
fn none_of(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for source in sources("src") {
        let Some(from) = source.module.first().filter(|name| *name != "main") else { continue };
        assert!(floor(from).is_some(), "{} stands on no floor", source.path.display());
        for (to, at) in source.uses() {
            if floor(&to).is_some() {
                seen += 1;
                if !may_use(from, &to) {
                    faults.push(format!("{} ({from} may not use {to})", source.line_of(at)));
                }
            }
        }
    }
    assert!(seen > 500, "only {seen} uses were seen");
    none_of(&faults, "a module uses only what stands on a floor below its own");
}

#[test]
fn a_use_is_found_however_it_is_written() {
    assert_eq!(names("store::sqlite::open(path)"), ["store"]);
    assert_eq!(names("{clock::Clock, store::{self, engine::{Tx, Unit}}, fault}"), ["clock", "store", "fault"]);
    for (from, to) in [("domain", "contract"), ("domain", "clock"), ("store", "crypto"), ("mail", "store")] {
        assert!(!may_use(from, to), "{from} uses {to}");
    }
    for (from, to) in [("store", "flows"), ("flows", "web"), ("web", "cli"), ("contract", "store"), ("clock", "store")]
    {
        assert!(!may_use(from, to), "{from} uses {to}");
    }
    assert!(may_use("prosper", "store") && !may_use("store", "prosper") && may_use("flows", "prosper"));
    let source = Source {
        path: PathBuf::from("src/store/x.rs"),
        module: vec!["store".into(), "x".into()],
        code: "use super::super::flows::sign_in;\nuse super::engine;".into(),
        whole: String::new(),
    };
    assert_eq!(source.uses(), [("flows".to_owned(), 4)]);
}

#[test]
fn the_domain_is_pure() {
    let mut faults = Vec::new();
    for source in sources("src/domain") {
        for impure in [
            "async ",
            ".await",
            "tokio",
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
            "Instant",
            "SystemTime",
            "tracing",
        ] {
            faults.extend(source.without_tests().match_indices(impure).map(|(at, _)| source.line_of(at)));
        }
    }
    none_of(&faults, "the domain waits for nothing, reads nothing and has no clock");
}

#[test]
fn one_file_chooses_between_the_engines() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let (path, code) = (source.path.to_string_lossy().into_owned(), source.without_tests());
        if path != "src/store/engine.rs" {
            let chosen = code.match_indices("Engine::").filter(|(at, _)| {
                let line = source.line_of(*at);
                line.contains("=>") || line.contains("let Engine::") || line.contains("matches!")
            });
            faults.extend(chosen.map(|(at, _)| source.line_of(at)));
        }
        if !path.starts_with("src/store/") {
            let drivers = ["rusqlite", "tokio_postgres", "deadpool_postgres"];
            let named = drivers.iter().flat_map(|driver| code.match_indices(driver));
            faults.extend(named.map(|(at, _)| source.line_of(at)));
        }
    }
    none_of(&faults, "the match on the engine stands in store/engine.rs, and drivers are known to the store alone");
}

#[test]
fn no_file_grows_out_of_sight() {
    let mut faults = Vec::new();
    for source in sources("src").iter().chain(&sources("client/src")).chain(&sources("tests")) {
        let is_test = source.path.starts_with("tests") || source.without_tests().is_empty();
        let text = if is_test { source.whole.as_str() } else { source.without_tests() };
        let lines = text.lines().count();
        let path = source.path.display();
        if lines > 500 {
            faults.push(format!("{path} has {lines} lines: above 500 it is split"));
        } else if lines > 300 && !is_test && !source.module_doc().contains("This file is long") {
            faults.push(format!("{path} has {lines} lines: above 300 its head says why (\"This file is long …\")"));
        }
        if !is_test && source.module_doc().is_empty() && source.path.file_name().is_some_and(|name| name != "main.rs") {
            faults.push(format!("{path} does not say why it exists"));
        }
    }
    none_of(&faults, "files are of a size that can be read");
}

#[test]
fn nothing_is_unwrapped_outside_of_tests() {
    let mut faults = Vec::new();
    for source in sources("src").iter().chain(&sources("client/src")) {
        let code = source.without_tests();
        faults.extend(code.match_indices(".unwrap()").map(|(at, _)| source.line_of(at)));
        for hole in ["todo!(", "unimplemented!(", "dbg!(", "unsafe {"] {
            faults.extend(code.match_indices(hole).map(|(at, _)| source.line_of(at)));
        }
    }
    none_of(&faults, "`?` everywhere, `expect` with the invariant as its text, and nothing left undone");
}

#[test]
fn the_embedded_database_is_of_a_version_that_keeps_what_it_commits() {
    // Before 3.51.3 a checkpoint beside a writer could lose committed pages of the write-ahead log.
    assert_eq!(prosper::store::sqlite::OLDEST_SQLITE, 3_051_003);
    let folder = tempfile::tempdir().expect("a folder");
    let opening = prosper::store::Opening {
        path: folder.path().join("prosper.db"),
        purpose: prosper::store::installation::Purpose::Live,
        migrate: true,
        clock: None,
    };
    assert!(prosper::store::Store::open(opening).is_ok(), "the SQLite that was built in is older");
}
