//! The stand-in for the service, as a program beside the one that uses it.

use std::process::Command;

use anyhow::Result;

use crate::cargo::program;
use crate::server::Server;

/// Builds it, if it is not, and starts it. No program that uses it is about the rate limit.
pub(crate) fn start() -> Result<Server> {
    let program = program("purecloud-oauth-emulator")?;
    Server::start("the emulator", Command::new(program).args(["--rate-limit", "1000000"]))
}

/// The variables that the vendor's tools read, and with them the programs that need no line for their credentials.
const VARIABLES: [(&str, &str); 3] = [
    ("GENESYSCLOUD_REGION", "base_url"),
    ("GENESYSCLOUD_OAUTHCLIENT_ID", "client_id"),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "client_secret"),
];

/// Gives a program the emulator and its administrator in the vendor's variables.
pub(crate) fn as_the_vendors(command: &mut Command, emulator: &Server) -> Result<()> {
    command.env_remove("GENESYSCLOUD_ACCESS_TOKEN");
    for (variable, key) in VARIABLES {
        command.env(variable, emulator.announced(key)?);
    }
    Ok(())
}
