//! A server in a separate process, against which programs are tested.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A running server. It exits when its standard input is closed.
pub(crate) struct Server {
    name: &'static str,
    process: Child,
    announcement: Value,
}

impl Server {
    /// Starts the server and waits until it is ready: it then prints its addresses and credentials in one line of JSON.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} can't be started"))?;
        let output = process.stdout.take().with_context(|| format!("{name} has no output"))?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let announcement = serde_json::from_str(&line)
            .with_context(|| format!("{name} printed `{}` instead of its addresses as JSON", line.trim()))?;
        Ok(Server { name, process, announcement })
    }

    /// Returns a value that the server has printed at its start.
    pub(crate) fn announced(&self, key: &str) -> Result<&str> {
        self.announcement[key].as_str().with_context(|| format!("{} did not announce its {key}", self.name))
    }

    /// Stops the server and fails if it reports an error.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if !status.success() {
            bail!("{} failed with {status}", self.name);
        }
        Ok(())
    }
}
