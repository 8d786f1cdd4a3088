//! `/api/v2/oauth/authorizations`

use super::OAuthApi;
use crate::call::Call;
use crate::models::{OAuthAuthorization, OAuthAuthorizationListing};
use crate::operation::Operation;

#[cfg_attr(feature = "uniffi", exported(authorization_operations))]
impl OAuthApi {
    /// Reads the authorization that the user of the token granted to an OAuth client.
    ///
    /// Retried after a failure.
    ///
    /// - `client_id`: the id of the authorized client.
    /// - `accept_language`: the language of descriptions in the response, such as `de` or `en-us`; `en-us` is the
    ///   service's default.
    ///
    /// Specific errors: status 404 if the user has no authorization for such a client.
    ///
    /// Needs the permission `oauth:client:authorize`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthAuthorization`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let id = "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10";
    /// let authorization = api.get_oauth_authorization(id, Some("de")).await?;
    /// println!("{:?}, with the scopes {}", authorization.state, authorization.scope.join(" "));
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_authorization(
        &self,
        client_id: &str,
        accept_language: Option<&str>,
    ) -> Call<OAuthAuthorization> {
        self.call(Operation::GET_OAUTH_AUTHORIZATION)
            .id("client_id", client_id)
            .accept_language(accept_language)
            .build()
    }

    /// Lists all authorizations of the user of the token in one response: granted, requested and revoked ones.
    ///
    /// Retried after a failure.
    ///
    /// - `accept_language`: the language of descriptions in the response, such as `de` or `en-us`; `en-us` is the
    ///   service's default.
    ///
    /// Needs the permission `oauth:client:authorize`.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthAuthorizations`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// use purecloud_oauth::AuthorizationState;
    ///
    /// let authorizations = api.get_oauth_authorizations(Some("de")).await?.entities;
    /// for granted in authorizations.iter().filter(|it| it.state == Some(AuthorizationState::Authorized)) {
    ///     let name = granted.client.as_ref().map(|client| client.name.as_str());
    ///     println!("{}: {}", name.unwrap_or_default(), granted.scope.join(" "));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_authorizations(&self, accept_language: Option<&str>) -> Call<OAuthAuthorizationListing> {
        self.call(Operation::GET_OAUTH_AUTHORIZATIONS).accept_language(accept_language).build()
    }
}
