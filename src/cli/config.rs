//! `prosper config`: what is chosen, where it was chosen, and whether it makes sense.

use clap::Subcommand;

use super::Global;
use super::failure::Outcome;
use super::house;
use super::talk::{self, Talk, facts};
use crate::config;

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say everything that is wrong with the configuration
    Check,
    /// Show every setting with its value and where it was chosen; secrets are masked
    Print,
    /// Describe every setting, in Markdown
    Reference,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// The configuration cannot be read, or is wrong.
    pub fn run(self, talk: Talk, global: &Global) -> Outcome {
        match self {
            Self::Check => {
                house::check(&global.configuration(&[])?)?;
                talk.say("the configuration is fine");
                Ok(())
            }
            Self::Print if talk.json => {
                let config = global.configuration(&[])?;
                let rows = config.entries().iter().map(|entry| {
                    facts! { key: entry.key.name, value: entry.value, origin: entry.origin.to_string() }
                });
                talk.list(&[], rows.collect())
            }
            Self::Print => talk::print(&global.configuration(&[])?.print()),
            Self::Reference => talk::print(&config::reference()),
        }
    }
}
