//! The package for Kotlin and Java: a jar in a Maven repository of its own, and the programs that take it from
//! there as any other program would.

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

/// Where a Maven repository keeps what has our coordinates.
const COORDINATES: &str = "purecloud/oauth";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The programs that use the jar, by the folder that they are copied to.
const PROGRAMS: [(&str, &str); 3] =
    [("conformance", "tests/conformance/kotlin"), ("kotlin", "examples/kotlin"), ("java", "examples/java")];

pub(crate) struct Kotlin {
    jvm: Jvm,
    /// The JVM for tests of virtual threads, which the other one may lack.
    newer_jvm: Option<Jvm>,
    folder: PathBuf,
    packages: Vec<PathBuf>,
}

impl Kotlin {
    pub(crate) fn ready(native: &Native) -> Result<Self> {
        let mut kotlin = Kotlin::published(native)?;
        kotlin.newer_jvm = Some(kotlin.jvm.with_virtual_threads(&kotlin.folder.join("newer-jvm"))?);
        report::step("building the programs in Kotlin and Java that use it");
        kotlin.build_programs()?;
        Ok(kotlin)
    }

    /// The jar, and no program that uses it.
    pub(crate) fn published(native: &Native) -> Result<Self> {
        let jvm = toolchain::jvm()?;
        let folder = target_folder()?.join("bindings/kotlin");
        let mut kotlin = Kotlin { jvm, newer_jvm: None, folder, packages: Vec::new() };
        report::step("building the jar, its source and its documentation with Maven (about a minute)");
        kotlin.publish(native)?;
        Ok(kotlin)
    }

    /// Builds the jar in a copy of its folder, and puts it into the repository and among the packages.
    fn publish(&mut self, native: &Native) -> Result<()> {
        let project = self.copied("package", "bindings/kotlin")?;
        native.write_bindings("kotlin", &project.join("src/main/kotlin"))?;
        let resources = project.join("src/main/resources");
        native.ship(&resources.join(platform()?))?;
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            fs::copy(root().join(licence), resources.join("META-INF").join(licence))?;
        }

        empty(&self.repository())?;
        let repository = format!("-DaltDeploymentRepository=packages::{}", url(&self.repository()));
        let mut maven = self.maven(&project);
        maven.args(["deploy", "-Dmaven.test.skip", "-Dmaven.install.skip"]).arg(repository);
        quietly(maven, "Maven, for the jar,")?;

        let published = self.repository().join(COORDINATES).join("purecloud-oauth").join(VERSION);
        let packages = target_folder()?.join("packages");
        fs::create_dir_all(&packages)?;
        for end in [".jar", "-sources.jar", "-javadoc.jar", ".pom"] {
            let name = format!("purecloud-oauth-{VERSION}{end}");
            let package = packages.join(&name);
            fs::copy(published.join(&name), &package).with_context(|| format!("Maven made no {name}"))?;
            self.packages.push(package);
        }
        Ok(())
    }

    /// Builds copies of the programs, as somebody would who copies the examples, all at once.
    fn build_programs(&self) -> Result<()> {
        let mut modules = String::new();
        for (name, origin) in PROGRAMS {
            self.copied(&format!("programs/{name}"), origin)?;
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

    /// Builds a copy of a project that uses the jar, up to this phase; each program has beside it what it depends on.
    pub(crate) fn build_copy(&self, name: &str, origin: &str, phase: &str) -> Result<PathBuf> {
        let project = self.copied(name, origin)?;
        self.build(&project, phase)?;
        Ok(project)
    }

    fn build(&self, project: &Path, phase: &str) -> Result<()> {
        // Maven takes a version from a repository only once.
        empty(&self.downloads().join(COORDINATES))?;
        // What a user's Maven knows by itself once the jar is on Maven Central.
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

    /// A copy of a project, in place of the one that may be there: what Maven makes stays out of the checkout.
    fn copied(&self, name: &str, origin: &str) -> Result<PathBuf> {
        let copy = self.folder.join(name);
        empty(&copy)?;
        copy_folder(&root().join(origin), &copy)?;
        let pom = fs::read_to_string(copy.join("pom.xml"))?;
        let named = pom.split("<artifactId>purecloud-oauth</artifactId>").nth(1);
        let version = named.and_then(|rest| rest.split(['<', '>']).nth(2));
        ensure!(
            version == Some(VERSION),
            "{origin}/pom.xml names another version than Cargo.toml, {VERSION}"
        );
        Ok(copy)
    }

    /// Maven, with a local repository of its own: our jar, not yet published, is no business of the machine's.
    fn maven(&self, project: &Path) -> Command {
        let mut maven = self.jvm.maven(project);
        maven.arg(format!("-Dmaven.repo.local={}", self.downloads().display()));
        // A compiler that stays behind would keep the output open.
        maven.arg("-Dkotlin.compiler.daemon=false");
        if env::var_os("MAVEN_OPTS").is_none() {
            // It does not live long enough for the second compiler to pay.
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

    /// A program by its class, with these options of the virtual machine.
    fn program(&self, project: &str, class: &str, options: &[String]) -> Result<Command> {
        self.program_in(&self.folder.join("programs").join(project), class, options)
    }

    /// A program of the tests, executed by a JVM with virtual threads.
    fn program_with_virtual_threads(&self, class: &str) -> Result<Command> {
        let jvm = self.newer_jvm.as_ref().context("a JVM with virtual threads is missing")?;
        // Java 24 and newer warn about native code that is not enabled.
        let options = ["--enable-native-access=ALL-UNNAMED".to_owned()];
        program_of(jvm, &self.folder.join("programs/conformance"), class, &options)
    }

    /// A program of a project that was built here.
    pub(crate) fn program_in(&self, project: &Path, class: &str, options: &[String]) -> Result<Command> {
        program_of(&self.jvm, project, class, options)
    }
}

fn program_of(jvm: &Jvm, project: &Path, class: &str, options: &[String]) -> Result<Command> {
    let target = project.join("target");
    let path = env::join_paths([target.join("classes"), target.join("dependency").join("*")])?;
    let mut java = jvm.java();
    // Until Java 18 it prints what the locale has, which may be ASCII; since then the second one counts.
    java.args(["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"]);
    java.args(options).arg("-cp").arg(path).arg(class);
    // Cargo names its own folders there, and JNA takes a library from there before the one in the jar.
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
            ("what Java callers need", self.program("conformance", "conformance.JavaCallers", &[])?),
            ("the JVM's trust store", self.program("conformance", "TrustStoreCheck", &[])?),
            ("a cancelled sign-in", self.program("conformance", "conformance.CancelledSignInKt", &[])?),
            ("calls that wait in Java", self.program("conformance", "conformance.WaitingCalls", &[])?),
            ("virtual threads", self.program_with_virtual_threads("conformance.VirtualThreads")?),
            (
                "a folder that can't be unpacked to",
                self.program("conformance", "conformance.UnpackingKt", &[])?,
            ),
            ("warnings about settings", self.program("conformance", "conformance.WarningsKt", &[])?),
            ("what crosses", self.program("conformance", "conformance.CrossingKt", &[])?),
            ("what is in the jar", jar),
        ])
    }
}

/// The folder in which JNA looks for the library of this machine.
fn platform() -> Result<String> {
    let system = match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        "linux" => "linux",
        other => bail!("a library for {other} is not foreseen"),
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

fn empty(folder: &Path) -> Result<()> {
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
            // What somebody's own Maven has made there.
            if entry.file_name() != "target" {
                copy_folder(&entry.path(), &copy)?;
            }
        } else {
            fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}
