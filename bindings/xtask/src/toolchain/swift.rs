//! Finds Swift on the machine or, on Debian, installs it into a separate system in a folder, in which programs are run
//! with chroot.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::process::{self, Command};

use anyhow::{Context, Result, ensure};

use super::{debian, parse_version, quietly, read_output};
use crate::report;

const OLDEST: (u32, u32) = (5, 9);

/// The release of Debian that contains Swift, and the packages needed for building and testing.
const RELEASE: &str = "trixie";
const PACKAGES: &[&str] = &["swiftlang", "libc6-dev", "g++"];

/// The script that mounts folders of the machine inside the separate system and runs a program there. The shell remains
/// as the first process of the PID namespace, because a program that is the first process can't be interrupted.
const RUN_INSIDE: &str = r#"
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

/// A Swift toolchain.
pub(crate) struct Swift {
    /// The folder of the separate system; `None` if Swift is installed on the machine.
    system: Option<PathBuf>,
}

/// Finds Swift, or installs it if possible.
pub(crate) fn swift() -> Result<Swift> {
    let existing = Swift { system: None };
    if existing.runs()? {
        return Ok(existing);
    }
    let missing =
        "Swift 5.9 or newer is missing; install it from swift.org or with swiftly, or run as root on Debian";
    ensure!(debian::can_install(), missing);
    // Containers often forbid mounting, which the separate system needs.
    ensure!(
        read_output(&mut isolated_script("mount -t tmpfs tmpfs /tmp")).is_some(),
        "{missing}, in a container with permission to mount (docker run --privileged)"
    );
    let folder = cache()?.join("swift");
    let installed = Swift { system: Some(folder.clone()) };
    if !folder.exists() {
        install(&folder)?;
    }
    ensure!(
        installed.runs()?,
        "the Swift in {0} does not run; remove {0} to install it again",
        folder.display()
    );
    Ok(installed)
}

impl Swift {
    /// Returns a `swift` command, such as `swift build`. See [`Swift::program`].
    pub(crate) fn command(
        &self,
        folders: &[&Path],
        working_folder: &Path,
        arguments: &[&str],
    ) -> Result<Command> {
        self.program(folders, working_folder, "swift", arguments)
    }

    /// Returns the command of a program with access to Swift's libraries, to the given folders of the machine under the
    /// same paths, and to the network. Its child processes and mounts end with the program, and the program ends with
    /// the thread that started it.
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
            ensure!(
                can_mount(system, folder),
                "{} can't be mounted for Swift at the same path",
                folder.display()
            );
        }
        let mut command = isolated_script(RUN_INSIDE);
        command.arg(system).arg(working_folder).args(folders).arg("--").arg(program).args(arguments);
        // The folders in these variables may not exist inside the separate system.
        command.env("HOME", "/root").env_remove("TMPDIR");
        Ok(command)
    }

    /// Returns whether Swift starts and is new enough.
    fn runs(&self) -> Result<bool> {
        let mut command = self.command(&[], Path::new("/"), &["--version"])?;
        let version = read_output(&mut command).and_then(|output| parse_version("Swift version ", &output));
        Ok(version.is_some_and(|version| version >= OLDEST))
    }
}

/// Returns a command that runs a shell script in separate mount and PID namespaces. The namespaces end with the script,
/// and the script ends with the thread that started it.
fn isolated_script(script: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    command.args(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
    command.args(["sh", "-c", script, "sh"]);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Returns whether a folder of the machine can be mounted at the same path in the system: the mount must not hide
/// files, and the path must not contain a symbolic link, which could lead out of the system.
fn can_mount(system: &Path, folder: &Path) -> bool {
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

/// Returns the folder for downloads that take long.
fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    Ok(folder.context("HOME is not set")?.join("purecloud-oauth"))
}

/// The prefix of the names of systems that are not completely installed.
const UNFINISHED: &str = "swift-unfinished-";

/// Installs the system under a temporary name, and renames it once it is complete.
fn install(folder: &Path) -> Result<()> {
    let parent = folder.parent().context("the folder has no parent folder")?;
    fs::create_dir_all(parent)?;
    remove_abandoned(parent)?;
    let unfinished = parent.join(format!("{UNFINISHED}{}", process::id()));
    let installed = install_system(&unfinished);
    // Renaming fails if another run has installed the system in the meantime.
    if installed.is_err() || fs::rename(&unfinished, folder).is_err() {
        fs::remove_dir_all(&unfinished).ok();
    }
    installed
}

/// Removes systems that interrupted runs have left.
fn remove_abandoned(parent: &Path) -> Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED)) else { continue };
        if !Path::new("/proc").join(process).exists() {
            report::step("removing an incomplete installation of Swift");
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn install_system(folder: &Path) -> Result<()> {
    if read_output(&mut isolated_script("debootstrap --version")).is_none() {
        debian::install(&["debootstrap", "debian-archive-keyring"])?;
    }
    report::step("installing Swift, 1 of 2: a minimal Debian in a separate folder");
    // debootstrap mounts file systems as well.
    let mut command =
        isolated_script(r#"debootstrap --variant=minbase --include=ca-certificates "$@"; exit $?"#);
    command.arg(RELEASE).arg(folder);
    quietly(command, "debootstrap")?;
    for file in ["etc/hosts", "etc/resolv.conf"] {
        // The files of the machine are mounted over these, which must not be symbolic links.
        fs::remove_file(folder.join(file)).ok();
        File::create(folder.join(file))?;
    }

    report::step("installing Swift, 2 of 2: its packages (450 MB to download, 3 GB on disk)");
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

    use super::can_mount;

    #[test]
    fn a_folder_is_mounted_only_if_it_hides_no_files() {
        let top = env::temp_dir().join(format!("xtask-swift-{}", process::id()));
        let (system, mounted) = (top.join("system"), top.join("mounted"));
        let mount_point = system.join(mounted.strip_prefix("/").unwrap_or(&mounted));
        fs::create_dir_all(&mounted).expect("create a folder");
        fs::create_dir_all(&system).expect("create a folder");
        let new = can_mount(&system, &mounted);
        fs::create_dir_all(mount_point.join("another_mounted_folder")).expect("create a folder");
        let again = can_mount(&system, &mounted);
        let with_steps_back = can_mount(&system, &mounted.join("../mounted"));
        let missing = can_mount(&system, &top.join("missing"));
        let relative = can_mount(&system, Path::new("."));
        fs::write(mount_point.join("file"), "").expect("create a file");
        let over_a_file = can_mount(&system, &mounted);
        fs::remove_dir_all(&mount_point).expect("remove a folder");
        symlink("/", &mount_point).expect("create a link");
        let over_a_link = can_mount(&system, &mounted);
        let everything = can_mount(&system, Path::new("/"));
        fs::remove_dir_all(&top).expect("remove a folder");

        assert!(new && again);
        assert!(!with_steps_back && !missing && !relative);
        assert!(!over_a_file && !over_a_link && !everything);
    }
}
