//! What was asked for on the command line.

use std::time::Duration;

/// The options, each with its default.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Plan {
    /// `--rounds N`
    pub rounds: usize,
    /// How long a round of an operation lasts.
    pub span: Duration,
    /// `--connections 1,32,256`
    pub connections: Vec<usize>,
    /// `--only WORD`: operations whose name has it.
    pub only: Option<String>,
    /// `--accounts N`: people in the store.
    pub accounts: u64,
    /// `--folder PATH`: where the store lies, on disk or in memory.
    pub folder: Option<String>,
    /// `--binary PATH`: the one that is driven, if not the one that was built with this benchmark.
    pub binary: String,
    /// `--postgres`: on a cluster of our own.
    pub postgres: bool,
    /// `--overload`: what happens beyond what can be carried.
    pub overload: bool,
    /// `--profile FILE`: a flame graph of one operation (`--only`), as SVG.
    pub profile: Option<String>,
    /// `--all`: every table of the guide.
    pub all: bool,
    /// `--growing`: only the table by number of accounts, ten million too if that many are asked for.
    pub growing: bool,
    /// `--write FOLDER`: figures as JSON and plots into it, tables into the guide beside it, `FOLDER.md`.
    pub write: Option<String>,
    /// `--json FILE`: the figures.
    pub json: Option<String>,
}

impl Plan {
    pub fn read(arguments: &[String]) -> Self {
        const KNOWN: [&str; 15] = [
            "--quick",
            "--rounds",
            "--connections",
            "--only",
            "--accounts",
            "--folder",
            "--binary",
            "--postgres",
            "--overload",
            "--profile",
            "--all",
            "--growing",
            "--write",
            "--json",
            "--span",
        ];
        let unknown = arguments.iter().find(|word| word.starts_with("--") && !KNOWN.contains(&word.as_str()));
        assert!(unknown.is_none(), "unknown option {unknown:?}; there are {KNOWN:?}");
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let value = |name: &str| {
            let at = arguments.iter().position(|argument| argument == name)?;
            Some(arguments.get(at + 1).unwrap_or_else(|| panic!("{name} needs a value")).clone())
        };
        let number = |name: &str| value(name).map(|text| text.parse::<u64>().expect("a number"));
        let quick = has("--quick");
        let numbers = value("--connections").unwrap_or_else(|| if quick { "32".into() } else { "1,32,256".into() });
        Self {
            rounds: number("--rounds").map_or(if quick { 1 } else { 5 }, |n| usize::try_from(n).expect("a few")),
            span: Duration::from_millis(number("--span").unwrap_or(if quick { 500 } else { 600 })),
            connections: numbers.split(',').map(|text| text.parse().expect("a number of connections")).collect(),
            only: value("--only"),
            accounts: number("--accounts").unwrap_or(if quick { 1_000 } else { 100_000 }).max(2),
            folder: value("--folder"),
            binary: value("--binary").unwrap_or_else(|| env!("CARGO_BIN_EXE_prosper").into()),
            postgres: has("--postgres"),
            overload: has("--overload"),
            profile: value("--profile"),
            all: has("--all"),
            growing: has("--growing"),
            write: value("--write"),
            json: value("--json"),
        }
    }
}
