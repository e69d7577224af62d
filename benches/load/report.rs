//! What was found, in Markdown and JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::drive::{Hashing, Sample};
use super::operations::Operation;
use super::plot::Plot;

/// One operation at one number of connections.
pub struct Line {
    pub operation: Operation,
    pub connections: usize,
    /// CPU microseconds for each, a round each.
    cpu: Vec<f64>,
    /// The same of the bare server.
    floor: Vec<f64>,
    rate: Vec<f64>,
    written: Vec<f64>,
    latencies: Vec<u32>,
    /// Bare hashing beside it, where it hashes.
    hashing: Vec<Hashing>,
}

impl Line {
    pub const fn new(operation: Operation, connections: usize) -> Self {
        Self {
            operation,
            connections,
            cpu: vec![],
            floor: vec![],
            rate: vec![],
            written: vec![],
            latencies: vec![],
            hashing: vec![],
        }
    }

    pub fn add(&mut self, floor: &Sample, sample: &Sample, hashing: Option<Hashing>) {
        let each = |sum: u64, sample: &Sample| sum as f64 / sample.count.max(1) as f64;
        self.floor.push(each(floor.spent.cpu_nanos, floor) / 1_000.0);
        self.cpu.push(each(sample.spent.cpu_nanos, sample) / 1_000.0);
        self.written.push(each(sample.spent.written, sample));
        self.rate.push(sample.count as f64 / sample.span.as_secs_f64());
        self.latencies.extend_from_slice(&sample.latencies_micros);
        self.hashing.extend(hashing);
    }

    /// CPU in units of the bare server's, round by round; of an operation that hashes, in units of a bare hash.
    pub fn ratios(&self) -> Vec<f64> {
        if self.hashing.is_empty() {
            return self.cpu.iter().zip(&self.floor).map(|(cpu, floor)| cpu / floor).collect();
        }
        self.cpu.iter().zip(&self.hashing).map(|(cpu, hashing)| cpu / hashing.cpu_micros).collect()
    }

    /// What an operation that hashes costs beside its hash, in units of the bare server's: tells something where a hash
    /// costs next to nothing.
    pub fn beside_the_hash(&self) -> Vec<f64> {
        let rounds = self.cpu.iter().zip(&self.hashing).zip(&self.floor);
        rounds.map(|((cpu, hashing), floor)| (cpu - hashing.cpu_micros) / floor).collect()
    }

    pub fn cost(&self) -> f64 {
        median(&self.ratios())
    }

    /// Of one that hashes: how much of bare hashing's rate it reaches.
    fn shares(&self) -> Vec<f64> {
        self.rate.iter().zip(&self.hashing).map(|(rate, hashing)| rate / hashing.per_second).collect()
    }

    pub fn percentile(&self, part: f64) -> u32 {
        percentile(&self.latencies, part)
    }

    pub fn brief(&self) -> String {
        format!(
            "{:>3} connections  {:<54} {:>7.2} {:<6}  {:>8.1} µs CPU  {:>8.0}/s  p50 {:>6} µs  p99 {:>7} µs",
            self.connections,
            self.operation.name(),
            self.cost(),
            if self.hashing.is_empty() { "H" } else { "hashes" },
            median(&self.cpu),
            median(&self.rate),
            self.percentile(0.5),
            self.percentile(0.99)
        )
    }

    fn json(&self) -> Value {
        json!({
            "operation": self.operation.name(),
            "connections": self.connections,
            "cpu_in_h": if self.hashing.is_empty() { self.ratios() } else { vec![] },
            "cpu_in_hashes": if self.hashing.is_empty() { vec![] } else { self.ratios() },
            "share_of_w": self.shares(),
            "cpu_micros": self.cpu,
            "bare_cpu_micros": self.floor,
            "per_second": self.rate,
            "bytes_written": self.written,
            "p50_micros": self.percentile(0.5),
            "p99_micros": self.percentile(0.99),
        })
    }
}

/// A table of the report: a name to find it by, and rows of cells.
pub struct Table {
    pub name: &'static str,
    markdown: String,
    json: Value,
}

impl Table {
    /// Of operations.
    pub fn of_lines(name: &'static str, lines: &[Line]) -> Self {
        let mut markdown = String::from(
            "| operation | connections | CPU, in H | spread | CPU µs | a second | p50 µs | p99 µs | bytes written |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for line in lines {
            let (low, high) = range(&line.ratios());
            let cost = line.cost();
            let cost = match median(&line.shares()) {
                share if line.operation.hashes() => format!("{cost:.2} hashes; {share:.2} W"),
                _ => format!("**{cost:.2}**"),
            };
            let _ = writeln!(
                markdown,
                "| {} | {} | {cost} | {low:.2} to {high:.2} | {:.1} | {:.0} | {} | {} | {:.0} |",
                line.operation.name(),
                line.connections,
                median(&line.cpu),
                median(&line.rate),
                line.percentile(0.5),
                line.percentile(0.99),
                median(&line.written),
            );
        }
        Self { name, markdown, json: lines.iter().map(Line::json).collect() }
    }

    /// With a picture below it, in the folder of the guide's figures.
    pub fn with_plot(mut self, plot: &Plot, file: &str) -> Self {
        let _ = write!(self.markdown, "\n![{}](performance/{file})\n", plot.title);
        self
    }

    /// Of whatever it is, with these columns.
    pub fn of_rows(name: &'static str, columns: &[&str], rows: &[Vec<String>]) -> Self {
        let mut markdown = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
        let mut json = Vec::new();
        for row in rows {
            let _ = writeln!(markdown, "| {} |", row.join(" | "));
            let pairs =
                columns.iter().zip(row).map(|(column, cell)| ((*column).to_owned(), Value::from(cell.as_str())));
            json.push(Value::Object(pairs.collect()));
        }
        Self { name, markdown, json: json.into() }
    }
}

/// Everything that was found.
#[derive(Default)]
pub struct Report {
    pub tables: Vec<Table>,
}

impl Report {
    pub fn markdown(&self) -> String {
        let tables = self.tables.iter().map(|table| format!("## {}\n\n{}", table.name, table.markdown));
        tables.collect::<Vec<_>>().join("\n")
    }

    pub fn json(&self) -> String {
        self.json_after("")
    }

    /// The figures, in the place of those of the same tables in what was written before.
    pub fn json_after(&self, before: &str) -> String {
        let mut all = serde_json::from_str::<serde_json::Map<_, _>>(before).unwrap_or_default();
        all.extend(self.tables.iter().map(|table| (table.name.to_owned(), table.json.clone())));
        serde_json::to_string_pretty(&Value::Object(all)).expect("it is JSON") + "\n"
    }

    /// Puts each table between the marks that a document has for it.
    pub fn insert_into(&self, document: &str) -> String {
        self.tables.iter().fold(document.to_owned(), |text, table| {
            let (begin, end) = (format!("<!-- {} -->", table.name), format!("<!-- /{} -->", table.name));
            let Some((before, rest)) = text.split_once(&begin) else {
                eprintln!("the document has no place for \"{}\"", table.name);
                return text;
            };
            let after = rest.split_once(&end).unwrap_or_else(|| panic!("{begin} has no end")).1;
            format!("{before}{begin}\n\n{}\n{end}{after}", table.markdown)
        })
    }
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

pub fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)))
}

pub fn percentile(values: &[u32], part: f64) -> u32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = ((sorted.len() as f64 - 1.0) * part).round().max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
    sorted.get(at as usize).copied().unwrap_or(0)
}
