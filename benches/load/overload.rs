//! More than can be carried, and those who are slow: each may harm only their own callers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::drive::{Bench, Hashing, Sample, micros};
use super::operations::Operation;
use super::report::{Table, percentile};
use super::server::Tracer;
use super::site::Site;
use super::wire::Wire;

const COLUMNS: [&str; 3] = ["what", "found", "as it should be"];
const SPAN: Duration = Duration::from_secs(2);
/// Connections that saturate, for what hashes nothing.
const FULL: usize = 256;
/// Connections of those who are looked at while others misbehave.
const FEW: usize = 8;
/// Beyond what two core's hashing carries within its queue.
const CROWD: u32 = 512;

/// Twice the load, a storm of passwords, and slow clients.
pub async fn run(bench: &Bench) -> Table {
    let mut rows = Vec::new();
    for operation in [Operation::User, Operation::Refresh, Operation::Exchange] {
        let full = rate(&bench.measure(operation, FULL, SPAN).await);
        let double = rate(&bench.measure(operation, 2 * FULL, SPAN).await);
        rows.push(row(
            format!("{}: twice the connections that saturate", operation.name()),
            format!("{:.2} of the throughput ({double:.0} after {full:.0} a second)", double / full),
            "at least 0.90",
        ));
    }
    let quiet = bench.measure(Operation::User, FEW, SPAN).await;
    let hashing = Hashing::measure(bench.site.store.params).await;
    let peak = rate(&bench.measure(Operation::PasswordGrant, 32, 2 * SPAN).await);
    let alone = storm(bench, 2.0 * hashing.per_second).await;
    let beside = async {
        // By then the queue is full.
        tokio::time::sleep(SPAN).await;
        bench.measure(Operation::User, FEW, 2 * SPAN).await
    };
    let (shared, beside) = tokio::join!(storm(bench, 2.0 * hashing.per_second), beside);
    bench.left(0, alone.good + shared.good);
    rows.push(row(
        "password grants, twice as many a second as can be hashed",
        format!("{:.2} of the throughput ({:.1} after {peak:.1} a second)", alone.rate() / peak, alone.rate()),
        "at least 0.90",
    ));
    rows.push(row(
        "the rest of them",
        format!(
            "{} answered 503 with Retry-After, median after {:.1} ms; nothing else",
            alone.refused.len(),
            millis(percentile(&alone.refused, 0.5))
        ),
        "503 with Retry-After, at once",
    ));
    rows.push(row(
        format!("the same, while {FEW} connections ask for token checks as fast as they are answered"),
        format!("{:.2} of the throughput ({:.1} a second)", shared.rate() / peak, shared.rate()),
        "less: what hashes nothing goes first",
    ));
    rows.push(row("token check beside the storm, p50", against(&quiet, &beside, 0.5), "at most 3 times"));
    rows.push(row("token check beside the storm, p99", against(&quiet, &beside, 0.99), "at most 3 times"));
    let quiet = bench.measure(Operation::User, FEW, SPAN).await;
    let drips = Drips::start(bench.server.port, 500).await;
    let beside = bench.measure(Operation::User, FEW, SPAN).await;
    drips.end();
    rows.push(row(
        "token check beside 500 clients that send a byte every 100 ms, p99",
        against(&quiet, &beside, 0.99),
        "as without them",
    ));
    Table::of_rows("overload", &COLUMNS, &rows)
}

