//! A fake network for tests of proxies: an HTTP proxy, a SOCKS5 proxy, and API and login hosts that record every byte
//! and whether it came through a proxy. [`proxy_values`] generates the values to test.
//!
//! ```ignore
//! // usage
//! let network = Network::start().await;
//! for value in proxy_values(SEED, network.proxies()) {
//!     network.forget();
//!     // Pass `variables` to the code under test as its environment, and `setting` to `.proxy(…)`; resolve names
//!     // with `Network::resolve`.
//!     let config = Config::builder(Host::url(&network.api_url())?, network.credentials…)
//!         .root_certificates(network.root_pem());
//!     let result = api.get_oauth_clients().await;
//!     assert!(network.direct().is_empty(), "{value:?}: {:?}", network.direct());
//!     match &value.expected {
//!         Expected::Used(way) => {
//!             result.expect("a listing");
//!             assert_eq!(network.tunnels().last().map(|tunnel| &tunnel.way), Some(way));
//!         }
//!         Expected::Refused => assert!(result.is_err()),
//!         Expected::UsedOrRefused => {}
//!     }
//! }
//! // The control: without any proxy the same call is recorded as a direct one.
//! assert!(network.direct().iter().any(|arrival| arrival.received("Bearer ")));
//! ```
//!
//! This module uses public crates only.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use base64::prelude::{BASE64_STANDARD, Engine};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// The host of the API.
pub(crate) const API_HOST: &str = "api.example.test";
/// The host of the sign-ins.
pub(crate) const LOGIN_HOST: &str = "login.example.test";
/// The host name of both proxies, which are also reachable by `127.0.0.1`.
pub(crate) const PROXY_HOST: &str = "proxy.example.test";
/// The token that the login host returns.
pub(crate) const TOKEN: &str = "Vb3nQ0xKp7LrT9sWc2YdZ5eHf8JgM1aN";

/// The maximum size of a head or a body, in bytes. The code under test sends no larger ones.
const LONGEST: usize = 64 * 1024;

/// The protocol between the HTTP client and a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    /// `CONNECT` over TLS.
    Https,
    Socks5,
}

/// A user name and a password, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProxyUser {
    pub(crate) name: String,
    pub(crate) password: String,
}

impl ProxyUser {
    pub(crate) fn new(name: &str, password: &str) -> Self {
        ProxyUser { name: name.to_owned(), password: password.to_owned() }
    }
}

/// The protocol and the user with which a connection passed a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) protocol: Protocol,
    pub(crate) user: Option<ProxyUser>,
}

/// The destination as the HTTP client named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Domain(String, u16),
    Address(SocketAddr),
}

/// A request for a tunnel that a proxy has read.
#[derive(Clone, Debug)]
pub(crate) struct Tunnel {
    pub(crate) way: Way,
    pub(crate) target: Target,
    /// False if the proxy refused the request, closed the connection, or did not respond.
    pub(crate) opened: bool,
}

/// The reaction of both proxies to a request for a tunnel.
#[derive(Clone, Debug, Default)]
pub(crate) enum ProxyBehaviour {
    /// Opens the tunnel.
    #[default]
    Forward,
    /// Opens the tunnel for this user only; other requests fail with status 407, or a SOCKS failure.
    Authenticate(ProxyUser),
    /// Responds with this status, such as 403, 407 or 502; a SOCKS proxy with "not allowed".
    Refuse(u16),
    /// Closes the connection without a response.
    Close,
    /// Never responds.
    Hang,
}

/// A connection to the API or the login host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrival {
    /// The host name in the TLS handshake.
    pub(crate) host: Option<String>,
    /// The protocol of the proxy that opened the connection; `None` if it is a direct one.
    pub(crate) through: Option<Protocol>,
    /// All bytes as they arrived: TLS records, or data sent without TLS.
    pub(crate) raw: Vec<u8>,
    /// The decrypted data.
    pub(crate) plain: Vec<u8>,
}

impl Arrival {
    /// Returns whether `text` arrived, inside or outside of TLS.
    pub(crate) fn received(&self, text: &str) -> bool {
        [&self.raw, &self.plain]
            .iter()
            .any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    }
}

