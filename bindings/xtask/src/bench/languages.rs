//! The benchmarked programs of each language: builds them, and returns the commands that start them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result, bail};

use super::client::Client;
use super::figures::OURS;
use crate::binding::Binding;
use crate::cargo::{build_programs, root, target_folder};
use crate::kotlin::Kotlin;
use crate::native::Native;
use crate::python::Python;
use crate::report;
use crate::swift::Swift;
use crate::toolchain::{self, Venv};

/// The benchmarked programs in Rust, built with cargo's default release profile.
pub(super) struct Rust {
    programs: HashMap<String, PathBuf>,
}

const SERVER: &str = "bench_server";
const CLIENTS: &str = "bench_clients";

impl Rust {
    pub(super) fn prepare() -> Result<Self> {
        report::step("building the benchmark server and the programs in Rust");
        let package = "purecloud-oauth-bench";
        let profile = ["--profile", "as-users-build"];
        let programs = build_programs(&[(package, SERVER), (package, CLIENTS)], &profile)?;
        for program in [SERVER, CLIENTS] {
            if !programs.contains_key(program) {
                bail!("cargo built no {program}");
            }
        }
        Ok(Rust { programs })
    }

    pub(super) fn server(&self) -> Command {
        Command::new(&self.programs[SERVER])
    }

    pub(super) fn clients(&self) -> Vec<Client> {
        [OURS, "reqwest + serde_json", "hyper + serde_json", super::TRANSFER]
            .into_iter()
            .map(|name| self.client(name))
            .collect()
    }

    pub(super) fn client(&self, name: &str) -> Client {
        let program = self.programs[CLIENTS].clone();
        Client::new(name, move || Ok(Command::new(&program)))
    }
}

/// The alternatives in Python, and the packages that they need.
const IN_PYTHON: [(&str, &[&str]); 4] = [
    ("urllib3 + msgspec", &["urllib3==2.*", "msgspec==0.*"]),
    ("aiohttp + msgspec", &["aiohttp==3.*", "msgspec==0.*"]),
    ("requests", &["requests==2.*"]),
    ("vendor's SDK", &["PureCloudPlatformClientV2==269.*"]),
];

pub(super) fn python() -> Result<Vec<Client>> {
    let native = Native::build()?;
    let package = Python::prepare(&native)?;
    let folder = target_folder()?.join("bench/python");
    let python = toolchain::python()?;
    let wheel =
        package.packages().into_iter().find(|package| package.extension().is_some_and(|end| end == "whl"));
    let wheel = wheel.context("there is no wheel")?;
    let user = python.venv(&folder.join("ours"))?;
    user.pip_install(&[wheel.to_str().context("the path of the wheel is not UTF-8")?])?;
    let sizes = vec![
        ("package", fs::metadata(&wheel)?.len()),
        ("library", fs::metadata(native.ship(&folder)?)?.len()),
        ("installed", installed_size(&user)?),
    ];
    let mut clients =
        vec![in_python(OURS, &user).with_sizes(sizes), in_python("purecloud-oauth, asyncio", &user)];
    for (name, packages) in IN_PYTHON {
        let venv =
            python.equipped_venv(&folder.join(packages.join("+").replace(['=', '*'], "")), packages)?;
        clients.push(in_python(name, &venv).with_sizes(vec![("installed", installed_size(&venv)?)]));
    }
    Ok(clients)
}

fn in_python(name: &str, venv: &Venv) -> Client {
    let programs = venv.programs().to_owned();
    Client::new(name, move || {
        let mut command = Command::new(programs.join("python"));
        command.arg("-B").arg(root().join("tests/bench/python/clients.py"));
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        Ok(command)
    })
}

/// Returns the size of the installed packages except pip and its own packages, in bytes.
fn installed_size(venv: &Venv) -> Result<u64> {
    let mut command = venv.program("python");
    let output = command.args(["-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]).output()?;
    let packages = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    let mut bytes = 0;
    for entry in fs::read_dir(&packages)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let preinstalled = ["pip", "setuptools", "_distutils_hack", "pkg_resources", "distutils-precedence"];
        if !preinstalled.iter().any(|start| name.starts_with(start)) {
            bytes += size(&path)?;
        }
    }
    Ok(bytes)
}

/// Returns the size of a file, or of all files in a folder, in bytes.
fn size(path: &Path) -> Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += size(&entry?.path())?;
    }
    Ok(bytes)
}

/// The programs for the JVM, with their modules and classes in `tests/bench/kotlin`.
const ON_THE_JVM: [(&str, &str, &str); 5] = [
    (OURS, "ours", "bench.OursKt"),
    ("purecloud-oauth, coroutines", "ours", "bench.OursKt"),
    ("java.net.http + Jackson", "jackson", "bench.JacksonKt"),
    ("OkHttp + kotlinx.serialization", "okhttp", "bench.OkHttpKt"),
    ("vendor's SDK", "vendor", "bench.VendorKt"),
];

pub(super) fn kotlin() -> Result<Vec<Client>> {
    let native = Native::build()?;
    let kotlin = Rc::new(Kotlin::published(&native)?);
    report::step("building the programs for the JVM with Maven");
    // The phase `package` is needed, because the modules depend on each other's jars.
    let project = kotlin.build_copy("bench", "tests/bench/kotlin", "package")?;
    let mut clients = Vec::new();
    for (name, module, class) in ON_THE_JVM {
        let module = project.join(module);
        let dependencies = size(&module.join("target/dependency"))?;
        let kotlin = Rc::clone(&kotlin);
        let client = Client::new(name, move || kotlin.program_in(&module, class, &[]));
        clients.push(client.with_sizes(vec![("installed, with dependencies", dependencies)]));
    }
    Ok(clients)
}

pub(super) fn swift() -> Result<Vec<Client>> {
    let swift = Rc::new(Swift::packed(&Native::build()?)?);
    report::step("building the programs in Swift");
    swift.build_release(&root().join("tests/bench/swift"))?;
    let clients = [OURS, "purecloud-oauth, waiting", "URLSession + Codable"].into_iter().map(|name| {
        let swift = Rc::clone(&swift);
        Client::new(name, move || swift.release_program("bench-clients"))
    });
    Ok(clients.collect())
}

/// Prepares the programs in JavaScript: one with the vendor's SDK, and one with only the built-in APIs of Node.
pub(super) fn javascript() -> Result<Vec<Client>> {
    let folder = target_folder()?.join("bench/javascript");
    fs::create_dir_all(&folder)?;
    for file in ["clients.mjs", "package-lock.json", "package.json"] {
        fs::copy(root().join("tests/bench/javascript").join(file), folder.join(file))?;
    }
    let node = Rc::new(toolchain::node(&folder.join("node"))?);
    node.install(&folder)?;
    let installed = size(&folder.join("node_modules"))?;
    let client = |name| {
        let (node, program) = (Rc::clone(&node), folder.join("clients.mjs"));
        Client::new(name, move || {
            let mut command = node.node();
            command.arg(&program);
            Ok(command)
        })
    };
    Ok(vec![client("fetch + JSON.parse"), client("vendor's SDK").with_sizes(vec![("installed", installed)])])
}
