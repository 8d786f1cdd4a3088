//! Python, and environments of its own for what is installed with pip.

use std::ffi::OsStr;
use std::fs;
use std::path::{self, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{debian, printed, quietly};
use crate::report;

/// Succeeds where an environment with pip can be made.
const PROBE: &str = "import ensurepip, platform, sys, venv
sys.exit(sys.version_info < (3, 9) or platform.python_implementation() != 'CPython')";

/// An interpreter.
pub(crate) struct Python {
    program: &'static str,
}

/// An environment, with what was installed into it.
pub(crate) struct Venv {
    programs: PathBuf,
}

/// Finds an interpreter that can make environments; installs one where that can be done.
pub(crate) fn python() -> Result<Python> {
    let mut found = Python::find();
    if found.is_none() && debian::can_install() {
        debian::install(&["python3", "python3-venv"])?;
        found = Python::find();
    }
    found.context(
        "CPython 3.9 or newer with venv and ensurepip is missing; get it from python.org, or run as root on Debian",
    )
}

impl Python {
    fn find() -> Option<Self> {
        // The last one is Debian's, which another may hide.
        ["python3", "python", "/usr/bin/python3"]
            .into_iter()
            .find(|program| printed(isolated(program).args(["-c", PROBE])).is_some())
            .map(|program| Python { program })
    }

    /// The name by which it is started.
    pub(crate) fn program(&self) -> &'static str {
        self.program
    }

    /// Makes an environment in a folder, in place of the one that may be there.
    pub(crate) fn venv(&self, folder: &Path) -> Result<Venv> {
        let folder = path::absolute(folder)?;
        if folder.exists() {
            // Nothing else may be lost by a wrong name.
            if !folder.join("pyvenv.cfg").exists() {
                bail!("{} is in the way: it is no Python environment", folder.display());
            }
            fs::remove_dir_all(&folder).with_context(|| format!("{} can't be removed", folder.display()))?;
        }
        report::step("making a Python environment");
        let mut command = isolated(self.program);
        command.args(["-m", "venv"]).arg(&folder);
        quietly(command, "python -m venv")?;
        Ok(Venv::at(&folder))
    }

    /// An environment with these packages; the one that is there, if it was made with the same.
    pub(crate) fn equipped_venv(&self, folder: &Path, packages: &[&str]) -> Result<Venv> {
        let folder = path::absolute(folder)?;
        let version = printed(isolated(self.program).arg("--version")).context("python has no version")?;
        let (marker, made_with) = (folder.join("made-with.txt"), version + &packages.join("\n"));
        if fs::read_to_string(&marker).is_ok_and(|found| found == made_with) {
            return Ok(Venv::at(&folder));
        }
        let venv = self.venv(&folder)?;
        venv.pip_install(packages)?;
        fs::write(marker, made_with)?;
        Ok(venv)
    }
}

impl Venv {
    fn at(folder: &Path) -> Self {
        Venv { programs: folder.join(if cfg!(windows) { "Scripts" } else { "bin" }) }
    }

    /// Installs with pip: packages, files, or whatever else its `install` takes.
    pub(crate) fn pip_install(&self, arguments: &[&str]) -> Result<()> {
        let name = format!("pip install {}", arguments.join(" "));
        report::step(&name);
        let mut command = self.program("python");
        command.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]).args(arguments);
        quietly(command, &name)
    }

    /// Where its programs are.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// A program of the environment: `python`, or what a package brought.
    pub(crate) fn program(&self, name: &str) -> Command {
        isolated(self.programs.join(name))
    }
}

/// A program that sees no packages but its own.
fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in ["PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_USER"] {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::Python;

    #[test]
    fn only_an_environment_is_replaced() {
        let folder = env::temp_dir().join(format!("xtask-python-{}", process::id()));
        fs::create_dir_all(folder.join("work")).expect("a folder can be made");
        let made = Python { program: "python3" }.venv(&folder);
        let kept = folder.join("work").exists();
        fs::remove_dir_all(&folder).expect("it can be removed");
        assert!(made.is_err() && kept);
    }
}
