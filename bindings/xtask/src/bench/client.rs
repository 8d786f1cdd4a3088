//! A client that is measured: a program that is told what to do, line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

/// A client, and what is known of it without running it.
pub(super) struct Client {
    /// The name in the tables.
    pub(super) name: String,
    /// The name by which the program knows it.
    own_name: String,
    program: Box<dyn Fn() -> Result<Command>>,
    /// What it takes on the disk, by what it is that is counted.
    pub(super) sizes: Vec<(&'static str, u64)>,
}

impl Client {
    pub(super) fn new(name: &str, program: impl Fn() -> Result<Command> + 'static) -> Self {
        Client {
            name: name.to_owned(),
            own_name: name.to_owned(),
            program: Box::new(program),
            sizes: Vec::new(),
        }
    }

    /// The same client under another name in the tables.
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
        command.arg(&self.own_name).arg(mode).env("BENCH_URL", url);
        Ok(command)
    }

    /// Runs it to its end: how many seconds it took, and the memory that it had last.
    pub(super) fn run(&self, mode: &str, url: &str) -> Result<(f64, f64)> {
        let mut command = self.command(mode, url)?;
        let start = Instant::now();
        let output = command.stderr(Stdio::inherit()).output()?;
        let taken = start.elapsed().as_secs_f64();
        ensure!(output.status.success(), "{} ended with {}", self.name, output.status);
        let memory = String::from_utf8_lossy(&output.stdout).trim().parse()?;
        Ok((taken, memory))
    }

    /// Starts it, to be told what to do.
    pub(super) fn start(&self, url: &str) -> Result<Obedient> {
        let mut process = self.command("obey", url)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().context("it has no input")?;
        let output = BufReader::new(process.stdout.take().context("it has no output")?);
        Ok(Obedient { name: self.name.clone(), process, input: Some(input), output })
    }
}

/// A client that is running. It ends when it is dropped.
pub(super) struct Obedient {
    name: String,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Obedient {
    /// Tells it to do something, and waits for its answer.
    pub(super) fn told(&mut self, what: &str) -> Result<String> {
        let mut answer = String::new();
        let input = self.input.as_mut().context("it is not told anything any more")?;
        let asked = writeln!(input, "{what}").and_then(|()| self.output.read_line(&mut answer));
        match asked {
            Ok(1..) => Ok(answer.trim_end().to_owned()),
            _ => bail!("{} did not do `{what}`; see above", self.name),
        }
    }

    /// Tells it to do something whose answer is numbers.
    pub(super) fn numbers(&mut self, what: &str) -> Result<Vec<f64>> {
        let answer = self.told(what)?;
        let numbers: Result<Vec<f64>, _> = answer.split_whitespace().map(str::parse).collect();
        numbers.with_context(|| format!("{} answered `{what}` with `{answer}`", self.name))
    }
}

impl Drop for Obedient {
    fn drop(&mut self) {
        drop(self.input.take());
        self.process.wait().ok();
    }
}
