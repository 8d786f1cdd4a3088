//! Signing in by the browser of this machine (RFC 8252): a loopback port, a page, and nothing left afterwards.

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
use crate::region::{Host, is_loopback};

/// How long a person may take, unless it is set.
const DEADLINE: Duration = Duration::from_secs(300);
const A_MOMENT: Duration = Duration::from_millis(20);
/// A browser makes few connections; who makes more is none.
const MOST_VISITS: usize = 32;
/// How long a connection may stand open without a request.
const SILENCE: Duration = Duration::from_secs(10);

/// Refuses a redirect URI that does not lead to this machine.
pub(super) fn check(authorization: &Authorization) -> Result<(), Error> {
    let is_here = |url: Url| {
        let is_bare = url.query().is_none() && url.username().is_empty() && url.password().is_none();
        url.scheme() == "http" && is_loopback(&url) && is_bare
    };
    if Url::parse(&authorization.redirect_uri).is_ok_and(is_here) {
        return Ok(());
    }
    Err(Error::invalid_argument(
        "redirect_uri",
        "is not an address of this machine like http://127.0.0.1:8765/callback",
    ))
}

/// A sign-in at the browser of this machine that has begun: the redirect is listened for.
pub(super) struct Begun {
    door: Door,
    request: AuthorizationRequest,
    began: Instant,
    limit: Duration,
}

impl Begun {
    /// Listens for the redirect. Nothing is opened.
    pub(super) async fn new(
        host: &Host,
        authorization: &Authorization,
        clock: &dyn Clock,
    ) -> Result<Self, Error> {
        let door = Door::open(&authorization.redirect_uri).await?;
        let redirect_uri = door.redirect_uri.clone();
        let authorization = Authorization { redirect_uri, ..authorization.clone() };
        let limit = limit(&authorization);
        let request = AuthorizationRequest::new(host.clone(), authorization)?;
        Ok(Begun { door, request, began: clock.now(), limit })
    }

    /// Returns the address of the page to sign in at.
    pub(super) fn url(&self) -> &str {
        self.request.url()
    }

    /// Shows the page in the browser, and waits for the user. A browser that can't be opened does not end the wait: the
    /// user may open the page in another one.
    pub(super) async fn shown(self, clock: &dyn Clock) -> Result<Grant, Error> {
        if let Some(text) = announcement(io::stderr().is_terminal(), self.url()) {
            say(&text);
        }
        self.shown_by(|url| launch::open(&url), clock).await
    }

    async fn shown_by(
        self,
        open: impl FnOnce(String) -> io::Result<()> + Send + 'static,
        clock: &dyn Clock,
    ) -> Result<Grant, Error> {
        // The program may run until the browser is closed: on a separate thread, which no runtime waits for.
        let (tell, opened) = oneshot::channel();
        let url = self.url().to_owned();
        thread::spawn(move || tell.send(open(url)));
        self.awaited(opened, clock).await
    }

    /// Waits for the user, who has got the address in another way.
    pub(super) async fn visited(self, clock: &dyn Clock) -> Result<Grant, Error> {
        let (_nobody_opens, opened) = oneshot::channel();
        self.awaited(opened, clock).await
    }

    async fn awaited(
        self,
        opened: oneshot::Receiver<io::Result<()>>,
        clock: &dyn Clock,
    ) -> Result<Grant, Error> {
        let Begun { door, request, began, limit } = self;
        let left = limit.saturating_sub(clock.now().saturating_duration_since(began));
        let mut time_is_up = clock.sleep(left, Wait::Person);
        let redirected = door.redirected(request);
        tokio::pin!(redirected);
        let failure = tokio::select! {
            biased;
            grant = &mut redirected => return grant,
            () = &mut time_is_up => return Err(nobody_came(limit, None)),
            Ok(Err(error)) = opened => error,
        };
        tracing::warn!(%failure, "no browser could be opened");
        if io::stderr().is_terminal() {
            say(&format!("No browser could be opened ({failure}). Open the page yourself."));
        }
        tokio::select! {
            biased;
            grant = &mut redirected => grant,
            () = &mut time_is_up => Err(nobody_came(limit, Some(failure))),
        }
    }
}

#[cfg(test)]
async fn by(
    open: impl FnOnce(String) -> io::Result<()> + Send + 'static,
    host: &Host,
    authorization: &Authorization,
    clock: &dyn Clock,
) -> Result<Grant, Error> {
    Begun::new(host, authorization, clock).await?.shown_by(open, clock).await
}

