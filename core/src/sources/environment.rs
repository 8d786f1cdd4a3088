//! Environment variables, by the names of the vendor's CLI.

use super::{Environment, named_host};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::host::Host;

pub(super) const NAME: &str = "environment";

const REGION: &str = "GENESYSCLOUD_REGION";
const CLIENT_ID: &str = "GENESYSCLOUD_OAUTHCLIENT_ID";
const CLIENT_SECRET: &str = "GENESYSCLOUD_OAUTHCLIENT_SECRET";
const ACCESS_TOKEN: &str = "GENESYSCLOUD_ACCESS_TOKEN";

/// The variables that are missing.
pub(super) struct Lack {
    pub(super) missing: String,
    /// True if only one of the client's id and secret is set.
    pub(super) is_half: bool,
}

pub(super) fn credentials(environment: &Environment<'_>) -> Result<Credentials, Lack> {
    if let Some(token) = environment.variable(ACCESS_TOKEN) {
        return Ok(Credentials::access_token(token));
    }
    let half = |variable| Lack { missing: format!("{variable} is not set"), is_half: true };
    match (environment.variable(CLIENT_ID), environment.variable(CLIENT_SECRET)) {
        (Some(id), Some(secret)) => Ok(Credentials::client_credentials(id, secret)),
        (Some(_), None) => Err(half(CLIENT_SECRET)),
        (None, Some(_)) => Err(half(CLIENT_ID)),
        (None, None) => {
            let missing = format!("neither {CLIENT_ID} nor {ACCESS_TOKEN} is set");
            Err(Lack { missing, is_half: false })
        }
    }
}

pub(super) fn host(environment: &Environment<'_>) -> Result<Option<Host>, Error> {
    environment.variable(REGION).map(|region| named_host(REGION, &region)).transpose()
}
