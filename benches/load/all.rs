//! Everything that the guide shows, in one run of about ten minutes.

use std::path::Path;
use std::time::Duration;

use super::bare::Bare;
use super::drive::Bench;
use super::operations::Operation::{
    self, Authorize, ClientCredentials, Exchange, FirstSignIn, PasswordGrant, Refresh, RoundTrip, User,
};
use super::plan::Plan;
use super::plot::Plot;
use super::report::{Line, Report, Table, median, range};
use super::server::Server;
use super::site::Site;
use super::{flushes, measured, overload};

/// At how many connections latency is plotted.
const LOADS: [usize; 5] = [1, 8, 32, 128, 256];
const PLOTTED: [Operation; 4] = [User, Refresh, Authorize, Exchange];
/// Operations whose cost is held against the number of accounts.
const GROWING: [Operation; 5] = [User, Refresh, Authorize, Exchange, RoundTrip];

pub async fn run(plan: &Plan) -> Report {
    if let Some(folder) = &plan.write {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let bare = Bare::start();
    let mut report = Report::default();
    let site = disk(plan, &bare, &mut report).await;
    let (site, counted) = flushes::run(site).await;
    report.tables.push(counted);
    report.tables.push(overload::slow_disk(site).await);
    report.tables.push(beside_the_hash(plan, &bare).await);
    let lines = elsewhere(plan, &bare, Some("/dev/shm"), false, &[32], &WRITING).await;
    report.tables.push(Table::of_lines("in memory", &lines));
    let lines = elsewhere(plan, &bare, plan.folder.as_deref(), true, &[1, 32, 64], &Operation::ALL).await;
    report.tables.push(Table::of_lines("postgres", &lines));
    report.tables.push(accounts(plan, &bare).await);
    write(plan, &report);
    report
}

/// The table by number of accounts alone.
pub async fn growing(plan: &Plan) -> Report {
    let report = Report { tables: vec![accounts(plan, &Bare::start()).await] };
    write(plan, &report);
    report
}

/// Puts tables and figures where the guide has them; what was not measured now stays as it is.
fn write(plan: &Plan, report: &Report) {
    let Some(folder) = &plan.write else { return };
    let figures = Path::new(folder).join("figures.json");
    let before = std::fs::read_to_string(&figures).unwrap_or_default();
    std::fs::write(&figures, report.json_after(&before)).expect("written");
    let guide = format!("{folder}.md");
    let text = std::fs::read_to_string(&guide).expect("the guide is there");
    std::fs::write(&guide, report.insert_into(&text)).expect("written");
}

/// What the disk is asked to write by.
const WRITING: [Operation; 3] = [Exchange, RoundTrip, ClientCredentials];

/// SQLite on disk: the main table, latency over load, memory, growth, and what happens beyond what can be carried.
async fn disk(plan: &Plan, bare: &Bare, report: &mut Report) -> Site {
    let site = Site::new(&plan.binary, plan.folder.as_deref(), false, plan.accounts).await;
    let bench = Bench::begin(site, None).await;
    let mut lines = Vec::new();
    let mut unhashed = 0;
    for operation in Operation::ALL {
        for &connections in &LOADS {
            if PLOTTED.contains(&operation) || [1, 32, 256].contains(&connections) {
                lines.push(measured(&bench, bare, operation, connections, plan.rounds, plan.span).await);
            }
        }
        if !operation.hashes() {
            unhashed = bench.server.memory_kib().0;
        }
    }
    let plot = latency(&lines);
    lines.sort_by_key(|line| line.connections);
    let shown = |count: &usize| [1, 32, 64, 256].contains(count);
    let shown: Vec<_> = lines.into_iter().filter(|line| shown(&line.connections)).collect();
    report.tables.push(drawn(Table::of_lines("operations", &shown), &plot, "latency.svg", plan));
    report.tables.push(overload::run(&bench).await);
    let mut facts = vec![vec!["memory, after everything but hashing".into(), mib(unhashed)]];
    facts.extend(super::facts(&bench));
    let (site, audit) = bench.end().await;
    facts.push(vec!["store".into(), audit]);
    let (site, grown) = growth(site).await;
    facts.extend(grown);
    facts.push(cold_starts(&site).await);
    report.tables.push(Table::of_rows("facts", &["what", "how much"], &facts));
    site
}

/// How much the store grows by sign-ins.
async fn growth(mut site: Site) -> (Site, Vec<Vec<String>>) {
    let mut rows = Vec::new();
    // The codes that the driven people are given at the start are not what is asked for: let them be few.
    let everybody = site.cookies.clone();
    for (operation, span) in [(RoundTrip, 3), (FirstSignIn, 6)] {
        site.cookies.truncate(2);
        site.store.settle().await;
        let before = site.store.size().await;
        let bench = Bench::begin(site, None).await;
        let count = bench.measure(operation, 32, Duration::from_secs(span)).await.count;
        site = bench.end().await.0;
        site.store.settle().await;
        let grown = site.store.size().await.saturating_sub(before);
        let each = grown as f64 / count as f64;
        rows.push(vec![
            format!("growth of the store by a million times: {}", operation.name()),
            format!("{each:.0} MB, before anything is swept"),
        ]);
    }
    site.cookies = everybody;
    (site, rows)
}

/// The median of several starts, everything in the system's cache.
async fn cold_starts(site: &Site) -> Vec<String> {
    let mut took = Vec::new();
    for _ in 0..7 {
        let server = Server::start(&site.binary, &site.store).await;
        took.push(server.cold_start.as_secs_f64() * 1_000.0);
        server.stop();
    }
    vec![
        format!("cold start to the first 200, {} accounts", site.accounts),
        format!("{:.1} ms (median of {})", median(&took), took.len()),
    ]
}

/// What signing in costs beside the hash, which is made as cheap as it may be for this.
async fn beside_the_hash(plan: &Plan, bare: &Bare) -> Table {
    let site = Site::with_cheap_hashes(&plan.binary, plan.folder.as_deref(), plan.accounts).await;
    let bench = Bench::begin(site, None).await;
    let mut rows = Vec::new();
    for operation in [PasswordGrant, FirstSignIn] {
        let line = measured(&bench, bare, operation, 32, plan.rounds, plan.span).await;
        let beside = line.beside_the_hash();
        let (low, high) = range(&beside);
        rows.push(vec![
            operation.name().to_owned(),
            format!("**{:.1}**", median(&beside)),
            format!("{low:.1} to {high:.1}"),
        ]);
    }
    eprintln!("audited: {}", bench.end().await.1);
    Table::of_rows("beside the hash", &["operation at 32 connections", "CPU beside the hash, in H", "spread"], &rows)
}

/// The same operations on another kind of store.
async fn elsewhere(
    plan: &Plan,
    bare: &Bare,
    folder: Option<&str>,
    postgres: bool,
    loads: &[usize],
    operations: &[Operation],
) -> Vec<Line> {
    let site = Site::new(&plan.binary, folder, postgres, plan.accounts).await;
    let bench = Bench::begin(site, None).await;
    let mut lines = Vec::new();
    for &connections in loads {
        for &operation in operations {
            lines.push(measured(&bench, bare, operation, connections, plan.rounds, plan.span).await);
        }
    }
    eprintln!("audited: {}", bench.end().await.1);
    lines
}

/// The same operations with few and with many accounts.
async fn accounts(plan: &Plan, bare: &Bare) -> Table {
    let mut counts = vec![1_000, 100_000, 1_000_000];
    if plan.accounts > 1_000_000 {
        counts.push(plan.accounts);
    }
    let mut costs: Vec<(String, Vec<f64>)> = GROWING.map(|operation| (short(operation).into(), vec![])).into();
    let mut rows: Vec<Vec<String>> = GROWING.map(|operation| vec![operation.name().to_owned()]).into();
    for &count in &counts {
        let site = Site::new(&plan.binary, plan.folder.as_deref(), false, count).await;
        let bench = Bench::begin(site, None).await;
        for (at, &operation) in GROWING.iter().enumerate() {
            let line = measured(&bench, bare, operation, 32, plan.rounds, plan.span).await;
            costs[at].1.push(line.cost());
            rows[at].push(format!("{:.2} H", line.cost()));
        }
        bench.end().await;
    }
    for (row, (_, costs)) in rows.iter_mut().zip(&costs) {
        row.push(format!("**{:.2}**", costs[costs.len() - 1] / costs[0]));
    }
    let mut columns = vec!["operation at 32 connections".to_owned()];
    columns.extend(counts.iter().map(|count| format!("{count} accounts")));
    columns.push("most against fewest".into());
    let columns: Vec<_> = columns.iter().map(String::as_str).collect();
    let plot = Plot {
        title: "Cost against the number of accounts".into(),
        across: "accounts",
        steps: counts.iter().map(u64::to_string).collect(),
        upward: "CPU, in H",
        logarithmic: false,
        lines: costs,
    };
    drawn(Table::of_rows("accounts", &columns, &rows), &plot, "accounts.svg", plan)
}

/// A table with its plot, where plots are to be written.
fn drawn(table: Table, plot: &Plot, file: &str, plan: &Plan) -> Table {
    let Some(folder) = &plan.write else { return table };
    std::fs::write(Path::new(folder).join(file), plot.svg()).expect("written");
    table.with_plot(plot, file)
}

fn latency(lines: &[Line]) -> Plot {
    let of = |operation: Operation| {
        let found = lines.iter().filter(|line| line.operation == operation);
        (short(operation).to_owned(), found.map(|line| f64::from(line.percentile(0.5)) / 1_000.0).collect())
    };
    Plot {
        title: "Latency against load (median)".into(),
        across: "connections, each of which asks again at once",
        steps: LOADS.iter().map(usize::to_string).collect(),
        upward: "ms",
        logarithmic: true,
        lines: PLOTTED.map(of).into(),
    }
}

const fn short(operation: Operation) -> &'static str {
    match operation {
        User => "token check",
        Refresh => "refresh",
        Authorize => "authorize",
        Exchange => "code exchange",
        RoundTrip => "sign-in round trip",
        other => other.name(),
    }
}

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1_024.0)
}
