//! Builds the package for Python, a wheel and an sdist, and installs the wheel into an environment as a user would.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::binding::Binding;
use crate::cargo::{cargo, root, target_folder};
use crate::native::Native;
use crate::report;
use crate::toolchain::{self, Venv, quietly};

/// The tools to build packages and to check types. basedpyright is pyright with all its dependencies.
const TOOLS: [&str; 5] = ["basedpyright==1.*", "build==1.*", "maturin==1.16.*", "mypy>=1.18", "ruff==0.17.*"];

/// The packages that the tests use in addition to our own.
const TEST_DEPENDENCIES: &[&str] = if cfg!(unix) {
    &["anyio", "eventlet", "gevent", "pyinstaller", "trio", "uvloop"]
} else {
    &["pyinstaller"]
};

/// The versions of Python to test, and the names of their checks. Those that the machine has are tested.
const VERSIONS: [(&str, &str); 6] = [
    ("3.9", "in Python 3.9"),
    ("3.10", "in Python 3.10"),
    ("3.11", "in Python 3.11"),
    ("3.12", "in Python 3.12"),
    ("3.13", "in Python 3.13"),
    ("3.14", "in Python 3.14"),
];

/// The prefix of the file names of our packages.
const PREFIX: &str = "purecloud_oauth-";

/// The packages, and the environments to build and to use them.
pub(crate) struct Python {
    tools: Venv,
    /// The environment in which the wheel is installed, as for a user.
    user: Venv,
    /// Environments of users with other versions, by the name of their check.
    versions: Vec<(&'static str, Venv)>,
    /// The working folder of programs, outside of the checkout so that they can't import from it.
    working_folder: PathBuf,
    packages: Vec<PathBuf>,
}

impl Python {
    /// Builds and installs the package. maturin runs cargo again, which uses the native library that is already built.
    pub(crate) fn prepare(_native: &Native) -> Result<Self> {
        let python = toolchain::python()?;
        let target = target_folder()?;
        let folder = target.join("bindings/python");
        let tools = python.equipped_venv(&folder.join("tools"), &TOOLS)?;
        let packages = build(&tools, &folder, &target.join("packages"))?;
        let wheel = packages.iter().find(|package| package.extension().is_some_and(|end| end == "whl"));
        let wheel =
            wheel.context("there is no wheel")?.to_str().context("the path of the wheel is not UTF-8")?;
        let user = python.venv(&folder.join("user"))?;
        user.pip_install(&[&[wheel], TEST_DEPENDENCIES].concat())?;
        let mut versions = Vec::new();
        for (version, check) in VERSIONS {
            if let Some(python) = toolchain::Python::find_version(version) {
                let venv = python.venv(&folder.join(version))?;
                venv.pip_install(&["--no-deps", wheel])?;
                versions.push((check, venv));
            }
        }
        let working_folder = folder.join("elsewhere");
        fs::create_dir_all(&working_folder)?;
        Ok(Python { tools, user, versions, working_folder, packages })
    }

    /// Returns the command of a program in the checkout that uses the installed package.
    fn program(&self, path: &str) -> Command {
        self.program_in(&self.user, path)
    }

