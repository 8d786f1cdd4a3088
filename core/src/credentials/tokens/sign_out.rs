//! A sign-out: revokes the tokens, and discards their source.

use std::sync::Arc;

use super::cache::{Next, next_grant};
use super::renewal::{Renewer, is_spent};
use super::sign_in_error;
use crate::credentials::{CredentialKind, Grant};
use crate::error::Error;
use crate::transport::RequestCredentials;

/// A sign-out in progress. Dropping it before `complete()` restores the source of the next token.
pub(crate) struct SignOut<'a> {
    pub(super) renewer: &'a Arc<Renewer>,
    pub(super) refresh_grant: Option<Grant>,
}

impl SignOut<'_> {
    /// Returns the token to revoke, which authenticates the request; `None` if there is none.
    pub(crate) async fn token(&mut self) -> Result<Option<RequestCredentials>, Error> {
        let token = self.renewer.lock().valid_token(self.renewer.now()).cloned();
        match token {
            Some(token) => Ok(Some(RequestCredentials::Bearer(token.secret.clone()))),
            None => self.refreshed_token().await,
        }
    }

    /// Exchanges the refresh token for another access token, once: revoking the latter is the only way to revoke the
    /// refresh token. Returns `None` if there is no usable refresh token.
    pub(crate) async fn refreshed_token(&mut self) -> Result<Option<RequestCredentials>, Error> {
        let Some(grant) = self.refresh_grant.take() else { return Ok(None) };
        match self.renewer.exchange(&grant).await {
            Ok((token, refresh_token)) => {
                let credentials = RequestCredentials::Bearer(token.secret.clone());
                let mut state = self.renewer.lock();
                state.next_before_sign_out = Some(next_grant(grant, refresh_token));
                state.token = Some(Arc::new(token));
                state.rejected = false;
                Ok(Some(credentials))
            }
            Err(error) if is_spent(&grant, &error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Completes the sign-out, after the token was revoked or if there was none.
    pub(crate) fn complete(self) {
        let mut state = self.renewer.lock();
        state.next_before_sign_out = None;
        state.token = None;
        state.next = Next::Ended(sign_in_error(match self.renewer.credentials.0 {
            CredentialKind::Browser(_) => "signed out: sign in again",
            _ => "signed out: create another API object to sign in again",
        }));
    }
}

impl Drop for SignOut<'_> {
    fn drop(&mut self) {
        let mut state = self.renewer.lock();
        if let Some(next) = state.next_before_sign_out.take() {
            state.next = next;
        }
    }
}
