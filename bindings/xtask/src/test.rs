//! `cargo xtask test`: runs all checks, and prints their number in the last line.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, anyhow, bail};

use crate::cargo::{self, cargo, follow, program};
use crate::language::Language;
use crate::native::Native;
use crate::{browser, conformance, foreign_server, interface, prose, report, tour};

/// The results of all checks.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
}

impl Tally {
    /// Counts a check. A check that could not be run counts as failed.
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

pub(crate) fn run(without: &[Language], only: Option<Language>) -> ExitCode {
    let mut tally = Tally::default();
    if only.is_none() {
        rust(&mut tally);
        if let Err(error) = third_party_server(&mut tally) {
            tally.check("third-party OAuth server", Err(error));
        }
    }
    let languages = only.map_or_else(|| Language::all_but(without), |language| vec![language]);
    packages(&mut tally, &languages, only.is_none());

    for language in without {
        report::line(&format!("skipped, as requested: {}", language.name()));
    }
    for failure in &tally.failures {
        report::line(&format!("failed: {failure}"));
    }
    report::line(&format!("\n{} passed, {} failed", tally.passed, tally.failed));
    if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the checks that need only Rust.
fn rust(tally: &mut Tally) {
    report::step("format: cargo fmt");
    tally.check(
        "format",
        component("rustfmt", "fmt").and_then(|()| cargo::run(&mut cargo(&["fmt", "--all", "--check"]))),
    );

    report::step("wording of documentation comments");
    tally.check("openings of documentation comments", prose::check_openings());
    tally.check("documentation repeated by the interface for other languages", prose::check_repetitions());

    report::step("lints: cargo clippy, warnings are errors");
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    tally.check("lints", component("clippy", "clippy").and_then(|()| cargo::run(&mut cargo(&clippy))));

    report::step("tests and documentation tests: cargo test");
    if let Err(error) = run_tests(tally, &mut cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])) {
        tally.check("tests", Err(error));
    }

    report::step("documentation: cargo doc, warnings are errors");
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    tally.check("documentation", cargo::run(doc.env("RUSTDOCFLAGS", "-D warnings")));

    report::step("core without the UniFFI interface");
    tally.check("core without UniFFI", core_alone());
    // With UniFFI the documentation has no examples of the types that are exported as they are.
    if let Err(error) =
        run_tests(tally, &mut cargo(&["test", "--doc", "--locked", "--package", "purecloud-oauth"]))
    {
        tally.check("examples in the documentation of the core", Err(error));
    }

    tally.check("first program in Rust", example("first_program"));
    tally.check("signing in by the browser in Rust", example("sign_in"));
    tally.check("tour in Rust", tour::rust());
    cases(tally, "Rust", program("conformance").map(Command::new));
}

/// Runs the tests of signing in to a third-party OAuth server.
fn third_party_server(tally: &mut Tally) -> Result<()> {
    report::step("third-party OAuth server: oidc-provider on Node");
    let server = foreign_server::start()?;
    // With all packages, so that features are unified as before and nothing is rebuilt.
    let mut command =
        cargo(&["test", "--workspace", "--locked", "--test", "foreign_server", "--", "--ignored"]);
    command.env("FOREIGN_SERVER_URL", server.announced("url")?).env("BROWSER", browser::command()?);
    run_tests(tally, &mut command)?;
    server.stop()
}

/// Checks the packages as users install them. A language that can't be tested counts as failed.
fn packages(tally: &mut Tally, languages: &[Language], with_interface: bool) {
    if languages.is_empty() {
        return;
    }
    let native = match Native::build() {
        Ok(native) => native,
        Err(error) => {
            tally.check("the native library", Err(error));
            return languages.iter().for_each(|language| {
                tally.check(language.name(), Err(anyhow!("the native library is missing")))
            });
        }
    };
    if with_interface {
        tally.check("docs/interface.md", interface::check(&native));
    }
    for language in languages {
        if let Err(error) = package(tally, *language, &native) {
            tally.check(language.name(), Err(error));
        }
    }
}

