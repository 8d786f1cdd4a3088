//! One token for all clones of a client: had once, kept, renewed in time.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::debug;

use super::token_endpoint::{self, Granted};
use super::{Authorization, ClientAuthentication, Credentials, Grant, Means, Session, browser};
use crate::clock::Wait;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::models::Timestamp;
use crate::region::Host;
use crate::secret::Secret;
use crate::transport::{Admission, Allowance, Pass, Transport};

/// How long before its end a token is renewed.
const AHEAD: Duration = Duration::from_secs(60);
/// How much earlier than that, at most: so that many programs do not renew in the same second.
const JITTER: Duration = Duration::from_secs(15);
/// How long after a failed renewal the next one is tried, while the old token still holds.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A token, and how long it holds by the client's clock.
#[derive(Debug)]
pub(crate) struct Token {
    secret: Secret,
    /// When it is to be renewed and when it ends; nothing for a token that did not tell.
    span: Option<(Instant, Instant)>,
    /// When it ends by the machine's calendar, which is what can be kept.
    expires_at: Option<Timestamp>,
}

/// The tokens of a client, shared by all its clones.
pub(crate) struct Tokens {
    shared: Arc<Shared>,
    /// One browser at a time; and the sign-in that has begun there, until it is waited for.
    browsing: tokio::sync::Mutex<Option<browser::Begun>>,
}

struct Shared {
    credentials: Credentials,
    host: Host,
    /// The connections that tokens are renewed over.
    transport: Arc<Transport>,
    allowance: Allowance,
    held: Arc<Held>,
}

/// The token, wherever it is renewed: it outlives the connections.
struct Held {
    state: Mutex<State>,
    /// How often somebody signed out: what began before does not count afterwards.
    farewells: watch::Sender<u64>,
}

struct State {
    token: Option<Arc<Token>>,
    /// Whether the service rejected the token before its time.
    rejected: bool,
    next: Next,
    /// The renewal under way.
    renewal: Option<Renewal>,
    not_before: Option<Instant>,
    /// What the next token comes from if signing out, which is under way, fails.
    aside: Option<Next>,
}

/// Where the next token comes from.
#[derive(Clone)]
enum Next {
    Grant(Grant),
    /// From nowhere: the one given is all there is.
    Nowhere,
    /// From nowhere any more, or not yet, for this reason.
    Ended(Error),
}

/// Whether callers wait for a renewal.
#[derive(Clone, Copy)]
enum Callers {
    None,
    Some,
}

impl State {
    /// The token, as long as it holds.
    fn holding(&self, now: Instant) -> Option<&Arc<Token>> {
        self.token.as_ref().filter(|token| !self.rejected && token.holds(now))
    }

    fn take(&mut self, token: Arc<Token>, next: Next) {
        self.token = Some(token);
        self.rejected = false;
        self.next = next;
        self.not_before = None;
    }

    /// Whether this is the renewal under way.
    fn is_present(&self, outcome: &Outcome) -> bool {
        self.renewal.as_ref().is_some_and(|present| present.outcome.same_channel(outcome))
    }

    /// Ends a renewal, unless another one has taken its place.
    fn forget_renewal(&mut self, outcome: &Outcome) {
        if self.is_present(outcome) {
            self.renewal = None;
        }
    }

    /// What can be exchanged for a token to end the session with.
    fn refreshable(&self) -> Option<Grant> {
        match &self.next {
            Next::Grant(grant @ Grant::RefreshToken(_)) if self.token.is_some() => Some(grant.clone()),
            _ => None,
        }
    }
}

type Outcome = watch::Receiver<Option<Result<Arc<Token>, Error>>>;

/// A renewal under way.
struct Renewal {
    began: Instant,
    outcome: Outcome,
    keeper: Keeper,
}

