//! Environment variables, by the names of the vendor's CLI.

use super::{Surroundings, named_host};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::region::Host;

pub(super) const NAME: &str = "environment";

const REGION: &str = "GENESYSCLOUD_REGION";
const CLIENT_ID: &str = "GENESYSCLOUD_OAUTHCLIENT_ID";
const CLIENT_SECRET: &str = "GENESYSCLOUD_OAUTHCLIENT_SECRET";
const ACCESS_TOKEN: &str = "GENESYSCLOUD_ACCESS_TOKEN";

/// What is not set, and whether something else is that does nothing without it.
pub(super) struct Lack {
    pub(super) what: String,
    pub(super) is_half: bool,
}

pub(super) fn credentials(around: &Surroundings<'_>) -> Result<Credentials, Lack> {
    if let Some(token) = around.variable(ACCESS_TOKEN) {
        return Ok(Credentials::access_token(token));
    }
    let half = |missing| Lack { what: format!("{missing} is not set"), is_half: true };
    match (around.variable(CLIENT_ID), around.variable(CLIENT_SECRET)) {
        (Some(id), Some(secret)) => Ok(Credentials::client_credentials(id, secret)),
        (Some(_), None) => Err(half(CLIENT_SECRET)),
        (None, Some(_)) => Err(half(CLIENT_ID)),
        (None, None) => {
            let what = format!("neither {CLIENT_ID} nor {ACCESS_TOKEN} is set");
            Err(Lack { what, is_half: false })
        }
    }
}

pub(super) fn host(around: &Surroundings<'_>) -> Result<Option<Host>, Error> {
    around.variable(REGION).map(|region| named_host(REGION, &region)).transpose()
}
