//! Signing in and out, and what is held between.

use super::{OAuthApi, WORDS};
use crate::call::in_runtime;
use crate::credentials::Session;
use crate::error::Error;
use crate::operation::{Operation, Replay, Verb};
use crate::path;
use crate::region::Host;
use crate::transport::{Allowance, Nothing, Request};

/// `DELETE /api/v2/tokens/me`: the vendor's `TokensApi.deleteTokensMe`.
const SIGN_OUT: Operation = Operation {
    name: "sign_out",
    verb: Verb::Delete,
    path: "/api/v2/tokens/me",
    permissions: &[],
    replay: Replay::Idempotent,
};

impl OAuthApi {
    /// Signs in now, unless the client is signed in already. Calls do so by themselves, except where a person has
    /// to: with credentials by `browser`, this is what opens it. On a terminal the address of the page is printed as well;
    /// where no browser can be opened, the user may open the page in another one.
    ///
    /// Returns what has to be kept to go on later.
    ///
    /// # Errors
    /// `SignIn` when no token can be had; it holds what the login host said. A code is never sent twice, so a lost
    /// answer means another sign-in. `InvalidArgument` when the port of the redirect URI is taken.
    pub async fn sign_in(&self) -> Result<Session, Error> {
        in_runtime()?;
        self.service.tokens.sign_in().await.map_err(Error::of_sign_in)
    }

    /// Begins a sign-in at a browser, for programs that show the page themselves: in a window of their own, as a QR code,
    /// or on another machine that forwards the port. From now on the redirect is listened for; no browser is opened.
    ///
    /// Returns the address of the page. Show it to the user, and call `sign_in()`, which waits for the user and exchanges
    /// the code. The time that the user has begins now. Beginning again ends the sign-in that was begun before.
    ///
    /// # Errors
    /// `InvalidArgument` when the credentials are not those of a browser, or when the port of the redirect URI is taken.
    pub async fn begin_sign_in(&self) -> Result<String, Error> {
        in_runtime()?;
        self.service.tokens.begin_sign_in().await
    }

    /// What the client is signed in with at the moment; nothing before the first call, and after signing out.
    /// Nothing is sent.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.service.tokens.session()
    }

    /// Signs out: ends the token on the service, and forgets it with everything that another could be had with.
    /// Calls fail with `SignIn` from then on. Without a token nothing is sent.
    ///
    /// The browser may stay signed in: open the host's `logout_url` there to end that too.
    ///
    /// Needs no permission. Vendor's page: `TokensApi.html#deleteTokensMe`.
    ///
    /// # Errors
    /// `Connection`, `Timeout` or `Api` when the service could not be told. The client is still signed in then, and
    /// calling again is safe.
    pub async fn sign_out(&self) -> Result<(), Error> {
        in_runtime()?;
        let service = &self.service;
        let request = Request {
            operation: SIGN_OUT,
            url: path::address(service.host.api(), &SIGN_OUT, &[])?,
            headers: service.default_headers.clone(),
            body: None,
            secrets: Vec::new(),
            words: &WORDS,
        };
        let allowance = Allowance { deadline: service.deadline, retries: true };
        let mut leaving = service.tokens.leave().await;
        let mut pass = leaving.pass().await?;
        while let Some(present) = pass.take() {
            match service.transport.send::<Nothing>(&request, &present, &allowance).await {
                Ok((Nothing, _)) => {}
                // A token that is not accepted any more has ended; its refresh token may not have.
                Err(error) if error.status() == Some(401) => pass = leaving.refreshed().await?,
                Err(error) => return Err(error),
            }
        }
        leaving.for_good();
        Ok(())
    }

    /// The time in which signing in ends, successful or not.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_sign_in(&self) -> std::time::Duration {
        self.service.tokens.longest_sign_in()
    }

    /// The operation of signing out, and the time in which it ends, successful or not: a renewal under way, the
    /// request, another token, and the request with that one.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_sign_out(&self) -> (Operation, std::time::Duration) {
        (SIGN_OUT, self.service.tokens.longest_renewal().saturating_mul(4))
    }

    /// Where calls and sign-ins go.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.service.host
    }
}
