//! How commands speak: data to standard output, talk to standard error, questions to a person only.
//!
//! Data is one JSON value with `--json`; else what the same facts say to a person, as a table or as lines. A command
//! states the facts once, so that both always tell the same.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use clap::Args;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;
use zeroize::Zeroizing;

use super::failure::{Failure, Outcome};

/// What is known of a thing, in the order a person reads it.
pub type Facts = Vec<(&'static str, Value)>;

/// States facts: `facts! { email: account.email.as_str(), staff: true }`.
macro_rules! facts {
    ($($name:ident: $value:expr),* $(,)?) => {
        vec![$((stringify!($name), serde_json::json!($value))),*]
    };
}
pub(super) use facts;

/// How this process speaks, as its flags have it.
#[derive(Clone, Copy, Debug, Args)]
pub struct Talk {
    /// Write data as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Say nothing beside the data
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Answer every question with yes
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub yes: bool,
}

impl Talk {
    /// A list: a table for people, with a column for each of `columns`; every fact in JSON.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn list(self, columns: &[&str], rows: Vec<Facts>) -> Outcome {
        if self.json {
            return print(&format!("{:#}", Value::Array(rows.into_iter().map(object).collect())));
        }
        if rows.is_empty() {
            self.say("none");
            return Ok(());
        }
        let cell = |row: &Facts, column: &str| {
            row.iter().find(|(name, _)| *name == column).map(|(_, value)| plain(value)).unwrap_or_default()
        };
        let cells = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)));
        print(&table(columns, cells))
    }

    /// One thing: a line for each of its facts.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show(self, thing: Facts) -> Outcome {
        if self.json {
            return print(&format!("{:#}", object(thing)));
        }
        let width = thing.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines: Vec<_> =
            thing.iter().map(|(name, value)| format!("{:width$}  {}", name.replace('_', " "), plain(value))).collect();
        print(&lines.join("\n"))
    }

    /// A word to the person, unless they asked for quiet.
    pub fn say(self, text: &str) {
        if !self.quiet {
            // Nobody is left to hear of a failure to speak.
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Asks before something is destroyed.
    ///
    /// # Errors
    /// The person said no, or there is none to ask and `--yes` was not given.
    pub fn confirm(self, question: &str) -> Outcome {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(format!("{question} nobody is here to answer: add --yes if you mean it")));
        }
        let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
        match answer {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::failed("nothing was done")),
            Err(error) => Err(Failure::failed(format!("cannot ask: {error}"))),
        }
    }
}

/// A table without lines, its columns as wide as they need to be.
pub fn table<Cells: IntoIterator<Item = String>>(columns: &[&str], rows: impl IntoIterator<Item = Cells>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| column.to_uppercase().replace('_', " ")));
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|line| line.trim().to_owned() + "\n").collect()
}

/// Text that is data by itself: a configuration, a completion script.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
        // Whoever read us has seen enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::failed(format!("cannot write to standard output: {error}"))),
    }
}

/// Reads a new password: the whole of standard input less one line end when `from_stdin`, else typed twice.
///
/// # Errors
/// There is neither a terminal nor `--password-stdin`, or what is read is not text.
pub fn password(from_stdin: bool, whose: &str) -> Outcome<Zeroizing<String>> {
    if from_stdin {
        let mut text = Zeroizing::new(String::new());
        // A password is short; whatever is longer is refused by the rule on passwords.
        io::stdin()
            .take(16 * 1024)
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage(format!("standard input holds no password: {error}")))?;
        let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        return Ok(Zeroizing::new(line.to_owned()));
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is here to type a password: give it with --password-stdin"));
    }
    dialoguer::Password::new()
        .with_prompt(format!("Password for {whose}"))
        .with_confirmation("Again", "They differ.")
        .interact()
        .map(Zeroizing::new)
        .map_err(|error| Failure::failed(format!("cannot ask for a password: {error}")))
}

fn object(facts: Facts) -> Value {
    Value::Object(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A fact for people. What steers a terminal is escaped: names and addresses were typed by strangers.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => unsteering(text),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(facts) => {
            facts.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect::<Vec<_>>().join(" ")
        }
        Value::Number(number) => number.to_string(),
    }
}

/// A line of text with its control characters spelt out.
pub fn unsteering(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let escaped = letter.is_control().then(|| letter.escape_default());
            let kept = escaped.is_none().then_some(letter);
            escaped.into_iter().flatten().chain(kept)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fact_never_steers_the_terminal() {
        assert_eq!(plain(&json!("a\u{1b}[2Jb\nc")), "a\\u{1b}[2Jb\\nc");
        assert_eq!(plain(&json!(["x", "y"])), "x, y");
        assert_eq!(plain(&json!(null)), "-");
        assert_eq!(plain(&json!({"a": true})), "a yes");
    }
}
