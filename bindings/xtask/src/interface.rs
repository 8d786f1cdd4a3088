//! `docs/interface.md`: the exported interface, generated from the metadata of the native library.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cargo::root;
use crate::native::Native;
use crate::report;

fn page() -> PathBuf {
    root().join("docs/interface.md")
}

/// Generates the page.
pub(crate) fn write() -> Result<()> {
    fs::write(page(), Native::build()?.interface()?)?;
    report::line("wrote docs/interface.md");
    Ok(())
}

/// Fails unless the page matches the interface of the native library.
pub(crate) fn check(native: &Native) -> Result<()> {
    if native.interface()? != fs::read_to_string(page())? {
        bail!(
            "docs/interface.md is out of date; if the interface was changed on purpose, run: cargo xtask interface"
        );
    }
    Ok(())
}
