//! Why a command did not do what it was asked, and the number that the process ends with.

use std::fmt;

use crate::config::Problems;
use crate::contract::table::Stop;
use crate::domain::FieldProblems;
use crate::fault::Fault;
use crate::flows::refusal::Refusal;

/// How a process ends. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 1: it failed, or something was found to be wrong.
    Failed = 1,
    /// 2: the command line or the configuration cannot be understood, or an answer is missing that only a person gives.
    Usage = 2,
    /// 3: there is no such thing, or a rule forbids it.
    Refused = 3,
}

/// One line for the person at the terminal: the thing and the remedy.
#[derive(Debug)]
pub struct Failure {
    /// The number to end with.
    pub exit: Exit,
    message: String,
}

/// What a command comes to.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// It failed.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Failed, message: message.to_string() }
    }

    /// It was not asked as it must be.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// There is no such thing, or a rule forbids it.
    pub fn refused(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Refused, message: message.to_string() }
    }
}

impl Failure {
    /// The same, with a further remedy.
    #[must_use]
    pub fn or(mut self, remedy: &str) -> Self {
        self.message.push_str(remedy);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::failed(fault)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::usage(problems)
    }
}

impl From<FieldProblems> for Failure {
    fn from(problems: FieldProblems) -> Self {
        let lines: Vec<_> = problems
            .0
            .iter()
            .map(|(field, problem)| format!("{field}: {}", crate::contract::words::field_problem(*problem)))
            .collect();
        Self::usage(lines.join("\n"))
    }
}

impl From<Stop<Refusal>> for Failure {
    fn from(stop: Stop<Refusal>) -> Self {
        match stop {
            // What was typed is the person's to mend, as a wrong flag is.
            Stop::Refused(Refusal::Fields(problems)) => problems.into(),
            Stop::Refused(refusal) => Self::refused(refusal),
            Stop::Later(later) => Self::failed(format!("busy: try again in {} seconds", later.seconds)),
            Stop::Broke(fault) => fault.into(),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}
