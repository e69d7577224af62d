//! `prosper completions` and `prosper man`: what is made from the table of commands itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::failure::{Failure, Outcome};
use super::talk;

/// A completion script on standard output.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  prosper completions bash > ~/.local/share/bash-completion/completions/prosper")]
pub struct Completions {
    /// For this shell
    shell: Shell,
}

impl Completions {
    /// Writes it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn run(self, mut command: clap::Command) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "prosper", &mut script);
        talk::print(&String::from_utf8_lossy(&script))
    }
}

/// The manual page on standard output, or one for each command in a directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  prosper man | man -l -\n  prosper man --dir /usr/local/share/man/man1")]
pub struct Man {
    /// Write a page for each command into this directory
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Man {
    /// Writes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn run(self, command: clap::Command) -> Outcome {
        if let Some(dir) = self.dir {
            return clap_mangen::generate_to(command, &dir)
                .map_err(|error| Failure::failed(format!("cannot write to {}: {error}", dir.display())));
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        talk::print(&String::from_utf8_lossy(&page))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::cli::Cli;

    /// What is shown below the options is there to be pasted, so it must come out as it was written.
    #[test]
    fn no_line_below_the_options_is_wrapped() {
        let mut seen = 0;
        let mut waiting = vec![Cli::command()];
        while let Some(mut command) = waiting.pop() {
            waiting.extend(command.get_subcommands().cloned());
            let shown = [command.render_help().to_string(), command.render_long_help().to_string()];
            let written = [command.get_after_help(), command.get_after_long_help().or(command.get_after_help())];
            for (shown, written) in shown.iter().zip(written) {
                let Some(written) = written.map(ToString::to_string) else { continue };
                for line in written.lines() {
                    let name = command.get_name();
                    assert!(line.chars().count() <= LONGEST, "`{name}` is wrapped at 100 columns: {line}");
                    assert!(shown.lines().any(|out| out.trim_end() == line.trim_end()), "`{name}`: {line}\n{shown}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 50, "{seen} lines");
    }

    /// Columns that a line keeps at the width that help is wrapped to when nobody says how wide the terminal is.
    const LONGEST: usize = 98;
}
