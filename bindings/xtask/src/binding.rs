//! The interface between the commands and a language.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

/// A language whose toolchain is available and whose packages are built and installed as for a user.
pub(crate) trait Binding {
    /// Returns the paths of the packages, as they are published.
    fn packages(&self) -> Vec<PathBuf>;

    /// Returns the runner of the conformance cases. It reads the address of the emulator and an OAuth client from
    /// `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and `EMULATOR_CLIENT_SECRET`, prints `ok NAME` or `failed NAME: REASON` for
    /// each case, and runs only the cases named by its arguments, if there are any.
    fn conformance(&self) -> Result<Command>;

    /// Returns the tours, with the names of their languages for display. They read the address of the emulator from the
    /// vendor's environment variables.
    fn tours(&self) -> Result<Vec<(&'static str, Command)>>;

    /// Returns a program that calls `get_oauth_client("panic")` of both API classes, with the given native library
    /// instead of the one in the package. It fails unless each call reports an error of its language and the API object
    /// remains usable. It finds the emulator like the tours.
    fn panicking(&self, library: &Path) -> Result<Command>;

    /// Returns the checks that exist only in this language: a description, and a program that fails if the check fails.
    fn checks(&self) -> Result<Vec<(&'static str, Command)>>;
}
