//! Signs in with the browser of this machine (RFC 8252): listens on a loopback port, serves a page, and closes the
//! port.

mod launch;
mod page;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use http::{Method, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;
use url::{Host as UrlHost, Url};

use self::page::Page;
use super::redirect::{self, Part, Redirect};
use super::{Authorization, AuthorizationRequest, Grant};
use crate::clock::{Clock, Wait};
use crate::error::{Error, ErrorKind};
use crate::host::{Host, is_loopback};

/// The default time limit for the user.
const DEADLINE: Duration = Duration::from_secs(300);
/// The pause before a failed bind or accept is repeated.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// The maximum number of simultaneous connections: a real browser opens only a few.
const MAX_CONNECTIONS: usize = 32;
/// The time limit for receiving a request on an open connection.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Rejects a redirect URI that is not on this machine.
pub(super) fn check(authorization: &Authorization) -> Result<(), Error> {
    let is_on_this_machine = |url: Url| {
        let is_bare = url.query().is_none() && url.username().is_empty() && url.password().is_none();
        url.scheme() == "http" && is_loopback(&url) && is_bare
    };
    if Url::parse(&authorization.redirect_uri).is_ok_and(is_on_this_machine) {
        return Ok(());
    }
    Err(Error::invalid_argument(
        "redirect_uri",
        "is not an address of this machine like http://127.0.0.1:8765/callback",
    ))
}

/// A sign-in with the browser of this machine that has begun and listens for the redirect.
pub(super) struct PendingSignIn {
    listener: RedirectListener,
    request: AuthorizationRequest,
    began: Instant,
    limit: Duration,
}

impl PendingSignIn {
    /// Listens for the redirect. Opens no browser.
    pub(super) async fn new(
        host: &Host,
        authorization: &Authorization,
        clock: &dyn Clock,
    ) -> Result<Self, Error> {
        let listener = RedirectListener::bind(&authorization.redirect_uri).await?;
        let redirect_uri = listener.redirect_uri.clone();
        let authorization = Authorization { redirect_uri, ..authorization.clone() };
        let limit = limit(&authorization);
        let request = AuthorizationRequest::new(host.clone(), authorization)?;
        Ok(PendingSignIn { listener, request, began: clock.now(), limit })
    }

    /// Returns the URL of the page to sign in on.
    pub(super) fn url(&self) -> &str {
        self.request.url()
    }

    /// Opens the page in the browser, and waits for the redirect. If no browser can be opened, the wait continues: the
    /// user may open the page in another browser.
    pub(super) async fn open_and_wait(self, clock: &dyn Clock) -> Result<Grant, Error> {
        if let Some(prompt) = terminal_prompt(io::stderr().is_terminal(), self.url()) {
            print_line(&prompt);
        }
        self.open_with_and_wait(|url| launch::open(&url), clock).await
    }

    async fn open_with_and_wait(
        self,
        open: impl FnOnce(String) -> io::Result<()> + Send + 'static,
        clock: &dyn Clock,
    ) -> Result<Grant, Error> {
        // The program may run until the browser is closed, so it gets a separate thread that no runtime waits for.
        let (sender, opened) = oneshot::channel();
        let url = self.url().to_owned();
        thread::spawn(move || sender.send(open(url)));
        self.wait_for_redirect(opened, clock).await
    }

    /// Waits for the redirect, if the caller shows the URL to the user.
    pub(super) async fn wait(self, clock: &dyn Clock) -> Result<Grant, Error> {
        let (_sender, opened) = oneshot::channel();
        self.wait_for_redirect(opened, clock).await
    }

