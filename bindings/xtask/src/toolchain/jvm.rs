//! A Java development kit, and Maven.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{debian, printed, version_behind};

const OLDEST: (u32, u32) = (17, 0);
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
        homes.map(|home| Jvm { home }).find(|jvm| jvm.has("javac", "javac ") && jvm.has("java", "version \""))
    }

    /// Whether a program of the kit runs and is new enough.
    fn has(&self, program: &str, before_version: &str) -> bool {
        printed(self.program(program).arg("-version"))
            .and_then(|printed| version_behind(before_version, &printed))
            .is_some_and(|version| version >= OLDEST)
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
