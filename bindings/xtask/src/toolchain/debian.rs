//! Installing packages on Debian and on what is made from it.

use std::path::Path;
use std::process::Command;
use std::sync::Once;

use anyhow::Result;

use super::{printed, quietly};
use crate::report;

/// Whether packages can be installed: the system is right, and root runs the program.
pub(super) fn can_install() -> bool {
    Path::new("/etc/debian_version").exists()
        && printed(Command::new("id").arg("-u")).is_some_and(|user| user.trim() == "0")
}

/// Whether one of the machine's sources has a package.
pub(super) fn offers(package: &str) -> bool {
    update();
    printed(Command::new("apt-cache").args(["show", package])).is_some()
}

/// Installs packages, without those that they merely recommend.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    update();
    let names = packages.join(" ");
    report::step(&format!("installing {names} with apt-get"));
    let mut command = apt_get(INSTALL);
    command.args(packages);
    quietly(command, &format!("installing {names}"))
}

/// What follows `apt-get` where it installs; another run of it is waited for.
pub(super) const INSTALL: &[&str] =
    &["install", "--yes", "--no-install-recommends", "--option=DPkg::Lock::Timeout=300"];

/// `apt-get`, which asks nothing.
fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

/// Fetches the lists of packages, once.
fn update() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        report::step("fetching the lists of packages with apt-get");
        // A source that can't be reached need not be the one that is wanted.
        if let Err(error) = quietly(apt_get(&["update"]), "apt-get update") {
            report::line(&format!("{error:#}; going on with the lists as they are"));
        }
    });
}
