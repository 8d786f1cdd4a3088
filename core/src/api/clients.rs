//! `/api/v2/oauth/clients`

use crate::call::Call;
use crate::models::{OAuthClient, OAuthClientEntityListing, OAuthClientRequest};
use crate::operation::Operation;

operations! {
    /// Deletes an OAuth client. It has to be inactive: change its state first.
    ///
    /// Sent again after a failure; if an answer was lost and the client is then not found, the
    /// deletion counts as done.
    ///
    /// - `client_id`: the client's id.
    ///
    /// Errors of its own: status 400 with code `cannot.delete.client` while the client is not
    /// inactive, 404 where there is no such client; nothing has then been deleted. Where the error says
    /// that the service may have acted, calling again is safe.
    ///
    /// Needs the permission `oauth:client:delete`.
    ///
    /// Vendor's page: `OAuthApi.html#deleteOauthClient`.
    pub fn delete_oauth_client(&self, client_id: &str) -> Call<()> {
        self.call(Operation::DELETE_OAUTH_CLIENT, |given| {
            given.id("clientId", "client_id", client_id)?;
            Ok(())
        })
    }

    /// Reads an OAuth client. Its secret is never part of the answer.
    ///
    /// Sent again after a failure.
    ///
    /// - `client_id`: the client's id.
    ///
    /// Errors of its own: status 404 where there is no such client.
    ///
    /// Needs the permission `oauth:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClient`.
    pub fn get_oauth_client(&self, client_id: &str) -> Call<OAuthClient> {
        self.call(Operation::GET_OAUTH_CLIENT, |given| {
            given.id("clientId", "client_id", client_id)?;
            Ok(())
        })
    }

    /// Lists the OAuth clients of the organization, all in one answer and without their secrets.
    ///
    /// Sent again after a failure.
    ///
    /// Needs the permission `oauth:client:view`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthClients`.
    pub fn get_oauth_clients(&self) -> Call<OAuthClientEntityListing> {
        self.call(Operation::GET_OAUTH_CLIENTS, |_| Ok(()))
    }

    /// Gives an OAuth client a new, random secret and returns the client with it. The old secret is
    /// dead from then on, and the new one is never shown again: keep it before anything else.
    ///
    /// Never sent again once it may have reached the service: if the answer is lost, the error is
    /// `OutcomeUnknown`, and the old secret may be dead.
    ///
    /// - `client_id`: the client's id.
    ///
    /// Errors of its own: status 404 where there is no such client; nothing has then been rotated.
    ///
    /// Needs the permission `oauth:client:edit`.
    ///
    /// Vendor's page: `OAuthApi.html#postOauthClientSecret`.
    pub fn post_oauth_client_secret(&self, client_id: &str) -> Call<OAuthClient> {
        self.call(Operation::POST_OAUTH_CLIENT_SECRET, |given| {
            given.id("clientId", "client_id", client_id)?;
            Ok(())
        })
    }

    /// Creates an OAuth client and returns it with its secret, which is never shown again: keep it
    /// before anything else.
    ///
    /// Never sent again once it may have reached the service: if the answer is lost, the error is
    /// `OutcomeUnknown`, and a client of that name may exist whose secret nobody knows.
    ///
    /// - `body`: the client to create; name and grant type are required.
    ///
    /// Errors of its own: status 400 where the service does not accept the body (the error names
    /// the fields), 403 where the caller does not hold a role that it gives; nothing has then
    /// been created.
    ///
    /// Needs the permission `oauth:client:add`, and every role that the client is to have.
    ///
    /// Vendor's page: `OAuthApi.html#postOauthClients`.
    pub fn post_oauth_clients(&self, body: &OAuthClientRequest) -> Call<OAuthClient> {
        self.call(Operation::POST_OAUTH_CLIENTS, |given| {
            given.body(body)
        })
    }

    /// Replaces an OAuth client and returns it without its secret, which stays as it is. What the
    /// body leaves out goes back to the service's default, so start from the client as it is: `to_request()`
    /// also keeps the fields that this version does not know.
    ///
    /// Sent again after a failure.
    ///
    /// - `client_id`: the client's id.
    /// - `body`: what the client is to become; name and grant type are required.
    ///
    /// Errors of its own: status 400 where the service does not accept the body (the error names the
    /// fields), 403 where the caller does not hold a role that it gives, 404 where there is no such
    /// client; nothing has then been changed. Where the error says that the service may have acted,
    /// calling again is safe.
    ///
    /// Needs the permission `oauth:client:edit`, and every role that the client is to have.
    ///
    /// Vendor's page: `OAuthApi.html#putOauthClient`.
    pub fn put_oauth_client(&self, client_id: &str, body: &OAuthClientRequest) -> Call<OAuthClient> {
        self.call(Operation::PUT_OAUTH_CLIENT, |given| {
            given.id("clientId", "client_id", client_id)?.body(body)
        })
    }
}
