//! Builds the package for Kotlin and Java: a jar in a separate Maven repository, and programs that use it from there
//! like any other dependency.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::binding::Binding;
use crate::cargo::{root, target_folder};
use crate::native::Native;
use crate::report;
use crate::toolchain::{self, Jvm, quietly};

/// The folder of our group in a Maven repository.
const GROUP_FOLDER: &str = "purecloud/oauth";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The programs that use the jar: the folders that they are copied to, and their sources.
const PROGRAMS: [(&str, &str); 3] =
    [("conformance", "tests/conformance/kotlin"), ("kotlin", "examples/kotlin"), ("java", "examples/java")];

/// The jar, published to a local repository, and the JVMs to use it with.
pub(crate) struct Kotlin {
    jvm: Jvm,
    /// The JVM for tests of virtual threads, which the other JVM may not support.
    newer_jvm: Option<Jvm>,
    folder: PathBuf,
    packages: Vec<PathBuf>,
}

impl Kotlin {
    /// Builds the jar and the programs that use it.
    pub(crate) fn prepare(native: &Native) -> Result<Self> {
        let mut kotlin = Kotlin::published(native)?;
        kotlin.newer_jvm = Some(kotlin.jvm.with_virtual_threads(&kotlin.folder.join("newer-jvm"))?);
        report::step("building the programs in Kotlin and Java that use the jar");
        kotlin.build_programs()?;
        Ok(kotlin)
    }

    /// Builds the jar, without the programs that use it.
    pub(crate) fn published(native: &Native) -> Result<Self> {
        let jvm = toolchain::jvm()?;
        let folder = target_folder()?.join("bindings/kotlin");
        let mut kotlin = Kotlin { jvm, newer_jvm: None, folder, packages: Vec::new() };
        report::step("building the jar, its sources and its documentation with Maven (about a minute)");
        kotlin.publish(native)?;
        Ok(kotlin)
    }

    /// Builds the jar in a copy of its project, and publishes it to the local repository and to the packages folder.
    fn publish(&mut self, native: &Native) -> Result<()> {
        let project = self.copy_project("package", "bindings/kotlin")?;
        native.write_bindings("kotlin", &project.join("src/main/kotlin"))?;
        let resources = project.join("src/main/resources");
        native.ship(&resources.join(platform()?))?;
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            fs::copy(root().join(licence), resources.join("META-INF").join(licence))?;
        }

        remove(&self.repository())?;
        let repository = format!("-DaltDeploymentRepository=packages::{}", url(&self.repository()));
        let mut maven = self.maven(&project);
        maven.args(["deploy", "-Dmaven.test.skip", "-Dmaven.install.skip"]).arg(repository);
        quietly(maven, "Maven, for the jar,")?;

        let published = self.repository().join(GROUP_FOLDER).join("purecloud-oauth").join(VERSION);
        let packages = target_folder()?.join("packages");
        fs::create_dir_all(&packages)?;
        for end in [".jar", "-sources.jar", "-javadoc.jar", ".pom"] {
            let name = format!("purecloud-oauth-{VERSION}{end}");
            let package = packages.join(&name);
            fs::copy(published.join(&name), &package)
                .with_context(|| format!("Maven did not build {name}"))?;
            self.packages.push(package);
        }
        Ok(())
    }

    /// Builds copies of all programs in one Maven run, as a user would who copies the examples.
    fn build_programs(&self) -> Result<()> {
        let mut modules = String::new();
        for (name, origin) in PROGRAMS {
            self.copy_project(&format!("programs/{name}"), origin)?;
            modules += &format!("<module>{name}</module>");
        }
        let programs = self.folder.join("programs");
        fs::write(
            programs.join("pom.xml"),
            format!(
                "<project><modelVersion>4.0.0</modelVersion><groupId>programs</groupId>\
                 <artifactId>programs</artifactId><version>1</version><packaging>pom</packaging>\
                 <modules>{modules}</modules></project>"
            ),
        )?;
        self.build(&programs, "compile")
    }

    /// Builds a copy of a project that uses the jar, up to the given phase of Maven, and copies its dependencies into
    /// its target folder.
    pub(crate) fn build_copy(&self, name: &str, origin: &str, phase: &str) -> Result<PathBuf> {
        let project = self.copy_project(name, origin)?;
        self.build(&project, phase)?;
        Ok(project)
    }

    fn build(&self, project: &Path, phase: &str) -> Result<()> {
        // Maven never downloads the same version twice, so the previous build of the jar is removed.
        remove(&self.downloads().join(GROUP_FOLDER))?;
        // Adds our repository. Users don't need these settings once the jar is on Maven Central.
        let settings = self.folder.join("settings.xml");
        fs::write(
            &settings,
            format!(
                "<settings><profiles><profile><id>packages</id><repositories><repository><id>packages</id>\
                 <url>{}</url></repository></repositories></profile></profiles>\
                 <activeProfiles><activeProfile>packages</activeProfile></activeProfiles></settings>",
                url(&self.repository())
            ),
        )?;
        let mut maven = self.maven(project);
        maven.arg("--global-settings").arg(settings);
        maven.args([phase, "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"]);
        quietly(maven, "Maven, for the programs that use the jar,")
    }

    /// Copies a project, replacing an older copy, so that Maven does not write into the checkout.
    fn copy_project(&self, name: &str, origin: &str) -> Result<PathBuf> {
        let copy = self.folder.join(name);
        remove(&copy)?;
        copy_folder(&root().join(origin), &copy)?;
        let pom = fs::read_to_string(copy.join("pom.xml"))?;
        let after_name = pom.split("<artifactId>purecloud-oauth</artifactId>").nth(1);
        let version = after_name.and_then(|rest| rest.split(['<', '>']).nth(2));
        ensure!(
            version == Some(VERSION),
            "the version of purecloud-oauth in {origin}/pom.xml differs from {VERSION} in Cargo.toml"
        );
        Ok(copy)
    }

    /// Returns a Maven command with a separate local repository, so that the unpublished jar does not get into that of
    /// the user.
    fn maven(&self, project: &Path) -> Command {
        let mut maven = self.jvm.maven(project);
        maven.arg(format!("-Dmaven.repo.local={}", self.downloads().display()));
        // A compiler daemon would keep the output pipe open.
        maven.arg("-Dkotlin.compiler.daemon=false");
        if env::var_os("MAVEN_OPTS").is_none() {
            // Maven exits too soon for the optimizing compiler of the JVM to pay off.
            maven.env("MAVEN_OPTS", "-XX:TieredStopAtLevel=1");
        }
        maven
    }

    fn repository(&self) -> PathBuf {
        self.folder.join("repository")
    }

    fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// Returns the command of a program, given by its project and class, with options for the JVM.
    fn program(&self, project: &str, class: &str, options: &[String]) -> Result<Command> {
        self.program_in(&self.folder.join("programs").join(project), class, options)
    }

    /// Returns the command of a test program, on a JVM with virtual threads.
    fn program_with_virtual_threads(&self, class: &str) -> Result<Command> {
        let jvm = self.newer_jvm.as_ref().context("a JVM with virtual threads is missing")?;
        // Java 24 and newer warn about native code that is not enabled.
        let options = ["--enable-native-access=ALL-UNNAMED".to_owned()];
        program_of(jvm, &self.folder.join("programs/conformance"), class, &options)
    }

    /// Returns the command of a program in a project that was built here.
    pub(crate) fn program_in(&self, project: &Path, class: &str, options: &[String]) -> Result<Command> {
        program_of(&self.jvm, project, class, options)
    }
}

