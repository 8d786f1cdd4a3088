//! The languages beside Rust.

use anyhow::Result;
use clap::ValueEnum;

use crate::binding::Binding;
use crate::native::Native;
use crate::{kotlin, python, swift};

/// A language that has a package of its own.
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

    /// All languages but those left out.
    pub(crate) fn all_but(without: &[Language]) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| !without.contains(language)).collect()
    }

    /// Finds or installs the toolchain, and makes the packages.
    pub(crate) fn ready(self, native: &Native) -> Result<Box<dyn Binding>> {
        Ok(match self {
            Language::Python => Box::new(python::Python::ready(native)?),
            Language::Kotlin => Box::new(kotlin::Kotlin::ready(native)?),
            Language::Swift => Box::new(swift::Swift::ready(native)?),
        })
    }
}
