//! The stand-in for the service, as a program beside the one that uses it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::program;

/// The emulator, running for as long as its standard input is open.
pub(crate) struct Emulator {
    process: Child,
    announcement: Value,
}

impl Emulator {
    /// Builds it, if it is not, and starts it. No program that uses it is about the rate limit.
    pub(crate) fn start() -> Result<Self> {
        let program = program("purecloud-oauth-emulator")?;
        let mut process = Command::new(program)
            .args(["--rate-limit", "1000000"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the emulator can't be started")?;
        let output = process.stdout.take().context("the emulator has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let announcement = serde_json::from_str(&line)
            .with_context(|| format!("the emulator said `{}` in place of where it is", line.trim()))?;
        Ok(Emulator { process, announcement })
    }

    pub(crate) fn announced(&self, key: &str) -> Result<&str> {
        self.announcement[key].as_str().with_context(|| format!("the emulator did not tell its {key}"))
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if !status.success() {
            bail!("the emulator ended with {status}");
        }
        Ok(())
    }
}
