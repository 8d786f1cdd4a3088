//! A benchmarked program, driven by commands on its standard input.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

/// A benchmarked program, and figures that are known without running it.
pub(super) struct Client {
    /// The name for display in the tables.
    pub(super) name: String,
    /// The name passed to the program, which selects one of its implementations.
    argument: String,
    program: Box<dyn Fn() -> Result<Command>>,
    /// Disk usage in bytes, by component.
    pub(super) sizes: Vec<(&'static str, u64)>,
}

impl Client {
    pub(super) fn new(name: &str, program: impl Fn() -> Result<Command> + 'static) -> Self {
        Client {
            name: name.to_owned(),
            argument: name.to_owned(),
            program: Box::new(program),
            sizes: Vec::new(),
        }
    }

    /// Changes the name for display in the tables.
    pub(super) fn shown_as(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(super) fn with_sizes(mut self, sizes: Vec<(&'static str, u64)>) -> Self {
        self.sizes = sizes;
        self
    }

    fn command(&self, mode: &str, url: &str) -> Result<Command> {
        let mut command = (self.program)()?;
        command.arg(&self.argument).arg(mode).env("BENCH_URL", url);
        Ok(command)
    }

    /// Runs the program until it exits. Returns the time in seconds and the program's final memory usage in bytes.
    pub(super) fn run(&self, mode: &str, url: &str) -> Result<(f64, f64)> {
        let mut command = self.command(mode, url)?;
        let start = Instant::now();
        let output = command.stderr(Stdio::inherit()).output()?;
        let taken = start.elapsed().as_secs_f64();
        ensure!(output.status.success(), "{} failed with {}", self.name, output.status);
        let memory = String::from_utf8_lossy(&output.stdout).trim().parse()?;
        Ok((taken, memory))
    }

    /// Starts the program, to be driven by commands.
    pub(super) fn start(&self, url: &str) -> Result<BenchProcess> {
        let mut process = self.command("obey", url)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().context("the program has no standard input")?;
        let output = BufReader::new(process.stdout.take().context("the program has no standard output")?);
        Ok(BenchProcess { name: self.name.clone(), process, input: Some(input), output })
    }
}

/// A running program. Dropping this value ends the program.
pub(super) struct BenchProcess {
    name: String,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl BenchProcess {
    /// Sends a command and waits for the response.
    pub(super) fn send(&mut self, command: &str) -> Result<String> {
        let mut response = String::new();
        let input = self.input.as_mut().context("the program's standard input is closed")?;
        let read = writeln!(input, "{command}").and_then(|()| self.output.read_line(&mut response));
        match read {
            Ok(1..) => Ok(response.trim_end().to_owned()),
            _ => bail!("{} did not respond to `{command}`; see above", self.name),
        }
    }

    /// Sends a command whose response is a list of numbers.
    pub(super) fn send_for_numbers(&mut self, command: &str) -> Result<Vec<f64>> {
        let response = self.send(command)?;
        let numbers: Result<Vec<f64>, _> = response.split_whitespace().map(str::parse).collect();
        numbers.with_context(|| format!("{} responded to `{command}` with `{response}`", self.name))
    }
}

impl Drop for BenchProcess {
    fn drop(&mut self) {
        drop(self.input.take());
        self.process.wait().ok();
    }
}
