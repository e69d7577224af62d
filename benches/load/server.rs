//! The release binary, started as a sandbox on a store of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running server.
pub struct Server {
    child: Child,
    folder: tempfile::TempDir,
    pub port: u16,
    /// What `--ready-file` says.
    pub ready: Value,
    /// From the start of the process to the first answer.
    pub cold_start: Duration,
}

impl Server {
    /// Starts `binary`, in `within` or the system's folder for temporary files.
    pub async fn start(binary: &str, within: Option<&str>) -> Self {
        let folder = match within {
            Some(within) => tempfile::tempdir_in(within),
            None => tempfile::tempdir(),
        };
        let folder = folder.expect("a folder");
        let ready_file = folder.path().join("ready.json");
        let began = Instant::now();
        let child = Command::new(binary)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .arg("--ready-file")
            .arg(&ready_file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let ready = loop {
            if let Ok(text) = std::fs::read_to_string(&ready_file) {
                break serde_json::from_str::<Value>(&text).expect("a ready file");
            }
            assert!(began.elapsed() < Duration::from_mins(1), "the server is not ready");
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        let base = ready["base_url"].as_str().expect("a URL");
        let port = base.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        Self { child, folder, port, ready, cold_start: began.elapsed() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory.
    pub fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Stops it and compares what its store holds with what was answered.
    pub fn stop_and_audit(&mut self, (codes, families): (u64, u64)) -> String {
        let _ = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "the server ended with {ended}");
        let count = |table: &str| -> u64 {
            let store = rusqlite::Connection::open(self.database()).expect("the store opens");
            store
                .query_row(&format!("select count(*) from {table}"), [], |row| row.get::<_, i64>(0))
                .map(|count| u64::try_from(count).expect("a count"))
                .expect("a count")
        };
        let (found_codes, found_families) = (count("redemptions"), count("families"));
        assert_eq!(found_codes, codes, "as many used codes as successful exchanges");
        assert_eq!(found_families, families, "as many families as successful grants");
        let bytes = std::fs::metadata(self.database()).map_or(0, |file| file.len());
        format!(
            "{found_codes} used codes and {found_families} families, as many as were answered; {bytes} bytes on disk"
        )
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("data").join("prosper.db")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time that a process has spent, all its threads together, in nanoseconds.
pub fn cpu_nanos(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let of = |task: std::fs::DirEntry| {
        let line = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        line.split(' ').next()?.parse::<u64>().ok()
    };
    tasks.flatten().filter_map(of).sum()
}
