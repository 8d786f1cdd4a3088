//! The runner of the conformance cases in `cases.toml` for Rust, against a running emulator.
//!
//! Reads `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`. Prints `ok NAME` or
//! `failed NAME: REASON` for each case. Arguments select cases by name; without arguments all cases run.

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
            report_missing_variable(variable);
            return ExitCode::FAILURE;
        }
    };
    let cases =
        [operations::CASES, calls::CASES, errors::CASES, cancellation::CASES, values::CASES, sign_in::CASES]
            .concat();
    let requested: Vec<String> = env::args().skip(1).collect();
    let mut all_passed = true;
    for unknown in requested.iter().filter(|name| cases.iter().all(|case| case.name != **name)) {
        all_passed = false;
        print_verdict(unknown, Err("there is no such case".to_owned()));
    }
    case::record_panic_messages();
    for case in
        cases.iter().filter(|case| requested.is_empty() || requested.iter().any(|name| name == case.name))
    {
        let verdict = case.verdict(&emulator).await;
        all_passed &= verdict.is_ok();
        print_verdict(case.name, verdict);
    }
    if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::print_stdout, reason = "the results are the program's output")]
fn print_verdict(name: &str, verdict: Result<(), String>) {
    match verdict {
        Ok(()) => println!("ok {name}"),
        Err(reason) => println!("failed {name}: {reason}"),
    }
}

#[allow(clippy::print_stderr, reason = "the runner reports errors on stderr")]
fn report_missing_variable(variable: &str) {
    eprintln!("conformance: {variable} is not set; the emulator prints its value when it starts");
}
