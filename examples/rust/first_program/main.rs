//! Lists the OAuth clients of an organization. The credentials come from the environment or the vendor's files.

use purecloud_oauth::{Error, OAuthApi};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let api = OAuthApi::from_env()?;
    for client in api.get_oauth_clients().await?.entities {
        println!("{} {}", client.id, client.name);
    }
    Ok(())
}
