//! `cargo xtask bench`: compares this library with its alternatives in each language.

mod client;
mod figures;
mod languages;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::report;
use crate::server::Server;

use client::Client;
use figures::{Figures, Goal, OURS, Unit};
use languages::Rust;

/// A language to benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// `reqwest` and `hyper`
    Rust,
    /// The vendor's SDK, `requests`, `urllib3`, `aiohttp`
    Python,
    /// The vendor's SDK, `java.net.http`, OkHttp
    Kotlin,
    /// `URLSession`
    Swift,
    /// The vendor's SDK; this project has no package for the language
    Javascript,
}

impl Bench {
    fn name(self) -> &'static str {
        match self {
            Bench::Rust => "Rust",
            Bench::Python => "Python",
            Bench::Kotlin => "Kotlin",
            Bench::Swift => "Swift",
            Bench::Javascript => "JavaScript",
        }
    }

    fn clients(self, rust: &Rust) -> Result<Vec<Client>> {
        let mut clients = match self {
            Bench::Rust => return Ok(rust.clients()),
            Bench::Python => languages::python()?,
            Bench::Kotlin => languages::kotlin()?,
            Bench::Swift => languages::swift()?,
            Bench::Javascript => languages::javascript()?,
        };
        clients.push(rust.client(OURS).shown_as(OURS_IN_RUST));
        clients.push(rust.client(TRANSFER));
        Ok(clients)
    }
}

const OURS_IN_RUST: &str = "purecloud-oauth in Rust";
const TRANSFER: &str = "transfer alone";

/// The figures of consecutive calls, with the commands that measure them.
const WORK: [(&str, &str); 6] = [
    ("1 client", "listing 1"),
    ("25 clients", "listing 25"),
    ("1,000 clients", "listing 1000"),
    ("10,000 clients", "listing 10000"),
    ("usage, 20,000 rows", "usage"),
    ("create", "create"),
];

/// The figure of concurrent calls.
const AT_ONCE: &str = "100 at once";

/// The figures of programs that run until they exit: the mode, and the names of the figures of time and memory.
const STARTS: [(&str, &str, &str); 3] = [
    ("bare", "bare start", "memory of a bare start"),
    ("import", "import", "memory after import"),
    ("first", "first call", "memory after the first call"),
];

/// The duration of the measurements.
struct Pace {
    starts: u32,
    warm_up: Duration,
    /// The time for each figure and program, over all turns.
    time: Duration,
    rounds_at_once: u32,
}

const FULL: Pace =
    Pace { starts: 5, warm_up: Duration::from_secs(2), time: Duration::from_secs(2), rounds_at_once: 5 };

const QUICK: Pace = Pace {
    starts: 3,
    warm_up: Duration::from_millis(500),
    time: Duration::from_millis(600),
    rounds_at_once: 1,
};

/// The duration of a turn. It is short, so that other load on the machine affects all programs equally.
const TURN: Duration = Duration::from_millis(40);
/// The minimum number of turns, for calls that take longer than a turn.
const MIN_TURNS: usize = 9;

pub(crate) fn run(named: &[Bench], json: Option<&Path>, quick: bool) -> Result<()> {
    let goals = Goal::all()?;
    let pace = if quick { QUICK } else { FULL };
    let rust = Rust::prepare()?;
    let server = Server::start("the benchmark server", &mut rust.server())?;
    let _no_latency = keep_processors_awake();
    let url = server.announced("url")?.to_owned();
    let mut measured = Vec::new();
    let mut failed = Vec::new();
    for language in Bench::value_variants().iter().filter(|one| named.is_empty() || named.contains(one)) {
        match language.clients(&rust).and_then(|clients| measure(&clients, &url, &pace)) {
            Ok(figures) => {
                let goals = goals.get(&language.name().to_lowercase()).map_or(&[][..], Vec::as_slice);
                figures.print(language.name(), goals);
                measured.push((language.name(), figures, goals));
            }
            Err(error) => {
                report::error(&error);
                failed.push(language.name());
            }
        }
    }
    server.stop()?;
    figures::print_summary(&measured);
    if let Some(path) = json {
        let all = measured.iter().map(|(language, figures, goals)| (*language, figures.to_json(goals)));
        let json = serde_json::to_string_pretty(&Value::from_iter(all))?;
        fs::write(path, json).with_context(|| format!("{} can't be written", path.display()))?;
    }
    if !failed.is_empty() {
        bail!("these languages could not be measured, see above: {}", failed.join(", "));
    }
    Ok(())
}

