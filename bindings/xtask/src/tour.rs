//! `cargo xtask tour`: the emulator, and the example that uses every operation against it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::cargo::{program, succeeds};
use crate::language::Language;
use crate::native::Native;
use crate::report;
use crate::{browser, emulator};

/// A language that the tour is written in.
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
    /// The language whose package it uses.
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
        for (name, mut command) in language.ready(&native)?.tours()? {
            if Tour::value_variants().iter().any(|tour| wanted(*tour) && tour.name() == name) {
                guide(name, &mut command)?;
            }
        }
    }
    Ok(())
}

/// The tour of the language that needs no package.
pub(crate) fn rust() -> Result<()> {
    guide("Rust", &mut Command::new(program("tour")?))
}

/// Runs a tour, or another program that reads the vendor's variables, against an emulator of its own.
pub(crate) fn guide(language: &str, command: &mut Command) -> Result<()> {
    report::step(&format!("the tour in {language}, against the emulator"));
    against_emulator(command).with_context(|| format!("the tour in {language}"))
}

/// Runs a program that reads the vendor's variables, against an emulator of its own.
pub(crate) fn against_emulator(command: &mut Command) -> Result<()> {
    let emulator = emulator::start()?;
    command
        .env("SIGN_IN_CLIENT_ID", emulator.announced("sign_in_client_id")?)
        .env("BROWSER", browser::command()?);
    emulator::as_the_vendors(command, &emulator)?;
    let result = succeeds(command);
    emulator.stop()?;
    if let Err(error) = result {
        bail!("it did not come to its end: {error:#}");
    }
    Ok(())
}
