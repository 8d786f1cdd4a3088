//! `/api/v2/oauth/scopes`

use super::OAuthApi;
use crate::call::Call;
use crate::models::{OAuthScope, OAuthScopeListing};
use crate::operation::Operation;

#[cfg_attr(feature = "uniffi", exported(scope_operations))]
impl OAuthApi {
    /// Reads a scope.
    ///
    /// Retried after a failure.
    ///
    /// - `scope_id`: the scope's name, such as `users:readonly`.
    /// - `accept_language`: the language of the description, such as `de` or `en-us`; `en-us` is the service's default.
    ///
    /// Specific errors: status 404 if there is no such scope.
    ///
    /// Needs no permission.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthScope`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let scope = api.get_oauth_scope("users:readonly", Some("de")).await?;
    /// println!("{}: {}", scope.id, scope.description.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_scope(&self, scope_id: &str, accept_language: Option<&str>) -> Call<OAuthScope> {
        self.call(Operation::GET_OAUTH_SCOPE)
            .id("scope_id", scope_id)
            .accept_language(accept_language)
            .build()
    }

    /// Lists all scopes of the service in one response.
    ///
    /// Retried after a failure.
    ///
    /// - `accept_language`: the language of the descriptions, such as `de` or `en-us`; `en-us` is the service's
    ///   default.
    ///
    /// Needs no permission.
    ///
    /// Vendor's page: `OAuthApi.html#getOauthScopes`.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let scopes = api.get_oauth_scopes(Some("de")).await?.entities;
    /// for scope in scopes.iter().filter(|scope| scope.id.starts_with("oauth")) {
    ///     println!("{}: {}", scope.id, scope.description.as_deref().unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_oauth_scopes(&self, accept_language: Option<&str>) -> Call<OAuthScopeListing> {
        self.call(Operation::GET_OAUTH_SCOPES).accept_language(accept_language).build()
    }
}
