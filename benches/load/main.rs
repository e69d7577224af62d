//! Speed, measured next to the limit: `cargo bench --bench load`.
//!
//! 1. Start the unmodified release binary on a store of its own, and beside it a bare hyper server that answers the same
//!    number of bytes.
//! 2. For each operation and number of connections: the bare server and Prosper in turns, several rounds.
//! 3. Check every answer: status, shape, and that no token was ever given twice. One wrong answer, and no table is
//!    printed.
//! 4. Stop the server and audit its store: as many used codes and families as there were successes.
//!
//! What counts is the CPU time of the server process for each request, as a ratio to the bare server's in the same run
//! (H), and for password hashing to bare argon2id on all cores (W). Requests per second and percentiles are printed too,
//! and mean little on a shared machine.

#![expect(clippy::cast_precision_loss, reason = "counts of requests and of microseconds are far below 2^52")]

mod bare;
mod operations;
mod report;
mod server;
mod wire;

use std::collections::HashSet;
use std::time::Duration;

use operations::{Bench, Operation};
use report::{Line, Report};

/// What was asked for on the command line.
struct Plan {
    rounds: usize,
    span: Duration,
    connections: Vec<usize>,
    only: Option<String>,
    json: Option<String>,
    /// Where the store lies: a folder on disk, or one in memory.
    folder: Option<String>,
    /// The binary to drive: the one built with this benchmark, unless another is named.
    binary: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "--bare") {
        bare::serve();
        return;
    }
    let plan = plan(&arguments);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let report = runtime.block_on(run(&plan));
    println!("{}", report.markdown());
    if let Some(file) = &plan.json {
        std::fs::write(file, report.json()).expect("the report can be written");
    }
}

fn plan(arguments: &[String]) -> Plan {
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(at + 1).unwrap_or_else(|| panic!("{name} needs a value")).clone())
    };
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let numbers = value("--connections").unwrap_or_else(|| if quick { "32".into() } else { "1,32,256".into() });
    Plan {
        rounds: value("--rounds").map_or(if quick { 1 } else { 5 }, |text| text.parse().expect("a number of rounds")),
        span: Duration::from_millis(if quick { 1_000 } else { 2_000 }),
        connections: numbers.split(',').map(|text| text.parse().expect("a number of connections")).collect(),
        only: value("--only"),
        json: value("--json"),
        folder: value("--folder"),
        binary: value("--binary").unwrap_or_else(|| env!("CARGO_BIN_EXE_prosper").into()),
    }
}

async fn run(plan: &Plan) -> Report {
    let bare = bare::Bare::start();
    let mut server = server::Server::start(&plan.binary, plan.folder.as_deref()).await;
    let mut bench = Bench::prepare(&server).await;
    let mut report = Report { cold_start: server.cold_start, idle_kib: server.memory_kib(), ..Report::default() };
    let mut seen = HashSet::new();
    for &connections in &plan.connections {
        for operation in Operation::ALL {
            if plan.only.as_ref().is_some_and(|only| !operation.name().contains(only.as_str())) {
                continue;
            }
            let mut line = Line::new(operation, connections);
            for _ in 0..plan.rounds {
                let floor = bench.bare(&bare, connections, plan.span).await;
                let sample = bench.measure(operation, &server, connections, plan.span, &mut seen).await;
                line.add(&floor, &sample);
            }
            eprintln!("{}", line.brief());
            report.lines.push(line);
        }
    }
    report.hashes = operations::bare_hashes();
    report.loaded_kib = server.memory_kib();
    report.binary_bytes = std::fs::metadata(&plan.binary).map_or(0, |file| file.len());
    let expected = bench.expected();
    report.audit = server.stop_and_audit(expected);
    report
}
