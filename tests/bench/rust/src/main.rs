//! The clients of the bench in Rust. See `tests/bench/README.md` for what they are told and what they answer.

mod clients;
mod models;

use std::env;
use std::fs;
use std::future::Future;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::clients::{Bare, Client, Ours, Plain, Transfer};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (name, mode) = (arguments.next().context("no client")?, arguments.next().context("no mode")?);
    if mode == "bare" {
        return say(memory());
    }
    let url = env::var("BENCH_URL")?;
    match name.as_str() {
        "purecloud-oauth" => run(Ours::new(&url), &mode).await,
        "reqwest + serde_json" => run(Plain::new(&url), &mode).await,
        "hyper + serde_json" => run(Bare::new(&url), &mode).await,
        "transfer alone" => run(Transfer(Plain::new(&url)), &mode).await,
        _ => bail!("there is no client {name}"),
    }
}

async fn run(client: impl Client, mode: &str) -> Result<()> {
    match mode {
        "import" => say(memory()),
        "first" => {
            ensure!(client.listing(1).await? == 1, "not the listing");
            say(memory())
        }
        _ => obey(client).await,
    }
}

/// Does what it is told, line by line, until there is no more.
async fn obey(client: impl Client) -> Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["listing", size, milliseconds] => {
                let size = size.parse()?;
                measure(milliseconds, async || Ok(client.listing(size).await? == size)).await?;
            }
            ["usage", milliseconds] => measure(milliseconds, async || Ok(client.usage().await? > 1)).await?,
            ["create", milliseconds] => measure(milliseconds, async || client.create().await).await?,
            ["at_once", total, width] => say(at_once(&client, total.parse()?, width.parse()?).await?)?,
            ["memory"] => say(memory())?,
            ["inside"] => say(format!("task={}", task().await?))?,
            _ => bail!("not understood: {line}"),
        }
    }
    Ok(())
}

/// Calls for as long, and at least once; says how many nanoseconds each call took.
async fn measure<F: Future<Output = Result<bool>>>(
    milliseconds: &str,
    mut call: impl FnMut() -> F,
) -> Result<()> {
    let enough = Duration::from_millis(milliseconds.parse()?);
    let (begun, mut taken) = (Instant::now(), Vec::new());
    while taken.is_empty() || begun.elapsed() < enough {
        let start = Instant::now();
        ensure!(call().await?, "not what was asked for");
        taken.push(start.elapsed().as_nanos().to_string());
    }
    say(taken.join(" "))
}

/// Makes so many calls, so many of them at once; how many nanoseconds all of them took.
async fn at_once(client: &impl Client, total: usize, width: usize) -> Result<u128> {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..width {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..total / width {
                ensure!(client.listing(1).await? == 1, "not the listing");
            }
            Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(start.elapsed().as_nanos())
}

/// What a call pays for being a task of its own.
async fn task() -> Result<u128> {
    const TIMES: u32 = 10_000;
    let start = Instant::now();
    for _ in 0..TIMES {
        tokio::spawn(async {}).await?;
    }
    Ok((start.elapsed() / TIMES).as_nanos())
}

/// The resident memory, in bytes.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(0) * 1_024
}

fn say(answer: impl ToString) -> Result<()> {
    writeln!(io::stdout(), "{}", answer.to_string())?;
    Ok(())
}
