//! Starts the emulator of the service in a separate process.

use std::process::Command;

use anyhow::Result;

use crate::cargo::program;
use crate::server::Server;

/// Builds the emulator, unless it is already built, and starts it. Its rate limit is raised, because nothing here tests
/// it.
pub(crate) fn start() -> Result<Server> {
    let program = program("purecloud-oauth-emulator")?;
    Server::start("the emulator", Command::new(program).args(["--rate-limit", "1000000"]))
}

/// The environment variables from which the vendor's tools and `from_env()` read their settings, with the keys of
/// their values in the emulator's announcement.
const VARIABLES: [(&str, &str); 3] = [
    ("GENESYSCLOUD_REGION", "base_url"),
    ("GENESYSCLOUD_OAUTHCLIENT_ID", "client_id"),
    ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "client_secret"),
];

/// Sets the vendor's environment variables to the emulator's address and the credentials of its administrator client.
pub(crate) fn set_vendor_variables(command: &mut Command, emulator: &Server) -> Result<()> {
    command.env_remove("GENESYSCLOUD_ACCESS_TOKEN");
    for (variable, key) in VARIABLES {
        command.env(variable, emulator.announced(key)?);
    }
    Ok(())
}
