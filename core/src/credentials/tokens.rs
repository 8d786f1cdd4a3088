//! The access token that all clones of an API object share: obtained once, and renewed before it expires.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::debug;

use super::token_endpoint::{self, Granted};
use super::{Authorization, ClientAuthentication, CredentialKind, Credentials, Grant, Session, browser};
use crate::clock::Wait;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::models::Timestamp;
use crate::region::Host;
use crate::secret::Secret;
use crate::transport::{Admission, Allowance, Pass, Transport};

/// The time before its expiry at which a token is renewed.
const RENEWAL_MARGIN: Duration = Duration::from_secs(60);
/// The maximum random addition to that time, so that many programs do not renew in the same second.
const RENEWAL_JITTER: Duration = Duration::from_secs(15);
/// The pause between a failed renewal and the next one, while the old token is still valid.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// An access token and its lifetime.
#[derive(Debug)]
pub(crate) struct Token {
    secret: Secret,
    /// The instants at which the token is due for renewal and at which it expires, by the API object's clock; `None` if
    /// the expiry is unknown.
    span: Option<(Instant, Instant)>,
    /// The time of expiry by the system clock, which can be stored.
    expires_at: Option<Timestamp>,
}

/// The tokens of an API object, shared by all its clones.
pub(crate) struct Tokens {
    shared: Arc<Shared>,
    /// The sign-in that has begun in the browser, until `sign_in` waits for it. The lock allows one browser at a time.
    browsing: tokio::sync::Mutex<Option<browser::PendingSignIn>>,
}

struct Shared {
    credentials: Credentials,
    host: Host,
    /// The transport for renewals.
    transport: Arc<Transport>,
    allowance: Allowance,
    held: Arc<Held>,
}

/// The token and its renewal, which outlive the connections.
struct Held {
    state: Mutex<State>,
    /// The number of sign-outs. Each one discards the renewals and sign-ins that started before it.
    sign_outs: watch::Sender<u64>,
}

struct State {
    token: Option<Arc<Token>>,
    /// True if the service rejected the token before its expiry.
    rejected: bool,
    next: Next,
    /// The running renewal.
    renewal: Option<Renewal>,
    /// The earliest time of the next renewal, after one has failed.
    not_before: Option<Instant>,
    /// The value of `next` before the running sign-out, restored if that fails.
    next_before_sign_out: Option<Next>,
}

/// The source of the next token.
#[derive(Clone)]
enum Next {
    /// This grant, which is exchanged for it.
    Grant(Grant),
    /// None: the initial token can't be renewed.
    Nowhere,
    /// None any more, or none yet, for this reason.
    Ended(Error),
}

/// The presence of callers that wait for a renewal.
#[derive(Clone, Copy)]
enum Callers {
    None,
    Some,
}

impl State {
    /// Returns the token, if it is valid.
    fn valid_token(&self, now: Instant) -> Option<&Arc<Token>> {
        self.token.as_ref().filter(|token| !self.rejected && token.is_valid(now))
    }

    /// Replaces the token after a renewal.
    fn store(&mut self, token: Arc<Token>, next: Next) {
        self.token = Some(token);
        self.rejected = false;
        self.next = next;
        self.not_before = None;
    }

    /// Returns whether this is the running renewal.
    fn is_current(&self, outcome: &Outcome) -> bool {
        self.renewal.as_ref().is_some_and(|present| present.outcome.same_channel(outcome))
    }

    /// Clears the running renewal, unless another one has replaced it.
    fn forget_renewal(&mut self, outcome: &Outcome) {
        if self.is_current(outcome) {
            self.renewal = None;
        }
    }

    /// Returns the refresh token with which a sign-out can obtain an access token, if the present one has expired.
    fn refresh_grant(&self) -> Option<Grant> {
        match &self.next {
            Next::Grant(grant @ Grant::RefreshToken(_)) if self.token.is_some() => Some(grant.clone()),
            _ => None,
        }
    }
}

