//! `/api/v2/oauth/clients`

use super::OAuthApi;
use crate::call::Call;
use crate::models::{OAuthClient, OAuthClientEntityListing, OAuthClientRequest};
use crate::operation::Operation;

#[cfg_attr(feature = "uniffi", exported(client_operations))]
impl OAuthApi {
    /// Deletes an OAuth client. The client has to be inactive: change its state first.
    ///
    /// Retried after a failure; if a response was lost and the client is then not found, the deletion counts as
    /// successful.
    ///
    /// - `client_id`: the client's id.
    ///
    /// Specific errors: status 400 with code `cannot.delete.client` if the client is not inactive, 404 if there is no
    /// such client; nothing has been deleted then. If the error says that the service may have acted, calling again is
    /// safe.
    ///
    /// Needs the permission `oauth:client:delete`.
    ///
    /// Vendor's page: `OAuthApi.html#deleteOauthClient`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// use purecloud_oauth::ClientState;
    ///
    /// let id = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
    /// let mut body = api.get_oauth_client(id).await?.to_request();
    /// body.state = Some(ClientState::Inactive);
    /// api.put_oauth_client(id, &body).await?;
    /// api.delete_oauth_client(id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_oauth_client(&self, client_id: &str) -> Call<()> {
        self.call(Operation::DELETE_OAUTH_CLIENT).id("client_id", client_id).build()
    }

    /// Reads an OAuth client. The response never contains the secret.
    ///
    /// Retried after a failure.
    ///
    /// - `client_id`: the client's id.
    ///
    /// Specific errors: status 404 if there is no such client.
    ///
    /// Needs the permission `oauth:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClient`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let client = api.get_oauth_client("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10").await?;
    /// println!("{}: {:?}", client.name, client.state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_client(&self, client_id: &str) -> Call<OAuthClient> {
        self.call(Operation::GET_OAUTH_CLIENT).id("client_id", client_id).build()
    }

    /// Lists all OAuth clients of the organization in one response, without their secrets.
    ///
    /// Retried after a failure.
    ///
    /// Needs the permission `oauth:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClients`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// use purecloud_oauth::ClientState;
    ///
    /// let clients = api.get_oauth_clients().await?.entities;
    /// for client in clients.iter().filter(|client| client.state != Some(ClientState::Active)) {
    ///     println!("{} {}", client.id, client.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_clients(&self) -> Call<OAuthClientEntityListing> {
        self.call(Operation::GET_OAUTH_CLIENTS).build()
    }

    /// Generates a new random secret for an OAuth client and returns the client with it. The old secret stops working
    /// at once, and the new one is never returned again: store it before anything else.
    ///
    /// Not retried if the service may have executed it: after a lost response, status 408, or 500 and above, the error
    /// is `OutcomeUnknown`, and the old secret may have stopped working.
    ///
    /// - `client_id`: the client's id.
    ///
    /// Specific errors: status 404 if there is no such client; nothing has been rotated then.
    ///
    /// Needs the permission `oauth:client:edit`.
    ///
    /// Vendor's page: `OAuthApi.html#postOauthClientSecret`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// # fn store(_: Option<purecloud_oauth::Secret>) {}
    /// use purecloud_oauth::ErrorKind;
    ///
    /// match api.post_oauth_client_secret("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10").await {
    ///     Ok(client) => store(client.secret),
    ///     // The new secret is lost, and the old one may be invalid: rotate again.
    ///     Err(error) if error.kind() == ErrorKind::OutcomeUnknown => eprintln!("{error}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn post_oauth_client_secret(&self, client_id: &str) -> Call<OAuthClient> {
        self.call(Operation::POST_OAUTH_CLIENT_SECRET).id("client_id", client_id).build()
    }

    /// Creates an OAuth client and returns it with its secret, which is never returned again: store it before anything
    /// else.
    ///
    /// Not retried if the service may have executed it: after a lost response, status 408, or 500 and above, the error
    /// is `OutcomeUnknown`, and a client of that name may exist whose secret is lost.
    ///
    /// - `body`: the client to create; name and grant type are required.
    ///
    /// Specific errors: status 400 if the service does not accept the body (the error names the fields), 403 if the
    /// caller does not have a role that the body assigns; nothing has been created then.
    ///
    /// Needs the permission `oauth:client:add`, and every role that the body assigns.
    ///
    /// Vendor's page: `OAuthApi.html#postOauthClients`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// # fn store(_: &str, _: Option<purecloud_oauth::Secret>) {}
    /// use purecloud_oauth::{GrantType, OAuthClientRequest, RoleDivision};
    ///
    /// let mut body = OAuthClientRequest::new("Warteschlangen-Übersicht", GrantType::ClientCredentials);
    /// body.access_token_validity_seconds = Some(3_600);
    /// body.role_divisions = Some(vec![RoleDivision::new("b2d9f0c4-7a86-4c1e-8f35-5e0d9a6b1c27", "*")]);
    /// let client = api.post_oauth_clients(&body).await?;
    /// store(&client.id, client.secret);
    /// # Ok(())
    /// # }
    /// ```
    pub fn post_oauth_clients(&self, body: &OAuthClientRequest) -> Call<OAuthClient> {
        self.call(Operation::POST_OAUTH_CLIENTS).body(body).build()
    }

    /// Replaces an OAuth client and returns it without its secret, which does not change. Fields that are missing in
    /// the body are reset to the service's defaults, so start from the existing client: `to_request()` also keeps the
    /// fields that this version does not know.
    ///
    /// Retried after a failure.
    ///
    /// - `client_id`: the client's id.
    /// - `body`: the new state of the client; name and grant type are required.
    ///
    /// Specific errors: status 400 if the service does not accept the body (the error names the fields), 403 if the
    /// caller does not have a role that the body assigns, 404 if there is no such client; nothing has been changed
    /// then. If the error says that the service may have acted, calling again is safe.
    ///
    /// Needs the permission `oauth:client:edit`, and every role that the body assigns.
    ///
    /// Vendor's page: `OAuthApi.html#putOauthClient`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let id = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
    /// let mut body = api.get_oauth_client(id).await?.to_request();
    /// body.name = "Warteschlangen-Übersicht".to_owned();
    /// let client = api.put_oauth_client(id, &body).await?;
    /// println!("{} was changed at {:?}", client.name, client.date_modified);
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_oauth_client(&self, client_id: &str, body: &OAuthClientRequest) -> Call<OAuthClient> {
        self.call(Operation::PUT_OAUTH_CLIENT).id("client_id", client_id).body(body).build()
    }
}
