//! Finds or installs Python, and creates virtual environments for packages.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{self, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{debian, quietly, read_output};
use crate::report;

/// A Python program that succeeds if an environment with pip can be created.
const PROBE: &str = "import ensurepip, platform, sys, venv
sys.exit(sys.version_info < (3, 9) or platform.python_implementation() != 'CPython')";

/// A Python interpreter.
pub(crate) struct Python {
    /// The name or path of its executable.
    program: String,
}

/// A virtual environment.
pub(crate) struct Venv {
    /// The folder of its executables.
    programs: PathBuf,
}

/// Finds an interpreter that can create environments, or installs one if possible.
pub(crate) fn python() -> Result<Python> {
    let mut found = Python::find();
    if found.is_none() && debian::can_install() {
        debian::install(&["python3", "python3-venv"])?;
        found = Python::find();
    }
    found.context(
        "CPython 3.9 or newer with venv and ensurepip is missing; install it from python.org, or run as root on Debian",
    )
}

impl Python {
    fn find() -> Option<Self> {
        // The last one is Debian's, which another interpreter may shadow on the path.
        ["python3", "python", "/usr/bin/python3"]
            .into_iter()
            .find(|program| read_output(isolated(program).args(["-c", PROBE])).is_some())
            .map(|program| Python { program: program.to_owned() })
    }

    /// Finds an interpreter of this version, such as `3.9`: on the path, or among those that pyenv or uv installed.
    pub(crate) fn find_version(version: &str) -> Option<Self> {
        let home = env::home_dir()?;
        let pyenv =
            env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from).join("versions");
        let uv = home.join(".local/share/uv/python");
        let mut programs = vec![format!("python{version}")];
        for (folder, prefix) in [(pyenv, format!("{version}.")), (uv, format!("cpython-{version}."))] {
            let installed = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            let is_version = |path: &PathBuf| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
            };
            programs.extend(
                installed.filter(is_version).map(|path| path.join("bin/python3").display().to_string()),
            );
        }
        let is_version = |program: &String| {
            let probe = format!("import sys\nprint('%d.%d' % sys.version_info[:2])\n{PROBE}");
            read_output(isolated(program).args(["-c", &probe])).is_some_and(|found| found.trim() == version)
        };
        programs.into_iter().find(is_version).map(|program| Python { program })
    }

    /// Returns the name or path of the interpreter's executable.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// Creates an environment in a folder, replacing an existing one.
    pub(crate) fn venv(&self, folder: &Path) -> Result<Venv> {
        let folder = path::absolute(folder)?;
        if folder.exists() {
            // A wrong path must not delete anything else.
            if !folder.join("pyvenv.cfg").exists() {
                bail!("{} exists, but is not a Python environment", folder.display());
            }
            fs::remove_dir_all(&folder).with_context(|| format!("{} can't be removed", folder.display()))?;
        }
        report::step("creating a Python environment");
        let mut command = isolated(&self.program);
        command.args(["-m", "venv"]).arg(&folder);
        quietly(command, "python -m venv")?;
        Ok(Venv::at(&folder))
    }

    /// Returns an environment with the given packages. Reuses an existing one that was created for the same packages
    /// and the same version of Python.
    pub(crate) fn equipped_venv(&self, folder: &Path, packages: &[&str]) -> Result<Venv> {
        let folder = path::absolute(folder)?;
        let version =
            read_output(isolated(&self.program).arg("--version")).context("python has no version")?;
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

    /// Runs `pip install` with the given arguments.
    pub(crate) fn pip_install(&self, arguments: &[&str]) -> Result<()> {
        let name = format!("pip install {}", arguments.join(" "));
        report::step(&name);
        let mut command = self.program("python");
        command.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]).args(arguments);
        quietly(command, &name)
    }

    /// Returns the folder of the environment's executables.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    /// Returns the command of a program in the environment: `python`, or a program of an installed package.
    pub(crate) fn program(&self, name: &str) -> Command {
        isolated(self.programs.join(name))
    }
}

/// Returns a command without environment variables that make Python find other packages.
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
        let made = Python { program: "python3".to_owned() }.venv(&folder);
        let kept = folder.join("work").exists();
        fs::remove_dir_all(&folder).expect("it can be removed");
        assert!(made.is_err() && kept);
    }
}
