//! The renewal of a token: one for all callers that wait for it.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tracing::debug;

use super::cache::{Cache, Keeper, Next, Outcome, Renewal, Request, State, next_grant};
use super::sign_in_error;
use super::token::Token;
use crate::clock::Wait;
use crate::credentials::token_endpoint::{self, Granted};
use crate::credentials::{ClientAuthentication, CredentialKind, Credentials, Grant};
use crate::error::Error;
use crate::host::Host;
use crate::models::Timestamp;
use crate::secret::Secret;
use crate::transport::{CallLimits, Transport};

/// The pause between a failed renewal and the next one, while the old token is still valid.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// The time after its deadline at which a renewal counts as overdue: a runtime that works has ended it before.
pub(super) const OVERDUE_AFTER: Duration = Duration::from_secs(10);

/// The shared part of the tokens, which renews them.
pub(super) struct Renewer {
    pub(super) credentials: Credentials,
    pub(super) host: Host,
    /// The transport for renewals.
    pub(super) transport: Arc<Transport>,
    pub(super) limits: CallLimits,
    pub(super) cache: Arc<Cache>,
}

/// The presence of callers that wait for a renewal.
#[derive(Clone, Copy)]
pub(super) enum Callers {
    None,
    Some,
}

/// A renewal that a caller waits for.
pub(super) struct Awaited {
    pub(super) began: Instant,
    pub(super) outcome: Outcome,
    /// Keeps the request open.
    _request: Arc<Request>,
}

impl Renewer {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, and the state is consistent at all times.
        self.cache.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Instant {
        self.transport.clock().now()
    }

    /// Returns whether only the user can obtain another token.
    pub(super) fn needs_user(&self) -> bool {
        let state = self.lock();
        self.running_renewal(&state).is_none()
            && state.valid_token(self.now()).is_none()
            && !matches!(state.next, Next::Grant(_))
    }

    /// Returns the running renewal, if a caller can wait for it: its request is open, and it is not overdue, as it
    /// would be on a runtime that is not driven any more.
    pub(super) fn running_renewal(&self, state: &State) -> Option<Awaited> {
        let renewal = state.renewal.as_ref()?;
        let request = renewal.request().filter(|_| !self.time_left(renewal.began).is_zero())?;
        Some(Awaited { began: renewal.began, outcome: renewal.outcome.clone(), _request: request })
    }

    /// Returns the time until a renewal is overdue.
    pub(super) fn time_left(&self, began: Instant) -> Duration {
        let passed = self.now().saturating_duration_since(began);
        self.limits.deadline.saturating_add(OVERDUE_AFTER).saturating_sub(passed)
    }

    /// Waits for the result of a renewal; returns `None` if it ended without one or exceeded its maximum time.
    pub(super) async fn outcome(&self, renewal: &Awaited) -> Option<Result<Arc<Token>, Error>> {
        let mut outcome = renewal.outcome.clone();
        let settled = tokio::select! {
            biased;
            result = outcome.wait_for(Option::is_some) => result.ok().and_then(|result| result.clone()),
            () = self.transport.clock().sleep(self.time_left(renewal.began), Wait::Deadline) => None,
        };
        if settled.is_none() {
            self.lock().forget_renewal(&outcome);
        }
        settled
    }

    /// Starts a renewal, if there is a grant for it, in a separate task, so that it continues if one of several callers
    /// is cancelled.
    pub(super) fn start_renewal(self: &Arc<Self>, state: &mut State, callers: Callers) -> Option<Awaited> {
        let Next::Grant(grant) = &state.next else { return None };
        let grant = grant.clone();
        let is_used_up = matches!(grant, Grant::AuthorizationCode { .. } | Grant::RefreshToken(_));
        if matches!(grant, Grant::AuthorizationCode { .. }) {
            // A code is never sent a second time, whatever happens to the task.
            state.next = Next::Ended(sign_in_error(
                "the response to the code was lost, and a code can be used only once: sign in again",
            ));
        }
        let (sender, outcome) = watch::channel(None);
        let began = self.now();
        let renewer = Arc::clone(self);
        let own = outcome.clone();
        let sign_outs = *self.cache.sign_outs.borrow();
        let task = tokio::spawn(async move {
            let result = renewer.exchange(&grant).await;
            let result = renewer.settle(grant, result, &own, sign_outs);
            drop(own);
            let _ = sender.send(Some(result));
        });
        let request = Arc::new(Request(task.abort_handle()));
        let keeper = match callers {
            Callers::Some if !is_used_up => Keeper::Callers(Arc::downgrade(&request)),
            _ => Keeper::Tokens(Arc::clone(&request)),
        };
        state.renewal = Some(Renewal { began, outcome: outcome.clone(), keeper });
        Some(Awaited { began, outcome, _request: request })
    }

    /// Records the result of a renewal.
    pub(super) fn settle(
        &self,
        grant: Grant,
        result: Result<(Token, Option<Secret>), Error>,
        own: &Outcome,
        sign_outs: u64,
    ) -> Result<Arc<Token>, Error> {
        let mut state = self.lock();
        let is_current = state.is_current(own);
        state.forget_renewal(own);
        if *self.cache.sign_outs.borrow() != sign_outs {
            return Err(state.next.reason());
        }
        match result {
            Ok((token, refresh_token)) => {
                let token = Arc::new(token);
                state.store(Arc::clone(&token), next_grant(grant, refresh_token));
                Ok(token)
            }
            Err(error) => {
                debug!(kind = ?error.kind(), "the token could not be renewed");
                if is_current {
                    state.not_before = Some(self.now() + PAUSE_AFTER_FAILURE);
                    let spent = is_spent(&grant, &error);
                    state.next = if spent { Next::Ended(error.clone()) } else { Next::Grant(grant) };
                }
                Err(error)
            }
        }
    }

    pub(super) async fn exchange(&self, grant: &Grant) -> Result<(Token, Option<Secret>), Error> {
        let (request, credentials) = token_endpoint::exchange(&self.host, &self.client(), grant)?;
        // The lifetime starts before the request, so that the token never expires earlier than assumed.
        let (asked, wall) = (self.now(), SystemTime::now());
        let (granted, _) = self.transport.send::<Granted>(&request, &credentials, &self.limits).await?;
        let lifetime = granted.expires_in.map(|seconds| Duration::from_secs(seconds.try_into().unwrap_or(0)));
        let end = lifetime.and_then(|lifetime| Timestamp::try_from(wall.checked_add(lifetime)?).ok());
        let token = Token { expires_at: end, ..Token::with_lifetime(granted.token, asked, lifetime) };
        Ok((token, granted.refresh_token))
    }

    pub(super) fn client(&self) -> ClientAuthentication {
        match &self.credentials.0 {
            CredentialKind::Session { client, .. } | CredentialKind::Grant { client, .. } => client.clone(),
            CredentialKind::Browser(authorization) => authorization.client(),
            CredentialKind::AccessToken { .. } | CredentialKind::Forked => {
                ClientAuthentication { id: String::new(), secret: None }
            }
        }
    }
}

/// Returns whether a grant can't be used any more after this failure.
pub(super) fn is_spent(grant: &Grant, error: &Error) -> bool {
    match grant {
        Grant::ClientCredentials => false,
        // A second request would invalidate the code, if the first one did not.
        Grant::AuthorizationCode { .. } => !error.worth_retrying(),
        Grant::RefreshToken(_) | Grant::Saml2Bearer { .. } => {
            !error.worth_retrying() && matches!(error.status(), Some(400..=499))
        }
    }
}
