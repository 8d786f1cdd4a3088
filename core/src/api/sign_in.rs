//! Signing in and signing out.

#[cfg(feature = "uniffi")]
use std::time::Duration;

use super::{ERROR_FORMAT, OAuthApi};
use crate::call::require_runtime;
use crate::credentials::Session;
use crate::error::Error;
use crate::operation::{Operation, Replay, Verb};
use crate::path;
use crate::transport::{CallLimits, Request};

/// The operation `DELETE /api/v2/tokens/me`: the vendor's `TokensApi.deleteTokensMe`.
const SIGN_OUT: Operation = Operation {
    name: "sign_out",
    verb: Verb::Delete,
    path: "/api/v2/tokens/me",
    permissions: &[],
    replay: Replay::Idempotent,
};

#[cfg_attr(feature = "uniffi", exported(sign_in_functions))]
impl OAuthApi {
    /// Signs in now, unless the API object is signed in already, and returns the session, which can be stored and
    /// resumed later.
    ///
    /// Calls sign in automatically, except with credentials by `browser`: only this method opens the browser. On a
    /// terminal it also prints the URL of the page. If no browser can be opened, the user may open the page in another
    /// one.
    ///
    /// # Errors
    /// Fails with `SignIn` if signing in failed; the error holds the login server's error, if it sent one. A code is
    /// never sent twice, so a lost response requires another sign-in. `InvalidArgument` if the port of the redirect URI
    /// is in use.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example() -> Result<(), purecloud_oauth::Error> {
    /// use purecloud_oauth::{Authorization, Config, Credentials, OAuthApi, Region};
    ///
    /// let redirect_uri = "http://127.0.0.1:8765/callback";
    /// let authorization = Authorization::new("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", redirect_uri);
    /// let config = Config::builder(Region::EuCentral1, Credentials::browser(authorization)).build()?;
    /// let api = OAuthApi::new(config);
    /// let session = api.sign_in().await?;
    /// println!("signed in until {:?}", session.expires_at);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_in(&self) -> Result<Session, Error> {
        require_runtime()?;
        self.shared.tokens.sign_in().await.map_err(Error::into_sign_in_error)
    }

    /// Begins a sign-in in a browser, for programs that show the page themselves: in their own window, as a QR code, or
    /// on another machine that forwards the port. Starts to listen for the redirect; opens no browser.
    ///
    /// Returns the URL of the page. Show it to the user, then call `sign_in()`, which waits for the redirect and
    /// exchanges the code. The time limit for the user starts now. Beginning another sign-in cancels this one.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if the credentials are not those by `browser`, or if the port of the redirect URI
    /// is in use.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let page = api.begin_sign_in().await?;
    /// println!("Open this page in a browser: {page}");
    /// let session = api.sign_in().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin_sign_in(&self) -> Result<String, Error> {
        require_runtime()?;
        self.shared.tokens.begin_sign_in().await
    }

    /// Signs out: revokes the access token on the service, and discards it together with everything that could renew
    /// it. Calls fail with `SignIn` from then on. Sends nothing if there is no token.
    ///
    /// The browser may stay signed in: open the host's `logout_url` in it to end that session too.
    ///
    /// Needs no permission. Vendor's page: `TokensApi.html#deleteTokensMe`.
    ///
    /// # Errors
    /// Fails with `Connection`, `Timeout` or `Api` if the token could not be revoked. The API object is still signed in
    /// then, and calling again is safe.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// api.sign_out().await?;
    /// let page = api.host().logout_url("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "https://rueckrufe.example.ch/")?;
    /// println!("Open this page to sign out in the browser as well: {page}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_out(&self) -> Result<(), Error> {
        require_runtime()?;
        let shared = &self.shared;
        let request = Request {
            operation: SIGN_OUT,
            url: path::build_url(shared.host.api(), &SIGN_OUT, &[])?,
            headers: shared.default_headers.clone(),
            body: None,
            secrets: Vec::new(),
            error_format: &ERROR_FORMAT,
        };
        let limits = CallLimits { deadline: shared.deadline, retries: true };
        let mut sign_out = shared.tokens.begin_sign_out().await;
        let mut credentials = sign_out.token().await?;
        while let Some(present) = credentials.take() {
            match shared.transport.send(&request, &present, &limits).await {
                Ok(((), _)) => {}
                // An access token that is rejected has expired; its refresh token may still be valid.
                Err(error) if error.status() == Some(401) => credentials = sign_out.refreshed_token().await?,
                Err(error) => return Err(error),
            }
        }
        sign_out.complete();
        Ok(())
    }
}

#[cfg(feature = "uniffi")]
impl OAuthApi {
    /// Returns the maximum time of a sign-in, successful or not.
    pub(crate) fn longest_sign_in(&self) -> Duration {
        self.shared.tokens.longest_sign_in()
    }

    /// Returns the operation of signing out and its maximum time, successful or not: that of a running renewal, of the
    /// request, of another renewal, and of the request with the renewed token.
    pub(crate) fn longest_sign_out(&self) -> (Operation, Duration) {
        (SIGN_OUT, self.shared.tokens.longest_renewal().saturating_mul(4))
    }
}
