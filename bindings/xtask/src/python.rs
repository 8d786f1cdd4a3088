//! The package for Python: a wheel and an sdist, and an environment into which the wheel is installed as by anybody.

use std::collections::BTreeMap;
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

/// What packages are made and types are checked with. basedpyright is pyright with everything that it needs.
const TOOLS: [&str; 5] = ["basedpyright==1.*", "build==1.*", "maturin==1.16.*", "mypy>=1.18", "ruff==0.17.*"];

/// What our own tests use beside the package.
const BESIDE: &[&str] = if cfg!(unix) { &["uvloop"] } else { &[] };

const STEM: &str = "purecloud_oauth-";

pub(crate) struct Python {
    tools: Venv,
    /// The environment of somebody who has installed the wheel.
    user: Venv,
    /// Where the programs run: nothing of the checkout is found from there.
    elsewhere: PathBuf,
    packages: Vec<PathBuf>,
}

impl Python {
    /// The library is built once more: where it is built from a copy of the source, it is another for cargo.
    pub(crate) fn ready(_native: &Native) -> Result<Self> {
        let python = toolchain::python()?;
        let target = target_folder()?;
        let folder = target.join("bindings/python");
        let tools = python.equipped_venv(&folder.join("tools"), &TOOLS)?;
        let source = source(&folder.join("source"))?;
        let packages = build(&tools, &source, &target.join("packages"))?;
        let wheel = packages.iter().find(|package| package.extension().is_some_and(|end| end == "whl"));
        let wheel =
            wheel.context("there is no wheel")?.to_str().context("the path of the wheel is no text")?;
        let user = python.venv(&folder.join("user"))?;
        user.pip_install(&[&[wheel], BESIDE].concat())?;
        let elsewhere = folder.join("elsewhere");
        fs::create_dir_all(&elsewhere)?;
        Ok(Python { tools, user, elsewhere, packages })
    }

    /// A program of the checkout that uses the package.
    fn program(&self, path: &str) -> Command {
        let mut command = self.user.program("python");
        // Warnings are errors, and the checkout stays as it is.
        command.args(["-W", "error", "-B"]).arg(root().join(path)).current_dir(&self.elsewhere);
        command
    }
}

/// The project as an sdist holds it, with `pyproject.toml` at its top, where pip looks for it. What has not
/// changed is left as it was, so that cargo does not build it anew.
fn source(folder: &Path) -> Result<PathBuf> {
    let git = |place: &Path, arguments: &[&str]| -> Result<Vec<u8>> {
        let output = Command::new("git").current_dir(place).args(arguments).output();
        let output = output.context("git is missing; on Debian: apt-get install git")?;
        if !output.status.success() {
            bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(output.stdout)
    };
    let listed = git(root(), &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let listed = String::from_utf8(listed)?;
    let mut held: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for file in listed.split_terminator('\0').filter(|file| root().join(file).is_file()) {
        held.insert(file.into(), root().join(file));
    }
    held.insert("pyproject.toml".into(), root().join("bindings/python/pyproject.toml"));
    for (place, file) in &held {
        let (place, content) = (folder.join(place), fs::read(file)?);
        if fs::read(&place).ok().as_ref() != Some(&content) {
            fs::create_dir_all(place.parent().context("a file without a folder")?)?;
            fs::write(&place, content)?;
        }
    }
    // maturin asks git what belongs to an sdist.
    git(folder, &["init", "--quiet"])?;
    let before = String::from_utf8(git(folder, &["ls-files", "-z"])?)?;
    for gone in before.split_terminator('\0').filter(|file| !held.contains_key(Path::new(file))) {
        let _ = fs::remove_file(folder.join(gone));
    }
    git(folder, &["add", "--all"])?;
    Ok(folder.to_owned())
}

/// Both packages, in place of older ones; in the way in which pip makes them, but for the tag of the wheel: what
/// is published says with which systems it is compatible.
fn build(tools: &Venv, source: &Path, packages: &Path) -> Result<Vec<PathBuf>> {
    report::step("making the wheel and the sdist");
    for older in made(packages)? {
        fs::remove_file(older)?;
    }
    let programs = [tools.programs().to_owned()].into_iter();
    let path = env::var_os("PATH").unwrap_or_default();
    let mut command = tools.program("python");
    command.args(["-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir"]).arg(packages);
    command.args(["--config-setting", "build-args=--locked --compatibility pypi"]).arg(source);
    command.env("CARGO_TARGET_DIR", target_folder()?);
    command.env("PATH", env::join_paths(programs.chain(env::split_paths(&path)))?);
    for (name, value) in cargo(&[]).get_envs() {
        if value.is_none() {
            command.env_remove(name);
        }
    }
    quietly(command, "python -m build")?;
    let made = made(packages)?;
    if made.len() != 2 {
        bail!("a wheel and an sdist were expected, and there are {made:?}");
    }
    Ok(made)
}

/// The packages for Python in the folder of all packages.
fn made(packages: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(packages)?;
    let mut made = Vec::new();
    for entry in fs::read_dir(packages)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(STEM) {
            made.push(entry.path());
        }
    }
    Ok(made)
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
        // It is meant to panic, and where is known.
        command.arg(library).env("RUST_BACKTRACE", "0");
        Ok(command)
    }

    fn checks(&self) -> Result<Vec<(&'static str, Command)>> {
        let sample = root().join("tests/conformance/python/types");
        let interpreter = self.user.programs().join("python");
        let mut mypy = self.tools.program("mypy");
        mypy.args(["--strict", "--no-error-summary", "--cache-dir"]).arg(self.elsewhere.join("mypy"));
        mypy.arg("--python-executable").arg(&interpreter).arg(&sample).current_dir(&self.elsewhere);
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
        Ok(vec![
            ("format", ruff(&["format", "--check"])),
            ("lints", ruff(&["check"])),
            ("types, by mypy", mypy),
            ("types, by pyright", pyright),
            ("what is Python's own", self.program("tests/conformance/python/pythons_own.py")),
            ("first program", self.program("examples/python/first_program.py")),
        ])
    }
}
