//! Swift: the machine's own or, on Debian, one in a folder that programs run in as if it were the whole system.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::process::{self, Command};

use anyhow::{Context, Result, ensure};

use super::{debian, printed, quietly, version_behind};
use crate::report;

const OLDEST: (u32, u32) = (5, 9);

/// The release of Debian that has Swift, and the packages to build and test with.
const RELEASE: &str = "trixie";
const PACKAGES: &[&str] = &["swiftlang", "libc6-dev", "g++"];

/// Shows folders of the machine inside another system, and runs a program there.
/// The shell stays: a program that were the first process itself could not be interrupted.
const INSIDE: &str = r#"
set -e
system=$1 working_folder=$2
shift 2
mount -t proc proc "$system/proc"
mount --rbind /dev "$system/dev"
mount -t tmpfs tmpfs "$system/tmp"
for file in /etc/hosts /etc/resolv.conf; do
    if [ -e "$file" ]; then mount --bind "$file" "$system$file"; fi
done
while [ "$1" != -- ]; do
    mkdir -p "$system$1"
    mount --rbind "$1" "$system$1"
    shift
done
shift
chroot "$system" sh -c 'cd "$0" && exec "$@"' "$working_folder" "$@"
exit $?
"#;

/// Swift, and what else its programs need.
pub(crate) struct Swift {
    /// The system to run in, unless the machine's own has Swift.
    system: Option<PathBuf>,
}

/// Finds Swift, or installs it where that can be done.
pub(crate) fn swift() -> Result<Swift> {
    let own = Swift { system: None };
    if own.runs()? {
        return Ok(own);
    }
    let missing =
        "Swift 5.9 or newer is missing; get it from swift.org or with swiftly, or run as root on Debian";
    ensure!(debian::can_install(), missing);
    // Containers often forbid what everything below is made of.
    ensure!(
        printed(&mut apart("mount -t tmpfs tmpfs /tmp")).is_some(),
        "{missing}, in a container that may mount (docker run --privileged)"
    );
    let folder = cache()?.join("swift");
    let installed = Swift { system: Some(folder.clone()) };
    if !folder.exists() {
        install(&folder)?;
    }
    ensure!(
        installed.runs()?,
        "the Swift in {0} does not run; remove {0} to have it made anew",
        folder.display()
    );
    Ok(installed)
}

impl Swift {
    /// Swift itself: `test`, `build`, `run` and so on. See [`Swift::program`].
    pub(crate) fn command(
        &self,
        folders: &[&Path],
        working_folder: &Path,
        arguments: &[&str],
    ) -> Result<Command> {
        self.program(folders, working_folder, "swift", arguments)
    }

    /// A program that sees Swift's libraries and the given folders of the machine, at their own paths, and shares
    /// its network. Its processes and mounts end with it, and it with the thread that starts it.
    pub(crate) fn program(
        &self,
        folders: &[&Path],
        working_folder: &Path,
        program: impl AsRef<OsStr>,
        arguments: &[&str],
    ) -> Result<Command> {
        let Some(system) = &self.system else {
            let mut command = Command::new(program);
            command.current_dir(working_folder).args(arguments);
            return Ok(command);
        };
        for folder in folders {
            ensure!(can_show(system, folder), "{} can't be shown to Swift at this path", folder.display());
        }
        let mut command = apart(INSIDE);
        command.arg(system).arg(working_folder).args(folders).arg("--").arg(program).args(arguments);
        // The machine's own need not exist inside.
        command.env("HOME", "/root").env_remove("TMPDIR");
        Ok(command)
    }

    /// Whether it starts and is new enough.
    fn runs(&self) -> Result<bool> {
        let mut command = self.command(&[], Path::new("/"), &["--version"])?;
        let version = printed(&mut command).and_then(|printed| version_behind("Swift version ", &printed));
        Ok(version.is_some_and(|version| version >= OLDEST))
    }
}

