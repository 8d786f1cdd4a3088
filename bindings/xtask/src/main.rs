//! `cargo xtask`: the one entry point for running and testing.

mod cargo;
mod report;
mod test;
mod tour;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs and tests the project. Every command does its own set-up.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the emulator and shows each of the 13 operations against it.
    Tour,
    /// Checks everything: format, lints, tests, documentation, the tour.
    Test,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Test => test::run(),
        Command::Tour => match tour::run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report::problem(&error);
                ExitCode::FAILURE
            }
        },
    }
}
