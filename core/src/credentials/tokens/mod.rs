//! The access token that all clones of an API object share: obtained once, and renewed before it expires.
//!
//! A token is obtained on demand; no task runs while nothing calls. While the current token is valid no call waits for
//! a renewal: it happens in the background, and its failure fails no call. Without a valid token all calls wait for the
//! same renewal, each until its own deadline.
//!
//! A renewal is a task, because the calls that wait for it may be cancelled one by one. When the last of them is gone,
//! its request is closed, unless the grant can be used only once: then its response holds the only valid token, and the
//! task continues. An authorization code is never sent a second time, whatever happens to the task.

mod cache;
mod renewal;
mod sign_out;
mod token;

use std::mem;
use std::sync::{Arc, Mutex};
#[cfg(feature = "uniffi")]
use std::time::Duration;
use std::time::{Instant, SystemTime};

use tokio::sync::watch;

use super::{Authorization, CredentialKind, Grant, Session, browser};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::models::Timestamp;
use crate::secret::Secret;
use crate::transport::{CallLimits, CredentialSource, RequestCredentials, Transport};

use cache::{Cache, Next, State};
#[cfg(feature = "uniffi")]
use renewal::OVERDUE_AFTER;
use renewal::{Awaited, Callers, Renewer};
use token::Token;

pub(crate) use sign_out::SignOut;

/// The tokens of an API object, shared by all its clones.
pub(crate) struct Tokens {
    renewer: Arc<Renewer>,
    /// The sign-in that has begun in the browser, until `sign_in` waits for it. The lock allows one browser at a time.
    browsing: tokio::sync::Mutex<Option<browser::PendingSignIn>>,
}

impl Tokens {
    pub(crate) fn new(config: &Config, transport: Arc<Transport>) -> Self {
        let now = transport.clock().now();
        let initial = |secret: &Secret, expires_at: Option<Timestamp>| {
            let left = |end: Timestamp| end.as_system_time().duration_since(SystemTime::now());
            let lifetime = expires_at.map(|end| left(end).unwrap_or_default());
            Some(Arc::new(Token { expires_at, ..Token::with_lifetime(secret.clone(), now, lifetime) }))
        };
        let (token, next) = match &config.credentials.0 {
            CredentialKind::AccessToken { token, expires_at } => (initial(token, *expires_at), Next::Nowhere),
            CredentialKind::Session { session, .. } => {
                let next = session.refresh_token.clone().map(Grant::RefreshToken);
                let token = initial(&session.access_token, session.expires_at);
                (token, next.map_or(Next::Nowhere, Next::Grant))
            }
            CredentialKind::Grant { grant, .. } => (None, Next::Grant(grant.clone())),
            CredentialKind::Browser(_) => {
                (None, Next::Ended(sign_in_error("not signed in yet: sign in first")))
            }
            CredentialKind::Forked => (None, Next::Ended(sign_in_error(FORKED))),
        };
        Tokens {
            renewer: Arc::new(Renewer {
                credentials: config.credentials.clone(),
                host: config.host.clone(),
                transport,
                limits: CallLimits { deadline: config.deadline, retries: true },
                cache: Arc::new(Cache {
                    state: Mutex::new(State {
                        token,
                        rejected: false,
                        next,
                        renewal: None,
                        not_before: None,
                        next_before_sign_out: None,
                    }),
                    sign_outs: watch::Sender::new(0),
                }),
            }),
            browsing: tokio::sync::Mutex::new(None),
        }
    }

    /// Returns the same tokens, to be renewed over another transport, because the present one does not work any more. A
    /// renewal that is running on it is discarded, because it never ends. A code is never sent a second time.
    #[cfg(feature = "uniffi")]
    pub(crate) fn with_transport(&self, transport: Arc<Transport>) -> Self {
        let renewer = &self.renewer;
        {
            let mut state = renewer.lock();
            if let Some(renewal) = state.renewal.take() {
                renewal.forget();
            }
            if let Some(next) = state.next_before_sign_out.take() {
                state.next = next;
            }
        }
        Tokens {
            renewer: Arc::new(Renewer {
                credentials: renewer.credentials.clone(),
                host: renewer.host.clone(),
                transport,
                limits: renewer.limits.clone(),
                cache: Arc::clone(&renewer.cache),
            }),
            browsing: tokio::sync::Mutex::new(None),
        }
    }