/// A shell script with mounts and processes of its own: they end with it, and it with the thread that starts it.
fn apart(script: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    command.args(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
    command.args(["sh", "-c", script, "sh"]);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Whether a folder of the machine can be shown at its own path: it must hide nothing there, and no link may
/// lead out of the system.
fn can_show(system: &Path, folder: &Path) -> bool {
    let mut place = system.to_owned();
    for component in folder.components() {
        match component {
            Component::RootDir => continue,
            Component::Normal(name) => place.push(name),
            _ => return false,
        }
        if place.is_symlink() {
            return false;
        }
    }
    folder.is_absolute() && folder.is_dir() && !holds_files(&place)
}

fn holds_files(folder: &Path) -> bool {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| !entry.file_type().is_ok_and(|kind| kind.is_dir()) || holds_files(&entry.path()))
}

/// Where the project keeps what takes long to get.
fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    Ok(folder.context("HOME is not set")?.join("purecloud-oauth"))
}

const UNFINISHED: &str = "swift-unfinished-";

/// Makes the system under another name: under its own, it is complete.
fn install(folder: &Path) -> Result<()> {
    let parent = folder.parent().context("a folder in another was expected")?;
    fs::create_dir_all(parent)?;
    remove_abandoned(parent)?;
    let unfinished = parent.join(format!("{UNFINISHED}{}", process::id()));
    let filled = fill(&unfinished);
    // Another run that was faster has made the same.
    if filled.is_err() || fs::rename(&unfinished, folder).is_err() {
        fs::remove_dir_all(&unfinished).ok();
    }
    filled
}

/// Removes what runs that were interrupted have left.
fn remove_abandoned(parent: &Path) -> Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED)) else { continue };
        if !Path::new("/proc").join(process).exists() {
            report::step("removing what an interrupted run has left of Swift");
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn fill(folder: &Path) -> Result<()> {
    if printed(&mut apart("debootstrap --version")).is_none() {
        debian::install(&["debootstrap", "debian-archive-keyring"])?;
    }
    report::step("installing Swift, 1 of 2: a small Debian of its own");
    // It mounts, too.
    let mut command = apart(r#"debootstrap --variant=minbase --include=ca-certificates "$@"; exit $?"#);
    command.arg(RELEASE).arg(folder);
    quietly(command, "debootstrap")?;
    for file in ["etc/hosts", "etc/resolv.conf"] {
        // The machine's are mounted over these; a link would lead elsewhere.
        fs::remove_file(folder.join(file)).ok();
        File::create(folder.join(file))?;
    }

    report::step("installing Swift, 2 of 2: its packages (450 MB to fetch, 3 GB on the disk)");
    let system = Swift { system: Some(folder.to_owned()) };
    for arguments in [&["update"], &[debian::INSTALL, PACKAGES].concat()[..], &["distclean"]] {
        let mut command = system.program(&[], Path::new("/"), "apt-get", arguments)?;
        command.env("DEBIAN_FRONTEND", "noninteractive");
        quietly(command, "apt-get, for Swift,")?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::{env, fs, process};

    use super::can_show;

    #[test]
    fn a_folder_is_shown_only_where_it_hides_nothing() {
        let top = env::temp_dir().join(format!("xtask-swift-{}", process::id()));
        let (system, shown) = (top.join("system"), top.join("shown"));
        let shown_inside = system.join(shown.strip_prefix("/").unwrap_or(&shown));
        fs::create_dir_all(&shown).expect("a folder can be made");
        fs::create_dir_all(&system).expect("a folder can be made");
        let new = can_show(&system, &shown);
        fs::create_dir_all(shown_inside.join("another_shown_folder")).expect("a folder can be made");
        let again = can_show(&system, &shown);
        let with_steps_back = can_show(&system, &shown.join("../shown"));
        let missing = can_show(&system, &top.join("missing"));
        let relative = can_show(&system, Path::new("."));
        fs::write(shown_inside.join("file"), "").expect("a file can be made");
        let over_a_file = can_show(&system, &shown);
        fs::remove_dir_all(&shown_inside).expect("it can be removed");
        symlink("/", &shown_inside).expect("a link can be made");
        let over_a_link = can_show(&system, &shown);
        let everything = can_show(&system, Path::new("/"));
        fs::remove_dir_all(&top).expect("it can be removed");

        assert!(new && again);
        assert!(!with_steps_back && !missing && !relative);
        assert!(!over_a_file && !over_a_link && !everything);
    }
}
