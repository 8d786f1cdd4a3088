//! A file of settings: TOML, JSON or INI as one tree, whose names count in any case of letters.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use configparser::ini::{Ini, IniDefault};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Gap;
use crate::error::Error;

/// No file of settings is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;

#[derive(Default)]
pub(super) struct SettingsFile {
    /// What a person calls it, such as `~/.gc/config.toml`.
    pub(super) name: String,
    pub(super) settings: Value,
    others_may_read: bool,
}

/// A text's tree, or the number of the line where it stops being one. What stands there is for nobody's eyes.
type Parsed = Result<Value, Option<usize>>;

impl SettingsFile {
    /// The file at a path in the home folder. `parse` makes the tree of its text.
    pub(super) fn read(home: &Path, path: &str, parse: fn(&str) -> Parsed) -> Result<Self, Gap> {
        let name = format!("~/{path}");
        let path = home.join(path);
        let (text, others_may_read) = match text(&path) {
            Ok(read) => read,
            // A folder that may not be entered, as one's home in a container may be, hides what is in it.
            Err(error) if !path.exists() => return Err(Gap::Missing(absence(&error))),
            Err(error) => {
                let reason = format!("can't be read: {}", error.kind());
                return Err(Error::invalid_argument(name, reason).into());
            }
        };
        match parse(text.trim_start_matches('\u{feff}')) {
            Ok(settings) => Ok(SettingsFile { name, settings, others_may_read }),
            Err(line) => {
                let line = line.map(|line| format!(" in line {line}")).unwrap_or_default();
                Err(Error::invalid_argument(name, format!("can't be understood{line}")).into())
            }
        }
    }

    /// What a person should know of a file that holds a secret.
    pub(super) fn warning(&self) -> Option<String> {
        self.others_may_read.then(|| {
            let name = &self.name;
            format!(
                "{name} holds a secret, and other users of this machine may read it; `chmod 600` ends that"
            )
        })
    }
}

fn text(path: &Path) -> io::Result<(Zeroizing<String>, bool)> {
    // A pipe would be waited for, and something without an end would be read for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    let file = File::open(path)?;
    let others_may_read = others_may_read(&file.metadata()?);
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok((text, others_may_read))
}

fn absence(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(unix)]
fn others_may_read(file: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.permissions().mode() & 0o044 != 0
}

#[cfg(not(unix))]
fn others_may_read(_: &Metadata) -> bool {
    false
}

pub(super) fn toml(text: &str) -> Parsed {
    toml::from_str(text).map_err(|error| {
        let before = text.get(..error.span()?.start)?;
        Some(before.matches('\n').count() + 1)
    })
}

/// As the vendor's SDKs tell them apart: what begins as JSON is no INI.
pub(super) fn json_or_ini(text: &str) -> Parsed {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Some(error.line()));
    }
    let mut format = IniDefault::default();
    // A `#` may stand in a password.
    format.enable_inline_comments = false;
    let sections = Ini::new_from_defaults(format).read(text.to_owned()).map_err(|message| {
        let (line, _) = message.strip_prefix("line ")?.split_once(':')?;
        line.parse().ok()
    })?;
    // A key without a value is a broken line.
    if let Some((key, _)) = sections.values().flatten().find(|(_, value)| value.is_none()) {
        return Err(text.lines().position(|line| line.trim().to_lowercase() == *key).map(|above| above + 1));
    }
    serde_json::to_value(sections).map_err(|_| None)
}

/// What stands under these names, each within the one before.
pub(super) fn find<'a>(settings: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().try_fold(settings, |section, name| {
        let name = name.to_lowercase();
        let mut entries = section.as_object()?.iter();
        entries.find_map(|(key, value)| (key.to_lowercase() == name).then_some(value))
    })
}

/// A setting as text. An empty one is not set.
pub(super) fn setting(settings: &Value, names: &[&str]) -> Option<String> {
    let text = match find(settings, names)? {
        Value::String(text) => text.trim().to_owned(),
        number @ Value::Number(_) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}
