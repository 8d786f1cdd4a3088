//! The package for Swift.

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

/// Where the users of the package name it.
const PATH_OF_PACKAGE: &str = "PURECLOUD_OAUTH_PACKAGE";

pub(crate) struct Swift {
    toolchain: toolchain::Swift,
    /// What Swift sees of the machine.
    folders: Vec<PathBuf>,
    /// The package as its users unpack it.
    package: PathBuf,
    archive: PathBuf,
    /// Where SwiftPM builds to; one for all, so that the package is compiled once.
    scratch: PathBuf,
}

impl Swift {
    pub(crate) fn ready(native: &Native) -> Result<Self> {
        let swift = Swift::packed(native)?;
        report::step("building the Swift package, and the programs that depend on it");
        swift.build(&swift.package, &["--build-tests"])?;
        swift.build(&conformance(), &[])?;
        swift.build(&examples(), &[])?;
        Ok(swift)
    }

    /// The package, and no program that depends on it.
    pub(crate) fn packed(native: &Native) -> Result<Self> {
        let toolchain = toolchain::swift()?;
        report::step("putting the Swift package together");
        let package = stage(native, &[Native::static_library(None)?])?;
        let target = target_folder()?;
        Ok(Swift {
            toolchain,
            folders: outermost(vec![root().to_owned(), target.clone()]),
            archive: pack(&platform())?,
            package,
            scratch: built()?.join("build"),
        })
    }

    /// Builds the programs of a package as they are built for use.
    pub(crate) fn build_release(&self, package: &Path) -> Result<()> {
        self.build(package, &["--configuration", "release"])
    }

    pub(crate) fn release_program(&self, name: &str) -> Result<Command> {
        self.toolchain.program(&self.folders(), root(), self.scratch.join("release").join(name), &[])
    }

    /// Builds silently, unless it fails or there is a warning: in what is our own, there is none.
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
        command.env(PATH_OF_PACKAGE, &self.package).arg("--scratch-path").arg(&self.scratch);
        Ok(command)
    }

    /// A program of ours. It has a browser of ours as well: a system that is there for Swift alone has no other.
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
        // It is what SwiftPM has compiled, linked with the other library. SwiftPM gives a program's entry a name
        // of its own.
        let program = built.join("panicking-on-demand");
        let entry = [
            "-Xlinker",
            "--defsym=main=panicking_main",
            // The program finds this one by its name: the library that the package carries has none.
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

/// As Package.swift names it.
fn platform() -> String {
    format!("{OS}-{ARCH}")
}

/// Where everything is built and put together.
fn built() -> Result<PathBuf> {
    Ok(target_folder()?.join("bindings/swift"))
}

/// Puts the package together: the sources by hand, those that are generated, and the library.
fn stage(native: &Native, libraries: &[PathBuf]) -> Result<PathBuf> {
    let generated = built()?.join("generated");
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
            let shipped = folder.join(library.file_name().context("a file was expected")?);
            fs::copy(library, &shipped)?;
            let mut strip = Command::new("strip");
            strip.arg("--strip-debug").arg(shipped);
            quietly(strip, "strip")?;
        }
    }
    let package = built()?.join(PACKAGE);
    mirror(&[&root().join("bindings/swift"), &generated], &package)?;
    Ok(package)
}

/// The package as one file.
fn pack(platform: &str) -> Result<PathBuf> {
    let folder = target_folder()?.join("packages");
    fs::create_dir_all(&folder)?;
    let archive = folder.join(format!("{PACKAGE}-{}-{platform}.tar.gz", env!("CARGO_PKG_VERSION")));
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&archive).arg("-C").arg(built()?).arg(PACKAGE);
    quietly(tar, "tar")?;
    Ok(archive)
}

/// Without those that lie in another.
fn outermost(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let within = |folder: &Path| folders.iter().any(|other| other != folder && folder.starts_with(other));
    folders.iter().filter(|folder| !within(folder)).cloned().collect()
}

/// Makes a folder hold what the others hold, and nothing else. What is the same already stays as it is, so that
/// it is not built again.
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
                fs::create_dir_all(to.parent().context("a file in a folder was expected")?)?;
                fs::copy(from, to)?;
            }
        }
    }
    Ok(())
}

/// The files below a folder, from there.
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

/// Apple's platforms: a library for each, of the targets that share it.
const APPLE: [(&str, &[&str]); 3] = [
    ("ios", &["aarch64-apple-ios"]),
    ("ios-simulator", &["aarch64-apple-ios-sim", "x86_64-apple-ios"]),
    ("macos", &["aarch64-apple-darwin", "x86_64-apple-darwin"]),
];

/// Builds the library for Apple's platforms, and the package with all of it. Nobody has run it yet.
pub(crate) fn xcframework() -> Result<()> {
    ensure!(OS == "macos", "an XCFramework is built with Xcode, on a Mac");
    let mut libraries = Vec::new();
    for (platform, targets) in APPLE {
        let folder = built()?.join(platform);
        fs::create_dir_all(&folder)?;
        let library = folder.join("libpurecloud_oauth_native.a");
        let mut lipo = Command::new("lipo");
        lipo.arg("-create").arg("-output").arg(&library);
        for target in targets {
            let library = Native::static_library(Some(target))
                .with_context(|| format!("where the target is missing: rustup target add {target}"))?;
            lipo.arg(library);
        }
        quietly(lipo, "lipo")?;
        libraries.push(library);
    }
    report::step("putting the Swift package together");
    stage(&Native::build()?, &libraries)?;
    report::line(&pack("apple")?.display().to_string());
    Ok(())
}
