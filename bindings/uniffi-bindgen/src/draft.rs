//! A generated file being patched. A patch that does not apply is an error, because uniffi's template has changed then:
//! the build fails, not a program that uses the package.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// The content of a generated file.
pub(crate) struct Draft {
    path: PathBuf,
    source: String,
}

impl Draft {
    pub(crate) fn read(path: PathBuf) -> Result<Self> {
        let source =
            fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(Draft { path, source })
    }

    pub(crate) fn save(&self) -> Result<()> {
        fs::write(&self.path, &self.source)
            .with_context(|| format!("{} can't be written", self.path.display()))
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Replaces a string that must occur in the file exactly the given number of times.
    pub(crate) fn replace(&mut self, times: usize, old: &str, new: &str) -> Result<()> {
        let found = self.source.matches(old).count();
        if found != times {
            bail!(
                "{}: expected {times} times, found {found} times:\n{old}\nthe output of uniffi has changed; adapt \
                 bindings/uniffi-bindgen",
                self.path.display()
            );
        }
        self.source = self.source.replace(old, new);
        Ok(())
    }

    /// Replaces every occurrence of a string, which must occur at least once.
    pub(crate) fn replace_all(&mut self, old: &str, new: &str) -> Result<()> {
        let times = self.source.matches(old).count();
        self.replace(times.max(1), old, new)
    }

    /// Returns the part from `start` up to, but not including, the next `end`. `start` must occur in the file once.
    pub(crate) fn between(&self, start: &str, end: &str) -> Result<&str> {
        let expected = || format!("{}: expected once:\n{start}\nup to:\n{end}", self.path.display());
        let (before, after) = self.source.split_once(start).with_context(expected)?;
        if after.contains(start) {
            bail!("{}", expected());
        }
        let length = after.find(end).with_context(expected)?;
        Ok(&self.source[before.len()..before.len() + start.len() + length])
    }

    /// Replaces the part from `start` up to, but not including, the next `end`.
    pub(crate) fn replace_between(&mut self, start: &str, end: &str, new: &str) -> Result<()> {
        let old = self.between(start, end)?.to_owned();
        self.replace(1, &old, new)
    }

    pub(crate) fn push(&mut self, code: &str) {
        self.source.push_str(code);
    }

    /// Writes another file into the same folder.
    pub(crate) fn write_sibling(&self, name: &str, content: &str) -> Result<()> {
        let path = self.path.with_file_name(name);
        fs::write(&path, content).with_context(|| format!("{} can't be written", path.display()))
    }
}
