//! Builds the package for Swift.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::binding::Binding;
use crate::cargo::{root, target_folder};
use crate::native::Native;
use crate::report;
use crate::toolchain::{self, quietly};

const PACKAGE: &str = "PureCloudOAuth";
const FFI: &str = "PureCloudOAuthFFI";

/// The environment variable with the path of the package, read by the manifests of the programs that use it.
const PACKAGE_VARIABLE: &str = "PURECLOUD_OAUTH_PACKAGE";

/// The package, and the toolchain to use it with.
pub(crate) struct Swift {
    toolchain: toolchain::Swift,
    /// The folders of the machine that Swift can access.
    folders: Vec<PathBuf>,
    /// The folder of the package, as users unpack it.
    package: PathBuf,
    archive: PathBuf,
    /// SwiftPM's build folder, shared by all programs so that the package is compiled only once.
    scratch: PathBuf,
}

impl Swift {
    /// Builds the package, its tests and the programs that depend on it.
    pub(crate) fn prepare(native: &Native) -> Result<Self> {
        let swift = Swift::packed(native)?;
        report::step("building the Swift package and the programs that depend on it");
        swift.build(&swift.package, &["--build-tests"])?;
        swift.build(&conformance(), &[])?;
        swift.build(&examples(), &[])?;
        Ok(swift)
    }

    /// Assembles the package, without building it or the programs that depend on it.
    pub(crate) fn packed(native: &Native) -> Result<Self> {
        let toolchain = toolchain::swift()?;
        report::step("assembling the Swift package");
        let package = stage(native, &[Native::static_library(None)?])?;
        let target = target_folder()?;
        Ok(Swift {
            toolchain,
            folders: outermost(vec![root().to_owned(), target.clone()]),
            archive: pack(&platform())?,
            package,
            scratch: build_folder()?.join("build"),
        })
    }

    /// Builds the programs of a package in release mode.
    pub(crate) fn build_release(&self, package: &Path) -> Result<()> {
        self.build(package, &["--configuration", "release"])
    }

    pub(crate) fn release_program(&self, name: &str) -> Result<Command> {
        self.toolchain.program(&self.folders(), root(), self.scratch.join("release").join(name), &[])
    }

    /// Builds a package. Warnings are errors. Output is printed only if the build fails or warns.
    fn build(&self, package: &Path, more: &[&str]) -> Result<()> {
        let mut command = self.swift(package, &[&["build"], more].concat())?;
        let output = command.args(["-Xswiftc", "-warnings-as-errors"]).output()?;
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        if !output.status.success() || printed.contains("warning: ") {
            report::line(&printed);
            bail!("swift build in {} failed or warned ({}); see above", package.display(), output.status);
        }
        Ok(())
    }

    fn swift(&self, package: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = self.toolchain.command(&self.folders(), package, arguments)?;
        command.env(PACKAGE_VARIABLE, &self.package).arg("--scratch-path").arg(&self.scratch);
        Ok(command)
    }

    /// Returns the command of a built program. Its browser is built from Swift as well, because the separate system for
    /// Swift has no other.
    fn built_program(&self, name: &str) -> Result<Command> {
        let built = self.scratch.join("debug");
        let browser = format!("BROWSER={}", built.join("browser").display());
        let mut command = self.toolchain.program(&self.folders(), root(), "env", &[&browser])?;
        command.arg(built.join(name));
        Ok(command)
    }

    fn folders(&self) -> Vec<&Path> {
        self.folders.iter().map(PathBuf::as_path).collect()
    }
}

impl Binding for Swift {
    fn packages(&self) -> Vec<PathBuf> {
        vec![self.archive.clone()]
    }

    fn conformance(&self) -> Result<Command> {
        self.built_program("conformance")
    }

    fn tours(&self) -> Result<Vec<(&'static str, Command)>> {
        Ok(vec![("Swift", self.built_program("tour")?)])
    }

    fn panicking(&self, library: &Path) -> Result<Command> {
        let built = self.scratch.join("debug");
        let mut objects = Vec::new();
        for (module, sources) in [
            ("panicking", conformance().join("Sources/panicking")),
            (PACKAGE, self.package.join("Sources").join(PACKAGE)),
        ] {
            let folder = built.join(format!("{module}.build"));
            objects
                .extend(files(&sources)?.iter().map(|source| folder.join(format!("{}.o", source.display()))));
        }
        // Links the objects that SwiftPM has compiled with the other native library. SwiftPM renames the main function
        // of a program.
        let program = built.join("panicking-on-demand");
        let entry = [
            "-Xlinker",
            "--defsym=main=panicking_main",
            // The program looks this function up by name, since the native library in the package does not export it.
            "-Xlinker",
            "--undefined=purecloud_oauth_living_secrets",
            "-Xlinker",
            "--export-dynamic-symbol=purecloud_oauth_living_secrets",
            "-Xlinker",
        ];
        let mut link = self.toolchain.program(&self.folders(), root(), "swiftc", &entry)?;
        link.arg(library.with_extension("a")).args(objects).arg("-o").arg(&program);
        quietly(link, "swiftc")?;
        let mut command = self.toolchain.program(&self.folders(), root(), program, &[])?;
        command.env("RUST_BACKTRACE", "0");
        Ok(command)
    }

    fn checks(&self) -> Result<Vec<(&'static str, Command)>> {
        let mut tests =
            self.swift(&self.package, &["test", "--quiet", "--parallel", "--num-workers", "1"])?;
        tests.args(["-Xswiftc", "-warnings-as-errors"]);
        Ok(vec![
            ("first program", self.built_program("first-program")?),
            ("signing in by the browser", self.built_program("sign-in")?),
            ("tests of the package", tests),
        ])
    }
}

