//! `cargo xtask tour`: the emulator, and the example that uses every operation against it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::build_programs;
use crate::report;

/// The variables that the vendor's tools read, and with them the example.
const VARIABLES: [(&str, &str); 3] = [
    ("GENESYSCLOUD_REGION", "base_url"),
    ("GENESYSCLOUD_OAUTHCLIENT_ID", "client_id"),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "client_secret"),
];

pub(crate) fn run() -> Result<()> {
    report::step("building the emulator and the tour");
    let programs = build_programs(&[
        ("purecloud-oauth-emulator", "purecloud-oauth-emulator"),
        ("purecloud-oauth-examples", "tour"),
    ])?;
    let [emulator, tour] = &programs[..] else { bail!("expected two programs") };
    report::step("the tour, against the emulator");
    let emulator = Emulator::start(emulator)?;
    let mut command = Command::new(tour);
    command.env_remove("GENESYSCLOUD_ACCESS_TOKEN");
    for (variable, key) in VARIABLES {
        command.env(variable, emulator.announced(key)?);
    }
    let status = command.status().context("the tour can't be started")?;
    emulator.stop()?;
    if !status.success() {
        bail!("the tour ended with {status}");
    }
    Ok(())
}

/// The emulator, running for as long as its standard input is open.
struct Emulator {
    process: Child,
    announcement: Value,
}

impl Emulator {
    fn start(program: &Path) -> Result<Self> {
        let mut process = Command::new(program)
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

    fn announced(&self, key: &str) -> Result<&str> {
        self.announcement[key].as_str().with_context(|| format!("the emulator did not tell its {key}"))
    }

    fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if !status.success() {
            bail!("the emulator ended with {status}");
        }
        Ok(())
    }
}