/// A disk on which each flush takes 20 ms longer, which strace sees to.
pub async fn slow_disk(site: Site) -> Table {
    const DELAY: Duration = Duration::from_millis(20);
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return Table::of_rows("slow disk", &COLUMNS, &[row("a slow disk", "not tried: there is no strace", "")]);
    }
    let bench = Bench::begin(site, Some(Tracer::SlowDisk(DELAY))).await;
    let quiet = bench.measure(Operation::User, FEW, SPAN).await;
    let alone = bench.measure(Operation::Refresh, FEW, SPAN).await;
    let (writes, reads) =
        tokio::join!(bench.measure(Operation::ClientCredentials, 64, SPAN), bench.measure(Operation::User, FEW, SPAN));
    let (_, refreshes) = tokio::join!(
        bench.measure(Operation::ClientCredentials, 64, SPAN),
        bench.measure(Operation::Refresh, FEW, SPAN)
    );
    let rows = [
        row(
            "client credentials at 64 connections, each flush 20 ms longer",
            format!("p50 {:.1} ms, {:.0} a second", millis(percentile(&writes.latencies_micros, 0.5)), rate(&writes)),
            "some 20 ms or two flushes, whoever waits shares one",
        ),
        row("token check beside it, p99", against(&quiet, &reads, 0.99), "below one flush"),
        row("refresh beside it, p99", against(&alone, &refreshes, 0.99), "below one flush"),
    ];
    let (_, audit) = bench.end().await;
    eprintln!("audited: {audit}");
    Table::of_rows("slow disk", &COLUMNS, &rows)
}

/// What became of a storm.
#[derive(Default)]
struct Storm {
    good: u64,
    /// How long each refusal took.
    refused: Vec<u32>,
    span: Duration,
}

impl Storm {
    fn rate(&self) -> f64 {
        self.good as f64 / self.span.as_secs_f64()
    }
}

/// So many password grants a second, whether they are answered or not: each connection asks at its times.
async fn storm(bench: &Bench, per_second: f64) -> Storm {
    let interval = Duration::from_secs_f64(f64::from(CROWD) / per_second);
    let (port, began) = (bench.server.port, Instant::now());
    let until = began + 4 * SPAN;
    let mut tasks = JoinSet::new();
    for at in 0..CROWD {
        let requests = Arc::clone(&bench.requests);
        tasks.spawn(async move {
            let (mut good, mut refused) = (0, Vec::new());
            let mut wire = Wire::open(port).await;
            let mut next = began + interval * at / CROWD;
            while next < until {
                tokio::time::sleep_until(next.into()).await;
                let asked = Instant::now();
                let answer = wire.ask(requests.password()).await;
                match answer.status {
                    200 => good += 1,
                    503 => {
                        let later = answer.header("retry-after").and_then(|text| text.parse::<u32>().ok());
                        assert!(later.is_some_and(|seconds| seconds > 0), "it does not say when to come back");
                        refused.push(micros(asked));
                    }
                    status => panic!("{status}: {}", answer.body),
                }
                next = (next + interval).max(Instant::now());
            }
            (good, refused)
        });
    }
    let mut storm = Storm::default();
    for (good, refused) in tasks.join_all().await {
        storm.good += good;
        storm.refused.extend(refused);
    }
    storm.span = began.elapsed();
    storm
}

/// Clients that never come to the end of their requests.
struct Drips(JoinSet<()>);

impl Drips {
    async fn start(port: u16, count: usize) -> Self {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server accepts");
            tasks.spawn(async move {
                let head = format!("GET /api/v2/user HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {}", "y".repeat(10_000));
                for byte in head.as_bytes() {
                    // The server may well hang up on it.
                    if stream.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            });
        }
        Self(tasks)
    }

    fn end(mut self) {
        self.0.abort_all();
    }
}

fn rate(sample: &Sample) -> f64 {
    sample.count as f64 / sample.span.as_secs_f64()
}

fn millis(micros: u32) -> f64 {
    f64::from(micros) / 1_000.0
}

fn against(quiet: &Sample, beside: &Sample, part: f64) -> String {
    let [quiet, beside] = [quiet, beside].map(|sample| millis(percentile(&sample.latencies_micros, part)));
    format!("{:.1} times: {beside:.2} ms after {quiet:.2} ms", beside / quiet)
}

fn row(what: impl Into<String>, found: impl Into<String>, expected: &str) -> Vec<String> {
    vec![what.into(), found.into(), expected.into()]
}
