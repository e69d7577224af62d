//! Speed, measured next to the limit: `cargo bench --bench load`.
//!
//! 1. Start the unmodified release binary on a store of its own, with as many people as are asked for ([`site`]), and
//!    beside it a bare hyper server that answers the same number of bytes.
//! 2. For each operation and number of connections: the bare server and Prosper in turns, several rounds.
//! 3. Check every answer: status, shape, and that no token was ever given twice. One wrong answer, and no table is
//!    printed.
//! 4. Stop the server and audit its store: as many used codes and families as there were successes.
//!
//! What counts is the CPU time for each request, of the server process and of a database beside it, as a ratio to the bare
//! server's in the same run (H), and for password hashing to bare argon2id on all cores (W). Requests per second and
//! percentiles are printed too, and mean little on a shared machine. The options are in [`plan`]; `--all --write
//! docs/guide/performance` makes every table and plot of the guide.

#![expect(clippy::cast_precision_loss, reason = "counts of requests and of microseconds are far below 2^52")]

mod all;
mod bare;
mod browser;
mod drive;
mod flushes;
mod operations;
mod overload;
mod plan;
mod plot;
mod profile;
mod report;
mod requests;
mod server;
mod site;
mod store;
mod wire;

use std::time::Duration;

use bare::Bare;
use drive::{Bench, Hashing};
use operations::Operation;
use plan::Plan;
use report::{Line, Report, Table};
use site::Site;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "--bare") {
        bare::serve();
        return;
    }
    let plan = Plan::read(&arguments);
    server::stand_apart();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let report = runtime.block_on(run(&plan));
    println!("{}", report.markdown());
    if let Some(file) = &plan.json {
        std::fs::write(file, report.json()).expect("the report can be written");
    }
}

async fn run(plan: &Plan) -> Report {
    if plan.all {
        return all::run(plan).await;
    }
    if plan.growing {
        return all::growing(plan).await;
    }
    let site = Site::new(&plan.binary, plan.folder.as_deref(), plan.postgres, plan.accounts).await;
    let bench = Bench::begin(site, None).await;
    let mut report = Report::default();
    if let Some(file) = &plan.profile {
        profile::write(&bench, &operations(plan), plan.span, file).await;
    } else if plan.overload {
        report.tables.push(overload::run(&bench).await);
    } else {
        let bare = Bare::start();
        let mut lines = Vec::new();
        for &connections in &plan.connections {
            for operation in operations(plan) {
                lines.push(measured(&bench, &bare, operation, connections, plan.rounds, plan.span).await);
            }
        }
        report.tables.push(Table::of_lines("operations", &lines));
    }
    let facts = Table::of_rows("facts", &["what", "how much"], &facts(&bench));
    let (site, audit) = bench.end().await;
    report.tables.push(facts);
    if plan.overload {
        report.tables.push(overload::slow_disk(site).await);
    }
    eprintln!("audited: {audit}");
    report
}

/// The operations that were asked for.
fn operations(plan: &Plan) -> Vec<Operation> {
    let wanted = |operation: &Operation| plan.only.as_ref().is_none_or(|only| operation.name().contains(only.as_str()));
    Operation::ALL.into_iter().filter(wanted).collect()
}

/// Passwords that may wait: whoever comes beyond them is told to come later, which is a matter of [`overload`].
const QUEUE: usize = 64;

/// An operation and the bare server, in turns.
async fn measured(
    bench: &Bench,
    bare: &Bare,
    operation: Operation,
    connections: usize,
    rounds: usize,
    span: Duration,
) -> Line {
    let connections = if operation.hashes() { connections.min(QUEUE) } else { connections };
    let mut line = Line::new(operation, connections);
    for _ in 0..rounds {
        let hashing = if operation.hashes() { Some(Hashing::measure(bench.site.store.params).await) } else { None };
        let floor = bench.bare(bare, connections, span / 2).await;
        let sample = bench.measure(operation, connections, span).await;
        line.add(&floor, &sample, hashing);
    }
    eprintln!("{}", line.brief());
    line
}

/// What the server takes beside time.
fn facts(bench: &Bench) -> Vec<Vec<String>> {
    let (now, most) = bench.server.memory_kib();
    let binary = std::fs::metadata(&bench.site.binary).map_or(0, |file| file.len());
    let rows = [
        ("cold start to the first 200", format!("{:.1} ms", bench.server.cold_start.as_secs_f64() * 1_000.0)),
        ("memory, idle", format!("{:.1} MiB", bench.idle_kib as f64 / 1_024.0)),
        ("memory, after the load", format!("{:.1} MiB", now as f64 / 1_024.0)),
        ("memory, at most", format!("{:.1} MiB", most as f64 / 1_024.0)),
        ("binary", format!("{:.1} MB", binary as f64 / 1e6)),
        ("accounts", bench.site.accounts.to_string()),
    ];
    rows.map(|(what, much)| vec![what.to_owned(), much]).into()
}
