//! What the tests have in place of the system's browser.

use anyhow::Result;

use crate::cargo::root;
use crate::toolchain;

/// The value of the variable `BROWSER`, by which programs find the browser on Linux.
pub(crate) fn command() -> Result<String> {
    let script = root().join("tests/conformance/browser.py");
    Ok(format!("{} {} %s", toolchain::python()?.program(), script.display()))
}
