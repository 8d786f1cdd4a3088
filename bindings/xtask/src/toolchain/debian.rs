//! Installs packages on Debian and its derivatives.

use std::path::Path;
use std::process::Command;
use std::sync::Once;

use anyhow::Result;

use super::{quietly, read_output};
use crate::report;

/// Returns whether packages can be installed: the system is Debian, and the user is root.
pub(super) fn can_install() -> bool {
    Path::new("/etc/debian_version").exists()
        && read_output(Command::new("id").arg("-u")).is_some_and(|user| user.trim() == "0")
}

/// Returns whether a package is available from the configured sources.
pub(super) fn offers(package: &str) -> bool {
    update();
    read_output(Command::new("apt-cache").args(["show", package])).is_some()
}

/// Installs packages, without recommended ones.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    update();
    let names = packages.join(" ");
    report::step(&format!("installing {names} with apt-get"));
    let mut command = apt_get(INSTALL);
    command.args(packages);
    quietly(command, &format!("installing {names}"))
}

/// The arguments of `apt-get` for installing. It waits for the lock of another run.
pub(super) const INSTALL: &[&str] =
    &["install", "--yes", "--no-install-recommends", "--option=DPkg::Lock::Timeout=300"];

/// Returns a non-interactive `apt-get` command.
fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

/// Updates the package lists, once per process.
fn update() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        report::step("updating the package lists with apt-get");
        // Not fatal: an unreachable source may not be needed.
        if let Err(error) = quietly(apt_get(&["update"]), "apt-get update") {
            report::line(&format!("{error:#}; continuing with the existing package lists"));
        }
    });
}
