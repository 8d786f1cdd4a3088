//! Writes the bindings: what uniffi's own templates write, at our version and always with the project's
//! `uniffi.toml`, and then the touches that they lack. The build tools of the languages know it by its name
//! and run it like uniffi's own.

mod draft;
mod interface;
mod kotlin;
mod neutral_names;
mod python;
mod swift;
mod warnings;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use clap::{Parser, Subcommand, ValueEnum};
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};
use uniffi_bindgen::{BindgenLoader, BindgenPaths, ComponentInterface, GlobalConfig};

use crate::draft::Draft;

/// Writes the bindings of a built library.
#[derive(Parser)]
#[command(name = "uniffi-bindgen", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the source files of one language.
    Generate {
        /// The language.
        #[arg(long, short)]
        language: Language,
        /// The folder to write to.
        #[arg(long, short)]
        out_dir: Utf8PathBuf,
        /// The settings, where they are not the project's own.
        #[arg(long, short)]
        config: Option<Utf8PathBuf>,
        /// For those who call it like older versions: a library is known as one anyway.
        #[arg(long)]
        library: bool,
        /// For those who call it like uniffi's own: nothing is formatted anyway.
        #[arg(long, short)]
        no_format: bool,
        /// The built library; not stripped, because the interface is read from its symbols.
        source: Utf8PathBuf,
    },
    /// Prints the interface as a page to read.
    Interface {
        /// The built library.
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
            let config = config.unwrap_or_else(own_settings);
            write_bindings(language, &source, &out_dir, config)
        }
        Command::Interface { source } => {
            print(&interface::page(&interface(&source, &own_settings())?));
            Ok(())
        }
    }
}

#[allow(clippy::print_stdout, reason = "it is what was asked for")]
fn print(page: &str) {
    print!("{page}");
}

/// The project's settings: at its top, where no build tool looks by itself.
fn own_settings() -> Utf8PathBuf {
    Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../uniffi.toml"))
}

fn write_bindings(
    language: Language,
    source: &Utf8PathBuf,
    out_dir: &Utf8PathBuf,
    config: Utf8PathBuf,
) -> Result<()> {
    let interface = interface(source, &config)?;
    let (target, file, finish): (_, _, fn(&mut Draft, &ComponentInterface) -> Result<()>) = match language {
        Language::Python => (TargetLanguage::Python, "purecloud_oauth.py", python::finish),
        Language::Kotlin => (TargetLanguage::Kotlin, "purecloud/oauth/purecloud_oauth.kt", kotlin::finish),
        Language::Swift => (TargetLanguage::Swift, "PureCloudOAuth.swift", swift::finish),
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
    finish(&mut draft, &interface)?;
    futures_of_buffers(&mut draft)?;
    draft.save()?;
    if matches!(language, Language::Swift) {
        let mut header = Draft::read(Path::new(out_dir.as_str()).join("PureCloudOAuthFFI.h"))?;
        futures_of_buffers(&mut header)?;
        header.save()?;
    }
    Ok(())
}

/// Futures that return a buffer are completed and freed by functions of our own, which free what nobody takes:
/// `core/src/ffi/deferred.rs`.
fn futures_of_buffers(draft: &mut Draft) -> Result<()> {
    for end in ["complete", "free"] {
        let given = format!("ffi_purecloud_oauth_rust_future_{end}_rust_buffer");
        draft.replace_all(&given, &format!("purecloud_oauth_future_{end}"))?;
    }
    Ok(())
}

/// The exported interface, from the library's own metadata.
fn interface(source: &Utf8PathBuf, config: &Utf8PathBuf) -> Result<ComponentInterface> {
    let (config, _) = GlobalConfig::from_file(config)?;
    let loader = BindgenLoader::new(BindgenPaths::default(), config);
    let metadata = loader.load_metadata(source)?;
    loader.load_cis(metadata)?.pop().context("the library has no interface")
}

/// The library's functions by which an asynchronous call is freed and cancelled, and how many calls use them.
fn ends_of_calls(interface: &ComponentInterface) -> BTreeMap<[String; 2], usize> {
    let mut calls = BTreeMap::new();
    for callable in interface.iter_callables().filter(|callable| callable.is_async()) {
        let functions =
            [callable.ffi_rust_future_free(interface), callable.ffi_rust_future_cancel(interface)];
        *calls.entry(functions).or_insert(0) += 1;
    }
    calls
}
