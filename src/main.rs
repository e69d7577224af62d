//! The one binary: parse the command line, run what it says, end with its number.

use std::process::ExitCode;

fn main() -> ExitCode {
    prosper::cli::main(std::env::args_os())
}
