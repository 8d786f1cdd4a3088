//! A server that programs are tested against, as a process beside them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A server, running for as long as its standard input is open.
pub(crate) struct Server {
    name: &'static str,
    process: Child,
    announcement: Value,
}

impl Server {
    /// Starts it. When it is ready it says in one line of JSON where it is.
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
            .with_context(|| format!("{name} said `{}` in place of where it is", line.trim()))?;
        Ok(Server { name, process, announcement })
    }

    pub(crate) fn announced(&self, key: &str) -> Result<&str> {
        self.announcement[key].as_str().with_context(|| format!("{} did not tell its {key}", self.name))
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(())
    }
}
