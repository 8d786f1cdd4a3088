//! One token for all clones of a client: had once, kept, renewed in time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tracing::debug;

use super::token_endpoint::{self, Granted};
use super::{ClientAuthentication, Credentials, Grant, Means, Session, browser};
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
    /// One browser at a time.
    browsing: tokio::sync::Mutex<()>,
}

struct Shared {
    credentials: Credentials,
    host: Host,
    transport: Arc<Transport>,
    allowance: Allowance,
    state: Mutex<State>,
}

struct State {
    token: Option<Arc<Token>>,
    /// Whether the service rejected the token before its time.
    rejected: bool,
    next: Next,
    /// The renewal under way began then, and its outcome will be there.
    renewal: Option<(Instant, Outcome)>,
    not_before: Option<Instant>,
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

impl State {
    /// The token, as long as it holds.
    fn holding(&self, now: Instant) -> Option<&Arc<Token>> {
        let holds = |token: &&Arc<Token>| token.span.is_none_or(|(_, end)| now < end);
        self.token.as_ref().filter(|_| !self.rejected).filter(holds)
    }

    fn take(&mut self, token: Arc<Token>) {
        self.token = Some(token);
        self.rejected = false;
        self.not_before = None;
    }

    /// Ends a renewal, unless another one has taken its place.
    fn forget_renewal(&mut self, outcome: &Outcome) {
        if self.renewal.as_ref().is_some_and(|(_, present)| present.same_channel(outcome)) {
            self.renewal = None;
        }
    }
}

type Outcome = watch::Receiver<Option<Result<Arc<Token>, Error>>>;

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
            Means::Browser(_) => (None, Next::Ended(ended("nobody has signed in yet: call sign_in() first"))),
        };
        Tokens {
            shared: Arc::new(Shared {
                credentials: config.credentials.clone(),
                host: config.host.clone(),
                transport,
                allowance: Allowance { deadline: config.deadline, retries: true },
                state: Mutex::new(State { token, rejected: false, next, renewal: None, not_before: None }),
            }),
            browsing: tokio::sync::Mutex::new(()),
        }
    }

    /// What is held now.
    pub(crate) fn session(&self) -> Option<Session> {
        let state = self.shared.lock();
        let now = self.shared.transport.clock().now();
        let refresh_token = match &state.next {
            Next::Grant(Grant::RefreshToken(token)) => Some(token.clone()),
            _ => None,
        };
        if refresh_token.is_none() {
            state.holding(now)?;
        }
        let token = state.token.as_ref()?;
        Some(Session { access_token: token.secret.clone(), expires_at: token.expires_at, refresh_token })
    }

    /// Has a token now, by the browser if that is the way.
    pub(crate) async fn sign_in(&self) -> Result<Session, Error> {
        if let Means::Browser(authorization) = &self.shared.credentials.0 {
            let _one_at_a_time = self.browsing.lock().await;
            if self.shared.needs_a_person() {
                let shared = &self.shared;
                let grant = browser::authorize(&shared.host, authorization, shared.transport.clock()).await?;
                self.shared.lock().next = Next::Grant(grant);
            }
            self.token().await?;
        } else {
            self.token().await?;
        }
        self.session().ok_or_else(|| ended("the session has ended meanwhile"))
    }

    /// What signs out whoever is signed in: a token that holds, or nothing.
    pub(crate) async fn to_end(&self) -> Result<Option<Pass>, Error> {
        let is_refreshable = {
            let state = self.shared.lock();
            match state.holding(self.shared.transport.clock().now()) {
                Some(token) => return Ok(Some(Pass::Bearer(token.secret.clone()))),
                None => state.token.is_some() && matches!(state.next, Next::Grant(Grant::RefreshToken(_))),
            }
        };
        if !is_refreshable {
            return Ok(None);
        }
        // A refresh token can be ended only by way of an access token.
        match self.token().await {
            Ok(token) => Ok(Some(Pass::Bearer(token.secret.clone()))),
            Err(_) if matches!(self.shared.lock().next, Next::Ended(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets everything: nobody is signed in any more.
    pub(crate) fn forget(&self) {
        let mut state = self.shared.lock();
        state.token = None;
        state.renewal = None;
        state.next = Next::Ended(ended("signed out: sign in again"));
    }

    /// A token that holds. While the present one does, nobody waits: it is renewed behind their
    /// backs, and a renewal that fails costs no call. Otherwise all callers wait for the same
    /// renewal.
    async fn token(&self) -> Result<Arc<Token>, Error> {
        loop {
            let mut outcome = {
                let mut state = self.shared.lock();
                let now = self.shared.transport.clock().now();
                if let Some(token) = state.holding(now).cloned() {
                    let due = token.span.is_some_and(|(renew_at, _)| now >= renew_at);
                    let allowed = state.not_before.is_none_or(|not_before| now >= not_before);
                    let grant = match &state.next {
                        Next::Grant(grant) if due && allowed && state.renewal.is_none() => grant.clone(),
                        _ => return Ok(token),
                    };
                    self.shared.start_renewal(&mut state, grant);
                    return Ok(token);
                }
                let grant = match &state.next {
                    Next::Grant(grant) => grant.clone(),
                    Next::Nowhere => {
                        return Err(ended(
                            "the access token has ended, and there is nothing to get another one with: sign in \
                             again",
                        ));
                    }
                    Next::Ended(reason) => return Err(reason.clone()),
                };
                match &state.renewal {
                    Some((began, outcome)) if self.shared.may_still_end(*began, now) => outcome.clone(),
                    _ => self.shared.start_renewal(&mut state, grant),
                }
            };
            let ended = outcome.wait_for(Option::is_some).await.ok().and_then(|result| result.clone());
            if let Some(result) = ended {
                return result;
            }
            // The renewal went down with the runtime it ran on: start over on this one.
            let mut state = self.shared.lock();
            state.forget_renewal(&outcome);
        }
    }
}

impl Admission for Tokens {
    type Ticket = Arc<Token>;

    async fn admit(&self) -> Result<(Pass, Arc<Token>), Error> {
        let token = self.token().await?;
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; and a state is whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing but a person can get another token.
    fn needs_a_person(&self) -> bool {
        let state = self.lock();
        let holds = state.holding(self.transport.clock().now()).is_some();
        !holds && !matches!(state.next, Next::Grant(_))
    }

    /// Whether a renewal can be waited for: one that is older than its own deadline runs on a runtime
    /// that nobody drives any more.
    fn may_still_end(&self, began: Instant, now: Instant) -> bool {
        now.saturating_duration_since(began) <= self.allowance.deadline + AFTER_FAILURE
    }

    /// Starts a renewal as a task of its own, so that it goes on when the call that needed it is
    /// cancelled.
    fn start_renewal(self: &Arc<Self>, state: &mut State, grant: Grant) -> Outcome {
        let (sender, outcome) = watch::channel(None);
        state.renewal = Some((self.transport.clock().now(), outcome.clone()));
        let shared = Arc::clone(self);
        let own = outcome.clone();
        tokio::spawn(async move {
            let result = shared.exchange(&grant).await;
            let mut state = shared.lock();
            // Who signed out meanwhile is not signed in again by the answer.
            let wanted = state.renewal.as_ref().is_some_and(|(_, present)| present.same_channel(&own));
            state.forget_renewal(&own);
            drop(own);
            let result = match result {
                Ok((token, refresh_token)) => {
                    let token = Arc::new(token);
                    if wanted {
                        state.take(Arc::clone(&token));
                        state.next = after(grant, refresh_token);
                    }
                    Ok(token)
                }
                Err(error) => {
                    debug!(kind = ?error.kind(), "the token could not be renewed");
                    state.not_before = Some(shared.transport.clock().now() + AFTER_FAILURE);
                    if wanted && is_spent(&grant, &error) {
                        state.next = Next::Ended(error.clone());
                    }
                    Err(error)
                }
            };
            drop(state);
            let _ = sender.send(Some(result));
        });
        outcome
    }

    async fn exchange(&self, grant: &Grant) -> Result<(Token, Option<Secret>), Error> {
        let (request, pass) = token_endpoint::exchange(&self.host, &self.client(), grant)?;
        // Counted from before the request, so that the token never ends earlier than believed.
        let (asked, wall) = (self.transport.clock().now(), SystemTime::now());
        let (granted, _) = self.transport.send::<Granted>(&request, &pass, &self.allowance).await?;
        let lifetime = granted.expires_in.map(|seconds| Duration::from_secs(seconds.try_into().unwrap_or(0)));
        let end = lifetime.and_then(|lifetime| Timestamp::try_from(wall.checked_add(lifetime)?).ok());
        Ok((Token { expires_at: end, ..Token::given(granted.token, asked, lifetime) }, granted.refresh_token))
    }

    fn client(&self) -> ClientAuthentication {
        match &self.credentials.0 {
            Means::Session { client, .. } | Means::Grant { client, .. } => client.clone(),
            Means::Browser(authorization) => authorization.client(),
            Means::AccessToken { .. } => ClientAuthentication { id: String::new(), secret: None },
        }
    }
}

impl Token {
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
        Grant::RefreshToken(_) | Grant::Saml2Bearer { .. } => error.code() == Some("invalid_grant"),
    }
}

fn ended(reason: &str) -> Error {
    Error::builder().kind(ErrorKind::SignIn, reason).build()
}

/// How long before its end a token with this lifetime is renewed: never more than half of it.
fn ahead(lifetime: Duration) -> Duration {
    (AHEAD + JITTER.mul_f64(fastrand::f64())).min(lifetime / 2)
}