/// Returns the line that shows a user at a terminal how to sign in, also without the browser of this machine.
fn announcement(is_terminal: bool, url: &str) -> Option<String> {
    is_terminal.then(|| format!("To sign in, open this page:\n{url}"))
}

fn say(text: &str) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// The time that the user has at the browser.
pub(super) fn limit(authorization: &Authorization) -> Duration {
    authorization.deadline.unwrap_or(DEADLINE)
}

fn nobody_came(limit: Duration, failure: Option<io::Error>) -> Error {
    let text = format!("nobody came back from the browser within {limit:?}");
    match failure {
        None => redirect::refused(&text),
        Some(failure) => {
            let text = format!(
                "{text}; no browser could be opened: {failure}. Name one in the variable BROWSER, or show the user the \
                 address that begin_sign_in() returns"
            );
            Error::builder().kind(ErrorKind::SignIn, text).source(failure).build()
        }
    }
}

/// Where the browser comes back to: open until the one who is expected was there.
struct Door {
    /// One for each form of `localhost`.
    listeners: Vec<TcpListener>,
    /// To the letter, but for a port that was left open.
    redirect_uri: String,
    address: Url,
}

impl Door {
    async fn open(redirect_uri: &str) -> Result<Self, Error> {
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
                // A browser tries both, so nobody else may be at the other one.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(taken(error)),
                // The machine has no IPv6.
                Err(_) => {}
            }
        }
        Ok(Door { listeners, redirect_uri, address })
    }

    /// Answers until the redirect of this request was there, and closes.
    async fn redirected(self, request: AuthorizationRequest) -> Result<Grant, Error> {
        let expected = Arc::new(Expected {
            origin: self.address.origin().ascii_serialization(),
            path: self.address.path().to_owned(),
            request,
            was_there: AtomicBool::new(false),
        });
        let mut visits = JoinSet::new();
        loop {
            tokio::select! {
                stream = self.knocked(), if visits.len() < MOST_VISITS => match stream {
                    Ok(stream) => { visits.spawn(visit(stream, Arc::clone(&expected))); }
                    // The visitor left at once, or the system has no more files for a moment.
                    Err(_) => sleep(A_MOMENT).await,
                },
                Some(visit) = visits.join_next() => {
                    if let Ok(Some(result)) = visit {
                        return result;
                    }
                }
            }
        }
    }

    /// The next connection, at whichever listener.
    async fn knocked(&self) -> io::Result<TcpStream> {
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

/// Listens at an address. One that a sign-in before has just given up may need a moment to be free.
async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    for _ in 0..5 {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => sleep(A_MOMENT).await,
            bound => return bound,
        }
    }
    TcpListener::bind(address).await
}

/// What the browser is expected to bring.
struct Expected {
    origin: String,
    path: String,
    request: AuthorizationRequest,
    was_there: AtomicBool,
}

/// Serves one connection, and says what it brought once the browser has its page.
async fn visit(stream: TcpStream, expected: Arc<Expected>) -> Option<Result<Grant, Error>> {
    let brought = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let (page, result) = expected.answer(&request);
        if result.is_some() {
            *brought.lock().unwrap_or_else(PoisonError::into_inner) = result;
        }
        async move { Ok::<_, Infallible>(page.response()) }
    });
    // What breaks here is the browser's affair: what it brought counts.
    let _ = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    brought.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Expected {
    fn is_own(&self, host: &str) -> bool {
        self.origin.split_once("://").is_some_and(|(_, own)| own == host)
    }

    fn answer(&self, request: &Request<Incoming>) -> (Page, Option<Result<Grant, Error>>) {
        // Another name for this machine would be that of a page that wants to look like it.
        let own_name = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| self.is_own(host));
        // A proxy of the browser's writes the whole address into the request line.
        let own_address = request.uri().authority().is_none_or(|authority| self.is_own(authority.as_str()));
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        if request.method() != Method::GET || request.uri().path() != self.path || !own_name || !own_address {
            return (Page::NOT_HERE, None);
        }
        let address = format!("{}{target}", self.origin);
        let redirect = match Redirect::parse(&address, Part::Query) {
            Ok(redirect) if redirect.answers(self.request.state()) => redirect,
            _ => return (Page::NOT_EXPECTED, None),
        };
        if self.was_there.swap(true, Ordering::AcqRel) {
            return (Page::NOT_EXPECTED, None);
        }
        let result = self.request.grant(&redirect);
        let page = if result.is_ok() { Page::DONE } else { Page::REFUSED };
        (page, Some(result))
    }
}
