//! `cargo xtask`: the one entry point for running, testing and packaging.

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

/// Runs, tests and packages the project. Every command does its own set-up.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the emulator and shows each of the 13 operations against it.
    Tour {
        /// In which languages; all when none is named.
        languages: Vec<Tour>,
    },
    /// Checks everything: format, lints, tests, documentation, and each language as its users get it.
    Test {
        /// Leaves a language out. One that can't be tested and is not left out has failed.
        #[arg(long, value_name = "LANGUAGE")]
        without: Vec<Language>,
        /// Tests this language and nothing else.
        #[arg(long, value_name = "LANGUAGE", conflicts_with = "without")]
        only: Option<Language>,
    },
    /// Measures the clients, and those that people would otherwise write, against one server.
    Bench {
        /// In which languages; all when none is named.
        languages: Vec<Bench>,
        /// Writes the figures to this file as well.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Takes less time over it, for figures that are less certain.
        #[arg(long)]
        quick: bool,
    },
    /// Puts the packages of all languages into one folder.
    Package {
        /// Leaves a language out.
        #[arg(long, value_name = "LANGUAGE")]
        without: Vec<Language>,
    },
    /// Writes docs/interface.md anew from the interface as it is.
    Interface,
    /// Builds the XCFramework that the Swift package needs on Apple platforms; on a Mac.
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
            report::problem(&error);
            ExitCode::FAILURE
        }
    }
}
