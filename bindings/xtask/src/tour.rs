//! `cargo xtask tour`: runs the example that calls every operation against the emulator.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::cargo::{self, program};
use crate::language::Language;
use crate::native::Native;
use crate::report;
use crate::{browser, emulator};

/// The language of a tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tour {
    /// `examples/rust/tour`
    Rust,
    /// `examples/python/tour`
    Python,
    /// `examples/kotlin`
    Kotlin,
    /// `examples/java`
    Java,
    /// `examples/swift/tour`
    Swift,
}

impl Tour {
    /// Returns the language whose package the tour uses.
    fn package(self) -> Option<Language> {
        match self {
            Tour::Rust => None,
            Tour::Python => Some(Language::Python),
            Tour::Kotlin | Tour::Java => Some(Language::Kotlin),
            Tour::Swift => Some(Language::Swift),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Tour::Rust => "Rust",
            Tour::Python => "Python",
            Tour::Kotlin => "Kotlin",
            Tour::Java => "Java",
            Tour::Swift => "Swift",
        }
    }
}

pub(crate) fn run(named: &[Tour]) -> Result<()> {
    let wanted = |tour: Tour| named.is_empty() || named.contains(&tour);
    if wanted(Tour::Rust) {
        rust()?;
    }
    let packages = Language::ALL.into_iter().filter(|language| {
        Tour::value_variants().iter().any(|tour| wanted(*tour) && tour.package() == Some(*language))
    });
    let packages: Vec<Language> = packages.collect();
    if packages.is_empty() {
        return Ok(());
    }
    let native = Native::build()?;
    for language in packages {
        for (name, mut command) in language.prepare(&native)?.tours()? {
            if Tour::value_variants().iter().any(|tour| wanted(*tour) && tour.name() == name) {
                run_tour(name, &mut command)?;
            }
        }
    }
    Ok(())
}

/// Runs the tour in Rust, which needs no package.
pub(crate) fn rust() -> Result<()> {
    run_tour("Rust", &mut Command::new(program("tour")?))
}

/// Runs a tour against a separate emulator.
pub(crate) fn run_tour(language: &str, command: &mut Command) -> Result<()> {
    report::step(&format!("running the tour in {language} against the emulator"));
    run_against_emulator(command).with_context(|| format!("the tour in {language}"))
}

/// Runs a program that reads the vendor's environment variables against a separate emulator.
pub(crate) fn run_against_emulator(command: &mut Command) -> Result<()> {
    let emulator = emulator::start()?;
    command
        .env("SIGN_IN_CLIENT_ID", emulator.announced("sign_in_client_id")?)
        .env("BROWSER", browser::command()?);
    emulator::set_vendor_variables(command, &emulator)?;
    let result = cargo::run(command);
    emulator.stop()?;
    if let Err(error) = result {
        bail!("the program failed: {error:#}");
    }
    Ok(())
}
