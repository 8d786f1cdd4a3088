//! The emulator as a program, for tests that cannot link the crate.

use std::future::pending;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use purecloud_oauth_emulator::Emulator;
use serde_json::json;
use tokio::sync::oneshot;

/// An emulator of the OAuth API of Genesys Cloud, on loopback.
///
/// Prints one line of JSON when it is ready: base_url, login_url, client_id and client_secret of a client that has all
/// permissions, and sign_in_client_id. Stops on Ctrl-C, on SIGTERM, or when its standard input is a pipe that is
/// closed: a program that starts the emulator holds the other end, so the emulator does not outlive it. Any other
/// standard input is not read, so the emulator may run in the background of a terminal or of a script.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The port to listen on; 0 stands for any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The seed of the organization. The same seed gives the same ids and secrets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of requests that each token may make per minute.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the error can't be reported anywhere.
            let _ = writeln!(io::stderr(), "purecloud-oauth-emulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // The handlers are installed before the emulator reports that it is ready, because an earlier signal would kill it.
    let stop_requested = stop_signal().context("cannot listen for signals")?;
    let emulator = Emulator::builder()
        .port(arguments.port)
        .seed(arguments.seed)
        .rate_limit(arguments.rate_limit, Duration::from_secs(60))
        .start()
        .await?;
    let administrator = emulator.administrator();
    let ready = json!({
        "base_url": emulator.base_url(),
        "login_url": emulator.login_url(),
        "client_id": administrator.client_id,
        "client_secret": administrator.client_secret,
        "sign_in_client_id": emulator.sign_in_client_id(),
    });
    let mut output = io::stdout().lock();
    writeln!(output, "{ready}").context("cannot write to standard output")?;
    output.flush().context("cannot write to standard output")?;
    drop(output);

    tokio::select! {
        () = stop_requested => {}
        () = end_of_input() => {}
    }
    emulator.stop().await;
    Ok(())
}

/// Returns when a pipe at standard input is closed. A dedicated thread reads the pipe, since such a read cannot be
/// cancelled.
async fn end_of_input() {
    if !input_is_a_pipe() {
        // Reading a terminal would stop a process in the background.
        return pending().await;
    }
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        // An input that cannot be read counts as closed.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(ended);
    });
    // Nothing is ever sent; dropping the sender is the signal.
    let _ = end.await;
}

/// Returns whether standard input is a pipe, or the socket that some programs pass in its place.
#[cfg(unix)]
fn input_is_a_pipe() -> bool {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    let input = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let kind = input.and_then(|input| input.metadata()).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

#[cfg(windows)]
fn input_is_a_pipe() -> bool {
    use std::io::IsTerminal;
    !io::stdin().is_terminal()
}

/// Waits for Ctrl-C or SIGTERM. From this call on these signals no longer kill the process.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C. From this call on it no longer kills the process.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
