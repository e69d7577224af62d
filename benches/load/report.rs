//! The table, in Markdown and JSON.

use std::fmt::Write as _;
use std::time::Duration;

use super::operations::{Operation, Sample};

/// Everything that was found.
#[derive(Default)]
pub struct Report {
    pub lines: Vec<Line>,
    pub hashes: f64,
    pub cold_start: Duration,
    pub idle_kib: u64,
    pub loaded_kib: u64,
    pub binary_bytes: u64,
    pub audit: String,
}

/// One operation at one number of connections.
pub struct Line {
    operation: Operation,
    connections: usize,
    /// CPU microseconds for each request, a round each.
    cpu: Vec<f64>,
    /// The same of the bare server.
    floor: Vec<f64>,
    rate: Vec<f64>,
    latencies: Vec<u32>,
}

impl Line {
    pub fn new(operation: Operation, connections: usize) -> Self {
        Self { operation, connections, cpu: vec![], floor: vec![], rate: vec![], latencies: vec![] }
    }

    pub fn add(&mut self, floor: &Sample, sample: &Sample) {
        self.floor.push(floor.cpu_nanos as f64 / 1_000.0 / floor.count.max(1) as f64);
        self.cpu.push(sample.cpu_nanos as f64 / 1_000.0 / sample.count.max(1) as f64);
        self.rate.push(sample.count as f64 / sample.span.as_secs_f64());
        self.latencies.extend_from_slice(&sample.latencies_micros);
    }

    /// CPU in units of the bare server's, round by round.
    fn ratios(&self) -> Vec<f64> {
        self.cpu.iter().zip(&self.floor).map(|(cpu, floor)| cpu / floor).collect()
    }

    fn percentile(&self, part: f64) -> u32 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() as f64 - 1.0) * part).round().max(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
        sorted.get(at as usize).copied().unwrap_or(0)
    }

    pub fn brief(&self) -> String {
        format!(
            "{:>3} connections  {:<48} {:>7.2} H  {:>8.1} µs CPU  {:>9.0}/s  p50 {:>6} µs  p99 {:>7} µs",
            self.connections,
            self.operation.name(),
            median(&self.ratios()),
            median(&self.cpu),
            median(&self.rate),
            self.percentile(0.5),
            self.percentile(0.99)
        )
    }
}

impl Report {
    pub fn markdown(&self) -> String {
        let mut out = String::from(
            "| operation | connections | CPU, in H | spread | CPU µs | requests/s | p50 µs | p99 µs |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for line in &self.lines {
            let ratios = line.ratios();
            let (low, high) = ratios.iter().fold((f64::MAX, 0.0_f64), |(low, high), r| (low.min(*r), high.max(*r)));
            let _ = writeln!(
                out,
                "| {} | {} | **{:.2}** | {low:.2} to {high:.2} | {:.1} | {:.0} | {} | {} |",
                line.operation.name(),
                line.connections,
                median(&ratios),
                median(&line.cpu),
                median(&line.rate),
                line.percentile(0.5),
                line.percentile(0.99)
            );
        }
        let passwords = self.lines.iter().filter(|line| line.operation == Operation::PasswordGrant);
        for line in passwords {
            let share = median(&line.rate) / self.hashes;
            let _ = writeln!(out, "\npassword grant at {} connections: {share:.2} W", line.connections);
        }
        let _ = writeln!(
            out,
            "\nW: {:.1} hashes/s. Cold start, seeding included: {} ms. Memory: {} KiB idle, {} KiB after the load. Binary: {} bytes.\nStore: {}.",
            self.hashes,
            self.cold_start.as_millis(),
            self.idle_kib,
            self.loaded_kib,
            self.binary_bytes,
            self.audit
        );
        out
    }

    pub fn json(&self) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                serde_json::json!({
                    "operation": line.operation.name(),
                    "connections": line.connections,
                    "cpu_in_h": line.ratios(),
                    "cpu_micros": line.cpu,
                    "bare_cpu_micros": line.floor,
                    "per_second": line.rate,
                    "p50_micros": line.percentile(0.5),
                    "p99_micros": line.percentile(0.99),
                })
            })
            .collect();
        serde_json::json!({
            "lines": lines,
            "hashes_per_second": self.hashes,
            "cold_start_millis": u64::try_from(self.cold_start.as_millis()).unwrap_or(u64::MAX),
            "idle_kib": self.idle_kib,
            "loaded_kib": self.loaded_kib,
            "binary_bytes": self.binary_bytes,
            "audit": self.audit,
        })
        .to_string()
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