/// The ports of the fake proxies, for the values to test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proxies {
    /// The port for HTTP, and HTTP over TLS.
    pub(crate) http: u16,
    pub(crate) socks5: u16,
}

/// A fake network. Dropping it stops its tasks.
pub(crate) struct Network {
    proxies: Proxies,
    service: SocketAddr,
    root_pem: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct State {
    behaviour: Mutex<ProxyBehaviour>,
    tunnels: Mutex<Vec<Tunnel>>,
    /// Data that a proxy received and that was no request for a tunnel.
    stray: Mutex<Vec<u8>>,
    tunnelled_bytes: Mutex<u64>,
    arrivals: Mutex<Vec<Arc<Mutex<Arrival>>>>,
    /// The local addresses of the connections that a proxy opens, announced before it opens them.
    announced: Mutex<Vec<(SocketAddr, Protocol)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Starts all four hosts on loopback.
    pub(crate) async fn start() -> Self {
        let (root_pem, tls) = certificates();
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (http, socks5) = (listen().await.expect("a port"), listen().await.expect("a port"));
        let service_listener = listen().await.expect("a port");
        let service = service_listener.local_addr().expect("an address");
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        let proxies = Proxies { http: port(&http), socks5: port(&socks5) };
        let state = Arc::new(State::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(http, {
            let (state, tls) = (Arc::clone(&state), tls.clone());
            move |stream, _| serve_http_proxy(stream, tls.clone(), service, Arc::clone(&state))
        }));
        tasks.spawn(accept(socks5, {
            let state = Arc::clone(&state);
            move |stream, _| serve_socks5(stream, service, Arc::clone(&state))
        }));
        tasks.spawn(accept(service_listener, {
            let state = Arc::clone(&state);
            move |stream, peer| serve_service(stream, peer, tls.clone(), Arc::clone(&state))
        }));
        Network { proxies, service, root_pem, state, _tasks: tasks }
    }

    /// Returns the URL of the API; the login host has the same port.
    pub(crate) fn api_url(&self) -> String {
        format!("https://{API_HOST}:{}", self.service.port())
    }

    /// Returns the root certificate of all TLS hosts of this network, in PEM.
    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    pub(crate) fn proxies(&self) -> Proxies {
        self.proxies
    }

    /// Returns the IP address of a host of this network.
    pub(crate) fn resolve(name: &str) -> Option<IpAddr> {
        let known = [API_HOST, LOGIN_HOST, PROXY_HOST, "localhost"];
        known
            .iter()
            .any(|host| name.trim_end_matches('.').eq_ignore_ascii_case(host))
            .then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Sets the behaviour of both proxies from now on.
    pub(crate) fn set_behaviour(&self, behaviour: ProxyBehaviour) {
        *locked(&self.state.behaviour) = behaviour;
    }

    /// Returns the requests for a tunnel since the start or the last `forget`.
    pub(crate) fn tunnels(&self) -> Vec<Tunnel> {
        locked(&self.state.tunnels).clone()
    }

    /// Returns the data that a proxy received outside of tunnels and of requests for them; it should be empty.
    pub(crate) fn stray(&self) -> Vec<u8> {
        locked(&self.state.stray).clone()
    }

    /// Returns the number of bytes, in both directions, in closed tunnels.
    pub(crate) fn tunnelled_bytes(&self) -> u64 {
        *locked(&self.state.tunnelled_bytes)
    }

    /// Returns the connections that reached the API or the login host directly.
    pub(crate) fn direct(&self) -> Vec<Arrival> {
        self.arrivals(|arrival| arrival.through.is_none())
    }

    /// Returns the connections that a proxy opened.
    pub(crate) fn through_a_proxy(&self) -> Vec<Arrival> {
        self.arrivals(|arrival| arrival.through.is_some())
    }

    fn arrivals(&self, filter: impl Fn(&Arrival) -> bool) -> Vec<Arrival> {
        let arrivals = locked(&self.state.arrivals);
        arrivals.iter().map(|arrival| locked(arrival).clone()).filter(|arrival| filter(arrival)).collect()
    }

    /// Discards everything that was recorded, and resets the behaviour.
    pub(crate) fn forget(&self) {
        locked(&self.state.tunnels).clear();
        locked(&self.state.stray).clear();
        locked(&self.state.arrivals).clear();
        *locked(&self.state.tunnelled_bytes) = 0;
        *locked(&self.state.behaviour) = ProxyBehaviour::Forward;
    }
}

fn certificates() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let root = params.self_signed(&key).expect("a root");
    let issuer = Issuer::new(params, key);
    let names = [API_HOST, LOGIN_HOST, PROXY_HOST, "localhost", "127.0.0.1"].map(str::to_owned);
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(names).expect("names").signed_by(&key, &issuer).expect("signed");
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a certificate");
    (root.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream, SocketAddr) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    // Dropped with the network, which closes all connections.
    let mut connections = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        connections.spawn(serve(stream, peer));
    }
}

