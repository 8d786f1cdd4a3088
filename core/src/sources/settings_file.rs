//! A settings file: TOML, JSON or INI as a tree with case-insensitive names.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use configparser::ini::{Ini, IniDefault};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Gap;
use crate::error::Error;

/// The maximum size of a settings file, in bytes.
const LARGEST: u64 = 1024 * 1024;

#[derive(Default)]
pub(super) struct SettingsFile {
    /// The name for the user, such as `~/.gc/config.toml`.
    pub(super) name: String,
    pub(super) settings: Value,
    others_may_read: bool,
}

/// The parsed tree, or the number of the line with the error. The content may be secret, so an error has the line
/// number only.
type Parsed = Result<Value, Option<usize>>;

impl SettingsFile {
    /// Reads the file at a path in the home folder; `parse` parses its content.
    pub(super) fn read(home: &Path, path: &str, parse: fn(&str) -> Parsed) -> Result<Self, Gap> {
        let name = format!("~/{path}");
        let path = home.join(path);
        let (text, others_may_read) = match read_file(&path) {
            Ok(read) => read,
            // A folder without permission to enter it, such as the home folder in some containers, counts as empty.
            Err(error) if !path.exists() => return Err(Gap::Missing(absence(&error))),
            Err(error) => {
                let reason = format!("can't be read: {}", error.kind());
                return Err(Error::invalid_argument(name, reason).into());
            }
        };
        match parse(text.trim_start_matches('\u{feff}')) {
            Ok(settings) => Ok(SettingsFile { name, settings, others_may_read }),
            Err(line) => {
                let line = line.map(|line| format!(": error in line {line}")).unwrap_or_default();
                Err(Error::invalid_argument(name, format!("can't be parsed{line}")).into())
            }
        }
    }

    /// Returns the warning for the user, if the file contains a secret.
    pub(super) fn warning(&self) -> Option<String> {
        self.others_may_read.then(|| {
            let name = &self.name;
            format!(
                "{name} holds a secret and is readable by other users of this machine; `chmod 600` prevents that"
            )
        })
    }
}

fn read_file(path: &Path) -> io::Result<(Zeroizing<String>, bool)> {
    // Reading a pipe would block, and reading a device might never end.
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

/// Parses JSON or INI. As in the vendor's SDKs, a file that starts with `{` is JSON.
pub(super) fn json_or_ini(text: &str) -> Parsed {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Some(error.line()));
    }
    let mut format = IniDefault::default();
    // A password may contain `#`.
    format.enable_inline_comments = false;
    let sections = Ini::new_from_defaults(format).read(text.to_owned()).map_err(|message| {
        let (line, _) = message.strip_prefix("line ")?.split_once(':')?;
        line.parse().ok()
    })?;
    // A key without a value is a syntax error.
    if let Some((key, _)) = sections.values().flatten().find(|(_, value)| value.is_none()) {
        return Err(text.lines().position(|line| line.trim().to_lowercase() == *key).map(|above| above + 1));
    }
    serde_json::to_value(sections).map_err(|_| None)
}

/// Returns the value at a path of names.
pub(super) fn find<'a>(settings: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().try_fold(settings, |section, name| {
        let name = name.to_lowercase();
        let mut entries = section.as_object()?.iter();
        entries.find_map(|(key, value)| (key.to_lowercase() == name).then_some(value))
    })
}

/// Returns a setting as a string; `None` if it is missing or empty.
pub(super) fn setting(settings: &Value, names: &[&str]) -> Option<String> {
    let value = match find(settings, names)? {
        Value::String(value) => value.trim().to_owned(),
        number @ Value::Number(_) => number.to_string(),
        _ => return None,
    };
    Some(value).filter(|value| !value.is_empty())
}
