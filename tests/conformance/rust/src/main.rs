//! The conformance cases in Rust: `cases.toml`, against a running emulator.
//!
//! Reads `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`. Prints `ok NAME` or
//! `failed NAME: REASON` for each case; only for those named by arguments, if any are.

#[macro_use]
mod case;
mod calls;
mod cancellation;
mod emulator;
mod errors;
mod operations;
mod sign_in;
mod subject;
mod values;

use std::env;
use std::process::ExitCode;

use crate::emulator::Emulator;

#[tokio::main]
async fn main() -> ExitCode {
    let emulator = match Emulator::from_environment() {
        Ok(emulator) => emulator,
        Err(variable) => {
            complain(variable);
            return ExitCode::FAILURE;
        }
    };
    let cases =
        [operations::CASES, calls::CASES, errors::CASES, cancellation::CASES, values::CASES, sign_in::CASES]
            .concat();
    let wanted: Vec<String> = env::args().skip(1).collect();
    let mut all_well = true;
    for unknown in wanted.iter().filter(|name| cases.iter().all(|case| case.name != **name)) {
        all_well = false;
        tell(unknown, Err("there is no such case".to_owned()));
    }
    case::keep_words_of_panics();
    for case in cases.iter().filter(|case| wanted.is_empty() || wanted.iter().any(|name| name == case.name)) {
        let verdict = case.verdict(&emulator).await;
        all_well &= verdict.is_ok();
        tell(case.name, verdict);
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::print_stdout, reason = "the results are what it is run for")]
fn tell(name: &str, verdict: Result<(), String>) {
    match verdict {
        Ok(()) => println!("ok {name}"),
        Err(reason) => println!("failed {name}: {reason}"),
    }
}

#[allow(clippy::print_stderr, reason = "there is nothing else to say")]
fn complain(variable: &str) {
    eprintln!("conformance: {variable} is not set; the emulator prints its value when it starts");
}
