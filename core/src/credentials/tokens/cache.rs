//! The current token, its running renewal, and the source of the next token. They outlive the connections.

use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::sign_in_error;
use super::token::Token;
use crate::credentials::Grant;
use crate::error::Error;
use crate::secret::Secret;

/// The token and its renewal, which outlive the connections.
pub(super) struct Cache {
    pub(super) state: Mutex<State>,
    /// The number of sign-outs. Each one discards the renewals and sign-ins that started before it.
    pub(super) sign_outs: watch::Sender<u64>,
}

pub(super) struct State {
    pub(super) token: Option<Arc<Token>>,
    /// True if the service rejected the token before its expiry.
    pub(super) rejected: bool,
    pub(super) next: Next,
    /// The running renewal.
    pub(super) renewal: Option<Renewal>,
    /// The earliest time of the next renewal, after one has failed.
    pub(super) not_before: Option<Instant>,
    /// The value of `next` before the running sign-out, restored if that fails.
    pub(super) next_before_sign_out: Option<Next>,
}

/// The source of the next token.
#[derive(Clone)]
pub(super) enum Next {
    /// This grant, which is exchanged for it.
    Grant(Grant),
    /// There is no source: the present token can't be renewed.
    Nowhere,
    /// There is no source any more, or not yet, for this reason.
    Ended(Error),
}

pub(super) type Outcome = watch::Receiver<Option<Result<Arc<Token>, Error>>>;

/// A running renewal.
pub(super) struct Renewal {
    pub(super) began: Instant,
    pub(super) outcome: Outcome,
    pub(super) keeper: Keeper,
}

/// The owner that keeps the request of a renewal open.
pub(super) enum Keeper {
    /// The callers that wait for the renewal. When the last of them is dropped, the request is closed.
    Callers(Weak<Request>),
    /// The tokens: no caller waits for the renewal, or its response contains the only valid token.
    Tokens(Arc<Request>),
}

/// The request of a renewal, which is closed when this is dropped.
pub(super) struct Request(pub(super) AbortHandle);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Renewal {
    /// Returns the request, to keep it open for one more caller; `None` if it has been closed.
    pub(super) fn request(&self) -> Option<Arc<Request>> {
        match &self.keeper {
            Keeper::Callers(request) => request.upgrade(),
            Keeper::Tokens(request) => Some(Arc::clone(request)),
        }
    }

    /// Leaks the request, whose runtime does not work any more.
    #[cfg(feature = "uniffi")]
    pub(super) fn forget(self) {
        if let Some(request) = self.request() {
            std::mem::forget(request);
        }
    }
}

impl State {
    /// Returns the token, if it is valid.
    pub(super) fn valid_token(&self, now: Instant) -> Option<&Arc<Token>> {
        self.token.as_ref().filter(|token| !self.rejected && token.is_valid(now))
    }

    /// Replaces the token after a renewal.
    pub(super) fn store(&mut self, token: Arc<Token>, next: Next) {
        self.token = Some(token);
        self.rejected = false;
        self.next = next;
        self.not_before = None;
    }

    /// Returns whether this is the running renewal.
    pub(super) fn is_current(&self, outcome: &Outcome) -> bool {
        self.renewal.as_ref().is_some_and(|present| present.outcome.same_channel(outcome))
    }

    /// Clears the running renewal, unless another one has replaced it.
    pub(super) fn forget_renewal(&mut self, outcome: &Outcome) {
        if self.is_current(outcome) {
            self.renewal = None;
        }
    }

    /// Returns the refresh token with which a sign-out can obtain an access token, if the present one has expired.
    pub(super) fn refresh_grant(&self) -> Option<Grant> {
        match &self.next {
            Next::Grant(grant @ Grant::RefreshToken(_)) if self.token.is_some() => Some(grant.clone()),
            _ => None,
        }
    }
}

impl Next {
    /// Returns the reason why there is no other token.
    pub(super) fn reason(&self) -> Error {
        match self {
            Next::Ended(reason) => reason.clone(),
            _ => sign_in_error("the access token has expired and can't be renewed: sign in again"),
        }
    }
}

/// Returns the source of the next token, after a grant was exchanged.
pub(super) fn next_grant(grant: Grant, refresh_token: Option<Secret>) -> Next {
    match (refresh_token, grant) {
        (Some(token), _) => Next::Grant(Grant::RefreshToken(token)),
        // A code can be used only once. Every other grant can be used again.
        (None, Grant::AuthorizationCode { .. }) => Next::Nowhere,
        (None, grant) => Next::Grant(grant),
    }
}
