//! Generates the bindings: runs uniffi's templates, at the pinned version and with the project's `uniffi.toml`, and
//! then patches their output. The program has the name and the arguments of uniffi's own generator, because the build
//! tools of the languages call it like that.

mod draft;
mod interface_page;
mod kotlin;
mod neutral_names;
mod python;
mod swift;
mod warnings;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use clap::{Parser, Subcommand, ValueEnum};
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};
use uniffi_bindgen::{BindgenLoader, BindgenPaths, ComponentInterface, GlobalConfig};

use crate::draft::Draft;

/// Generates the bindings of a native library.
#[derive(Parser)]
#[command(name = "uniffi-bindgen", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the source files for one language.
    Generate {
        /// The language.
        #[arg(long, short)]
        language: Language,
        /// The output folder.
        #[arg(long, short)]
        out_dir: Utf8PathBuf,
        /// The settings file; by default the project's `uniffi.toml`.
        #[arg(long, short)]
        config: Option<Utf8PathBuf>,
        /// Ignored; accepted for build tools that call the generator like an older version of uniffi's.
        #[arg(long)]
        library: bool,
        /// Ignored; accepted for compatibility with uniffi's generator. The output is never formatted.
        #[arg(long, short)]
        no_format: bool,
        /// The native library. It must not be stripped: the interface is read from its symbols.
        source: Utf8PathBuf,
    },
    /// Prints the interface as a Markdown page.
    Interface {
        /// The native library.
        source: Utf8PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    Python,
    Kotlin,
    Swift,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Generate { language, out_dir, config, source, .. } => {
            let config = config.unwrap_or_else(project_settings);
            write_bindings(language, &source, &out_dir, config)
        }
        Command::Interface { source } => {
            print(&interface_page::render(&read_interface(&source, &project_settings())?));
            Ok(())
        }
    }
}

#[allow(clippy::print_stdout, reason = "the page is the output of the command")]
fn print(page: &str) {
    print!("{page}");
}

/// Returns the path of `uniffi.toml` in the project's root folder, where build tools don't look for it by themselves.
fn project_settings() -> Utf8PathBuf {
    Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../uniffi.toml"))
}

fn write_bindings(
    language: Language,
    source: &Utf8PathBuf,
    out_dir: &Utf8PathBuf,
    config: Utf8PathBuf,
) -> Result<()> {
    let interface = read_interface(source, &config)?;
    let (target, file, patch): (_, _, fn(&mut Draft, &ComponentInterface) -> Result<()>) = match language {
        Language::Python => (TargetLanguage::Python, "purecloud_oauth.py", python::patch),
        Language::Kotlin => (TargetLanguage::Kotlin, "purecloud/oauth/purecloud_oauth.kt", kotlin::patch),
        Language::Swift => (TargetLanguage::Swift, "PureCloudOAuth.swift", swift::patch),
    };
    generate(GenerateOptions {
        languages: vec![target],
        source: source.clone(),
        out_dir: out_dir.clone(),
        config_override: Some(config),
        format: false,
        ..GenerateOptions::default()
    })?;
    let mut draft = Draft::read(Path::new(out_dir.as_str()).join(file))?;
    patch(&mut draft, &interface)?;
    patch_buffer_futures(&mut draft)?;
    draft.save()?;
    if matches!(language, Language::Swift) {
        let mut header = Draft::read(Path::new(out_dir.as_str()).join("PureCloudOAuthFFI.h"))?;
        patch_buffer_futures(&mut header)?;
        header.save()?;
    }
    Ok(())
}

/// Replaces the functions that complete and free a future which returns a buffer by those in
/// `core/src/ffi/deferred.rs`, which also free a result that the caller has not taken.
fn patch_buffer_futures(draft: &mut Draft) -> Result<()> {
    for end in ["complete", "free"] {
        let original = format!("ffi_purecloud_oauth_rust_future_{end}_rust_buffer");
        draft.replace_all(&original, &format!("purecloud_oauth_future_{end}"))?;
    }
    Ok(())
}

/// Reads the exported interface from the metadata of the native library.
fn read_interface(source: &Utf8PathBuf, config: &Utf8PathBuf) -> Result<ComponentInterface> {
    let (config, _) = GlobalConfig::from_file(config)?;
    let loader = BindgenLoader::new(BindgenPaths::default(), config);
    let metadata = loader.load_metadata(source)?;
    let interface = loader.load_cis(metadata)?.pop().context("the native library exports no interface")?;
    refuse_rust(&interface)?;
    Ok(interface)
}

/// Refuses documentation that shows Rust code, which is of no use in another language.
fn refuse_rust(interface: &ComponentInterface) -> Result<()> {
    let mut documented: Vec<(&str, Option<&str>)> = Vec::new();
    for object in interface.object_definitions() {
        documented.push((object.name(), object.docstring()));
        documented.extend(object.constructors().into_iter().map(|one| (one.name(), one.docstring())));
        documented.extend(object.methods().into_iter().map(|one| (one.name(), one.docstring())));
    }
    for record in interface.record_definitions() {
        documented.push((record.name(), record.docstring()));
        documented.extend(record.fields().iter().map(|field| (field.name(), field.docstring())));
    }
    for one in interface.enum_definitions() {
        documented.push((one.name(), one.docstring()));
        documented.extend(one.variants().iter().map(|variant| (variant.name(), variant.docstring())));
    }
    documented.extend(interface.function_definitions().iter().map(|one| (one.name(), one.docstring())));
    let is_rust = |text: &str| {
        ["```", "# Examples", "# In Rust", "# Errors", "::", "[`"].iter().any(|mark| text.contains(mark))
    };
    match documented.iter().find(|(_, text)| text.is_some_and(is_rust)) {
        Some((name, _)) => {
            bail!("the documentation of {name} shows Rust code; export it by the attribute `exported`")
        }
        None => Ok(()),
    }
}

/// Returns the native functions that free and cancel the futures of asynchronous calls, with the number of calls that
/// use each pair.
fn free_and_cancel_functions(interface: &ComponentInterface) -> BTreeMap<[String; 2], usize> {
    let mut calls = BTreeMap::new();
    for callable in interface.iter_callables().filter(|callable| callable.is_async()) {
        let functions =
            [callable.ffi_rust_future_free(interface), callable.ffi_rust_future_cancel(interface)];
        *calls.entry(functions).or_insert(0) += 1;
    }
    calls
}
