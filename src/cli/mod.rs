//! The command line, as a table: every command is here, and one module a noun says what it does.
//!
//! 1. The words are parsed; a word that is not one is answered with the nearest that is.
//! 2. The configuration is read: file, environment, flags.
//! 3. A command that manages things is handed a `desk::Desk`: the opened store beside whatever server runs. `serve` and
//!    `sandbox` are handed the configuration alone and do their own opening.
//! 4. What it comes to is said in one line, and the process ends with its number (`failure::Exit`).

mod agent;
mod app;
mod audit;
mod clock;
mod config;
mod db;
mod desk;
mod doctor;
mod failure;
mod folder;
mod grant;
mod house;
mod key;
mod mail;
mod man;
mod marker;
mod opening;
mod port;
mod relocate;
mod sandbox;
mod serve;
mod space;
mod staff;
mod talk;
mod upkeep;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use self::failure::{Exit, Outcome};
use self::talk::Talk;
use crate::config::Config;
use crate::telemetry::{self, Logging};

/// An OAuth 2.0 provider and developer platform in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "prosper",
    version = VERSION,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = AFTER_HELP,
    after_long_help = AFTER_LONG_HELP,
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Read the configuration from this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    /// The data directory
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    talk: Talk,
    /// No colours (as does `NO_COLOR`)
    #[arg(long, global = true, help_heading = "Global options")]
    no_color: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve, until told to stop
    Serve(serve::Serve),
    /// The real server with people who are not real, to try everything with
    Sandbox(sandbox::Sandbox),
    /// People and institutions
    #[command(subcommand)]
    User(user::Command),
    /// Applications, their secrets and redirect URIs
    #[command(subcommand)]
    App(app::Command),
    /// What people let applications do
    #[command(subcommand)]
    Grant(grant::Command),
    /// The third-party agent role: who asks for it, and what is decided
    #[command(subcommand)]
    Agent(agent::Command),
    /// Who works here
    #[command(subcommand)]
    Staff(staff::Command),
    /// Tenants: each account and application belongs to one
    #[command(subcommand)]
    Space(space::Command),
    /// The time as Prosper believes it to be
    #[command(subcommand)]
    Clock(clock::Command),
    /// The keys that seal and hash
    #[command(subcommand)]
    Key(key::Command),
    /// What was written to people, and whether mail can be sent
    #[command(subcommand)]
    Mail(mail::Command),
    /// The database as a file
    #[command(subcommand)]
    Db(db::Command),
    /// Look for everything that is commonly wrong, and say what to do about it
    Doctor(doctor::Doctor),
    /// The configuration
    #[command(subcommand)]
    Config(config::Command),
    /// What was changed, by whom
    #[command(subcommand)]
    Audit(audit::Command),
    /// Write a completion script for a shell
    Completions(man::Completions),
    /// Write the manual page, or with a directory one for each command
    Man(man::Man),
}