fn program_of(jvm: &Jvm, project: &Path, class: &str, options: &[String]) -> Result<Command> {
    let target = project.join("target");
    let path = env::join_paths([target.join("classes"), target.join("dependency").join("*")])?;
    let mut java = jvm.java();
    // Prints UTF-8 whatever the locale. The first option has this effect before Java 18, the second one since then.
    java.args(["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"]);
    java.args(options).arg("-cp").arg(path).arg(class);
    // Cargo sets these variables to its own folders, and JNA prefers a library from there to the one in the jar.
    for path in ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"] {
        java.env_remove(path);
    }
    Ok(java)
}

impl Binding for Kotlin {
    fn packages(&self) -> Vec<PathBuf> {
        self.packages.clone()
    }

    fn conformance(&self) -> Result<Command> {
        self.program("conformance", "conformance.MainKt", &[])
    }

    fn tours(&self) -> Result<Vec<(&'static str, Command)>> {
        Ok(vec![
            ("Kotlin", self.program("kotlin", "TourKt", &[])?),
            ("Java", self.program("java", "Tour", &[])?),
        ])
    }

    fn panicking(&self, library: &Path) -> Result<Command> {
        let library = format!("-Duniffi.component.purecloud_oauth.libraryOverride={}", library.display());
        let mut panicking = self.program("conformance", "conformance.PanicKt", &[library])?;
        panicking.env("RUST_BACKTRACE", "0");
        Ok(panicking)
    }

    fn checks(&self) -> Result<Vec<(&'static str, Command)>> {
        let mut jar = self.program("conformance", "conformance.JarKt", &[])?;
        jar.args(self.packages.first());
        Ok(vec![
            ("the first program", self.program("kotlin", "FirstProgramKt", &[])?),
            ("the first program in Java", self.program("java", "FirstProgram", &[])?),
            ("signing in by the browser", self.program("kotlin", "SignInKt", &[])?),
            ("signing in by the browser in Java", self.program("java", "SignIn", &[])?),
            ("Java callers", self.program("conformance", "conformance.JavaCallers", &[])?),
            ("the JVM's trust store", self.program("conformance", "TrustStoreCheck", &[])?),
            ("a cancelled sign-in", self.program("conformance", "conformance.CancelledSignInKt", &[])?),
            ("blocking calls in Java", self.program("conformance", "conformance.WaitingCalls", &[])?),
            ("virtual threads", self.program_with_virtual_threads("conformance.VirtualThreads")?),
            (
                "unpacking into a folder that is not writable",
                self.program("conformance", "conformance.UnpackingKt", &[])?,
            ),
            ("warnings about settings", self.program("conformance", "conformance.WarningsKt", &[])?),
            ("values at the boundary", self.program("conformance", "conformance.CrossingKt", &[])?),
            ("contents of the jar", jar),
        ])
    }
}

/// Returns the folder in which JNA looks for the native library of this platform.
fn platform() -> Result<String> {
    let system = match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        "linux" => "linux",
        other => bail!("the Kotlin package does not support {other}"),
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x86-64",
        other => other,
    };
    Ok(format!("{system}-{processor}"))
}

fn url(folder: &Path) -> String {
    format!("file://{}", folder.display()).replace(' ', "%20")
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} can't be read", from.display()))? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            // Skips the output of a Maven that the user has run in the checkout.
            if entry.file_name() != "target" {
                copy_folder(&entry.path(), &copy)?;
            }
        } else {
            fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}
