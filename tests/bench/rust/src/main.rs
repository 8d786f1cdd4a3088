//! The implementations in Rust. `tests/bench/README.md` describes the modes and commands.

mod clients;
mod models;

use std::env;
use std::fs;
use std::future::Future;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::clients::{Bare, Implementation, Ours, Plain, Transfer};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (name, mode) = (
        arguments.next().context("the argument NAME is missing")?,
        arguments.next().context("the argument MODE is missing")?,
    );
    if mode == "bare" {
        return print_result(memory());
    }
    let url = env::var("BENCH_URL")?;
    match name.as_str() {
        "purecloud-oauth" => run(Ours::new(&url), &mode).await,
        "reqwest + serde_json" => run(Plain::new(&url), &mode).await,
        "hyper + serde_json" => run(Bare::new(&url), &mode).await,
        "transfer alone" => run(Transfer(Plain::new(&url)), &mode).await,
        _ => bail!("unknown implementation: {name}"),
    }
}

async fn run(implementation: impl Implementation, mode: &str) -> Result<()> {
    match mode {
        "import" => print_result(memory()),
        "first" => {
            ensure!(implementation.listing(1).await? == 1, "unexpected listing");
            print_result(memory())
        }
        _ => execute_commands(implementation).await,
    }
}

/// Executes the commands from standard input, one per line.
async fn execute_commands(implementation: impl Implementation) -> Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let command: Vec<&str> = line.split(' ').collect();
        match command[..] {
            ["listing", size, milliseconds] => {
                let size = size.parse()?;
                measure(milliseconds, async || Ok(implementation.listing(size).await? == size)).await?;
            }
            ["usage", milliseconds] => {
                measure(milliseconds, async || Ok(implementation.usage().await? > 1)).await?
            }
            ["create", milliseconds] => measure(milliseconds, async || implementation.create().await).await?,
            ["at_once", total, width] => {
                print_result(at_once(&implementation, total.parse()?, width.parse()?).await?)?
            }
            ["memory"] => print_result(memory())?,
            ["inside"] => print_result(format!("task={}", task_cost().await?))?,
            _ => bail!("unknown command: {line}"),
        }
    }
    Ok(())
}

/// Makes calls for the given time, at least one; prints the duration of each in nanoseconds.
async fn measure<F: Future<Output = Result<bool>>>(
    milliseconds: &str,
    mut call: impl FnMut() -> F,
) -> Result<()> {
    let enough = Duration::from_millis(milliseconds.parse()?);
    let (begun, mut taken) = (Instant::now(), Vec::new());
    while taken.is_empty() || begun.elapsed() < enough {
        let start = Instant::now();
        ensure!(call().await?, "unexpected response");
        taken.push(start.elapsed().as_nanos().to_string());
    }
    print_result(taken.join(" "))
}

/// Makes `total` calls in `width` tasks; returns their total duration in nanoseconds.
async fn at_once(implementation: &impl Implementation, total: usize, width: usize) -> Result<u128> {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..width {
        let implementation = implementation.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..total / width {
                ensure!(implementation.listing(1).await? == 1, "unexpected listing");
            }
            Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(start.elapsed().as_nanos())
}

/// Returns the cost of running a call in a separate task, in nanoseconds.
async fn task_cost() -> Result<u128> {
    const TIMES: u32 = 10_000;
    let start = Instant::now();
    for _ in 0..TIMES {
        tokio::spawn(async {}).await?;
    }
    Ok((start.elapsed() / TIMES).as_nanos())
}

/// Returns the resident memory, in bytes.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(0) * 1_024
}

fn print_result(result: impl ToString) -> Result<()> {
    writeln!(io::stdout(), "{}", result.to_string())?;
    Ok(())
}