    async fn wait_for_redirect(
        self,
        opened: oneshot::Receiver<io::Result<()>>,
        clock: &dyn Clock,
    ) -> Result<Grant, Error> {
        let PendingSignIn { listener, request, began, limit } = self;
        let left = limit.saturating_sub(clock.now().saturating_duration_since(began));
        let mut time_is_up = clock.sleep(left, Wait::Person);
        let redirected = listener.receive_redirect(request);
        tokio::pin!(redirected);
        let failure = tokio::select! {
            biased;
            grant = &mut redirected => return grant,
            () = &mut time_is_up => return Err(timed_out(limit, None)),
            Ok(Err(error)) = opened => error,
        };
        tracing::warn!(%failure, "no browser could be opened");
        if io::stderr().is_terminal() {
            print_line(&format!("No browser could be opened ({failure}). Open the page yourself."));
        }
        tokio::select! {
            biased;
            grant = &mut redirected => grant,
            () = &mut time_is_up => Err(timed_out(limit, Some(failure))),
        }
    }
}

#[cfg(test)]
async fn sign_in_with(
    open: impl FnOnce(String) -> io::Result<()> + Send + 'static,
    host: &Host,
    authorization: &Authorization,
    clock: &dyn Clock,
) -> Result<Grant, Error> {
    PendingSignIn::new(host, authorization, clock).await?.open_with_and_wait(open, clock).await
}

/// Returns the message for a user at a terminal, who may open the page in a browser of another machine.
fn terminal_prompt(is_terminal: bool, url: &str) -> Option<String> {
    is_terminal.then(|| format!("To sign in, open this page:\n{url}"))
}

fn print_line(message: &str) {
    // If standard error is closed, the error can't be reported anywhere.
    let _ = writeln!(io::stderr(), "{message}");
}

/// Returns the time limit for the user.
pub(super) fn limit(authorization: &Authorization) -> Duration {
    authorization.deadline.unwrap_or(DEADLINE)
}

fn timed_out(limit: Duration, failure: Option<io::Error>) -> Error {
    let message = format!("no redirect arrived from the browser within {limit:?}");
    match failure {
        None => redirect::sign_in_error(&message),
        Some(failure) => {
            let message = format!(
                "{message}; no browser could be opened: {failure}. Name one in the variable BROWSER, or show the user \
                 the address that begin_sign_in() returns"
            );
            Error::builder(ErrorKind::SignIn, message).source(failure).build()
        }
    }
}

/// A listener that is open until the expected redirect arrives.
struct RedirectListener {
    /// The sockets: two for `localhost`, one for each of its addresses.
    listeners: Vec<TcpListener>,
    /// The redirect URI, verbatim; if it has no port, the chosen port is added.
    redirect_uri: String,
    address: Url,
}

impl RedirectListener {
    async fn bind(redirect_uri: &str) -> Result<Self, Error> {
        let taken = |error: io::Error| {
            let reason = match error.kind() {
                io::ErrorKind::AddrInUse => "names a port that another program listens on",
                _ => "names an address that can't be listened on",
            };
            Error::invalid_setting("redirect_uri", reason, error)
        };
        let mut address = Url::parse(redirect_uri)
            .map_err(|error| Error::invalid_setting("redirect_uri", "is not an address", error))?;
        let (host, other) = match address.host() {
            Some(UrlHost::Ipv4(address)) => (address.into(), None),
            Some(UrlHost::Ipv6(address)) => (address.into(), None),
            _ => (Ipv4Addr::LOCALHOST.into(), Some(Ipv6Addr::LOCALHOST)),
        };
        let first = listen(SocketAddr::new(host, address.port().unwrap_or(0))).await.map_err(taken)?;
        let port = first.local_addr().map_err(taken)?.port();
        let mut redirect_uri = redirect_uri.to_owned();
        if address.port().is_none() {
            let _ = address.set_port(Some(port));
            redirect_uri = address.to_string();
        }
        let mut listeners = vec![first];
        if let Some(other) = other {
            match listen(SocketAddr::new(other.into(), port)).await {
                Ok(second) => listeners.push(second),
                // A browser tries both addresses, so no other program may listen on the second one.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(taken(error)),
                // The machine has no IPv6.
                Err(_) => {}
            }
        }
        Ok(RedirectListener { listeners, redirect_uri, address })
    }

    /// Responds to requests until the redirect of this authorization request arrives, then closes.
    async fn receive_redirect(self, request: AuthorizationRequest) -> Result<Grant, Error> {
        let expected = Arc::new(Expected {
            origin: self.address.origin().ascii_serialization(),
            path: self.address.path().to_owned(),
            request,
            has_arrived: AtomicBool::new(false),
        });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                stream = self.accept(), if connections.len() < MAX_CONNECTIONS => match stream {
                    Ok(stream) => { connections.spawn(serve(stream, Arc::clone(&expected))); }
                    // The connection was closed at once, or the system has no free file descriptors.
                    Err(_) => sleep(RETRY_PAUSE).await,
                },
                Some(served) = connections.join_next() => {
                    if let Ok(Some(result)) = served {
                        return result;
                    }
                }
            }
        }
    }

    /// Accepts the next connection of any of the sockets.
    async fn accept(&self) -> io::Result<TcpStream> {
        poll_fn(|context| {
            for listener in &self.listeners {
                if let Poll::Ready(accepted) = listener.poll_accept(context) {
                    return Poll::Ready(accepted.map(|(stream, _)| stream));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Listens on an address. An address that an earlier sign-in has just released may still be in use for a short time.
async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    for _ in 0..5 {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => sleep(RETRY_PAUSE).await,
            bound => return bound,
        }
    }
    TcpListener::bind(address).await
}

/// The redirect that the browser is expected to request.
struct Expected {
    origin: String,
    path: String,
    request: AuthorizationRequest,
    has_arrived: AtomicBool,
}

/// Serves one connection. Returns the result of the redirect, if the connection carried it, after the browser has
/// received its page.
async fn serve(stream: TcpStream, expected: Arc<Expected>) -> Option<Result<Grant, Error>> {
    let received = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let (page, result) = expected.respond(&request);
        if result.is_some() {
            *received.lock().unwrap_or_else(PoisonError::into_inner) = result;
        }
        async move { Ok::<_, Infallible>(page.response()) }
    });
    // An error while the page is sent is ignored: the redirect has been received.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    received.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Expected {
    fn is_own(&self, host: &str) -> bool {
        self.origin.split_once("://").is_some_and(|(_, own)| own == host)
    }

    fn respond(&self, request: &Request<Incoming>) -> (Page, Option<Result<Grant, Error>>) {
        // Another `Host` would be the name of a foreign page that resolves to this machine (DNS rebinding).
        let own_name = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| self.is_own(host));
        // A proxy of the browser puts the whole URL into the request line.
        let own_address = request.uri().authority().is_none_or(|authority| self.is_own(authority.as_str()));
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        if request.method() != Method::GET || request.uri().path() != self.path || !own_name || !own_address {
            return (Page::NOT_HERE, None);
        }
        let address = format!("{}{target}", self.origin);
        let redirect = match Redirect::parse(&address, Part::Query) {
            Ok(redirect) if redirect.has_state(self.request.state()) => redirect,
            _ => return (Page::NOT_EXPECTED, None),
        };
        if self.has_arrived.swap(true, Ordering::AcqRel) {
            return (Page::NOT_EXPECTED, None);
        }
        let result = self.request.grant(&redirect);
        let page = if result.is_ok() { Page::DONE } else { Page::REFUSED };
        (page, Some(result))
    }
}
