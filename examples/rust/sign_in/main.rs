//! Signs a user in with the browser of this machine, lists OAuth clients, and signs out.
//!
//! Reads `GENESYSCLOUD_REGION` (a region, domain or base address), and from `SIGN_IN_CLIENT_ID` the id of an OAuth
//! client with the grant type code and the redirect URI `http://127.0.0.1:8765/callback`. The client's secret is not
//! needed.

use std::env;

use purecloud_oauth::{Authorization, Config, Credentials, Host, OAuthApi};

const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let host: Host = env::var("GENESYSCLOUD_REGION").unwrap_or_else(|_| "us_east_1".to_owned()).parse()?;
    let client_id = env::var("SIGN_IN_CLIENT_ID")?;
    let credentials = Credentials::browser(Authorization::new(&client_id, REDIRECT_URI));
    let api = OAuthApi::new(Config::builder(host, credentials).build()?);

    println!("Sign in with the browser that opens now.");
    let session = api.sign_in().await?;
    match session.expires_at {
        Some(end) => println!("Signed in until {end}."),
        None => println!("Signed in."),
    }
    if session.refresh_token.is_some() {
        println!("The access token is renewed automatically.");
    }

    for client in api.get_oauth_clients().await?.entities.iter().take(5) {
        println!("  {} {}", client.id, client.name);
    }

    api.sign_out().await?;
    println!("Signed out. To end the browser's session too, open");
    println!("{}", api.host().logout_url(&client_id, REDIRECT_URI)?);
    Ok(())
}