/// Whatever keeps the request of a renewal open.
enum Keeper {
    /// The callers that wait for it. When the last of them leaves, the request is closed.
    Callers(Weak<Request>),
    /// The tokens: nobody waits for it yet, or its response holds the only token that is left.
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
    /// Returns the request, to be kept open for one more caller; `None` where it has been closed.
    fn request(&self) -> Option<Arc<Request>> {
        match &self.keeper {
            Keeper::Callers(request) => request.upgrade(),
            Keeper::Tokens(request) => Some(Arc::clone(request)),
        }
    }

    /// Leaves the request alone, on a runtime that does not work any more.
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
        let given = |secret: &Secret, expires_at: Option<Timestamp>| {
            let left = |end: Timestamp| end.as_system_time().duration_since(SystemTime::now());
            let lifetime = expires_at.map(|end| left(end).unwrap_or_default());
            Some(Arc::new(Token { expires_at, ..Token::given(secret.clone(), now, lifetime) }))
        };
        let (token, next) = match &config.credentials.0 {
            Means::AccessToken { token, expires_at } => (given(token, *expires_at), Next::Nowhere),
            Means::Session { session, .. } => {
                let next = session.refresh_token.clone().map(Grant::RefreshToken);
                let token = given(&session.access_token, session.expires_at);
                (token, next.map_or(Next::Nowhere, Next::Grant))
            }
            Means::Grant { grant, .. } => (None, Next::Grant(grant.clone())),
            Means::Browser(_) => (None, Next::Ended(ended("nobody has signed in yet: sign in first"))),
            Means::Forked => (None, Next::Ended(ended(FORKED))),
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
                        aside: None,
                    }),
                    farewells: watch::Sender::new(0),
                }),
            }),
            browsing: tokio::sync::Mutex::new(None),
        }
    }

    /// The same tokens, renewed over other connections, because those so far don't work any more. What was under way
    /// over those is forgotten: it never ends. A code that was sent is not sent again.
    #[cfg(feature = "uniffi")]
    pub(crate) fn moved(&self, transport: Arc<Transport>) -> Self {
        let shared = &self.shared;
        {
            let mut state = shared.lock();
            if let Some(renewal) = state.renewal.take() {
                renewal.forget();
            }
            if let Some(next) = state.aside.take() {
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

    /// The time in which signing in ends: the wait for the user, and two renewals, because one may be lost.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_sign_in(&self) -> Duration {
        let user = match &self.shared.credentials.0 {
            Means::Browser(authorization) => browser::limit(authorization),
            _ => Duration::ZERO,
        };
        user.saturating_add(self.longest_renewal().saturating_mul(2))
    }

    /// The time in which a renewal ends.
    #[cfg(feature = "uniffi")]
    pub(crate) fn longest_renewal(&self) -> Duration {
        self.shared.allowance.deadline.saturating_add(AFTER_FAILURE)
    }

    /// What is held now.
    pub(crate) fn session(&self) -> Option<Session> {
        let state = self.shared.lock();
        let refresh_token = match &state.next {
            Next::Grant(Grant::RefreshToken(token)) => Some(token.clone()),
            _ => None,
        };
        if refresh_token.is_none() {
            state.holding(self.shared.now())?;
        }
        let token = state.token.as_ref()?;
        Some(Session { access_token: token.secret.clone(), expires_at: token.expires_at, refresh_token })
    }

    /// Has a token now, by the browser if that is the way.
    pub(crate) async fn sign_in(&self) -> Result<Session, Error> {
        match &self.shared.credentials.0 {
            Means::Browser(authorization) => self.by_browser(authorization).await?,
            _ => self.token(None).await?,
        };
        self.session().ok_or_else(|| ended("the session has ended meanwhile"))
    }

    /// Listens for the redirect of a sign-in at the browser, and returns the address of the page.
    pub(crate) async fn begin_sign_in(&self) -> Result<String, Error> {
        let Means::Browser(authorization) = &self.shared.credentials.0 else {
            return Err(Error::invalid_argument("credentials", "need no browser to sign in"));
        };
        let mut browsing = self.browsing.lock().await;
        // The port of one that nobody waits for is free before the next one listens there.
        *browsing = None;
        let clock = self.shared.transport.clock();
        let begun = browser::Begun::new(&self.shared.host, authorization, clock).await?;
        Ok(browsing.insert(begun).url().to_owned())
    }

    async fn by_browser(&self, authorization: &Authorization) -> Result<Arc<Token>, Error> {
        let shared = &self.shared;
        let mut browsing = self.browsing.lock().await;
        let begun = browsing.take();
        if begun.is_none() && !shared.needs_a_person() {
            match self.token(None).await {
                // The session has ended for good, and the person is here.
                Err(_) if shared.needs_a_person() => {}
                result => return result,
            }
        }
        let mut farewells = shared.held.farewells.subscribe();
        let clock = shared.transport.clock();
        let signed_in = async {
            match begun {
                Some(begun) => begun.visited(clock).await,
                None => browser::Begun::new(&shared.host, authorization, clock).await?.shown(clock).await,
            }
        };
        let grant = tokio::select! {
            biased;
            _ = farewells.changed() => Err(ended("signed out meanwhile: sign in again")),
            grant = signed_in => grant,
        }?;
        shared.lock().next = Next::Grant(grant);
        self.token(None).await
    }

    /// Begins to sign out, once no renewal is under way: nobody has another token from then on.
    pub(crate) async fn leave(&self) -> Leaving<'_> {
        loop {
            let renewal = {
                let mut state = self.shared.lock();
                match self.shared.awaited(&state) {
                    Some(renewal) => renewal,
                    None => {
                        let refreshable = state.refreshable();
                        let next = mem::replace(&mut state.next, Next::Ended(ended("signing out")));
                        state.aside = Some(next);
                        self.shared.held.farewells.send_modify(|farewells| *farewells += 1);
                        return Leaving { shared: &self.shared, refreshable };
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
                if let Some(token) = state.holding(now).cloned() {
                    let due = token.span.is_some_and(|(renew_at, _)| now >= renew_at);
                    let allowed = state.not_before.is_none_or(|not_before| now >= not_before);
                    if due && allowed && self.shared.awaited(&state).is_none() {
                        self.shared.start_renewal(&mut state, Callers::None);
                    }
                    return Ok(token);
                }
                match self.shared.awaited(&state) {
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
                // It went down with the runtime it ran on: start over on this one, if this one starts tasks.
                None if lost => return Err(ended("the runtime is shutting down")),
                None => lost = true,
            }
        }
    }

    /// Whether a caller has time for another renewal, after one that ended by its deadline and so without a result.
    fn may_start_anew(&self, renewal: &Awaited, error: &Error, until: Option<Instant>) -> bool {
        let now = self.shared.now();
        let by_its_deadline = error.kind() == ErrorKind::Timeout
            && now.saturating_duration_since(renewal.began) >= self.shared.allowance.deadline;
        by_its_deadline && until.is_some_and(|until| now < until)
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // Nobody is left to use a token.
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
        if matches!(self.shared.credentials.0, Means::AccessToken { .. }) {
            return false;
        }
        let mut state = self.shared.lock();
        // A storm of rejections of one token renews once: the later ones find the next token here.
        if state.token.as_ref().is_some_and(|present| Arc::ptr_eq(present, token)) {
            state.rejected = true;
        }
        !matches!(state.next, Next::Nowhere)
    }
}

impl Next {
    /// Why there is no other token.
    fn reason(&self) -> Error {
        match self {
            Next::Ended(reason) => reason.clone(),
            _ => ended(
                "the access token has ended, and there is nothing to get another one with: sign in again",
            ),
        }
    }
}

/// Somebody who signs out. What was put aside comes back, unless it is for good.
pub(crate) struct Leaving<'a> {
    shared: &'a Arc<Shared>,
    refreshable: Option<Grant>,
}

impl Leaving<'_> {
    /// What the service is to be told with, if there is anything to tell.
    pub(crate) async fn pass(&mut self) -> Result<Option<Pass>, Error> {
        let token = self.shared.lock().holding(self.shared.now()).cloned();
        match token {
            Some(token) => Ok(Some(Pass::Bearer(token.secret.clone()))),
            None => self.refreshed().await,
        }
    }

    /// Another one by the refresh token, once: that can be ended only by way of an access token.
    pub(crate) async fn refreshed(&mut self) -> Result<Option<Pass>, Error> {
        let Some(grant) = self.refreshable.take() else { return Ok(None) };
        match self.shared.exchange(&grant).await {
            Ok((token, refresh_token)) => {
                let pass = Pass::Bearer(token.secret.clone());
                let mut state = self.shared.lock();
                state.aside = Some(after(grant, refresh_token));
                state.token = Some(Arc::new(token));
                state.rejected = false;
                Ok(Some(pass))
            }
            Err(error) if is_spent(&grant, &error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The service has been told, or there was nothing to tell.
    pub(crate) fn for_good(self) {
        let mut state = self.shared.lock();
        state.aside = None;
        state.token = None;
        state.next = Next::Ended(ended(match self.shared.credentials.0 {
            Means::Browser(_) => "signed out: sign in again",
            _ => "signed out: make another client to sign in again",
        }));
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(next) = state.aside.take() {
            state.next = next;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; and a state is whole at every moment.
        self.held.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Instant {
        self.transport.clock().now()
    }

    /// Whether nothing but a person can get another token.
    fn needs_a_person(&self) -> bool {
        let state = self.lock();
        self.awaited(&state).is_none()
            && state.holding(self.now()).is_none()
            && !matches!(state.next, Next::Grant(_))
    }

    /// Returns the renewal under way, if it can be waited for: its request is open, and it is not older than its own
    /// deadline, as one on a runtime that nobody drives any more.
    fn awaited(&self, state: &State) -> Option<Awaited> {
        let renewal = state.renewal.as_ref()?;
        let request = renewal.request().filter(|_| !self.patience(renewal.began).is_zero())?;
        Some(Awaited { began: renewal.began, outcome: renewal.outcome.clone(), _request: request })
    }

    fn patience(&self, began: Instant) -> Duration {
        let passed = self.now().saturating_duration_since(began);
        self.allowance.deadline.saturating_add(AFTER_FAILURE).saturating_sub(passed)
    }

    /// How a renewal ended; nothing if it never will.
    async fn outcome(&self, renewal: &Awaited) -> Option<Result<Arc<Token>, Error>> {
        let mut outcome = renewal.outcome.clone();
        let ended = tokio::select! {
            biased;
            result = outcome.wait_for(Option::is_some) => result.ok().and_then(|result| result.clone()),
            () = self.transport.clock().sleep(self.patience(renewal.began), Wait::Deadline) => None,
        };
        if ended.is_none() {
            self.lock().forget_renewal(&outcome);
        }
        ended
    }

    /// Starts a renewal, if there is a way to one, as a task of its own: so it goes on when one of several callers is
    /// cancelled.
    fn start_renewal(self: &Arc<Self>, state: &mut State, callers: Callers) -> Option<Awaited> {
        let Next::Grant(grant) = &state.next else { return None };
        let grant = grant.clone();
        let is_used_up = matches!(grant, Grant::AuthorizationCode { .. } | Grant::RefreshToken(_));
        if matches!(grant, Grant::AuthorizationCode { .. }) {
            // Whatever becomes of the task, a code is not sent a second time.
            state.next = Next::Ended(ended(
                "the answer to the code was lost, and a code is good for one try: sign in \
                                            again",
            ));
        }
        let (sender, outcome) = watch::channel(None);
        let began = self.now();
        let shared = Arc::clone(self);
        let own = outcome.clone();
        let farewells = *self.held.farewells.borrow();
        let task = tokio::spawn(async move {
            let result = shared.exchange(&grant).await;
            let result = shared.settle(grant, result, &own, farewells);
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

    /// Notes how a renewal ended.
    fn settle(
        &self,
        grant: Grant,
        result: Result<(Token, Option<Secret>), Error>,
        own: &Outcome,
        farewells: u64,
    ) -> Result<Arc<Token>, Error> {
        let mut state = self.lock();
        let is_present = state.is_present(own);
        state.forget_renewal(own);
        if *self.held.farewells.borrow() != farewells {
            return Err(state.next.reason());
        }
        match result {
            Ok((token, refresh_token)) => {
                let token = Arc::new(token);
                state.take(Arc::clone(&token), after(grant, refresh_token));
                Ok(token)
            }
            Err(error) => {
                debug!(kind = ?error.kind(), "the token could not be renewed");
                if is_present {
                    state.not_before = Some(self.now() + AFTER_FAILURE);
                    let spent = is_spent(&grant, &error);
                    state.next = if spent { Next::Ended(error.clone()) } else { Next::Grant(grant) };
                }
                Err(error)
            }
        }
    }

    async fn exchange(&self, grant: &Grant) -> Result<(Token, Option<Secret>), Error> {
        let (request, pass) = token_endpoint::exchange(&self.host, &self.client(), grant)?;
        // Counted from before the request, so that the token never ends earlier than believed.
        let (asked, wall) = (self.now(), SystemTime::now());
        let (granted, _) = self.transport.send::<Granted>(&request, &pass, &self.allowance).await?;
        let lifetime = granted.expires_in.map(|seconds| Duration::from_secs(seconds.try_into().unwrap_or(0)));
        let end = lifetime.and_then(|lifetime| Timestamp::try_from(wall.checked_add(lifetime)?).ok());
        let token = Token { expires_at: end, ..Token::given(granted.token, asked, lifetime) };
        Ok((token, granted.refresh_token))
    }

    fn client(&self) -> ClientAuthentication {
        match &self.credentials.0 {
            Means::Session { client, .. } | Means::Grant { client, .. } => client.clone(),
            Means::Browser(authorization) => authorization.client(),
            Means::AccessToken { .. } | Means::Forked => {
                ClientAuthentication { id: String::new(), secret: None }
            }
        }
    }
}

impl Token {
    /// By the client's clock, and by the calendar: that one goes on while the machine sleeps.
    fn holds(&self, now: Instant) -> bool {
        self.span.is_none_or(|(_, end)| now < end)
            && self.expires_at.is_none_or(|end| SystemTime::now() < end.as_system_time())
    }

    /// A token that holds for `lifetime` from a moment on.
    fn given(secret: Secret, from: Instant, lifetime: Option<Duration>) -> Self {
        let span = lifetime.and_then(|lifetime| {
            Some((from.checked_add(lifetime - ahead(lifetime))?, from.checked_add(lifetime)?))
        });
        Token { secret, span, expires_at: None }
    }
}

/// Where the next token comes from, once a grant was exchanged.
fn after(grant: Grant, refresh_token: Option<Secret>) -> Next {
    match (refresh_token, grant) {
        (Some(token), _) => Next::Grant(Grant::RefreshToken(token)),
        // A code is good for one exchange. What else there was can be used again.
        (None, Grant::AuthorizationCode { .. }) => Next::Nowhere,
        (None, grant) => Next::Grant(grant),
    }
}

/// Whether a grant is of no use any more after this failure.
fn is_spent(grant: &Grant, error: &Error) -> bool {
    match grant {
        Grant::ClientCredentials => false,
        // A second try would burn it, if the first one did not.
        Grant::AuthorizationCode { .. } => !error.worth_retrying(),
        Grant::RefreshToken(_) | Grant::Saml2Bearer { .. } => {
            !error.worth_retrying() && matches!(error.status(), Some(400..=499))
        }
    }
}

/// A code is good for one exchange, and so are most refresh tokens: two processes must not share them.
const FORKED: &str = "this process was forked from one that signs in with a code or a refresh token, which only one can \
                      use: give it an access token of that one";

fn ended(reason: &str) -> Error {
    Error::builder().kind(ErrorKind::SignIn, reason).build()
}

/// How long before its end a token with this lifetime is renewed: never more than half of it.
fn ahead(lifetime: Duration) -> Duration {
    (AHEAD + JITTER.mul_f64(fastrand::f64())).min(lifetime / 2)
}
