//! When the fault is ours: never a row of an error table, never "not found".
//!
//! "Absent" is an `Option`, "refused" is a row of a table, "broken" is a `Fault`. They are three types so that no
//! storage failure can pass for a missing account.

use std::fmt;

/// Something of ours failed. The cause is for the log; the wire learns only whether to try again.
#[derive(Debug)]
pub struct Fault {
    /// May the same request work a moment later (503), or not (500)?
    pub passing: bool,
    cause: String,
}

impl Fault {
    /// A failure that may pass: the store cannot be reached or written just now.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self { passing: true, cause: cause.to_string() }
    }

    /// A failure that will not pass by itself.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self { passing: false, cause: cause.to_string() }
    }

    /// The same failure, told to another who waited on it.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { passing: self.passing, cause: self.cause.clone() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for Fault {}
