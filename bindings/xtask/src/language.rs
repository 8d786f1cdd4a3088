//! The languages other than Rust.

use anyhow::Result;
use clap::ValueEnum;

use crate::binding::Binding;
use crate::native::Native;
use crate::{kotlin, python, swift};

/// A language with a separate package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// The wheel.
    Python,
    /// The jar, for Kotlin and Java.
    Kotlin,
    /// The Swift package.
    Swift,
}

impl Language {
    pub(crate) const ALL: [Language; 3] = [Language::Python, Language::Kotlin, Language::Swift];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::Kotlin => "Kotlin",
            Language::Swift => "Swift",
        }
    }

    /// Returns all languages except the given ones.
    pub(crate) fn all_but(without: &[Language]) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| !without.contains(language)).collect()
    }

    /// Finds or installs the toolchain, and builds the packages.
    pub(crate) fn prepare(self, native: &Native) -> Result<Box<dyn Binding>> {
        Ok(match self {
            Language::Python => Box::new(python::Python::prepare(native)?),
            Language::Kotlin => Box::new(kotlin::Kotlin::prepare(native)?),
            Language::Swift => Box::new(swift::Swift::prepare(native)?),
        })
    }
}
