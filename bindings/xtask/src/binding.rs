//! What the commands need from a language.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

/// A language, with its toolchain found and its packages built and put where its users find packages.
pub(crate) trait Binding {
    /// The packages as they are published.
    fn packages(&self) -> Vec<PathBuf>;

    /// The runner of the conformance cases. It gets the emulator in `EMULATOR_URL`, `EMULATOR_CLIENT_ID` and
    /// `EMULATOR_CLIENT_SECRET`, prints `ok NAME` or `failed NAME: REASON` for each case, and runs only the
    /// cases named by its arguments, if any are.
    fn conformance(&self) -> Result<Command>;

    /// The tours, by the name of the language as it is written. They get the emulator in the vendor's variables.
    fn tours(&self) -> Result<Vec<(&'static str, Command)>>;

    /// A program that calls `get_oauth_client("panic")` of both clients, with this library in place of the one in
    /// the package, and fails unless it gets an error of its language each time and the client works afterwards.
    /// It gets the emulator like the tours.
    fn panicking(&self, library: &Path) -> Result<Command>;

    /// What is tested in this language alone: what is checked, and the program that fails if it does not hold.
    fn checks(&self) -> Result<Vec<(&'static str, Command)>>;
}
