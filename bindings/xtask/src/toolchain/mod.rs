//! The toolchains of other languages, found on the machine or installed if possible.

mod debian;
mod jvm;
mod node;
mod python;
mod swift;

use std::io::{self, Read};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

pub(crate) use jvm::{Jvm, jvm};
pub(crate) use node::node;
pub(crate) use python::{Python, Venv, python};
pub(crate) use swift::{Swift, swift};

use crate::report;

/// Returns the output of a program, both standard output and standard error; `None` if it is missing or fails.
fn read_output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let both = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&both).into_owned())
}

/// Runs a command, and prints its output only if it fails.
pub(crate) fn quietly(mut command: Command, what: &str) -> Result<()> {
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("{what} can't be started"))?;
    // The command holds the other end of the pipe, so reading would never reach the end.
    drop(command);
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed)?;
    let status = child.wait()?;
    if !status.success() {
        report::line(&String::from_utf8_lossy(&printed));
        bail!("{what} failed with {status}; see above");
    }
    Ok(())
}

/// Parses the version that follows a prefix: (17, 0) after `javac ` in `javac 17.0.15`.
fn parse_version(prefix: &str, output: &str) -> Option<(u32, u32)> {
    let (_, version) = output.split_once(prefix)?;
    let mut numbers = version.split(|letter: char| !letter.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_are_parsed_from_the_output_of_programs() {
        for (prefix, output, version) in [
            ("javac ", "javac 17.0.15\n", Some((17, 0))),
            ("javac ", "javac 1.8.0_292", Some((1, 8))),
            ("javac ", "Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njavac 21", Some((21, 0))),
            ("version \"", "openjdk version \"17\" 2021-09-14\nOpenJDK Runtime Environment", Some((17, 0))),
            ("version \"", "java version \"24-ea\" 2025-03-18", Some((24, 0))),
            ("v", "v20.19.2\n", Some((20, 19))),
            ("Swift version ", "Swift version 6.0.3 (swift-6.0.3-RELEASE)\nTarget: x86_64", Some((6, 0))),
            ("Swift version ", "swift-driver version: 1.87 Apple Swift version 5.9.2", Some((5, 9))),
            ("Swift version ", "swift 4.1.0 of another maker", None),
            ("Swift version ", "Swift version unknown", None),
        ] {
            assert_eq!(parse_version(prefix, output), version, "{output}");
        }
    }
}