fn conformance() -> PathBuf {
    root().join("tests/conformance/swift")
}

fn examples() -> PathBuf {
    root().join("examples/swift")
}

/// Returns the name of the platform, as in Package.swift.
fn platform() -> String {
    format!("{OS}-{ARCH}")
}

/// Returns the folder in which everything is built and assembled.
fn build_folder() -> Result<PathBuf> {
    Ok(target_folder()?.join("bindings/swift"))
}

/// Assembles the package from the hand-written sources, the generated sources, and the native library.
fn stage(native: &Native, libraries: &[PathBuf]) -> Result<PathBuf> {
    let generated = build_folder()?.join("generated");
    native.write_bindings("swift", &generated)?;
    let sources = generated.join("Sources").join(PACKAGE);
    let headers = generated.join("Sources").join(FFI).join("include");
    fs::create_dir_all(&sources)?;
    let tests = generated.join("Tests").join(format!("{PACKAGE}Tests"));
    fs::create_dir_all(&headers)?;
    fs::create_dir_all(&tests)?;
    for (file, place) in [
        (format!("{PACKAGE}.swift"), sources.join(format!("{PACKAGE}.swift"))),
        ("Arbitrary.swift".to_owned(), tests.join("Arbitrary.swift")),
        (format!("{FFI}.h"), headers.join(format!("{FFI}.h"))),
        (format!("{FFI}.modulemap"), headers.join("module.modulemap")),
    ] {
        fs::rename(generated.join(file), place)?;
    }
    if OS == "macos" {
        let mut create = Command::new("xcodebuild");
        create.arg("-create-xcframework").arg("-output").arg(generated.join(format!("{FFI}.xcframework")));
        for library in libraries {
            create.arg("-library").arg(library).arg("-headers").arg(&headers);
        }
        quietly(create, "xcodebuild")?;
    } else {
        let folder = generated.join("Libraries").join(platform());
        fs::create_dir_all(&folder)?;
        for library in libraries {
            let shipped = folder.join(library.file_name().context("the library has no file name")?);
            fs::copy(library, &shipped)?;
            let mut strip = Command::new("strip");
            strip.arg("--strip-debug").arg(shipped);
            quietly(strip, "strip")?;
        }
    }
    let package = build_folder()?.join(PACKAGE);
    mirror(&[&root().join("bindings/swift"), &generated], &package)?;
    Ok(package)
}

/// Packs the package into an archive.
fn pack(platform: &str) -> Result<PathBuf> {
    let folder = target_folder()?.join("packages");
    fs::create_dir_all(&folder)?;
    let archive = folder.join(format!("{PACKAGE}-{}-{platform}.tar.gz", env!("CARGO_PKG_VERSION")));
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&archive).arg("-C").arg(build_folder()?).arg(PACKAGE);
    quietly(tar, "tar")?;
    Ok(archive)
}

/// Returns the folders without those that are inside another one of them.
fn outermost(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let within = |folder: &Path| folders.iter().any(|other| other != folder && folder.starts_with(other));
    folders.iter().filter(|folder| !within(folder)).cloned().collect()
}

/// Makes a folder contain exactly the files of the source folders. Identical files are not written again, so that they
/// are not rebuilt.
fn mirror(sources: &[&Path], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let present = |path: &Path| sources.iter().any(|source| source.join(path).exists());
    for path in files(folder)? {
        if !present(&path) {
            fs::remove_file(folder.join(path))?;
        }
    }
    for source in sources {
        for path in files(source)? {
            let (from, to) = (source.join(&path), folder.join(&path));
            if fs::read(&from)? != fs::read(&to).unwrap_or_default() {
                fs::create_dir_all(to.parent().context("the file has no parent folder")?)?;
                fs::copy(from, to)?;
            }
        }
    }
    Ok(())
}

/// Returns the files below a folder, as paths relative to the folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(folder.join(&within))? {
            let entry = entry?;
            let path = within.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Apple's platforms, each with the Rust targets that are combined into its native library.
const APPLE: [(&str, &[&str]); 3] = [
    ("ios", &["aarch64-apple-ios"]),
    ("ios-simulator", &["aarch64-apple-ios-sim", "x86_64-apple-ios"]),
    ("macos", &["aarch64-apple-darwin", "x86_64-apple-darwin"]),
];

/// Builds the native library for Apple's platforms, and the package with it. This function has not been tested yet.
pub(crate) fn xcframework() -> Result<()> {
    ensure!(OS == "macos", "building an XCFramework requires Xcode on a Mac");
    let mut libraries = Vec::new();
    for (platform, targets) in APPLE {
        let folder = build_folder()?.join(platform);
        fs::create_dir_all(&folder)?;
        let library = folder.join("libpurecloud_oauth_native.a");
        let mut lipo = Command::new("lipo");
        lipo.arg("-create").arg("-output").arg(&library);
        for target in targets {
            let library = Native::static_library(Some(target)).with_context(|| {
                format!("if the target is missing, install it with: rustup target add {target}")
            })?;
            lipo.arg(library);
        }
        quietly(lipo, "lipo")?;
        libraries.push(library);
    }
    report::step("assembling the Swift package");
    stage(&Native::build()?, &libraries)?;
    report::line(&pack("apple")?.display().to_string());
    Ok(())
}
