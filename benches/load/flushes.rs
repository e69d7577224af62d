//! How often the server waits for its disk, counted by strace: at one connection each durable answer has a flush of its
//! own, and at many they share one.

use std::time::Duration;

use super::drive::Bench;
use super::operations::Operation;
use super::report::Table;
use super::server::Tracer;
use super::site::Site;

const COUNTED: [Operation; 8] = [
    Operation::User,
    Operation::Refresh,
    Operation::Authorize,
    Operation::Exchange,
    Operation::RoundTrip,
    Operation::ClientCredentials,
    Operation::PasswordGrant,
    Operation::FirstSignIn,
];

/// Counts them on a SQLite site.
///
/// # Panics
/// When something durable was answered with fewer flushes than it needs.
pub async fn run(site: Site) -> (Site, Table) {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let bench = Bench::begin(site, Some(Tracer::Flushes(log.path()))).await;
    let count = || {
        let text = std::fs::read_to_string(log.path()).expect("the tracer writes");
        text.lines().filter(|line| line.contains("fsync(") || line.contains("fdatasync(")).count()
    };
    let mut rows = Vec::new();
    for operation in COUNTED {
        let mut cells = vec![operation.name().to_owned()];
        for connections in [1, 32] {
            let before = count();
            let sample = bench.measure(operation, connections, Duration::from_secs(1)).await;
            let flushes = count() - before;
            let durable = operation.leaves() != (0, 0);
            if durable && connections == 1 {
                assert!(flushes as u64 >= sample.count, "{flushes} flushes for {} answers", sample.count);
            }
            cells.push(format!("{:.3}", flushes as f64 / sample.count.max(1) as f64));
        }
        rows.push(cells);
    }
    let (site, audit) = bench.end().await;
    eprintln!("audited: {audit}");
    (site, Table::of_rows("flushes", &["operation", "flushes each, alone", "flushes each, 32 connections"], &rows))
}
