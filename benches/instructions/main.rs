//! How many instructions the pure hot pieces take: `cargo bench --bench instructions --profile dev`.
//!
//! A count that no neighbour on the machine changes, so CI can hold it steady without a clock.
//!
//! 1. This program runs itself under valgrind's callgrind, twice for each piece: once with few repetitions, once with
//!    many. What the two totals differ by, divided by the repetitions between them, is what the piece takes; starting,
//!    preparing and ending are in both and fall out.
//! 2. The count is held against the one in `figures`, a line for each piece. More than a twentieth above it, or below, fails:
//!    the figure is changed on purpose (`--record` writes them all), in the commit that makes a piece dearer or cheaper,
//!    which says why.
//!
//! CI counts what the development profile makes of it, because that is built anyway: absolute numbers are several times
//! those of what is shipped, and a piece that does more work still counts more. `cargo bench --bench instructions` counts
//! the optimised one, in a column of its own.

mod pieces;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, ExitCode};

use pieces::PIECES;

/// By how much a count may differ from its figure: one part in so many.
const SLACK: u64 = 20;
/// Repetitions, few and many.
const TIMES: [u64; 2] = [64, 320];
const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/figures");
/// The columns of the figures, and which of them this build fills.
const COLUMNS: [&str; 2] = ["unoptimised", "optimised"];
const MINE: usize = if cfg!(debug_assertions) { 0 } else { 1 };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [piece, times] if piece != "--record" => {
            let times = times.parse().expect("a number of repetitions");
            let found = PIECES.iter().find(|(name, _)| name == piece);
            found.expect("a piece").1(times);
            ExitCode::SUCCESS
        }
        [flag] if flag == "--record" => {
            record(&count_all());
            ExitCode::SUCCESS
        }
        [] => compare(&count_all()),
        other => panic!("`--record`, or nothing; not {other:?}"),
    }
}

fn count_all() -> Vec<(&'static str, u64)> {
    PIECES
        .iter()
        .map(|(name, _)| {
            let [few, many] = TIMES.map(|times| total(name, times));
            (*name, (many - few) / (TIMES[1] - TIMES[0]))
        })
        .collect()
}

/// All instructions of a process that does a piece so many times.
fn total(piece: &str, times: u64) -> u64 {
    let me = std::env::current_exe().expect("a running program");
    let outcome = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(me)
        .args([piece, &times.to_string()])
        .output()
        .expect("valgrind runs: it is a package of that name");
    let said = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success(), "{piece}: {said}");
    let line = said.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind tells a total");
    line.1.trim().parse().expect("the total is a number")
}

/// What is recorded of a piece, a column for each build.
type Row = [Option<u64>; COLUMNS.len()];

fn figures() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(FIGURES).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let piece = words.next().expect("a piece").to_owned();
            (piece, Row::default().map(|_| words.next().and_then(|word| word.parse().ok())))
        })
        .collect()
}

fn record(counts: &[(&str, u64)]) {
    let old = figures();
    let mut text = format!(
        "# Instructions for each piece, as benches/instructions counts them; a count that differs by a twentieth fails.\n\
         # {:<18} {:>12} {:>12}\n",
        "piece", COLUMNS[0], COLUMNS[1]
    );
    for (piece, count) in counts {
        let mut row = old.get(*piece).copied().unwrap_or_default();
        row[MINE] = Some(*count);
        let [plain, optimised] = row.map(|figure| figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string()));
        let _ = writeln!(text, "{piece:<20} {plain:>12} {optimised:>12}");
        println!("{piece:<20} {count:>12}");
    }
    std::fs::write(FIGURES, text).expect("the figures can be written");
}

fn compare(counts: &[(&str, u64)]) -> ExitCode {
    let figures = figures();
    let mut wrong = 0;
    println!("{:<20} {:>12} {:>12}  (instructions, {})", "piece", "counted", "figure", COLUMNS[MINE]);
    for (piece, count) in counts {
        let figure = figures.get(*piece).and_then(|row| row[MINE]);
        let verdict = match figure {
            None => "no figure is recorded",
            Some(figure) if *count > figure + figure / SLACK => "dearer",
            Some(figure) if *count < figure - figure / SLACK => "cheaper",
            Some(_) => "",
        };
        wrong += u32::from(!verdict.is_empty());
        println!("{piece:<20} {count:>12} {:>12}  {verdict}", figure.unwrap_or(0));
    }
    if wrong == 0 {
        return ExitCode::SUCCESS;
    }
    let profile = if MINE == 0 { " --profile dev" } else { "" };
    println!(
        "\n{wrong} of {} differ from their figure by more than a twentieth. If that is meant, record it and say why in the \
         commit:\n\n    cargo bench --bench instructions{profile} -- --record\n",
        counts.len()
    );
    ExitCode::FAILURE
}