type Record = Box<dyn Fn(&[u8]) + Send>;

/// A stream that records what is read from it.
struct Recorded<S> {
    stream: S,
    record: Record,
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        (self.record)(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

// The API and the login host.

async fn serve_service(
    stream: TcpStream,
    peer: SocketAddr,
    tls: TlsAcceptor,
    state: Arc<State>,
) -> io::Result<()> {
    let through = {
        let mut announced = locked(&state.announced);
        let position = announced.iter().position(|(address, _)| *address == peer);
        position.map(|position| announced.swap_remove(position).1)
    };
    let arrival = Arc::new(Mutex::new(Arrival { through, ..Arrival::default() }));
    locked(&state.arrivals).push(Arc::clone(&arrival));
    let raw = Arc::clone(&arrival);
    let stream =
        Recorded { stream, record: Box::new(move |bytes| locked(&raw).raw.extend_from_slice(bytes)) };
    let stream = tls.accept(stream).await?;
    locked(&arrival).host = stream.get_ref().1.server_name().map(str::to_owned);
    let mut stream = BufReader::new(Recorded {
        stream,
        record: Box::new(move |bytes| locked(&arrival).plain.extend_from_slice(bytes)),
    });
    loop {
        let head = read_head(&mut stream).await?;
        let length = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        let mut body = vec![0; std::cmp::min(length, LONGEST)];
        stream.read_exact(&mut body).await?;
        let target = head.split(' ').nth(1).unwrap_or_default();
        let response = match target {
            "/oauth/token" => {
                format!(r#"{{"access_token":"{TOKEN}","token_type":"bearer","expires_in":86399}}"#)
            }
            _ => r#"{"entities":[],"total":0}"#.to_owned(),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            response.len()
        );
        stream.write_all((head + &response).as_bytes()).await?;
        stream.flush().await?;
    }
}

// The proxies.

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn serve_http_proxy(
    stream: TcpStream,
    tls: TlsAcceptor,
    service: SocketAddr,
    state: Arc<State>,
) -> io::Result<()> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    // 22 is the content type of a TLS handshake.
    if first[0] == 22 {
        serve_connect(tls.accept(stream).await?, Protocol::Https, service, &state).await
    } else {
        serve_connect(stream, Protocol::Http, service, &state).await
    }
}

async fn serve_connect(
    stream: impl Stream,
    protocol: Protocol,
    service: SocketAddr,
    state: &State,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let head = read_head(&mut stream).await?;
        let Some(authority) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
            locked(&state.stray).extend_from_slice(head.as_bytes());
            let mut rest = Vec::new();
            // Reads until the HTTP client closes the connection.
            let _ = stream.read_to_end(&mut rest).await;
            locked(&state.stray).extend_from_slice(&rest);
            return Ok(());
        };
        let user = header(&head, "proxy-authorization").and_then(basic);
        let target = target(authority);
        let way = Way { protocol, user };
        let address = reachable(&target, service);
        let refusal = match (&*locked(&state.behaviour), address) {
            (ProxyBehaviour::Refuse(status), _) => Some(*status),
            (ProxyBehaviour::Authenticate(expected), _) if way.user.as_ref() != Some(expected) => Some(407),
            (ProxyBehaviour::Close, _) => Some(0),
            (ProxyBehaviour::Hang, _) => Some(1),
            (_, None) => Some(502),
            (_, Some(_)) => None,
        };
        let opened = refusal.is_none();
        locked(&state.tunnels).push(Tunnel { way, target, opened });
        match (refusal, address) {
            (Some(0), _) => return Ok(()),
            (Some(1), _) => return std::future::pending().await,
            (None, Some(address)) => {
                let upstream = announced_connection(address, protocol, state).await?;
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                stream.flush().await?;
                return carry(&mut stream, upstream, state).await;
            }
            (status, _) => {
                let status = status.unwrap_or(502);
                let challenge =
                    if status == 407 { "Proxy-Authenticate: Basic realm=\"proxy\"\r\n" } else { "" };
                let response =
                    format!("HTTP/1.1 {status} Refused by the proxy\r\n{challenge}Content-Length: 0\r\n\r\n");
                stream.write_all(response.as_bytes()).await?;
                stream.flush().await?;
            }
        }
    }
}

