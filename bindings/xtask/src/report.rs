//! Progress and error messages.

/// Prints the start of a step that may take a while. The output of cargo follows.
#[allow(clippy::print_stderr, reason = "the output of a command")]
pub(crate) fn step(message: &str) {
    eprintln!("\n→ {message}");
}

/// Prints the error with which a command failed.
#[allow(clippy::print_stderr, reason = "the output of a command")]
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("\ncargo xtask: {error:#}");
}

/// Prints a line of a command's result.
#[allow(clippy::print_stdout, reason = "the output of a command")]
pub(crate) fn line(line: &str) {
    println!("{line}");
}
