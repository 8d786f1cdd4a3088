//! `cargo xtask test`: every check there is, and one line at the end that counts them.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use crate::cargo::{cargo, follow};
use crate::{report, tour};

#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
}

impl Tally {
    /// Counts one check by whether it succeeded. One that could not be made has failed.
    fn check(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => {
                self.failed += 1;
                self.failures.push(format!("{name}: {error:#}"));
            }
        }
    }
}

pub(crate) fn run() -> ExitCode {
    let mut tally = Tally::default();

    report::step("format: cargo fmt");
    tally.check(
        "format",
        component("rustfmt", "fmt").and_then(|()| succeeds(&mut cargo(&["fmt", "--all", "--check"]))),
    );

    report::step("lints: cargo clippy, warnings are errors");
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    tally.check("lints", component("clippy", "clippy").and_then(|()| succeeds(&mut cargo(&clippy))));

    report::step("tests and documentation tests: cargo test");
    if let Err(error) = tests(&mut tally) {
        tally.check("tests", Err(error));
    }

    report::step("documentation: cargo doc, warnings are errors");
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    tally.check("documentation", succeeds(doc.env("RUSTDOCFLAGS", "-D warnings")));

    tally.check("tour", tour::run());

    for failure in &tally.failures {
        report::line(&format!("failed: {failure}"));
    }
    report::line(&format!("\n{} passed, {} failed", tally.passed, tally.failed));
    if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says in one line what is missing and how to get it.
fn component(name: &str, command: &str) -> Result<()> {
    let found = cargo(&[command, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !found.success() {
        bail!("{name} is missing; get it with: rustup component add {name}");
    }
    Ok(())
}

fn succeeds(command: &mut Command) -> Result<()> {
    let status = command.status().context("cargo can't be started")?;
    if !status.success() {
        bail!("see above");
    }
    Ok(())
}

/// Runs all tests to the end, repeats what they print, and adds up their own counts.
fn tests(tally: &mut Tally) -> Result<()> {
    let mut counted = Tally::default();
    let succeeded = follow(&mut cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]), |line| {
        if let Some((passed, failed)) = counts(line) {
            counted.passed += passed;
            counted.failed += failed;
        }
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            counted.failures.push(name.to_owned());
        }
        report::line(line);
    })?;
    // A run that fails without a failed test, or that runs none, did not test what it should.
    if counted.passed == 0 || !succeeded && counted.failed == 0 {
        counted.check("tests", Err(anyhow!("they could not all be built or run; see above")));
    }
    tally.passed += counted.passed;
    tally.failed += counted.failed;
    tally.failures.append(&mut counted.failures);
    Ok(())
}

/// The numbers in `test result: ok. 18 passed; 0 failed; …`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number =
        |word: &str| numbers.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse::<u64>().ok());
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 17 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.48s";
        assert_eq!(counts(line), Some((17, 2)));
        assert_eq!(counts("test models::tests::a ... ok"), None);
        assert_eq!(counts("test result: soon"), None);
    }
}