async fn serve_socks5(mut stream: TcpStream, service: SocketAddr, state: Arc<State>) -> io::Result<()> {
    const NO_AUTHENTICATION: u8 = 0;
    const USER_AND_PASSWORD: u8 = 2;
    let stray = |bytes: &[u8]| {
        locked(&state.stray).extend_from_slice(bytes);
        Ok(())
    };
    let version = stream.read_u8().await?;
    if version != 5 {
        let mut bytes = vec![version];
        let _ = stream.read_to_end(&mut bytes).await;
        return stray(&bytes);
    }
    let mut methods = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut methods).await?;
    let user = if methods.contains(&USER_AND_PASSWORD) {
        stream.write_all(&[5, USER_AND_PASSWORD]).await?;
        // The version of the sub-negotiation.
        stream.read_u8().await?;
        let mut fields = Vec::new();
        for _ in 0..2 {
            let mut field = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut field).await?;
            fields.push(String::from_utf8_lossy(&field).into_owned());
        }
        Some(ProxyUser::new(&fields[0], &fields[1]))
    } else {
        None
    };
    let expected = match &*locked(&state.behaviour) {
        ProxyBehaviour::Authenticate(expected) => Some(expected.clone()),
        _ => None,
    };
    let admitted = expected.is_none_or(|expected| user.as_ref() == Some(&expected));
    match (&user, admitted) {
        (Some(_), _) => stream.write_all(&[1, u8::from(!admitted)]).await?,
        (None, true) => stream.write_all(&[5, NO_AUTHENTICATION]).await?,
        // None of the methods offered is acceptable.
        (None, false) => stream.write_all(&[5, 0xFF]).await?,
    }
    let way = Way { protocol: Protocol::Socks5, user };
    if !admitted {
        let target = Target::Domain(String::new(), 0);
        locked(&state.tunnels).push(Tunnel { way, target, opened: false });
        return Ok(());
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let target = match head[3] {
        1 => {
            let mut address = [0; 4];
            stream.read_exact(&mut address).await?;
            Target::Address(SocketAddr::from((address, stream.read_u16().await?)))
        }
        4 => {
            let mut address = [0; 16];
            stream.read_exact(&mut address).await?;
            Target::Address(SocketAddr::from((address, stream.read_u16().await?)))
        }
        _ => {
            let mut name = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut name).await?;
            Target::Domain(String::from_utf8_lossy(&name).into_owned(), stream.read_u16().await?)
        }
    };
    let address = reachable(&target, service);
    let behaviour = locked(&state.behaviour).clone();
    let forwards = matches!(behaviour, ProxyBehaviour::Forward | ProxyBehaviour::Authenticate(_));
    let opened = forwards && address.is_some();
    locked(&state.tunnels).push(Tunnel { way, target, opened });
    let reply = |code: u8| [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
    match (behaviour, address) {
        (ProxyBehaviour::Close, _) => Ok(()),
        (ProxyBehaviour::Hang, _) => std::future::pending().await,
        // Connection not allowed by the ruleset.
        (ProxyBehaviour::Refuse(_), _) => stream.write_all(&reply(2)).await,
        // Host unreachable.
        (_, None) => stream.write_all(&reply(4)).await,
        (_, Some(address)) => {
            let upstream = announced_connection(address, Protocol::Socks5, &state).await?;
            stream.write_all(&reply(0)).await?;
            carry(&mut stream, upstream, &state).await
        }
    }
}