/// Keeps the processors from entering sleep states while the returned file is open; on Linux only, and only with
/// sufficient permissions. Waking a processor between two packets on loopback takes longer than a small call.
fn keep_processors_awake() -> Option<File> {
    const NO_LATENCY: [u8; 4] = 0_i32.to_ne_bytes();
    let mut latency = File::options().write(true).open("/dev/cpu_dma_latency").ok()?;
    latency.write_all(&NO_LATENCY).ok()?;
    Some(latency)
}

fn measure(clients: &[Client], url: &str, pace: &Pace) -> Result<Figures> {
    let mut figures = Figures::default();
    measure_starts(&mut figures, clients, url, pace)?;
    measure_calls(&mut figures, clients, url, pace)?;
    measure_memory(&mut figures, clients, url)?;
    for client in clients {
        for (figure, bytes) in &client.sizes {
            figures.add(figure, Unit::Bytes, &client.name, [*bytes as f64]);
        }
    }
    Ok(figures)
}

/// Measures the start of programs, up to different stages.
fn measure_starts(figures: &mut Figures, clients: &[Client], url: &str, pace: &Pace) -> Result<()> {
    report::step("measuring the start and the first call of each program");
    for round in 0..=pace.starts {
        for client in clients {
            for (mode, time, memory) in STARTS {
                let (seconds, bytes) = client.run(mode, url)?;
                // The first round only fills the file cache.
                if round > 0 {
                    figures.add(time, Unit::Seconds, &client.name, [seconds]);
                    figures.add(memory, Unit::Bytes, &client.name, [bytes]);
                }
            }
        }
    }
    Ok(())
}

/// Measures the calls of running programs, in turns.
fn measure_calls(figures: &mut Figures, clients: &[Client], url: &str, pace: &Pace) -> Result<()> {
    let mut running = clients.iter().map(|client| client.start(url)).collect::<Result<Vec<_>>>()?;
    let with_duration = |work: &str, time: Duration| format!("{work} {}", time.as_millis());
    for (figure, work) in WORK {
        report::step(figure);
        for client in &mut running {
            client.send(&with_duration(work, pace.warm_up))?;
        }
        let mut spent = vec![Duration::ZERO; clients.len()];
        let mut turns = 0;
        while turns < MIN_TURNS || spent.iter().any(|spent| *spent < pace.time) {
            turns += 1;
            for ((client, running), spent) in clients.iter().zip(&mut running).zip(&mut spent) {
                if turns > MIN_TURNS && *spent >= pace.time {
                    continue;
                }
                let nanoseconds = running.send_for_numbers(&with_duration(work, TURN))?;
                *spent += Duration::from_secs_f64(nanoseconds.iter().sum::<f64>() / 1e9);
                let seconds = nanoseconds.into_iter().map(|taken| taken / 1e9);
                figures.add(figure, Unit::Seconds, &client.name, seconds);
            }
        }
    }
    const CALLS: u32 = 5_000;
    report::step(AT_ONCE);
    for round in 0..=pace.rounds_at_once {
        for (client, running) in clients.iter().zip(&mut running) {
            let nanoseconds = running.send_for_numbers(&format!("at_once {CALLS} 100"))?;
            let each = nanoseconds.into_iter().map(|taken| taken / 1e9 / f64::from(CALLS));
            if round > 0 {
                figures.add(AT_ONCE, Unit::CallsPerSecond, &client.name, each);
            }
        }
    }
    if let Some(ours) = running.first_mut() {
        for part in ours.send("inside")?.split('\t').filter_map(|part| part.split_once('=')) {
            figures.add_inside(part.0.to_owned(), part.1.parse::<f64>()? / 1e9);
        }
    }
    Ok(())
}

/// Measures the resident memory of new processes after a number of calls.
fn measure_memory(figures: &mut Figures, clients: &[Client], url: &str) -> Result<()> {
    report::step("memory");
    for client in clients {
        let mut running = client.start(url)?;
        for (figure, calls) in [("memory after 1,000 calls", 1_000), ("memory after 10,000 calls", 9_000)] {
            running.send(&format!("at_once {calls} 10"))?;
            figures.add(figure, Unit::Bytes, &client.name, running.send_for_numbers("memory")?);
        }
    }
    Ok(())
}