    fn program_in(&self, user: &Venv, path: &str) -> Command {
        let mut command = user.program("python");
        // Warnings are errors, and no bytecode is written into the checkout.
        command.args(["-W", "error", "-B"]).arg(root().join(path)).current_dir(&self.working_folder);
        command
    }
}

/// Builds both packages, replacing older ones. pip expects `pyproject.toml` in the root folder of a project, where this
/// one does not have it, so each package is built in a folder that contains it.
fn build(tools: &Venv, folder: &Path, packages: &Path) -> Result<Vec<PathBuf>> {
    report::step("building the wheel and the sdist");
    for older in find_packages(packages)? {
        fs::remove_file(older)?;
    }
    build_package(tools, "--wheel", &wheel_source(&folder.join("wheel"))?, packages)?;
    build_package(tools, "--sdist", &sdist_source(&folder.join("sdist"))?, packages)?;
    let built = find_packages(packages)?;
    if built.len() != 2 {
        bail!("expected a wheel and an sdist, found {built:?}");
    }
    Ok(built)
}

/// Builds a package like pip, but with the platform tag of a published wheel, which states the compatible systems.
fn build_package(tools: &Venv, kind: &str, source: &Path, packages: &Path) -> Result<()> {
    let programs = [tools.programs().to_owned()].into_iter();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut command = tools.program("python");
    command.args(["-m", "build", "--no-isolation", kind, "--outdir"]).arg(packages);
    command.args(["--config-setting", "build-args=--locked --compatibility pypi"]).arg(source);
    command.env("CARGO_TARGET_DIR", target_folder()?);
    command.env("PATH", env::join_paths(programs.chain(env::split_paths(&path)))?);
    for (name, value) in cargo(&[]).get_envs() {
        if value.is_none() {
            command.env_remove(name);
        }
    }
    quietly(command, "python -m build")
}

/// Creates the folder from which the wheel is built: the Python sources, and a link to the crate. The crate is built in
/// its original place, so that cargo uses the earlier build.
fn wheel_source(folder: &Path) -> Result<PathBuf> {
    let is_needed = |file: &Path| file.starts_with("bindings/python") || is_licence(file);
    copy(project_files()?.into_iter().filter(|file| is_needed(file)), folder)?;
    link_folder(&root().join("bindings/native"), &folder.join("bindings/native"))?;
    Ok(folder.to_owned())
}

/// Creates the folder from which the sdist is built: the whole project, since the generator is part of it, as a git
/// repository, because maturin lists the files with git.
fn sdist_source(folder: &Path) -> Result<PathBuf> {
    copy(project_files()?.into_iter(), folder)?;
    git(folder, &["init", "--quiet"])?;
    git(folder, &["add", "--all"])?;
    Ok(folder.to_owned())
}

/// Returns the files of the project that git tracks or would add, as paths relative to the root folder.
fn project_files() -> Result<Vec<PathBuf>> {
    let listed = git(root(), &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let listed = String::from_utf8(listed)?;
    Ok(listed.split_terminator('\0').map(PathBuf::from).filter(|file| root().join(file).is_file()).collect())
}

fn is_licence(file: &Path) -> bool {
    file.to_string_lossy().starts_with("LICENSE-")
}

/// Copies files of the project into a new folder, with `pyproject.toml` also in the root of that folder.
fn copy(files: impl Iterator<Item = PathBuf>, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for file in files {
        let place = folder.join(&file);
        fs::create_dir_all(place.parent().context("the file has no parent folder")?)?;
        fs::copy(root().join(file), place)?;
    }
    fs::copy(root().join("bindings/python/pyproject.toml"), folder.join("pyproject.toml"))?;
    Ok(())
}

#[cfg(unix)]
fn link_folder(to: &Path, link: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(to, link)?)
}

#[cfg(windows)]
fn link_folder(to: &Path, link: &Path) -> Result<()> {
    Ok(std::os::windows::fs::symlink_dir(to, link)?)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("git").current_dir(folder).args(arguments).output();
    let output = output.context("git is missing; on Debian, install it with: apt-get install git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// Returns the packages for Python in the packages folder.
fn find_packages(packages: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(packages)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(packages)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

impl Binding for Python {
    fn packages(&self) -> Vec<PathBuf> {
        self.packages.clone()
    }

    fn conformance(&self) -> Result<Command> {
        Ok(self.program("tests/conformance/python/run.py"))
    }

    fn tours(&self) -> Result<Vec<(&'static str, Command)>> {
        Ok(vec![("Python", self.program("examples/python/tour/main.py"))])
    }

    fn panicking(&self, library: &Path) -> Result<Command> {
        let mut command = self.program("tests/conformance/python/panics.py");
        // The panics are intended, so no backtraces are needed.
        command.arg(library).env("RUST_BACKTRACE", "0");
        Ok(command)
    }

    fn checks(&self) -> Result<Vec<(&'static str, Command)>> {
        let sample = root().join("tests/conformance/python/types");
        let interpreter = self.user.programs().join("python");
        let mut mypy = self.tools.program("mypy");
        mypy.args(["--strict", "--no-error-summary", "--cache-dir"]).arg(self.working_folder.join("mypy"));
        mypy.arg("--python-executable").arg(&interpreter).arg(&sample).current_dir(&self.working_folder);
        let mut pyright = self.tools.program("basedpyright");
        pyright.arg("--pythonpath").arg(&interpreter).arg("--project").arg(&sample);
        let ruff = |arguments: &[&str]| {
            let mut ruff = self.tools.program("ruff");
            ruff.args(arguments).args([
                "--quiet",
                "--no-cache",
                "--config",
                "bindings/python/pyproject.toml",
            ]);
            ruff.current_dir(root());
            ruff
        };
        let mut checks = vec![
            ("format", ruff(&["format", "--check"])),
            ("lints", ruff(&["check"])),
            ("types, by mypy", mypy),
            ("types, by pyright", pyright),
            ("behavior specific to Python", self.program("tests/conformance/python/pythons_own.py")),
            ("first program", self.program("examples/python/first_program.py")),
            ("signing in by the browser", self.program("examples/python/sign_in.py")),
        ];
        let versions = self.versions.iter();
        checks
            .extend(versions.map(|(check, user)| {
                (*check, self.program_in(user, "tests/conformance/python/versions.py"))
            }));
        Ok(checks)
    }
}
