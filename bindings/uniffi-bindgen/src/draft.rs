//! A generated file while it gets its last touches. A touch that does not fit is an error: then uniffi's
//! template has changed, and the build fails rather than a program.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub(crate) struct Draft {
    path: PathBuf,
    text: String,
}

impl Draft {
    pub(crate) fn read(path: PathBuf) -> Result<Self> {
        let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(Draft { path, text })
    }

    pub(crate) fn save(&self) -> Result<()> {
        fs::write(&self.path, &self.text).with_context(|| format!("{} can't be written", self.path.display()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Replaces a piece that stands in the file exactly so many times.
    pub(crate) fn replace(&mut self, times: usize, old: &str, new: &str) -> Result<()> {
        let found = self.text.matches(old).count();
        if found != times {
            bail!(
                "{}: expected {times} times, found {found} times:\n{old}\nuniffi writes it differently now; \
                 bindings/uniffi-bindgen has to follow",
                self.path.display()
            );
        }
        self.text = self.text.replace(old, new);
        Ok(())
    }

    /// Replaces a piece wherever it stands, which is at least once.
    pub(crate) fn replace_all(&mut self, old: &str, new: &str) -> Result<()> {
        let times = self.text.matches(old).count();
        self.replace(times.max(1), old, new)
    }

    /// The piece from `start` up to `end`, which stands behind it; `start` stands in the file once.
    pub(crate) fn between(&self, start: &str, end: &str) -> Result<&str> {
        let expected = || format!("{}: expected once:\n{start}\nup to:\n{end}", self.path.display());
        let (before, after) = self.text.split_once(start).with_context(expected)?;
        if after.contains(start) {
            bail!("{}", expected());
        }
        let length = after.find(end).with_context(expected)?;
        Ok(&self.text[before.len()..before.len() + start.len() + length])
    }

    /// Replaces the piece from `start` up to `end`.
    pub(crate) fn replace_between(&mut self, start: &str, end: &str, new: &str) -> Result<()> {
        let old = self.between(start, end)?.to_owned();
        self.replace(1, &old, new)
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes another file into the same folder.
    pub(crate) fn write_beside(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path.with_file_name(name);
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
    }
}
