//! Checks the documentation in source files: the first word of each comment, and repetitions.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cargo::root;

/// Folders with sources of ours.
const FOLDERS: [&str; 4] = ["bindings", "core", "examples", "tests"];

/// Folders with files that tools write.
const WRITTEN_BY_TOOLS: [&str; 5] = [".build", "__pycache__", "build", "node_modules", "target"];

/// Words that a documentation comment does not open with: it says what the item is or does.
const QUESTION_WORDS: [&str; 10] =
    ["How", "What", "Whatever", "When", "Where", "Whether", "Which", "Who", "Whoever", "Why"];

/// The share of documentation comments that may open with a question word, in percent.
const TOLERATED: usize = 1;

/// Shorter lines of documentation may stand in the core and in its interface definition.
const SHORTEST_REPETITION: usize = 40;

/// The quotes around documentation in Python.
const QUOTES: &str = "\"\"\"";

/// The first line of a documentation comment, and its place.
struct Opening {
    path: PathBuf,
    line: usize,
    text: String,
}

/// Refuses documentation comments that open with a question word, if there are more than tolerated.
pub(crate) fn check_openings() -> Result<()> {
    let mut openings = Vec::new();
    for folder in FOLDERS {
        for path in sources(&root().join(folder))? {
            openings.extend(openings_in(&path, &fs::read_to_string(&path)?));
        }
    }
    let is_offender = |opening: &&Opening| {
        let word = opening.text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        QUESTION_WORDS.contains(&word)
    };
    let offenders: Vec<_> = openings.iter().filter(is_offender).collect();
    if offenders.len() * 100 > openings.len() * TOLERATED {
        let places: Vec<_> = offenders
            .iter()
            .map(|offender| {
                let path = offender.path.strip_prefix(root()).unwrap_or(&offender.path);
                format!("\n  {}:{}: {}", path.display(), offender.line, offender.text)
            })
            .collect();
        bail!(
            "{} of {} documentation comments open with a question word; open with a verb or a noun (CONTRIBUTING.md):{}",
            offenders.len(),
            openings.len(),
            places.concat()
        );
    }
    Ok(())
}

/// Refuses a line of documentation that stands in the interface definition and anywhere else in the core: the core's
/// declarations bring their documentation with them.
pub(crate) fn check_repetitions() -> Result<()> {
    let core = root().join("core/src");
    let mut places: HashMap<String, Vec<String>> = HashMap::new();
    for path in sources(&core)? {
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        for (number, line) in fs::read_to_string(&path)?.lines().enumerate() {
            let words = line.trim_start().strip_prefix("///").map(normalized).unwrap_or_default();
            if words.len() >= SHORTEST_REPETITION {
                places.entry(words).or_default().push(format!("{shown}:{}", number + 1));
            }
        }
    }
    let mut repeated: Vec<_> = places
        .iter()
        .filter(|(_, places)| {
            places.len() > 1 && places.iter().any(|place| place.starts_with("core/src/ffi/"))
        })
        .map(|(words, places)| format!("\n  {}: {words}", places.join(", ")))
        .collect();
    repeated.sort();
    if !repeated.is_empty() {
        bail!(
            "documentation is repeated; export the core's declaration instead (core/macros):{}",
            repeated.concat()
        );
    }
    Ok(())
}

fn normalized(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Returns the source files below a folder.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !WRITTEN_BY_TOOLS.contains(&name) {
            found.extend(sources(&path)?);
        } else if path.is_file() && marker(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Returns what begins a documentation comment in a file of this kind.
fn marker(path: &Path) -> Option<&'static [&'static str]> {
    match path.extension()?.to_str()? {
        "rs" => Some(&["///", "//!"]),
        "swift" => Some(&["///"]),
        "java" | "kt" | "mjs" | "ts" => Some(&["/**"]),
        "py" => Some(&[QUOTES]),
        _ => None,
    }
}

fn openings_in(path: &Path, source: &str) -> Vec<Opening> {
    let markers = marker(path).unwrap_or_default();
    let mut openings = Vec::new();
    let (mut goes_on, mut is_empty_so_far, mut is_in_string) = (false, false, false);
    for (number, line) in source.lines().enumerate() {
        let line = line.trim();
        if is_in_string {
            is_in_string = !line.ends_with(QUOTES);
            continue;
        }
        let documentation = markers.iter().find_map(|marker| line.strip_prefix(marker));
        // The text may begin in the line after the marker.
        let continued = is_empty_so_far.then(|| line.trim_start_matches('*'));
        is_empty_so_far = false;
        if let Some(text) = documentation.or(continued).map(str::trim)
            && !goes_on
        {
            is_empty_so_far = text.is_empty() && documentation.is_some();
            if !text.is_empty() {
                openings.push(Opening { path: path.to_owned(), line: number + 1, text: text.to_owned() });
            }
        }
        is_in_string = documentation.is_some_and(|text| line.starts_with(QUOTES) && !text.ends_with(QUOTES));
        // Only comments of single lines go on with the same marker.
        goes_on = documentation.is_some() && matches!(markers, ["///", ..]);
    }
    openings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::openings_in;

    fn openings(path: &str, source: &str) -> Vec<String> {
        openings_in(Path::new(path), source).into_iter().map(|opening| opening.text).collect()
    }

    #[test]
    fn each_comment_opens_once() {
        let rust = "//! Parses.\n//! What it parses.\n\n/// Returns it.\n///\n/// Why.\nfn it() {}\n// Where: no documentation.\n";
        assert_eq!(openings("a.rs", rust), ["Parses.", "Returns it."]);
        let kotlin = "/** Returns it. */\nfun it()\n/**\n * Sends it.\n * What it sends.\n */\n";
        assert_eq!(openings("a.kt", kotlin), ["Returns it. */", "Sends it."]);
        let python = "\"\"\"Waits.\n\nHow it waits.\n\"\"\"\nx = 1\n";
        assert_eq!(openings("a.py", python), ["Waits."]);
    }
}