fn package(tally: &mut Tally, language: Language, native: &Native) -> Result<()> {
    let binding = language.prepare(native)?;
    cases(tally, language.name(), binding.conformance());
    for (name, mut command) in binding.tours()? {
        tally.check(&format!("tour in {name}"), tour::run_tour(name, &mut command));
    }
    for (what, mut command) in binding.checks()? {
        check(tally, language, what, || tour::run_against_emulator(&mut command));
    }
    check(tally, language, "a panic becomes an error of the language", || {
        tour::run_against_emulator(&mut binding.panicking(&Native::build_panicking()?)?)
    });
    Ok(())
}

fn check(tally: &mut Tally, language: Language, what: &str, check: impl FnOnce() -> Result<()>) {
    let name = format!("{}: {what}", language.name());
    report::step(&name);
    tally.check(&name, check());
}

fn cases(tally: &mut Tally, language: &str, runner: Result<Command>) {
    match runner.and_then(|mut runner| conformance::run(language, &mut runner)) {
        Ok(results) => {
            for (case, result) in results {
                tally.check(&format!("{language}: {case}"), result);
            }
        }
        Err(error) => tally.check(&format!("{language}: the conformance cases"), Err(error)),
    }
}

fn example(name: &str) -> Result<()> {
    tour::run_against_emulator(&mut Command::new(program(name)?))
}

/// Checks that the core alone contains nothing of the bindings, and so none of their unsafe code.
fn core_alone() -> Result<()> {
    cargo::run(&mut cargo(&["check", "--quiet", "--locked", "--package", "purecloud-oauth"]))?;
    let tree = cargo(&["tree", "--locked", "--package", "purecloud-oauth", "--edges", "normal"]).output()?;
    let tree = String::from_utf8(tree.stdout)?;
    if !tree.starts_with("purecloud-oauth ") {
        bail!("the output of cargo tree does not begin with the core");
    }
    match tree.lines().find(|line| line.contains("uniffi")) {
        Some(line) => bail!("the core depends on {line}"),
        None => Ok(()),
    }
}

/// Fails with instructions if a component of the Rust toolchain is missing.
fn component(name: &str, command: &str) -> Result<()> {
    let found = cargo(&[command, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !found.success() {
        bail!("{name} is missing; install it with: rustup component add {name}");
    }
    Ok(())
}

/// Runs tests, repeats their output, and adds the numbers of passed and failed tests.
fn run_tests(tally: &mut Tally, command: &mut Command) -> Result<()> {
    let mut counted = Tally::default();
    let succeeded = follow(command, |line| {
        if let Some((passed, failed)) = parse_counts(line) {
            counted.passed += passed;
            counted.failed += failed;
        }
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            counted.failures.push(name.to_owned());
        }
        report::line(line);
    })?;
    // The run has also failed if it ran no test, or if it failed without a failed test.
    if counted.passed == 0 || !succeeded && counted.failed == 0 {
        counted.check("tests", Err(anyhow!("some tests could not be built or run; see above")));
    }
    tally.passed += counted.passed;
    tally.failed += counted.failed;
    tally.failures.append(&mut counted.failures);
    Ok(())
}

/// Parses the numbers in `test result: ok. 18 passed; 0 failed; …`.
fn parse_counts(line: &str) -> Option<(u64, u64)> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number =
        |word: &str| numbers.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse::<u64>().ok());
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::parse_counts;
    use crate::cargo::root;

    #[test]
    fn a_result_line_is_parsed() {
        let line = "test result: FAILED. 17 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.48s";
        assert_eq!(parse_counts(line), Some((17, 2)));
        assert_eq!(parse_counts("test models::tests::a ... ok"), None);
        assert_eq!(parse_counts("test result: soon"), None);
    }

    #[test]
    fn programs_in_the_documentation_equal_the_tested_files() {
        // README.md has a program in Rust, Python, Kotlin, Java and Swift; the other page one about trust stores.
        for (page, programs) in [("README.md", 5), ("docs/proxies-and-certificates.md", 1)] {
            let content = fs::read_to_string(root().join(page)).expect(page);
            let mut found = 0;
            for quoted in content.split("<!-- from ").skip(1) {
                let (path, rest) = quoted.split_once(" -->\n").expect("a path");
                let program =
                    rest.split("```").nth(1).and_then(|block| block.split_once('\n')).expect("a block").1;
                let file = fs::read_to_string(root().join(path)).expect(path);
                assert_eq!(program.trim_end(), file.trim_end(), "{path} in {page}");
                found += 1;
            }
            assert_eq!(found, programs, "{page}");
        }
    }
}
