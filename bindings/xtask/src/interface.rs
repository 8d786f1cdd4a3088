//! `docs/interface.md`: the exported interface, made from the library's own metadata.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cargo::root;
use crate::native::Native;
use crate::report;

fn page() -> PathBuf {
    root().join("docs/interface.md")
}

/// Writes the page anew.
pub(crate) fn write() -> Result<()> {
    fs::write(page(), Native::build()?.interface()?)?;
    report::line("docs/interface.md is written");
    Ok(())
}

/// Whether the page is what the library says.
pub(crate) fn check(native: &Native) -> Result<()> {
    if native.interface()? != fs::read_to_string(page())? {
        bail!(
            "docs/interface.md is no longer what is exported; if the change is meant: cargo xtask interface"
        );
    }
    Ok(())
}
