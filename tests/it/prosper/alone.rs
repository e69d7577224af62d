//! A test in a process of its own: for what is global to a process, as the log is.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use super::is_set;

/// Set for a test that runs in a process of its own.
const ALONE: &str = "TEST_RUNS_ALONE";

/// Is this the process that `test` (its path: `not_telling::…`) has for itself? If not, runs it in one, and fails as it
/// fails.
pub fn alone(test: &str) -> bool {
    if is_set(ALONE) {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("a running binary"));
    let outcome = command.env(ALONE, "1").args(["--exact", test, "--nocapture"]).output().expect("it runs");
    let said = format!("{}\n{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
    assert!(outcome.status.success(), "{said}");
    assert!(said.contains("1 passed"), "there is no test {test}\n{said}");
    false
}

/// Runs `test` to its end, on a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test);
}

/// What was written to it, however many write: the log of a process that a test has for itself.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
