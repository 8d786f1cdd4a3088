//! `cargo xtask`: the entry point for running, testing and packaging.

mod bench;
mod binding;
mod browser;
mod cargo;
mod conformance;
mod emulator;
mod foreign_server;
mod interface;
mod kotlin;
mod language;
mod native;
mod package;
mod prose;
mod python;
mod report;
mod server;
mod swift;
mod test;
mod toolchain;
mod tour;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::language::Language;
use crate::tour::Tour;

/// Runs, tests and packages the project. On Debian as root, the commands install what they need; elsewhere they report
/// what is missing.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the emulator and runs a program that calls each of the 13 operations against it.
    Tour {
        /// The languages to run; all by default.
        languages: Vec<Tour>,
    },
    /// Runs all checks: format, lints, tests, documentation, and the package of each language.
    Test {
        /// Skips a language. A language that can't be tested counts as failed unless it is skipped.
        #[arg(long, value_name = "LANGUAGE")]
        without: Vec<Language>,
        /// Tests only this language.
        #[arg(long, value_name = "LANGUAGE", conflicts_with = "without")]
        only: Option<Language>,
    },
    /// Benchmarks this library and its alternatives against the same server.
    Bench {
        /// The languages to run; all by default.
        languages: Vec<Bench>,
        /// Also writes the figures to this file.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Takes less time, but the figures are less precise.
        #[arg(long)]
        quick: bool,
    },
    /// Builds the packages of all languages into one folder.
    Package {
        /// Skips a language.
        #[arg(long, value_name = "LANGUAGE")]
        without: Vec<Language>,
    },
    /// Generates docs/interface.md from the exported interface.
    Interface,
    /// Builds the Swift package with the XCFramework for Apple platforms. Requires a Mac.
    Xcframework,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test { without, only } => return test::run(&without, only),
        Command::Tour { languages } => tour::run(&languages),
        Command::Bench { languages, json, quick } => bench::run(&languages, json.as_deref(), quick),
        Command::Package { without } => package::run(&without),
        Command::Interface => interface::write(),
        Command::Xcframework => swift::xcframework(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::FAILURE
        }
    }
}