    /// Returns the maximum time of a sign-in: the time limit of the user and two renewals, because one may be lost.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_sign_in(&self) -> Duration {
        let user = match &self.renewer.credentials.0 {
            CredentialKind::Browser(authorization) => browser::limit(authorization),
            _ => Duration::ZERO,
        };
        user.saturating_add(self.longest_renewal().saturating_mul(2))
    }

    /// Returns the maximum time of a renewal.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_renewal(&self) -> Duration {
        self.renewer.limits.deadline.saturating_add(OVERDUE_AFTER)
    }

    /// Returns the current session, if there is one.
    pub(crate) fn session(&self) -> Option<Session> {
        let state = self.renewer.lock();
        let refresh_token = match &state.next {
            Next::Grant(Grant::RefreshToken(token)) => Some(token.clone()),
            _ => None,
        };
        if refresh_token.is_none() {
            state.valid_token(self.renewer.now())?;
        }
        let token = state.token.as_ref()?;
        Some(Session { access_token: token.secret.clone(), expires_at: token.expires_at, refresh_token })
    }

    /// Obtains a token, with the browser if the credentials require it.
    pub(crate) async fn sign_in(&self) -> Result<Session, Error> {
        match &self.renewer.credentials.0 {
            CredentialKind::Browser(authorization) => self.sign_in_by_browser(authorization).await?,
            _ => self.token(None).await?,
        };
        self.session().ok_or_else(|| sign_in_error("the session ended meanwhile"))
    }

    /// Listens for the redirect of a sign-in in the browser, and returns the URL of the page.
    pub(crate) async fn begin_sign_in(&self) -> Result<String, Error> {
        let CredentialKind::Browser(authorization) = &self.renewer.credentials.0 else {
            return Err(Error::invalid_argument("credentials", "need no browser to sign in"));
        };
        let mut browsing = self.browsing.lock().await;
        // A sign-in that no caller waits for releases its port before the next one binds it.
        *browsing = None;
        let clock = self.renewer.transport.clock();
        let begun = browser::PendingSignIn::new(&self.renewer.host, authorization, clock).await?;
        Ok(browsing.insert(begun).url().to_owned())
    }

    async fn sign_in_by_browser(&self, authorization: &Authorization) -> Result<Arc<Token>, Error> {
        let renewer = &self.renewer;
        let mut browsing = self.browsing.lock().await;
        let begun = browsing.take();
        if begun.is_none() && !renewer.needs_user() {
            match self.token(None).await {
                // The session can't be renewed any more, but the user is present.
                Err(_) if renewer.needs_user() => {}
                result => return result,
            }
        }
        let mut sign_outs = renewer.cache.sign_outs.subscribe();
        let clock = renewer.transport.clock();
        let signed_in = async {
            match begun {
                Some(begun) => begun.wait(clock).await,
                None => {
                    browser::PendingSignIn::new(&renewer.host, authorization, clock)
                        .await?
                        .open_and_wait(clock)
                        .await
                }
            }
        };
        let grant = tokio::select! {
            biased;
            _ = sign_outs.changed() => Err(sign_in_error("signed out meanwhile: sign in again")),
            grant = signed_in => grant,
        }?;
        renewer.lock().next = Next::Grant(grant);
        self.token(None).await
    }

    /// Begins to sign out, once no renewal is running: from then on no caller obtains another token.
    pub(crate) async fn begin_sign_out(&self) -> SignOut<'_> {
        loop {
            let renewal = {
                let mut state = self.renewer.lock();
                match self.renewer.running_renewal(&state) {
                    Some(renewal) => renewal,
                    None => {
                        let refresh_grant = state.refresh_grant();
                        let next = mem::replace(&mut state.next, Next::Ended(sign_in_error("signing out")));
                        state.next_before_sign_out = Some(next);
                        self.renewer.cache.sign_outs.send_modify(|sign_outs| *sign_outs += 1);
                        return SignOut { renewer: &self.renewer, refresh_grant };
                    }
                }
            };
            self.renewer.outcome(&renewal).await;
        }
    }

    /// Returns a valid token. While the current token is valid no caller waits: it is renewed in the background, and a
    /// failed renewal fails no call. Otherwise all callers wait for the same renewal, each until its own deadline.
    async fn token(&self, until: Option<Instant>) -> Result<Arc<Token>, Error> {
        let mut lost = false;
        loop {
            let renewal = {
                let mut state = self.renewer.lock();
                let now = self.renewer.now();
                if let Some(token) = state.valid_token(now).cloned() {
                    let due = token.span.is_some_and(|(renew_at, _)| now >= renew_at);
                    let allowed = state.not_before.is_none_or(|not_before| now >= not_before);
                    if due && allowed && self.renewer.running_renewal(&state).is_none() {
                        self.renewer.start_renewal(&mut state, Callers::None);
                    }
                    return Ok(token);
                }
                match self.renewer.running_renewal(&state) {
                    Some(renewal) => renewal,
                    None => match self.renewer.start_renewal(&mut state, Callers::Some) {
                        Some(renewal) => renewal,
                        None => return Err(state.next.reason()),
                    },
                }
            };
            match self.renewer.outcome(&renewal).await {
                Some(Err(error)) if self.may_start_anew(&renewal, &error, until) => {}
                Some(result) => return result,
                // The renewal ended with its runtime: start over on this one, unless it does not start tasks either.
                None if lost => return Err(sign_in_error("the runtime is shutting down")),
                None => lost = true,
            }
        }
    }

    /// Returns whether a caller has time for another renewal, after one that timed out at its deadline.
    fn may_start_anew(&self, renewal: &Awaited, error: &Error, until: Option<Instant>) -> bool {
        let now = self.renewer.now();
        let by_its_deadline = error.kind() == ErrorKind::Timeout
            && now.saturating_duration_since(renewal.began) >= self.renewer.limits.deadline;
        by_its_deadline && until.is_some_and(|until| now < until)
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // No caller is left to use the token.
        let renewal = self.renewer.lock().renewal.take();
        drop(renewal);
    }
}

impl CredentialSource for Tokens {
    type TokenId = Arc<Token>;

    async fn credentials(&self, until: Option<Instant>) -> Result<(RequestCredentials, Arc<Token>), Error> {
        let token = self.token(until).await?;
        Ok((RequestCredentials::Bearer(token.secret.clone()), token))
    }

    fn rejected(&self, token: &Arc<Token>) -> bool {
        if matches!(self.renewer.credentials.0, CredentialKind::AccessToken { .. }) {
            return false;
        }
        let mut state = self.renewer.lock();
        // Many rejections of the same token renew it only once: the later ones find another token here.
        if state.token.as_ref().is_some_and(|present| Arc::ptr_eq(present, token)) {
            state.rejected = true;
        }
        !matches!(state.next, Next::Nowhere)
    }
}

/// The error in a forked process. A code can be used only once, and so can most refresh tokens: two processes must not
/// share them.
const FORKED: &str = "this process was forked from one that signs in with a code or a refresh token, which only one \
                      process can use: pass it an access token of the parent process";

fn sign_in_error(reason: &str) -> Error {
    Error::builder(ErrorKind::SignIn, reason).build()
}
