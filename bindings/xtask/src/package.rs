//! `cargo xtask package`: builds all packages into one folder.

use anyhow::Result;

use crate::language::Language;
use crate::native::Native;
use crate::report;

pub(crate) fn run(without: &[Language]) -> Result<()> {
    let native = Native::build()?;
    for language in Language::all_but(without) {
        for package in language.prepare(&native)?.packages() {
            report::line(&package.display().to_string());
        }
    }
    Ok(())
}