/// Opens a connection to the service, which is informed that the connection comes from a proxy.
async fn announced_connection(
    address: SocketAddr,
    protocol: Protocol,
    state: &State,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    locked(&state.announced).push((socket.local_addr()?, protocol));
    socket.connect(address).await
}

async fn carry(client: &mut impl Stream, mut upstream: TcpStream, state: &State) -> io::Result<()> {
    if let Ok((up, down)) = copy_bidirectional(client, &mut upstream).await {
        *locked(&state.tunnelled_bytes) += up + down;
    }
    Ok(())
}

/// Returns the address of the service, if `target` is one of its hosts: the proxies connect to no other.
fn reachable(target: &Target, service: SocketAddr) -> Option<SocketAddr> {
    let is_service = match target {
        Target::Domain(name, port) => [API_HOST, LOGIN_HOST].contains(&&**name) && *port == service.port(),
        Target::Address(address) => *address == service,
    };
    is_service.then_some(service)
}

fn target(authority: &str) -> Target {
    if let Ok(address) = authority.parse() {
        return Target::Address(address);
    }
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    Target::Domain(host.to_owned(), port.parse().unwrap_or_default())
}

fn basic(value: &str) -> Option<ProxyUser> {
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8_lossy(&decoded);
    let (name, password) = text.split_once(':')?;
    Some(ProxyUser::new(name, password))
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST {
            return Err(io::Error::other("a head without an end"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

// The values to test.

/// The outcome that a value must have. A direct connection is never allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The call succeeds through this proxy.
    Used(Way),
    /// No usable proxy is set: building the API object or the call fails.
    Refused,
    /// The value may be accepted or rejected.
    UsedOrRefused,
}

/// A value of the proxy variables, of the setting, or of both.
#[derive(Clone, Debug)]
pub(crate) struct ProxyValue {
    pub(crate) variables: Vec<(&'static str, OsString)>,
    pub(crate) setting: Option<String>,
    pub(crate) expected: Expected,
}

/// The variables that can name a proxy for `https`. `HTTP_PROXY` is not one of them.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Returns more than 200 values: the fixed ones, each in the setting and in one of the variables, then combinations
/// that are chosen by the seed.
pub(crate) fn proxy_values(seed: u64, proxies: Proxies) -> impl Iterator<Item = ProxyValue> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut values = Vec::new();
    let addresses = addresses(proxies);
    for Address { text, expected, only_in } in &addresses {
        let variable = VARIABLES[rng.usize(..VARIABLES.len())];
        if *only_in != Some(Place::Setting) {
            let variables = vec![(variable, OsString::from(text))];
            values.push(ProxyValue { variables, setting: None, expected: expected.clone() });
        }
        // A variable can't contain NUL.
        if *only_in != Some(Place::Variable) {
            let setting = Some(text.clone());
            values.push(ProxyValue { variables: Vec::new(), setting, expected: expected.clone() });
        }
    }
    values.extend(combinations(proxies));
    #[cfg(unix)]
    for bytes in [&b"http://127.0.0.1:3128/\xff"[..], b"\xff\xfe", b"http://\xe4:pw@127.0.0.1:3128"] {
        use std::os::unix::ffi::OsStringExt;
        let variables = vec![(VARIABLES[rng.usize(..VARIABLES.len())], OsString::from_vec(bytes.to_vec()))];
        values.push(ProxyValue { variables, setting: None, expected: Expected::UsedOrRefused });
    }
    // The setting takes precedence over any variables.
    for _ in 0..40 {
        let settings: Vec<_> =
            addresses.iter().filter(|address| address.only_in != Some(Place::Variable)).collect();
        let setting = settings[rng.usize(..settings.len())];
        let mut variables = Vec::new();
        for variable in VARIABLES {
            let text = &addresses[rng.usize(..addresses.len())].text;
            if rng.bool() && !text.contains('\0') {
                variables.push((variable, OsString::from(text)));
            }
        }
        let expected = setting.expected.clone();
        values.push(ProxyValue { variables, setting: Some(setting.text.clone()), expected });
    }
    // A user name and a password of arbitrary characters, percent-encoded.
    for round in 0..40 {
        let mut any = || -> String {
            let alphabet: Vec<char> = "aZ09{}\\ä€😀%@:+/?#[]!$&'()*,;= \"<>^`|~.-_".chars().collect();
            (0..rng.usize(1..16)).map(|_| alphabet[rng.usize(..alphabet.len())]).collect()
        };
        // RFC 7617: a colon ends the user name.
        let (name, password) = (any().replace(':', "."), any());
        let escape = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let userinfo = format!("{}:{}@", escape(&name), escape(&password));
        let (scheme, protocol, port) = SCHEMES[round % SCHEMES.len()];
        let text = format!("{scheme}://{userinfo}127.0.0.1:{}", port(proxies));
        let user = Some(ProxyUser { name, password });
        let expected = Expected::Used(Way { protocol, user });
        let variable = VARIABLES[rng.usize(..VARIABLES.len())];
        values.push(match rng.bool() {
            true => ProxyValue { variables: vec![(variable, text.into())], setting: None, expected },
            false => ProxyValue { variables: Vec::new(), setting: Some(text), expected },
        });
    }
    // Removes duplicates.
    let mut seen = HashSet::new();
    values.retain(|value| seen.insert((value.variables.clone(), value.setting.clone())));
    values.into_iter()
}

type PortOf = fn(Proxies) -> u16;

const SCHEMES: [(&str, Protocol, PortOf); 4] = [
    ("http", Protocol::Http, |proxies| proxies.http),
    ("https", Protocol::Https, |proxies| proxies.http),
    ("socks5", Protocol::Socks5, |proxies| proxies.socks5),
    ("socks5h", Protocol::Socks5, |proxies| proxies.socks5),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Variable,
    Setting,
}

struct Address {
    text: String,
    expected: Expected,
    only_in: Option<Place>,
}

/// Returns the proxy addresses to test in the setting and in a variable.
fn addresses(proxies: Proxies) -> Vec<Address> {
    let mut addresses = Vec::new();
    let used = |protocol, user: Option<(&str, &str)>| {
        let user = user.map(|(name, password)| ProxyUser::new(name, password));
        Expected::Used(Way { protocol, user })
    };
    let mut add = |text: String, expected: Expected| {
        let only_in = text.contains('\0').then_some(Place::Setting);
        addresses.push(Address { text, expected, only_in });
    };
    for (scheme, protocol, port) in SCHEMES {
        let port = port(proxies);
        let upper = scheme.to_ascii_uppercase();
        let mixed = upper[..1].to_owned() + &scheme[1..];
        for host in ["127.0.0.1", PROXY_HOST, "PROXY.example.TEST"] {
            add(format!("{scheme}://{host}:{port}"), used(protocol, None));
        }
        for text in [
            format!("{scheme}://127.0.0.1:{port}/"),
            format!("{upper}://127.0.0.1:{port}"),
            format!("{mixed}://127.0.0.1:{port}/"),
        ] {
            add(text, used(protocol, None));
        }
        for text in [format!(" {scheme}://127.0.0.1:{port}"), format!("\t{scheme}://127.0.0.1:{port} \t")] {
            add(text, used(protocol, None));
        }
        let users = [
            ("svc:hunter22", ("svc", "hunter22")),
            ("svc%40corp:p%40ss%3Aword%2F", ("svc@corp", "p@ss:word/")),
            ("CORP%5Csvc:%7Bcurly%7D", ("CORP\\svc", "{curly}")),
            ("m%C3%BCller:%E2%82%AC5", ("müller", "€5")),
            ("svc:a%25b%2525", ("svc", "a%b%25")),
            ("svc:a+b", ("svc", "a+b")),
            ("svc:a:b:c", ("svc", "a:b:c")),
            ("svc:pa%20ss", ("svc", "pa ss")),
            ("svc:!$&'()*,;=~._-", ("svc", "!$&'()*,;=~._-")),
            ("svc:{curly}", ("svc", "{curly}")),
            ("müller:grün", ("müller", "grün")),
        ];
        for (text, user) in users {
            add(format!("{scheme}://{text}@127.0.0.1:{port}"), used(protocol, Some(user)));
        }
        add(
            format!("{upper}://svc:hunter22@{PROXY_HOST}:{port}/"),
            used(protocol, Some(("svc", "hunter22"))),
        );
        // User information that is not valid in a URL, but that users write.
        for user in [
            "CORP\\svc:pw12345678",
            "svc:pa#ss",
            "svc:pa?ss",
            "svc:pa/ss",
            "svc:12/34",
            "svc:12#34",
            "svc:pa@ss",
            "svc:pa%ss",
            "svc:100%",
            "svc:%zz",
            "svc:pa ss",
            "svc:pa\"ss",
            "svc:a[b]c",
            "svc:%00",
            "svc:a%0d%0aProxy-Evil: 1",
            "svc:%ff%fe",
            "svc:",
            ":hunter22",
            "svc",
            "@",
        ] {
            add(format!("{scheme}://{user}@127.0.0.1:{port}"), Expected::UsedOrRefused);
        }
        // Addresses without a host or port to connect to.
        for address in [
            format!("{scheme}://"),
            format!("{scheme}://:{port}"),
            format!("{scheme}://svc:hunter22@"),
            format!("{scheme}://svc:hunter22@:{port}"),
            format!("{scheme}://127.0.0.1:0"),
            format!("{scheme}://127.0.0.1:65536"),
            format!("{scheme}://127.0.0.1:{port}x"),
            format!("{scheme}://127.0.0.1:-1"),
            format!("{scheme}://127.0.0.1:{port}:{port}"),
            format!("{scheme}://[::1"),
            format!("{scheme}://nowhere.example.test:{port}"),
            format!("{scheme}//127.0.0.1:{port}"),
        ] {
            add(address, Expected::Refused);
        }
        for address in [
            format!("{scheme}:127.0.0.1:{port}"),
            format!("{scheme}:/127.0.0.1:{port}"),
            format!("{scheme}:///127.0.0.1:{port}"),
            format!("{scheme}://127.0.0.1:{port}/path"),
            format!("{scheme}://127.0.0.1:{port}?query"),
            format!("{scheme}://127.0.0.1:{port}#fragment"),
            format!("{scheme}://127.0.0.1:{port}\n"),
            format!("{scheme}://127.0.0.1\n:{port}"),
            format!("{scheme}://127.0.0.1\r\n:{port}"),
            format!("{scheme}://127.0.0.1\0:{port}"),
            format!("{scheme}\0://127.0.0.1:{port}"),
            format!("\"{scheme}://127.0.0.1:{port}\""),
            format!("'{scheme}://127.0.0.1:{port}'"),
            format!("<{scheme}://127.0.0.1:{port}>"),
            format!("{scheme}://127.0.0.1:{port},{scheme}://127.0.0.1:{port}"),
            format!("{scheme}=127.0.0.1:{port}"),
        ] {
            add(address, Expected::UsedOrRefused);
        }
    }
    let http = proxies.http;
    for scheme in ["socks", "ftp", "tcp", "foo", "ws", "wss", "file", "httpss", "http+unix", "ssl"] {
        for userinfo in ["", "svc:hunter22@"] {
            add(format!("{scheme}://{userinfo}127.0.0.1:{http}"), Expected::Refused);
        }
    }
    for scheme in ["socks4", "socks4a"] {
        add(format!("{scheme}://127.0.0.1:{}", proxies.socks5), Expected::UsedOrRefused);
    }
    for text in [
        ":3128",
        "//",
        "://",
        "/",
        "?",
        "#",
        "@",
        "%",
        "direct://",
        "none",
        "http",
        "\u{feff}",
        "65536",
        "PROXY",
    ] {
        add(text.to_owned(), Expected::Refused);
    }
    let text = format!("//127.0.0.1:{http}");
    add(text, Expected::UsedOrRefused);
    // Without a scheme, `http` is the default in a variable; the setting may reject such an address.
    let users =
        [("", None), ("svc:hunter22@", Some(("svc", "hunter22"))), ("a%40b:c%3Ad@", Some(("a@b", "c:d")))];
    for (userinfo, user) in users {
        for host in ["127.0.0.1", PROXY_HOST] {
            let text = format!("{userinfo}{host}:{http}");
            let in_variable = Address {
                text: text.clone(),
                expected: used(Protocol::Http, user),
                only_in: Some(Place::Variable),
            };
            let in_setting =
                Address { text, expected: Expected::UsedOrRefused, only_in: Some(Place::Setting) };
            addresses.extend([in_variable, in_setting]);
        }
    }
    // An empty setting is not an address; an empty variable sets no proxy and is not tested here.
    for text in ["", " ", "\t", "\u{a0}"] {
        let only_in = Some(Place::Setting);
        addresses.push(Address { text: text.to_owned(), expected: Expected::Refused, only_in });
    }
    addresses
}

/// Returns values with several variables.
fn combinations(proxies: Proxies) -> Vec<ProxyValue> {
    let good = format!("http://svc:hunter22@127.0.0.1:{}", proxies.http);
    let other = format!("socks5h://127.0.0.1:{}", proxies.socks5);
    let way = Way { protocol: Protocol::Http, user: Some(ProxyUser::new("svc", "hunter22")) };
    let bad = "ftp://127.0.0.1:21";
    let good_twice = |first, second| vec![(first, good.as_str()), (second, good.as_str())];
    let rows: Vec<(Vec<(&'static str, &str)>, Expected)> = vec![
        (good_twice("HTTPS_PROXY", "https_proxy"), Expected::Used(way.clone())),
        (good_twice("ALL_PROXY", "all_proxy"), Expected::Used(way.clone())),
        (good_twice("HTTPS_PROXY", "ALL_PROXY"), Expected::Used(way.clone())),
        (vec![("HTTPS_PROXY", &good), ("ALL_PROXY", &other)], Expected::Used(way.clone())),
        (vec![("https_proxy", &good), ("all_proxy", &other)], Expected::Used(way.clone())),
        (vec![("HTTPS_PROXY", &good), ("HTTP_PROXY", &other)], Expected::Used(way.clone())),
        (vec![("ALL_PROXY", &good), ("HTTP_PROXY", &other)], Expected::Used(way)),
        // An empty variable may hide the other spelling; a proxy is set in either case.
        (vec![("HTTPS_PROXY", ""), ("https_proxy", &good)], Expected::UsedOrRefused),
        (vec![("https_proxy", ""), ("HTTPS_PROXY", &good)], Expected::UsedOrRefused),
        (vec![("ALL_PROXY", ""), ("all_proxy", &good)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", " "), ("https_proxy", &good)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", ""), ("ALL_PROXY", &good)], Expected::UsedOrRefused),
        // In a CGI program `HTTP_PROXY` may come from a request header; the other variables don't.
        (vec![("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", &good)], Expected::UsedOrRefused),
        (vec![("REQUEST_METHOD", "POST"), ("ALL_PROXY", &good)], Expected::UsedOrRefused),
        (vec![("REQUEST_METHOD", ""), ("https_proxy", &good)], Expected::UsedOrRefused),
        (vec![("REQUEST_METHOD", "GET"), ("all_proxy", bad)], Expected::Refused),
        (vec![("HTTPS_PROXY", bad), ("https_proxy", &good)], Expected::UsedOrRefused),
        (vec![("https_proxy", bad), ("HTTPS_PROXY", &good)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", bad), ("ALL_PROXY", &good)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", &good), ("ALL_PROXY", bad)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", &good), ("HTTP_PROXY", bad)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", &good), ("https_proxy", &other)], Expected::UsedOrRefused),
        (vec![("ALL_PROXY", &other), ("all_proxy", &good)], Expected::UsedOrRefused),
        (vec![("HTTPS_PROXY", bad), ("https_proxy", bad)], Expected::Refused),
        (vec![("ALL_PROXY", bad)], Expected::Refused),
        (vec![("HTTPS_PROXY", ""), ("ALL_PROXY", bad)], Expected::Refused),
    ];
    rows.into_iter()
        .map(|(variables, expected)| ProxyValue {
            variables: variables.into_iter().map(|(name, value)| (name, OsString::from(value))).collect(),
            setting: None,
            expected,
        })
        .collect()
}
