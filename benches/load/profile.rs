//! A flame graph of the server: recorded by `perf`, folded and drawn here.
//!
//! A shipped binary has no names in it. One that has, built beside it:
//! `CARGO_PROFILE_BENCH_STRIP=none CARGO_PROFILE_BENCH_DEBUG=line-tables-only cargo bench --bench load -- --profile …`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::drive::Bench;
use super::operations::Operation;

/// Profiles these operations, one after the other at 32 connections, into one graph.
pub async fn write(bench: &Bench, operations: &[Operation], span: Duration, file: &str) {
    let data = tempfile::NamedTempFile::new().expect("a file");
    let recorder = Command::new("perf")
        .args(["record", "-q", "-F", "499", "--call-graph", "dwarf,16384", "-p", &bench.server.pid().to_string(), "-o"])
        .arg(data.path())
        .stdin(Stdio::null())
        .spawn();
    let mut recorder = match recorder {
        Ok(recorder) => recorder,
        Err(error) => panic!("`perf` is not here ({error}): install it (Debian: linux-perf) for --profile"),
    };
    for operation in operations {
        bench.measure(*operation, 32, span.max(Duration::from_secs(2))).await;
    }
    let _ = Command::new("kill").args(["-INT", &recorder.id().to_string()]).status();
    let _ = recorder.wait();
    let script = Command::new("perf")
        .args(["script", "--no-inline", "-F", "comm,ip,sym", "-i"])
        .arg(data.path())
        .stderr(Stdio::null())
        .output()
        .expect("perf runs");
    let root = fold(&String::from_utf8_lossy(&script.stdout));
    assert!(root.samples > 0, "perf has recorded nothing: may this user profile others' processes?");
    std::fs::write(file, svg(&root)).expect("the graph can be written");
    eprintln!("{} samples in {file}", root.samples);
}

/// A frame, and what it called.
#[derive(Default)]
struct Frame {
    samples: u64,
    calls: BTreeMap<String, Frame>,
}

/// Reads what `perf script` prints: a line for the thread, a line for each frame from the innermost out, an empty line.
fn fold(script: &str) -> Frame {
    let mut root = Frame::default();
    for sample in script.split("\n\n") {
        let mut lines = sample.lines().filter(|line| !line.trim().is_empty());
        let Some(thread) = lines.next() else { continue };
        let names = lines.map(|line| line.trim().split_once(' ').map_or("?", |(_, name)| name));
        let mut stack: Vec<_> = names.collect();
        stack.push(thread.trim());
        root.samples += 1;
        let mut at = &mut root;
        for name in stack.into_iter().rev() {
            at = at.calls.entry(name.to_owned()).or_default();
            at.samples += 1;
        }
    }
    root
}

const WIDTH: f64 = 1_200.0;
const ROW: f64 = 17.0;

fn svg(root: &Frame) -> String {
    let height = ROW * (depth(root) as f64 + 1.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" \
         font-size=\"11\">\n"
    );
    draw(root, "all", 0.0, height - ROW, WIDTH / root.samples as f64, &mut out);
    out + "</svg>\n"
}

fn depth(frame: &Frame) -> usize {
    1 + frame.calls.values().map(depth).max().unwrap_or(0)
}

fn draw(frame: &Frame, name: &str, x: f64, y: f64, scale: f64, out: &mut String) {
    let width = frame.samples as f64 * scale;
    if width < 0.4 {
        return;
    }
    let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let hue = 20 + name.bytes().map(u32::from).sum::<u32>() % 35;
    let _ = write!(
        out,
        "<g><title>{escaped}: {} samples</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.0}\" \
         fill=\"hsl({hue} 85% 62%)\"/>",
        frame.samples,
        ROW - 1.0
    );
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width in pixels")]
    let letters = (width / 6.7) as usize;
    if letters > 3 {
        let cut: String = name.chars().take(letters).collect();
        let cut = cut.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(out, "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#111\">{cut}</text>", x + 2.0, y + 12.0);
    }
    out.push_str("</g>\n");
    let mut x = x;
    for (name, called) in &frame.calls {
        draw(called, name, x, y - ROW, scale, out);
        x += called.samples as f64 * scale;
    }
}
