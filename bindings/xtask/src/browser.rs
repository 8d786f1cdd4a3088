//! The replacement for the system's browser in tests.

use anyhow::Result;

use crate::cargo::root;
use crate::toolchain;

/// Returns the value of the environment variable `BROWSER`, by which programs find the browser on Linux.
pub(crate) fn command() -> Result<String> {
    let script = root().join("tests/conformance/browser.py");
    Ok(format!("{} {} %s", toolchain::python()?.program(), script.display()))
}
