//! The library that every package carries, and the generator that reads the interface from it.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, succeeds, target_folder};
use crate::report;

pub(crate) struct Native {
    library: PathBuf,
    generator: PathBuf,
}

impl Native {
    /// Builds both: the library as it is shipped, the generator as fast as can be.
    pub(crate) fn build() -> Result<Self> {
        report::step("building the generator of the bindings");
        // As maturin does it, without naming the package: in that company it has other features.
        succeeds(&mut cargo(&["build", "--locked", "--bin", "uniffi-bindgen"]))?;
        let generator = target_folder()?.join("debug").join(format!("uniffi-bindgen{EXE_SUFFIX}"));
        report::step(
            "building the library that the packages carry (release; a few minutes when nothing is built yet)",
        );
        succeeds(&mut cargo(&["build", "--locked", "--release", "--package", "purecloud-oauth-native"]))?;
        let library = target_folder()?.join("release").join(file_name());
        Ok(Native { library, generator })
    }

    /// The library for the tests of panics: quickly built, and it panics on demand. Beside it, under the same name
    /// with the ending `a`, is the one for linking it in whole.
    pub(crate) fn build_panicking() -> Result<PathBuf> {
        report::step("building the library that panics on demand");
        let mut build = cargo(&["rustc", "--locked", "--package", "purecloud-oauth-native"]);
        build.args(["--features", "panics", "--lib", "--crate-type", "cdylib,staticlib"]);
        succeeds(&mut build)?;
        Ok(target_folder()?.join("debug").join(file_name()))
    }

    /// The library for linking it in whole, for this machine or another target.
    pub(crate) fn static_library(target: Option<&str>) -> Result<PathBuf> {
        report::step(&format!("building the library for {}", target.unwrap_or("linking it in whole")));
        let mut build = cargo(&["rustc", "--locked", "--release", "--package", "purecloud-oauth-native"]);
        build.args(["--lib", "--crate-type", "staticlib"]);
        let mut folder = target_folder()?;
        if let Some(target) = target {
            build.args(["--target", target]);
            folder.push(target);
        }
        succeeds(&mut build)?;
        Ok(folder.join("release/libpurecloud_oauth_native.a"))
    }

    /// Puts the library into a folder as it is shipped: without the symbols that only the generator reads.
    pub(crate) fn ship(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let shipped = folder.join(file_name());
        fs::copy(&self.library, &shipped)?;
        let mut strip = Command::new("strip");
        if cfg!(target_os = "macos") {
            strip.arg("-x");
        }
        let status =
            strip.arg(&shipped).status().context("strip is missing; it comes with the C compiler")?;
        if !status.success() {
            bail!("strip ended with {status}");
        }
        Ok(shipped)
    }

    /// Writes the source files of a language into a folder, in which nothing else is then.
    pub(crate) fn write_bindings(&self, language: &str, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let mut command = Command::new(&self.generator);
        command.args(["generate", "--language", language, "--out-dir"]).arg(folder).arg(&self.library);
        generated(&mut command).map(drop)
    }

    /// The exported interface, as a page to read.
    pub(crate) fn interface(&self) -> Result<String> {
        generated(Command::new(&self.generator).arg("interface").arg(&self.library))
    }
}

fn generated(command: &mut Command) -> Result<String> {
    let output = command.output().context("the generator can't be started")?;
    if !output.status.success() {
        bail!("the generator: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The library's name, as the system has it.
fn file_name() -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{prefix}purecloud_oauth_native{suffix}")
}
