//! Running cargo, the same one that runs this program.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The top folder of the project.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own)
}

/// Cargo in the top folder, with the lock file as it is.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    // These describe this program's own run and must not leak into another.
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

/// Runs cargo and hands on each line that it prints; says whether it succeeded.
pub(crate) fn follow(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo can't be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    for printed in BufReader::new(output).lines() {
        line(&printed?);
    }
    Ok(child.wait()?.success())
}

/// Builds programs of the workspace and tells where they are, in the order asked for.
pub(crate) fn build_programs(programs: &[(&str, &str)]) -> Result<Vec<PathBuf>> {
    let mut command = cargo(&["build", "--locked", "--message-format=json-render-diagnostics"]);
    for (package, program) in programs {
        command.args(["--package", package, "--bin", program]);
    }
    let mut built = vec![None; programs.len()];
    let succeeded = follow(&mut command, |line| {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        let Some(executable) = message["executable"].as_str() else { return };
        for (place, (_, program)) in built.iter_mut().zip(programs) {
            if message["target"]["name"].as_str() == Some(program) {
                *place = Some(PathBuf::from(executable));
            }
        }
    })?;
    if !succeeded {
        bail!("the build failed");
    }
    built
        .into_iter()
        .zip(programs)
        .map(|(path, (_, name))| path.with_context(|| format!("cargo built no {name}")))
        .collect()
}
