//! Lists the OAuth clients of an organization.

use std::env;

use purecloud_oauth::{Config, Credentials, Host, OAuthApi};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host: Host = env::var("GENESYSCLOUD_REGION")?.parse()?;
    let id = env::var("GENESYSCLOUD_OAUTHCLIENT_ID")?;
    let secret = env::var("GENESYSCLOUD_OAUTHCLIENT_SECRET")?;
    let credentials = Credentials::client_credentials(id, secret);

    let api = OAuthApi::new(Config::builder(host, credentials).build()?);
    for client in api.get_oauth_clients().await?.entities {
        println!("{} {}", client.id, client.name);
    }
    Ok(())
}
