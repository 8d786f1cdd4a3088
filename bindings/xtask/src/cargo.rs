//! Runs the same cargo that runs this program.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::report;

/// Returns the root folder of the project.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

/// Returns a cargo command in the root folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    // These variables describe the build of this program and must not be inherited by another build.
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs cargo and passes each line of its output to a closure. Returns whether cargo succeeded.
pub(crate) fn follow(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo can't be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    for printed in BufReader::new(output).lines() {
        line(&printed?);
    }
    Ok(child.wait()?.success())
}

/// Runs a command with inherited output, and fails if the command fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} can't be started"))?;
    if !status.success() {
        bail!("{program} failed with {status}; see above");
    }
    Ok(())
}

/// Returns cargo's target folder. The other tools write into it as well.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let output = cargo(&["metadata", "--locked", "--no-deps", "--format-version=1"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata failed")?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .context("cargo metadata reports no target folder")
}

/// The programs of this project that the commands start, by package and name.
const PROGRAMS: [(&str, &str); 5] = [
    ("purecloud-oauth-emulator", "purecloud-oauth-emulator"),
    ("purecloud-oauth-conformance", "conformance"),
    ("purecloud-oauth-examples", "first_program"),
    ("purecloud-oauth-examples", "sign_in"),
    ("purecloud-oauth-examples", "tour"),
];

/// Returns the path of a program in `PROGRAMS`, after building it. All of them are built together: separate builds
/// would unify the features of shared dependencies differently, and each would rebuild the dependencies of the others.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    static BUILT: Mutex<Option<HashMap<String, PathBuf>>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if built.is_none() {
        report::step("building the emulator, the examples and the conformance runner");
        *built = Some(build_programs(&PROGRAMS, &[])?);
    }
    let found = built.as_ref().and_then(|built| built.get(name)).cloned();
    found.with_context(|| format!("cargo built no {name}"))
}

/// Builds programs of the workspace with the given options of cargo. Returns their paths by name.
pub(crate) fn build_programs(
    programs: &[(&str, &str)],
    options: &[&str],
) -> Result<HashMap<String, PathBuf>> {
    let mut command = cargo(&["build", "--locked", "--message-format=json-render-diagnostics"]);
    command.args(options);
    for (package, program) in programs {
        command.args(["--package", package, "--bin", program]);
    }
    let mut built = HashMap::new();
    let succeeded = follow(&mut command, |line| {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        if let (Some(executable), Some(name)) =
            (message["executable"].as_str(), message["target"]["name"].as_str())
        {
            built.insert(name.to_owned(), PathBuf::from(executable));
        }
    })?;
    if !succeeded {
        bail!("the build failed");
    }
    Ok(built)
}