type Outcome = watch::Receiver<Option<Result<Arc<Token>, Error>>>;

/// A running renewal.
struct Renewal {
    began: Instant,
    outcome: Outcome,
    keeper: Keeper,
}

/// The owner that keeps the request of a renewal open.
enum Keeper {
    /// The callers that wait for the renewal. When the last of them is dropped, the request is closed.
    Callers(Weak<Request>),
    /// The tokens: no caller waits for the renewal, or its response contains the only valid token.
    Tokens(Arc<Request>),
}

/// The request of a renewal, which is closed when this is dropped.
struct Request(AbortHandle);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Renewal {
    /// Returns the request, to keep it open for one more caller; `None` if it has been closed.
    fn request(&self) -> Option<Arc<Request>> {
        match &self.keeper {
            Keeper::Callers(request) => request.upgrade(),
            Keeper::Tokens(request) => Some(Arc::clone(request)),
        }
    }

    /// Leaks the request, whose runtime does not work any more.
    #[cfg(feature = "uniffi")]
    fn forget(self) {
        if let Some(request) = self.request() {
            mem::forget(request);
        }
    }
}

/// A renewal that a caller waits for.
struct Awaited {
    began: Instant,
    outcome: Outcome,
    /// Keeps the request open.
    _request: Arc<Request>,
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
            shared: Arc::new(Shared {
                credentials: config.credentials.clone(),
                host: config.host.clone(),
                transport,
                allowance: Allowance { deadline: config.deadline, retries: true },
                held: Arc::new(Held {
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
        let shared = &self.shared;
        {
            let mut state = shared.lock();
            if let Some(renewal) = state.renewal.take() {
                renewal.forget();
            }
            if let Some(next) = state.next_before_sign_out.take() {
                state.next = next;
            }
        }
        Tokens {
            shared: Arc::new(Shared {
                credentials: shared.credentials.clone(),
                host: shared.host.clone(),
                transport,
                allowance: shared.allowance.clone(),
                held: Arc::clone(&shared.held),
            }),
            browsing: tokio::sync::Mutex::new(None),
        }
    }

    /// Returns the maximum time of a sign-in: the time limit of the user and two renewals, because one may be lost.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_sign_in(&self) -> Duration {
        let user = match &self.shared.credentials.0 {
            CredentialKind::Browser(authorization) => browser::limit(authorization),
            _ => Duration::ZERO,
        };
        user.saturating_add(self.longest_renewal().saturating_mul(2))
    }

    /// Returns the maximum time of a renewal.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_renewal(&self) -> Duration {
        self.shared.allowance.deadline.saturating_add(PAUSE_AFTER_FAILURE)
    }

    /// Returns the current session, if there is one.
    pub(crate) fn session(&self) -> Option<Session> {
        let state = self.shared.lock();
        let refresh_token = match &state.next {
            Next::Grant(Grant::RefreshToken(token)) => Some(token.clone()),
            _ => None,
        };
        if refresh_token.is_none() {
            state.valid_token(self.shared.now())?;
        }
        let token = state.token.as_ref()?;
        Some(Session { access_token: token.secret.clone(), expires_at: token.expires_at, refresh_token })
    }

    /// Obtains a token, with the browser if the credentials require it.
    pub(crate) async fn sign_in(&self) -> Result<Session, Error> {
        match &self.shared.credentials.0 {
            CredentialKind::Browser(authorization) => self.sign_in_by_browser(authorization).await?,
            _ => self.token(None).await?,
        };
        self.session().ok_or_else(|| sign_in_error("the session ended meanwhile"))
    }

    /// Listens for the redirect of a sign-in in the browser, and returns the URL of the page.
    pub(crate) async fn begin_sign_in(&self) -> Result<String, Error> {
        let CredentialKind::Browser(authorization) = &self.shared.credentials.0 else {
            return Err(Error::invalid_argument("credentials", "need no browser to sign in"));
        };
        let mut browsing = self.browsing.lock().await;
        // A sign-in that no caller waits for releases its port before the next one binds it.
        *browsing = None;
        let clock = self.shared.transport.clock();
        let begun = browser::PendingSignIn::new(&self.shared.host, authorization, clock).await?;
        Ok(browsing.insert(begun).url().to_owned())
    }

    async fn sign_in_by_browser(&self, authorization: &Authorization) -> Result<Arc<Token>, Error> {
        let shared = &self.shared;
        let mut browsing = self.browsing.lock().await;
        let begun = browsing.take();
        if begun.is_none() && !shared.needs_user() {
            match self.token(None).await {
                // The session can't be renewed any more, but the user is present.
                Err(_) if shared.needs_user() => {}
                result => return result,
            }
        }
        let mut sign_outs = shared.held.sign_outs.subscribe();
        let clock = shared.transport.clock();
        let signed_in = async {
            match begun {
                Some(begun) => begun.wait(clock).await,
                None => {
                    browser::PendingSignIn::new(&shared.host, authorization, clock)
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
        shared.lock().next = Next::Grant(grant);
        self.token(None).await
    }

    /// Begins to sign out, once no renewal is running: from then on no caller obtains another token.
    pub(crate) async fn begin_sign_out(&self) -> SignOut<'_> {
        loop {
            let renewal = {
                let mut state = self.shared.lock();
                match self.shared.running_renewal(&state) {
                    Some(renewal) => renewal,
                    None => {
                        let refresh_grant = state.refresh_grant();
                        let next = mem::replace(&mut state.next, Next::Ended(sign_in_error("signing out")));
                        state.next_before_sign_out = Some(next);
                        self.shared.held.sign_outs.send_modify(|sign_outs| *sign_outs += 1);
                        return SignOut { shared: &self.shared, refresh_grant };
                    }
                }
            };
            self.shared.outcome(&renewal).await;
        }
    }

    /// Returns a valid token. While the current token is valid no caller waits: it is renewed in the background, and a
    /// failed renewal fails no call. Otherwise all callers wait for the same renewal, each until its own deadline.
    async fn token(&self, until: Option<Instant>) -> Result<Arc<Token>, Error> {
        let mut lost = false;
        loop {
            let renewal = {
                let mut state = self.shared.lock();
                let now = self.shared.now();
                if let Some(token) = state.valid_token(now).cloned() {
                    let due = token.span.is_some_and(|(renew_at, _)| now >= renew_at);
                    let allowed = state.not_before.is_none_or(|not_before| now >= not_before);
                    if due && allowed && self.shared.running_renewal(&state).is_none() {
                        self.shared.start_renewal(&mut state, Callers::None);
                    }
                    return Ok(token);
                }
                match self.shared.running_renewal(&state) {
                    Some(renewal) => renewal,
                    None => match self.shared.start_renewal(&mut state, Callers::Some) {
                        Some(renewal) => renewal,
                        None => return Err(state.next.reason()),
                    },
                }
            };
            match self.shared.outcome(&renewal).await {
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
        let now = self.shared.now();
        let by_its_deadline = error.kind() == ErrorKind::Timeout
            && now.saturating_duration_since(renewal.began) >= self.shared.allowance.deadline;
        by_its_deadline && until.is_some_and(|until| now < until)
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // No caller is left to use the token.
        let renewal = self.shared.lock().renewal.take();
        drop(renewal);
    }
}

impl Admission for Tokens {
    type Ticket = Arc<Token>;

    async fn admit(&self, until: Option<Instant>) -> Result<(Pass, Arc<Token>), Error> {
        let token = self.token(until).await?;
        Ok((Pass::Bearer(token.secret.clone()), token))
    }

    fn rejected(&self, token: &Arc<Token>) -> bool {
        if matches!(self.shared.credentials.0, CredentialKind::AccessToken { .. }) {
            return false;
        }
        let mut state = self.shared.lock();
        // Many rejections of the same token renew it only once: the later ones find another token here.
        if state.token.as_ref().is_some_and(|present| Arc::ptr_eq(present, token)) {
            state.rejected = true;
        }
        !matches!(state.next, Next::Nowhere)
    }
}

impl Next {
    /// Returns the reason why there is no other token.
    fn reason(&self) -> Error {
        match self {
            Next::Ended(reason) => reason.clone(),
            _ => sign_in_error("the access token has expired and can't be renewed: sign in again"),
        }
    }
}

/// A sign-out in progress. Dropping it before `complete()` restores the source of the next token.
pub(crate) struct SignOut<'a> {
    shared: &'a Arc<Shared>,
    refresh_grant: Option<Grant>,
}

impl SignOut<'_> {
    /// Returns the token to revoke, which authenticates the request; `None` if there is none.
    pub(crate) async fn token(&mut self) -> Result<Option<Pass>, Error> {
        let token = self.shared.lock().valid_token(self.shared.now()).cloned();
        match token {
            Some(token) => Ok(Some(Pass::Bearer(token.secret.clone()))),
            None => self.refreshed_token().await,
        }
    }

    /// Exchanges the refresh token for another access token, once: revoking the latter is the only way to revoke the
    /// refresh token. Returns `None` if there is no usable refresh token.
    pub(crate) async fn refreshed_token(&mut self) -> Result<Option<Pass>, Error> {
        let Some(grant) = self.refresh_grant.take() else { return Ok(None) };
        match self.shared.exchange(&grant).await {
            Ok((token, refresh_token)) => {
                let pass = Pass::Bearer(token.secret.clone());
                let mut state = self.shared.lock();
                state.next_before_sign_out = Some(next_grant(grant, refresh_token));
                state.token = Some(Arc::new(token));
                state.rejected = false;
                Ok(Some(pass))
            }
            Err(error) if is_spent(&grant, &error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Completes the sign-out, after the token was revoked or if there was none.
    pub(crate) fn complete(self) {
        let mut state = self.shared.lock();
        state.next_before_sign_out = None;
        state.token = None;
        state.next = Next::Ended(sign_in_error(match self.shared.credentials.0 {
            CredentialKind::Browser(_) => "signed out: sign in again",
            _ => "signed out: create another API object to sign in again",
        }));
    }
}

impl Drop for SignOut<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(next) = state.next_before_sign_out.take() {
            state.next = next;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, and the state is consistent at all times.
        self.held.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Instant {
        self.transport.clock().now()
    }

    /// Returns whether only the user can obtain another token.
    fn needs_user(&self) -> bool {
        let state = self.lock();
        self.running_renewal(&state).is_none()
            && state.valid_token(self.now()).is_none()
            && !matches!(state.next, Next::Grant(_))
    }

    /// Returns the running renewal, if a caller can wait for it: its request is open, and its own deadline has not
    /// passed, as it would on a runtime that is not driven any more.
    fn running_renewal(&self, state: &State) -> Option<Awaited> {
        let renewal = state.renewal.as_ref()?;
        let request = renewal.request().filter(|_| !self.time_left(renewal.began).is_zero())?;
        Some(Awaited { began: renewal.began, outcome: renewal.outcome.clone(), _request: request })
    }

    /// Returns the remaining time of a renewal.
    fn time_left(&self, began: Instant) -> Duration {
        let passed = self.now().saturating_duration_since(began);
        self.allowance.deadline.saturating_add(PAUSE_AFTER_FAILURE).saturating_sub(passed)
    }

    /// Waits for the result of a renewal; returns `None` if it ended without one or exceeded its maximum time.
    async fn outcome(&self, renewal: &Awaited) -> Option<Result<Arc<Token>, Error>> {
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
    fn start_renewal(self: &Arc<Self>, state: &mut State, callers: Callers) -> Option<Awaited> {
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
        let shared = Arc::clone(self);
        let own = outcome.clone();
        let sign_outs = *self.held.sign_outs.borrow();
        let task = tokio::spawn(async move {
            let result = shared.exchange(&grant).await;
            let result = shared.settle(grant, result, &own, sign_outs);
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
    fn settle(
        &self,
        grant: Grant,
        result: Result<(Token, Option<Secret>), Error>,
        own: &Outcome,
        sign_outs: u64,
    ) -> Result<Arc<Token>, Error> {
        let mut state = self.lock();
        let is_current = state.is_current(own);
        state.forget_renewal(own);
        if *self.held.sign_outs.borrow() != sign_outs {
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

    async fn exchange(&self, grant: &Grant) -> Result<(Token, Option<Secret>), Error> {
        let (request, pass) = token_endpoint::exchange(&self.host, &self.client(), grant)?;
        // The lifetime starts before the request, so that the token never expires earlier than assumed.
        let (asked, wall) = (self.now(), SystemTime::now());
        let (granted, _) = self.transport.send::<Granted>(&request, &pass, &self.allowance).await?;
        let lifetime = granted.expires_in.map(|seconds| Duration::from_secs(seconds.try_into().unwrap_or(0)));
        let end = lifetime.and_then(|lifetime| Timestamp::try_from(wall.checked_add(lifetime)?).ok());
        let token = Token { expires_at: end, ..Token::with_lifetime(granted.token, asked, lifetime) };
        Ok((token, granted.refresh_token))
    }

    fn client(&self) -> ClientAuthentication {
        match &self.credentials.0 {
            CredentialKind::Session { client, .. } | CredentialKind::Grant { client, .. } => client.clone(),
            CredentialKind::Browser(authorization) => authorization.client(),
            CredentialKind::AccessToken { .. } | CredentialKind::Forked => {
                ClientAuthentication { id: String::new(), secret: None }
            }
        }
    }
}

impl Token {
    /// Returns whether the token has not expired, by the API object's clock and by the system clock, which continues
    /// while the machine sleeps.
    fn is_valid(&self, now: Instant) -> bool {
        self.span.is_none_or(|(_, end)| now < end)
            && self.expires_at.is_none_or(|end| SystemTime::now() < end.as_system_time())
    }

    /// Creates a token that is valid for `lifetime` from the given instant on.
    fn with_lifetime(secret: Secret, from: Instant, lifetime: Option<Duration>) -> Self {
        let span = lifetime.and_then(|lifetime| {
            Some((from.checked_add(lifetime - renewal_margin(lifetime))?, from.checked_add(lifetime)?))
        });
        Token { secret, span, expires_at: None }
    }
}

/// Returns the source of the next token, after a grant was exchanged.
fn next_grant(grant: Grant, refresh_token: Option<Secret>) -> Next {
    match (refresh_token, grant) {
        (Some(token), _) => Next::Grant(Grant::RefreshToken(token)),
        // A code can be used only once. Every other grant can be used again.
        (None, Grant::AuthorizationCode { .. }) => Next::Nowhere,
        (None, grant) => Next::Grant(grant),
    }
}

/// Returns whether a grant can't be used any more after this failure.
fn is_spent(grant: &Grant, error: &Error) -> bool {
    match grant {
        Grant::ClientCredentials => false,
        // A second request would invalidate the code, if the first one did not.
        Grant::AuthorizationCode { .. } => !error.worth_retrying(),
        Grant::RefreshToken(_) | Grant::Saml2Bearer { .. } => {
            !error.worth_retrying() && matches!(error.status(), Some(400..=499))
        }
    }
}

/// The error in a forked process. A code can be used only once, and so can most refresh tokens: two processes must not
/// share them.
const FORKED: &str = "this process was forked from one that signs in with a code or a refresh token, which only one \
                      process can use: pass it an access token of the parent process";

fn sign_in_error(reason: &str) -> Error {
    Error::builder().kind(ErrorKind::SignIn, reason).build()
}

/// Returns the time before its expiry at which a token with this lifetime is renewed: at most half of the lifetime.
fn renewal_margin(lifetime: Duration) -> Duration {
    (RENEWAL_MARGIN + RENEWAL_JITTER.mul_f64(fastrand::f64())).min(lifetime / 2)
}
