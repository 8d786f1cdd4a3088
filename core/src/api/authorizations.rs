//! `/api/v2/oauth/authorizations`

use crate::call::Call;
use crate::models::{OAuthAuthorization, OAuthAuthorizationListing};
use crate::operation::Operation;

operations! {
    /// Reads the authorization that the user behind the token gave to a client.
    ///
    /// Sent again after a failure.
    ///
    /// - `client_id`: the id of the authorized client.
    /// - `accept_language`: the language of texts in the answer, such as `de` or `en-us`; the
    ///   service takes `en-us` when left out.
    ///
    /// Errors of its own: status 404 where the user has no authorization for such a client.
    ///
    /// Needs the permission `oauth:client:authorize`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthAuthorization`.
    pub fn get_oauth_authorization(
        &self, client_id: &str;
        accept_language: Option<&str>
    ) -> Call<OAuthAuthorization> {
        self.call(Operation::GET_OAUTH_AUTHORIZATION, |given| {
            given.id("clientId", "client_id", client_id)?.accept_language(accept_language)
        })
    }

    /// Lists the authorizations of the user behind the token, all in one answer: given, asked for, and
    /// taken back.
    ///
    /// Sent again after a failure.
    ///
    /// - `accept_language`: the language of texts in the answer, such as `de` or `en-us`; the
    ///   service takes `en-us` when left out.
    ///
    /// Needs the permission `oauth:client:authorize`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthAuthorizations`.
    pub fn get_oauth_authorizations(&self; accept_language: Option<&str>) -> Call<OAuthAuthorizationListing> {
        self.call(Operation::GET_OAUTH_AUTHORIZATIONS, |given| given.accept_language(accept_language))
    }
}
