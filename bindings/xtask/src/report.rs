//! What the commands say while they work.

/// Announces a piece of work that may take a while; cargo shows its own progress below it.
#[allow(clippy::print_stderr, reason = "a command speaks to the person who runs it")]
pub(crate) fn step(text: &str) {
    eprintln!("\n→ {text}");
}

/// Says why a command gave up.
#[allow(clippy::print_stderr, reason = "a command speaks to the person who runs it")]
pub(crate) fn problem(error: &anyhow::Error) {
    eprintln!("\ncargo xtask: {error:#}");
}

/// A line of a command's result.
#[allow(clippy::print_stdout, reason = "a command speaks to the person who runs it")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}
