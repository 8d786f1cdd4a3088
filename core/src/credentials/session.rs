//! One token for all clones of a client: fetched once, kept, renewed in time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::debug;

use super::token_endpoint::{self, Granted};
use super::{Credentials, Grant};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
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
}

/// Who is signed in, and with what token. Shared by all clones of a client.
pub(crate) struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    credentials: Credentials,
    host: Host,
    transport: Arc<Transport>,
    allowance: Allowance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// When the renewal under way began, and where its outcome will be.
    renewal: Option<(Instant, Outcome)>,
    not_before: Option<Instant>,
}

impl State {
    /// Ends a renewal, unless another one has taken its place.
    fn forget_renewal(&mut self, outcome: &Outcome) {
        if self.renewal.as_ref().is_some_and(|(_, present)| present.same_channel(outcome)) {
            self.renewal = None;
        }
    }
}

type Outcome = watch::Receiver<Option<Result<Arc<Token>, Error>>>;

impl Session {
    pub(crate) fn new(config: &Config, transport: Arc<Transport>) -> Self {
        let token = match config.credentials.grant() {
            Grant::AccessToken(token) => Some(Arc::new(Token { secret: token.clone(), span: None })),
            Grant::ClientCredentials { .. } => None,
        };
        Session {
            shared: Arc::new(Shared {
                credentials: config.credentials.clone(),
                host: config.host.clone(),
                transport,
                allowance: Allowance { deadline: config.deadline, retries: true },
                state: Mutex::new(State { token, ..State::default() }),
            }),
        }
    }

    /// A token that holds. While the present one does, nobody waits: it is renewed behind their
    /// backs, and a renewal that fails costs no call. Otherwise all callers wait for the same
    /// renewal.
    async fn token(&self) -> Result<Arc<Token>, Error> {
        loop {
            let mut outcome = {
                let mut state = self.shared.lock();
                let now = self.shared.transport.clock().now();
                match state.token.clone() {
                    Some(token) if token.span.is_none_or(|(_, end)| now < end) => {
                        let due = token.span.is_some_and(|(renew_at, _)| now >= renew_at);
                        let allowed = state.not_before.is_none_or(|not_before| now >= not_before);
                        if due && allowed && state.renewal.is_none() {
                            self.shared.start_renewal(&mut state);
                        }
                        return Ok(token);
                    }
                    _ => match &state.renewal {
                        Some((began, outcome)) if self.shared.may_still_end(*began, now) => outcome.clone(),
                        _ => self.shared.start_renewal(&mut state),
                    },
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

impl Admission for Session {
    type Ticket = Arc<Token>;

    async fn admit(&self) -> Result<(Pass, Arc<Token>), Error> {
        let token = self.token().await?;
        Ok((Pass::Bearer(token.secret.clone()), token))
    }

    fn rejected(&self, token: &Arc<Token>) -> bool {
        if matches!(self.shared.credentials.grant(), Grant::AccessToken(_)) {
            return false;
        }
        let mut state = self.shared.lock();
        // A storm of rejections of one token renews once: the later ones find the next token here.
        if state.token.as_ref().is_some_and(|present| Arc::ptr_eq(present, token)) {
            state.token = None;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; and a state is whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a renewal can be waited for: one that is older than its own deadline runs on a runtime
    /// that nobody drives any more.
    fn may_still_end(&self, began: Instant, now: Instant) -> bool {
        now.saturating_duration_since(began) <= self.allowance.deadline + AFTER_FAILURE
    }

    /// Starts a renewal as a task of its own, so that it goes on when the call that needed it is
    /// cancelled.
    fn start_renewal(self: &Arc<Self>, state: &mut State) -> Outcome {
        let (sender, outcome) = watch::channel(None);
        state.renewal = Some((self.transport.clock().now(), outcome.clone()));
        let shared = Arc::clone(self);
        let own = outcome.clone();
        tokio::spawn(async move {
            let result = shared.fetch().await.map(Arc::new);
            let mut state = shared.lock();
            state.forget_renewal(&own);
            drop(own);
            match &result {
                Ok(token) => {
                    state.token = Some(Arc::clone(token));
                    state.not_before = None;
                }
                Err(error) => {
                    debug!(kind = ?error.kind(), "the token could not be renewed");
                    state.not_before = Some(shared.transport.clock().now() + AFTER_FAILURE);
                }
            }
            drop(state);
            let _ = sender.send(Some(result));
        });
        outcome
    }

    async fn fetch(&self) -> Result<Token, Error> {
        let (request, pass) = match self.credentials.grant() {
            Grant::ClientCredentials { id, secret } => {
                token_endpoint::client_credentials(&self.host, id, secret)?
            }
            Grant::AccessToken(_) => {
                return Err(Error::builder()
                    .kind(ErrorKind::SignIn, "a given access token can't be renewed")
                    .build());
            }
        };
        let asked = self.transport.clock().now();
        let (granted, _) = self.transport.send::<Granted>(&request, &pass, &self.allowance).await?;
        let span = granted.expires_in.and_then(|seconds| {
            // Counted from before the request, so that the token never ends earlier than believed.
            let lifetime = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
            Some((asked.checked_add(lifetime - ahead(lifetime))?, asked.checked_add(lifetime)?))
        });
        Ok(Token { secret: granted.token, span })
    }
}

/// How long before its end a token with this lifetime is renewed: never more than half of it.
fn ahead(lifetime: Duration) -> Duration {
    (AHEAD + JITTER.mul_f64(fastrand::f64())).min(lifetime / 2)
}
