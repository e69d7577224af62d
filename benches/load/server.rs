//! The server: the binary as it is shipped, started on a store.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::store::{Store, children};
use super::wire::{Wire, get};

/// A running server.
pub struct Server {
    /// The server, or the tracer around it.
    child: Child,
    pid: u32,
    pub port: u16,
    /// From the start of the process to the first good answer.
    pub cold_start: Duration,
}

/// What stands between the server and its disk.
pub enum Tracer<'a> {
    /// Each flush is written down in this file.
    Flushes(&'a Path),
    /// Each flush takes so much longer.
    SlowDisk(Duration),
}

impl Server {
    pub async fn start(binary: &str, store: &Store) -> Self {
        Self::begin(apart(binary), store).await
    }

    /// Starts it under strace, which stops it at its flushes and nowhere else.
    pub async fn traced(binary: &str, store: &Store, tracer: Tracer<'_>) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "--seccomp-bpf", "-qq", "-e", "signal=none", "-e", "trace=fsync,fdatasync", "-o"]);
        match tracer {
            Tracer::Flushes(file) => command.arg(file),
            Tracer::SlowDisk(span) => {
                let inject = format!("inject=fsync,fdatasync:delay_exit={}", span.as_micros());
                command.args(["/dev/null", "-e", &inject])
            }
        };
        command.arg(binary);
        let mut server = Self::begin(command, store).await;
        server.pid = *children(server.child.id()).first().expect("the tracer has started it");
        server
    }

    async fn begin(mut command: Command, store: &Store) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
        dress(&mut command, store);
        command.arg("serve").env("PROSPER_LISTEN", format!("127.0.0.1:{port}")).env("PROSPER_LOG__LEVEL", "error");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let began = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        loop {
            if let Some(mut wire) = Wire::try_open(port).await
                && wire.ask(&get("/health", &[])).await.status == 200
            {
                break;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "the server is not ready");
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        Self { pid: child.id(), child, port, cold_start: began.elapsed() }
    }

    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Resident memory, now and at most.
    pub fn memory_kib(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("a process");
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("its memory");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Stops it as an operator would.
    pub fn stop(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.pid.to_string()]).status();
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "the server ended with {ended}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A program on the first half of the cores, where there are enough for this one to keep to the others.
pub fn apart(program: &str) -> Command {
    let cores = cores();
    if cores < 4 {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", &format!("0-{}", cores / 2 - 1), program]);
    command
}

/// Keeps this program to the other half.
pub fn stand_apart() {
    let cores = cores();
    if cores >= 4 {
        let list = format!("{}-{}", cores / 2, cores - 1);
        let me = std::process::id().to_string();
        let _ = Command::new("taskset").args(["-a", "-cp", &list, &me]).stdout(Stdio::null()).status();
    }
}

/// The cores of the machine, whichever of them are ours.
fn cores() -> usize {
    let all = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    all.lines().filter(|line| line.starts_with("processor")).count()
}

/// Runs a command of the binary on a store, and hands back what it says as JSON.
pub fn ask(binary: &str, store: &Store, words: &[&str], input: &str) -> serde_json::Value {
    use std::io::Write as _;

    let mut command = Command::new(binary);
    dress(&mut command, store);
    command.arg("--json").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    let outcome = child.wait_with_output().expect("it ends");
    assert!(outcome.status.success(), "{words:?}: {}", String::from_utf8_lossy(&outcome.stderr));
    serde_json::from_slice(&outcome.stdout).expect("JSON")
}

fn dress(command: &mut Command, store: &Store) {
    command.arg("--data-dir").arg(store.data());
    let params = store.params;
    command.env("PROSPER_PASSWORD__MEMORY_KIB", params.memory_kib.to_string());
    command.env("PROSPER_PASSWORD__ITERATIONS", params.iterations.to_string());
    if let Some(address) = store.address() {
        command.env("PROSPER_DATABASE", address);
    }
}

/// What processes have spent together.
#[derive(Clone, Copy, Default)]
pub struct Spent {
    pub cpu_nanos: u64,
    /// Bytes that were handed to the disk.
    pub written: u64,
}

impl Spent {
    /// So far.
    pub fn by(processes: &[u32]) -> Self {
        processes.iter().fold(Self::default(), |sum, pid| Self {
            cpu_nanos: sum.cpu_nanos + cpu_nanos(*pid),
            written: sum.written + written(*pid),
        })
    }

    pub const fn since(self, before: Self) -> Self {
        Self {
            cpu_nanos: self.cpu_nanos.saturating_sub(before.cpu_nanos),
            written: self.written.saturating_sub(before.written),
        }
    }
}

fn cpu_nanos(pid: u32) -> u64 {
    let of = |task: std::fs::DirEntry| {
        let line = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        line.split(' ').next()?.parse::<u64>().ok()
    };
    std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().filter_map(of).sum()
}

fn written(pid: u32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:"));
    line.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
