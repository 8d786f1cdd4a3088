//! Opens the browser of the user.

use std::io;

/// Opens a page in the browser. If the variable `BROWSER` names the program, the function returns when the program
/// exits, so that its failure is reported.
pub(super) fn open(url: &str) -> io::Result<()> {
    #[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
    if let Some(commands) = std::env::var_os("BROWSER").filter(|commands| !commands.is_empty()) {
        return named::open(&commands.to_string_lossy(), url);
    }
    webbrowser::open(url)
}

/// Programs that are named in the variable `BROWSER`.
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
mod named {
    use std::io::{self, Error};
    use std::path::Path;
    use std::process::{Command, Stdio};

    /// Browsers that use the terminal.
    const TEXT_BROWSERS: [&str; 8] =
        ["browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser", "retawq"];

    /// Runs the commands, which are separated by colons, until one succeeds.
    pub(super) fn open(commands: &str, url: &str) -> io::Result<()> {
        let mut failure = Error::new(io::ErrorKind::NotFound, "BROWSER names no program");
        for command in commands.split(':').filter(|command| !command.trim().is_empty()) {
            match run(command, url) {
                Ok(()) => return Ok(()),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Runs a command with the URL in place of `%s`, or as its last argument.
    fn run(command: &str, url: &str) -> io::Result<()> {
        let mut words: Vec<_> = command.split_whitespace().map(|word| word.replace("%s", url)).collect();
        if !command.contains("%s") {
            words.push(url.to_owned());
        }
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| Error::new(io::ErrorKind::NotFound, "BROWSER names no program"))?;
        let mut command = Command::new(program);
        command.args(arguments);
        let name = Path::new(program).file_name().unwrap_or_default();
        if !TEXT_BROWSERS.iter().any(|text_browser| name == *text_browser) {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        }
        let status =
            command.status().map_err(|error| Error::new(error.kind(), format!("{program}: {error}")))?;
        if status.success() { Ok(()) } else { Err(Error::other(format!("{program} failed: {status}"))) }
    }

    #[cfg(test)]
    mod tests {
        use super::open;

        const URL: &str = "http://127.0.0.1:8765/login";

        #[test]
        fn after_a_program_fails_the_next_one_is_run() {
            open("false:true", URL).expect("the second program succeeds");
            let error = open("false", URL).expect_err("a failure");
            assert_eq!(error.to_string(), "false failed: exit status: 1");
            let error = open("no-such-browser %s", URL).expect_err("no program");
            assert!(error.to_string().starts_with("no-such-browser: "), "{error}");
            open(" : ", URL).expect_err("no program");
        }

        #[test]
        fn the_url_replaces_the_placeholder_or_is_the_last_argument() {
            for command in ["test", "test -n", "test %s", "test -n %s"] {
                open(command, URL).expect(command);
            }
            for command in ["test -z", "test -z %s"] {
                open(command, URL).expect_err(command);
            }
        }
    }
}