/// Runs the command line and answers the number to end with.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let colour = if arguments.iter().any(|argument| argument == "--no-color") {
        anstream::ColorChoice::Never.write_global();
        clap::ColorChoice::Never
    } else {
        clap::ColorChoice::Auto
    };
    let parsed = Cli::command().color(colour).try_get_matches_from(arguments);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(problem) => {
            let _ = problem.print();
            // Help and version were asked for; all else was not understood.
            return ExitCode::from(if problem.use_stderr() { Exit::Usage } else { Exit::Done } as u8);
        }
    };
    let talk = cli.global.talk;
    match run(cli, talk) {
        Ok(()) => ExitCode::from(Exit::Done as u8),
        Err(failure) => {
            for line in failure.to_string().lines() {
                complain(line);
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// Is this a line that the command line understands? Pages show such lines, for people to paste into a shell.
pub fn understands(line: &str) -> bool {
    words(line).is_some_and(|words| Cli::command().try_get_matches_from(words).is_ok())
}

/// The words of a line as a POSIX shell cuts it, quotes and backslashes alone; `None` when a quote is left open.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut letters) = (Vec::new(), None::<String>, line.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\'' => {
                let held = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        quoted => held.push(quoted),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    Some(words)
}

fn run(cli: Cli, talk: Talk) -> Outcome {
    let global = &cli.global;
    match cli.command {
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
        Command::Doctor(doctor) => doctor.run(talk, global),
        Command::Config(command) => command.run(talk, global),
        Command::Db(command) => command.run(talk, &global.configuration(&[])?),
        Command::Serve(serve) => serve.run(talk, global),
        Command::Sandbox(sandbox) => sandbox.run(talk, global),
        Command::App(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Grant(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Agent(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::User(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Staff(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Space(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Clock(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Key(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Mail(command) => manage(global, talk, async |desk| command.run(desk).await),
        Command::Audit(command) => manage(global, talk, async |desk| command.run(desk).await),
    }
}

/// Hands `work` the opened store, and closes it after.
fn manage(global: &Global, talk: Talk, work: impl AsyncFnOnce(&desk::Desk) -> Outcome) -> Outcome {
    let config = global.configuration(&[])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let desk = desk::Desk::open(config, talk).await?;
        let outcome = work(&desk).await;
        desk.close().await?;
        outcome
    })
}

impl Global {
    /// The configuration as this process has it, with these further flags.
    ///
    /// # Errors
    /// A layer cannot be read, or holds what is no setting.
    fn configuration(&self, flags: &[(&str, Option<String>)]) -> Outcome<Config> {
        let folder = self.data_dir.as_ref().map(|path| path.display().to_string());
        let flags: Vec<_> = [("data_dir", folder)]
            .into_iter()
            .chain(flags.iter().cloned())
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect();
        Ok(Config::load(self.config.as_deref(), crate::config::environment(), &flags)?)
    }
}

/// Reads one of a closed list of words, and suggests the nearest on a typo.
fn one_of<T: Clone + Send + Sync + 'static>(
    names: impl IntoIterator<Item = &'static str>,
    parse: fn(&str) -> Option<T>,
) -> impl clap::builder::TypedValueParser<Value = T> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};

    PossibleValuesParser::new(names).try_map(move |text| parse(&text).ok_or("it is not in the list"))
}

/// Sends the log of a command that is not a server to standard error: what went wrong beneath, and nothing else.
fn log_quietly(config: &Config) {
    let level = config.log.level.min(tracing::level_filters::LevelFilter::ERROR);
    // A second installation in one process changes nothing.
    let _ = telemetry::install(Logging::to_stderr(level, config.log.format));
}

fn complain(line: &str) {
    use std::io::Write as _;

    let _ = writeln!(anstream::stderr(), "\u{1b}[1;31merror:\u{1b}[0m {line}");
}

/// The version of the program and of the schema that it knows.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (schema 9)");

const AFTER_HELP: &str = "\
Begin here:
  prosper sandbox        try everything with people who are not real
  prosper serve          the real thing, with no configuration at all
  prosper doctor         what is wrong, and what to do about it";

const AFTER_LONG_HELP: &str = "\
Begin here:
  prosper sandbox        try everything with people who are not real
  prosper serve          the real thing, with no configuration at all
  prosper doctor         what is wrong, and what to do about it

Examples:
  prosper user add ada@example.com --name 'Ada Lovelace'
  prosper app register --kind login --owner ada@example.com --name 'Acme HR' \\
      --url https://hr.example.com --redirect-uri https://hr.example.com/callback
  prosper user set-status ada@example.com suspended --reason 'asked by the owner'
  prosper db backup /var/backups/prosper.db

Commands that manage things work beside a running server on the same data directory, as its
owner; the server honours each change within one second. Data goes to standard output, talk
to standard error.

Exit codes:
  0  done
  1  failed, or something was found to be wrong
  2  the command line or the configuration was not understood, or nobody was there to answer
     a question (see --yes)
  3  there is no such thing, or a rule forbids it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_commands_is_sound() {
        Cli::command().debug_assert();
        assert!(VERSION.ends_with(&format!("(schema {})", crate::store::migrate::newest())), "{VERSION}");
    }
}
