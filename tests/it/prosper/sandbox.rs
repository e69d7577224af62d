//! The sandbox as anybody starts it, for clients that nobody here wrote, and how those are run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The sandbox, as anybody starts it.
pub struct Sandbox {
    process: Child,
    folder: tempfile::TempDir,
    pub ready: Value,
}

impl Sandbox {
    /// Starts it and waits for its ready file.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_prosper"));
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--ready-file"]).arg(folder.path().join("ready.json"));
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the built binary starts");
        let began = Instant::now();
        let ready = loop {
            if let Ok(ready) = std::fs::read(folder.path().join("ready.json")) {
                break serde_json::from_slice(&ready).expect("the ready file is renamed when it is whole");
            }
            assert!(process.try_wait().expect("a child").is_none(), "the sandbox ended before it was ready");
            assert!(began.elapsed() < Duration::from_mins(1), "the sandbox is not ready after a minute");
            std::thread::sleep(Duration::from_millis(10));
        };
        Self { process, folder, ready }
    }

    pub fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    pub fn base(&self) -> &str {
        self.ready["base_url"].as_str().expect("a URL")
    }

    /// The first application of a kind.
    pub fn app(&self, kind: &str) -> &Value {
        let apps = self.ready["applications"].as_array().expect("a list");
        apps.iter().find(|app| app["kind"] == kind).expect("one of each kind")
    }

    pub fn person(&self, email: &Value) -> &Value {
        let people = self.ready["people"].as_array().expect("a list");
        people.iter().find(|person| person["email"] == *email).expect("an owner is one of the people")
    }

    /// What the examples and scripts take from their environment: an own-use app and its owner.
    pub fn settings(&self) -> HashMap<String, String> {
        let app = self.app("personal");
        let owner = self.person(&app["owner"]);
        let pairs = [
            ("CLIENT_ID", &app["client_id"]),
            ("CLIENT_SECRET", &app["client_secret"]),
            ("USERNAME", &owner["email"]),
            ("PASSWORD", &owner["password"]),
            ("BASE", &self.ready["base_url"]),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), text(value).to_owned())).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub fn clients(path: &str) -> PathBuf {
    Path::new(ROOT).join("target/clients").join(path)
}

/// Runs a command that must succeed, and brings back what it said.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let outcome = command.current_dir(ROOT).stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(outcome.status.success(), "{command:?}\n{said}\n{}", String::from_utf8_lossy(&outcome.stderr));
    said
}

pub fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
