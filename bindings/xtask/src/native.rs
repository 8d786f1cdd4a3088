//! Builds the native library that every package contains, and the generator that reads the interface from it.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{self, cargo, target_folder};
use crate::report;

/// The native library and the generator, built.
pub(crate) struct Native {
    library: PathBuf,
    generator: PathBuf,
}

impl Native {
    /// Builds the native library in release mode, as it is shipped, and the generator in debug mode.
    pub(crate) fn build() -> Result<Self> {
        report::step("building the generator of the bindings");
        // Like maturin, without naming the package: with a package name the features would be unified differently, and
        // maturin would rebuild it.
        cargo::run(&mut cargo(&["build", "--locked", "--bin", "uniffi-bindgen"]))?;
        let generator = target_folder()?.join("debug").join(format!("uniffi-bindgen{EXE_SUFFIX}"));
        report::step(
            "building the native library for the packages (release mode; the first build takes a few minutes)",
        );
        cargo::run(&mut cargo(&["build", "--locked", "--release", "--package", "purecloud-oauth-native"]))?;
        let library = target_folder()?.join("release").join(file_name());
        Ok(Native { library, generator })
    }

    /// Builds the native library for the tests of panics, in debug mode. It panics on request. The static library is in
    /// the same folder, under the same name with the extension `a`.
    pub(crate) fn build_panicking() -> Result<PathBuf> {
        report::step("building the native library that panics on request");
        let mut build = cargo(&["rustc", "--locked", "--package", "purecloud-oauth-native"]);
        build.args(["--features", "panics", "--lib", "--crate-type", "cdylib,staticlib"]);
        cargo::run(&mut build)?;
        Ok(target_folder()?.join("debug").join(file_name()))
    }

    /// Builds the static library, for this machine or for another target.
    pub(crate) fn static_library(target: Option<&str>) -> Result<PathBuf> {
        report::step(&format!("building the static library for {}", target.unwrap_or("this machine")));
        let mut build = cargo(&["rustc", "--locked", "--release", "--package", "purecloud-oauth-native"]);
        build.args(["--lib", "--crate-type", "staticlib"]);
        let mut folder = target_folder()?;
        if let Some(target) = target {
            build.args(["--target", target]);
            folder.push(target);
        }
        cargo::run(&mut build)?;
        Ok(folder.join("release/libpurecloud_oauth_native.a"))
    }

    /// Copies the native library into a folder and strips the symbols that only the generator reads.
    pub(crate) fn ship(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let shipped = folder.join(file_name());
        fs::copy(&self.library, &shipped)?;
        let mut strip = Command::new("strip");
        if cfg!(target_os = "macos") {
            strip.arg("-x");
        }
        let status = strip
            .arg(&shipped)
            .status()
            .context("strip is missing; it is part of the C compiler's package")?;
        if !status.success() {
            bail!("strip failed with {status}");
        }
        Ok(shipped)
    }

    /// Generates the source files of a language into a folder, which is deleted before.
    pub(crate) fn write_bindings(&self, language: &str, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let mut command = Command::new(&self.generator);
        command.args(["generate", "--language", language, "--out-dir"]).arg(folder).arg(&self.library);
        run_generator(&mut command).map(drop)
    }

    /// Returns the exported interface as a Markdown page.
    pub(crate) fn interface(&self) -> Result<String> {
        run_generator(Command::new(&self.generator).arg("interface").arg(&self.library))
    }
}

fn run_generator(command: &mut Command) -> Result<String> {
    let output = command.output().context("the generator can't be started")?;
    if !output.status.success() {
        bail!("the generator failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the file name of the native library on this system.
fn file_name() -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{prefix}purecloud_oauth_native{suffix}")
}
