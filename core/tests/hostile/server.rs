//! The servers: they read valid requests, count them by call, and reply according to the plan.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::CAP;
use crate::http2;
use crate::plan::{
    Action, After, Broken, Composed, Content, Cut, Effect, Ending, Framing, Plan, Reply, Route, is_bodiless,
};
use crate::raw::{RawReply, Then};
use crate::tls::Certificates;

/// The maximum duration of a connection, longer than any call.
pub(crate) const MAX_CONNECTION_TIME: Duration = Duration::from_secs(30);
/// The pause after each page of a flood of small messages. Without it, an unoptimized build of the test would mainly
/// measure the time for reading them.
const FLOOD_PAUSE: Duration = Duration::from_millis(5);
const PAGE: usize = 4096;
/// The secret in all successful responses, which must not occur in an error.
pub(crate) const NEW_SECRET: &str = "nW7cR2kY9sVf4tQx8bLm3ZpJ6hDa1eGu";

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) reply: Reply,
    pub(crate) effect: Effect,
    /// True if its connection was ended because of another request.
    pub(crate) collateral: bool,
}

/// The requests received for one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) sign_ins: Vec<Arrival>,
    pub(crate) arrivals: Vec<Arrival>,
}

/// The state that all servers share.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) records: Vec<Mutex<Record>>,
    /// The pause between the pages of a flood.
    pub(crate) flood_pause: Duration,
    bomb: Vec<u8>,
    huge: Vec<u8>,
}

impl World {
    pub(crate) fn new(plan: Plan, calls: usize) -> Self {
        let huge = [br#"{"entities":[],"message":""#, "a".repeat(2 * CAP).as_bytes(), br#""}"#].concat();
        let zeros = vec![b' '; 16 * CAP];
        let flood_pause = if plan.flood.is_some() { Duration::ZERO } else { FLOOD_PAUSE };
        let records = (0..calls).map(|_| Mutex::default()).collect();
        World { plan, records, flood_pause, bomb: gzip(&zeros), huge }
    }

    /// Counts a request, and returns the planned reply.
    pub(crate) fn arrived(&self, request: &Request, is_http2: bool) -> Option<PlannedReply> {
        let call = request.call?;
        let plan = self.plan.call(call);
        let action = if request.is_sign_in { Action::SignIn } else { plan.action };
        let mut record = self.records.get(call)?.lock().unwrap();
        let arrivals = if request.is_sign_in { &mut record.sign_ins } else { &mut record.arrivals };
        let attempt = arrivals.len();
        let reply = if request.is_sign_in {
            self.plan.sign_in_reply(call, attempt)
        } else {
            self.plan.reply(call, attempt)
        };
        let effect = reply.effect(action, is_http2);
        arrivals.push(Arrival { reply, effect, collateral: false });
        Some(PlannedReply { call, attempt, action, reply })
    }

    /// Records that the connection of these requests was ended.
    pub(crate) fn ended(&self, requests: &[PlannedReply]) {
        for request in requests {
            self.records[request.call].lock().unwrap().arrivals[request.attempt].collateral = true;
        }
    }

    /// Returns the body of a composed reply.
    pub(crate) fn body(&self, planned: &PlannedReply, composed: &Composed, authorization: &str) -> Vec<u8> {
        if is_bodiless(composed.status) {
            return Vec::new();
        }
        let success = (200..300).contains(&composed.status);
        let whole = match composed.content {
            Content::Bomb => return self.bomb.clone(),
            Content::Huge => self.huge.clone(),
            Content::Endless | Content::Empty => return Vec::new(),
            _ if success => success_body(planned),
            Content::Escaped => error_body(&escape_json(authorization), composed.status),
            _ => error_body(authorization, composed.status),
        };
        let whole = match composed.content {
            Content::Html => format!("<html><body>Not now. {authorization}</body></html>").into_bytes(),
            Content::Half => whole[..whole.len() / 2].to_vec(),
            Content::List => [b"[", &whole[..], b"]"].concat(),
            _ => whole,
        };
        if is_zipped(composed) && composed.content != Content::NotGzip { gzip(&whole) } else { whole }
    }
}

/// Returns whether a reply declares its body as gzip.
pub(crate) fn is_zipped(composed: &Composed) -> bool {
    let anyway = matches!(composed.content, Content::Bomb | Content::NotGzip);
    (composed.gzip || anyway) && !matches!(composed.content, Content::Endless | Content::Empty)
}

/// A counted request, with the planned reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedReply {
    pub(crate) call: usize,
    pub(crate) attempt: usize,
    pub(crate) action: Action,
    pub(crate) reply: Reply,
}

/// The part of a request that determines its call and its reply.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) call: Option<usize>,
    pub(crate) is_sign_in: bool,
    /// The value of `Authorization`, which errors repeat.
    pub(crate) authorization: String,
}

impl Request {
    /// Creates a request. `call` is the header with the number of the call; a sign-in has none, but its client id
    /// contains the number.
    pub(crate) fn new(path: &str, call: Option<&str>, authorization: Option<&str>) -> Self {
        let authorization = authorization.unwrap_or_default();
        let basic = authorization.strip_prefix("Basic ").and_then(|basic| BASE64_STANDARD.decode(basic).ok());
        let basic = basic.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let client = basic.as_deref().and_then(|basic| basic.split(':').next());
        let number = call.or_else(|| client?.strip_prefix("client-"));
        Request {
            call: number.and_then(|number| number.parse().ok()),
            is_sign_in: path == "/oauth/token",
            // The decoded value is included, so that the bare secret occurs in the response, too.
            authorization: format!("{authorization} {}", basic.as_deref().unwrap_or_default()),
        }
    }
}

/// Returns the name by which a caller recognizes the response to its own request.
pub(crate) fn marker(call: usize, attempt: usize) -> String {
    format!("call {call}, attempt {attempt}")
}

fn success_body(planned: &PlannedReply) -> Vec<u8> {
    let name = marker(planned.call, planned.attempt);
    let client = format!(
        r#"{{"id":"6f1c4a52-0d7e-4b9e-8c35-2f7a9d0e1b46","name":"{name}","authorizedGrantType":"CLIENT-CREDENTIALS","secret":"{NEW_SECRET}","state":"active"}}"#
    );
    match planned.action {
        Action::List => {
            format!(r#"{{"entities":[{client}],"pageCount":1,"pageNumber":1,"pageSize":25,"total":1}}"#)
        }
        Action::Replace | Action::Rotate | Action::Create => client,
        Action::Query => format!(r#"{{"executionId":"{name}","resultsUri":"/api/v2/usage"}}"#),
        Action::Delete => "{}".to_owned(),
        Action::SignIn => {
            format!(
                r#"{{"access_token":"{}","token_type":"bearer","expires_in":86399}}"#,
                token(planned.call)
            )
        }
    }
    .into_bytes()
}

/// Returns the token that a sign-in before a call obtains.
pub(crate) fn token(call: usize) -> String {
    format!("tK8{call:07}vXq2WmZ5rYb7LpN4")
}

/// Builds an error in a format that is valid for both hosts.
fn error_body(value: &str, status: u16) -> Vec<u8> {
    format!(
        r#"{{"message":"Refused {value}","code":"not.now","status":{status},"messageWithParams":"{{what}} {value}","messageParams":{{"what":"{value}","{value}":"x"}},"contextId":"{value}","details":[{{"errorCode":"{value}","fieldName":"{value}"}}],"errors":[{{"message":"{value}"}}],"error":"invalid_client","error_description":"Refused {value}"}}"#
    )
    .into_bytes()
}

/// Writes a string with JSON escapes for all characters.
fn escape_json(value: &str) -> String {
    value.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A connection that can be reset.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Resets a connection (RST).
pub(crate) fn reset(wire: impl Wire) {
    let _ = wire.tcp().set_zero_linger();
}

/// Keeps a connection open without sending anything until the client closes it.
async fn stall(mut wire: impl Wire) {
    let mut bytes = [0; 1024];
    let _ = tokio::time::timeout(MAX_CONNECTION_TIME, async {
        while matches!(wire.read(&mut bytes).await, Ok(1..)) {}
    })
    .await;
}

/// Sends the same bytes repeatedly until the client closes the connection.
pub(crate) async fn flood(wire: &mut (impl AsyncWrite + Unpin), bytes: &[u8], flood_pause: Duration) {
    let page = bytes.repeat(if flood_pause.is_zero() { 64 * PAGE } else { PAGE } / bytes.len() + 1);
    let _ = tokio::time::timeout(MAX_CONNECTION_TIME, async {
        while wire.write_all(&page).await.is_ok() && wire.flush().await.is_ok() {
            if !flood_pause.is_zero() {
                tokio::time::sleep(flood_pause).await;
            }
        }
    })
    .await;
}

/// Starts the server of a route, and returns its address.
pub(crate) async fn start(route: Route, world: Arc<World>, certificates: Arc<Certificates>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    if route == Route::Broken(Broken::Refused) {
        return address;
    }
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let _ = tcp.set_nodelay(true);
            let (world, certificates) = (Arc::clone(&world), Arc::clone(&certificates));
            tokio::spawn(async move {
                // An error means that the client closed the connection.
                let _: io::Result<()> = serve(tcp, route, world, &certificates).await;
            });
        }
    });
    address
}

async fn serve(
    tcp: TcpStream,
    route: Route,
    world: Arc<World>,
    certificates: &Certificates,
) -> io::Result<()> {
    let handshake = async |acceptor: &TlsAcceptor, tcp| acceptor.accept(tcp).await;
    match route {
        Route::Plain | Route::SignIn => serve_http1(tcp, &world).await,
        Route::Tls => serve_http1(handshake(&certificates.http1, tcp).await?, &world).await,
        Route::Streams => http2::serve(handshake(&certificates.http2, tcp).await?, world).await,
        Route::Connections => {
            http2::serve_and_kill(handshake(&certificates.http2, tcp).await?, world).await;
            Ok(())
        }
        Route::Broken(broken) => serve_broken(tcp, broken, world, certificates).await,
    }
}

async fn serve_broken(
    mut tcp: TcpStream,
    broken: Broken,
    world: Arc<World>,
    certificates: &Certificates,
) -> io::Result<()> {
    const GARBAGE: &[u8] = b"\x16\x03\xFF\xFF\xFF\x02220 mail.example.test ESMTP\r\n\x00\x01\x02";
    match broken {
        Broken::Refused | Broken::Closes | Broken::TlsCloses => {}
        Broken::Resets => reset(tcp),
        Broken::NeverReads => tokio::time::sleep(MAX_CONNECTION_TIME).await,
        Broken::Garbage | Broken::TlsGarbage => {
            tcp.write_all(GARBAGE).await?;
            stall(tcp).await;
        }
        Broken::Flood => flood(&mut tcp, GARBAGE, world.flood_pause).await,
        Broken::TlsStalls => stall(tcp).await,
        Broken::UnknownRoot => stall(certificates.unknown_root.accept(tcp).await?).await,
        Broken::WrongName => stall(certificates.wrong_name.accept(tcp).await?).await,
        Broken::TlsThenCloses => drop(certificates.http1.accept(tcp).await?),
        Broken::TlsNeverReads => {
            let _wire = certificates.http1.accept(tcp).await?;
            tokio::time::sleep(MAX_CONNECTION_TIME).await;
        }
        Broken::OtherProtocol => serve_http1(certificates.http2.accept(tcp).await?, &world).await?,
        Broken::NoSettings => stall(certificates.http2.accept(tcp).await?).await,
        Broken::NoStreams => http2::serve_no_streams(certificates.http2.accept(tcp).await?).await,
    }
    Ok(())
}

/// Reads a request with its body. Fails if the connection ends before a complete request.
async fn read_request(wire: &mut impl Wire) -> io::Result<Request> {
    const LONGEST: usize = 64 * 1024;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST {
            return Err(io::Error::other("the head of the request is too long"));
        }
        head.push(wire.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let header = |wanted: &str| {
        head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length.min(LONGEST)];
    let path = head.split(' ').nth(1).unwrap_or_default();
    let request = Request::new(path, header("x-call"), header("authorization"));
    wire.read_exact(&mut body).await?;
    Ok(request)
}

async fn serve_http1(wire: impl Wire, world: &World) -> io::Result<()> {
    let mut wire = wire;
    loop {
        let request = read_request(&mut wire).await?;
        let Some(planned) = world.arrived(&request, false) else { return Ok(()) };
        match planned.reply {
            Reply::Raw(raw) => return reply_raw(wire, &raw, world.flood_pause).await,
            Reply::Composed(composed) => {
                let authorization = &request.authorization;
                match reply_composed(wire, world, &planned, &composed, authorization).await? {
                    Some(open) => wire = open,
                    None => return Ok(()),
                }
            }
            // The plan contains no `Kill` for HTTP/1.1.
            Reply::Kill(_) => return Ok(()),
        }
    }
}

async fn reply_raw(mut wire: impl Wire, raw: &RawReply, flood_pause: Duration) -> io::Result<()> {
    wire.write_all(raw.bytes).await?;
    wire.flush().await?;
    if !raw.flood.is_empty() {
        flood(&mut wire, raw.flood, flood_pause).await;
        return Ok(());
    }
    match raw.then {
        Then::Close => wire.shutdown().await,
        Then::Stall => {
            stall(wire).await;
            Ok(())
        }
    }
}

/// Sends a composed reply. Returns the connection if it stays open.
async fn reply_composed<W: Wire>(
    mut wire: W,
    world: &World,
    planned: &PlannedReply,
    composed: &Composed,
    authorization: &str,
) -> io::Result<Option<W>> {
    let body = world.body(planned, composed, authorization);
    let status = composed.status;
    let framing = match composed.content {
        Content::Endless => Framing::Chunked,
        _ => composed.framing,
    };
    let mut head = String::new();
    if composed.interim {
        head.push_str("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    }
    head.push_str(&format!("HTTP/1.1 {status} Because {authorization}\r\n"));
    if !(200..300).contains(&status) {
        head.push_str(&format!("ININ-Correlation-Id: {authorization}\r\n"));
        head.push_str(&format!("WWW-Authenticate: {authorization}\r\n"));
        head.push_str("Location: /api/v2/oauth/clients?access_token=");
        head.push_str(&authorization.replace(' ', "%20"));
        head.push_str("\r\n");
    }
    if let Some(wait) = composed.retry_after {
        head.push_str(&format!("Retry-After: {wait}\r\n"));
    }
    if is_zipped(composed) && !is_bodiless(status) {
        head.push_str("Content-Encoding: gzip\r\n");
    }
    let mut framed = Vec::new();
    let mut closes = false;
    if is_bodiless(status) {
        if status == 205 {
            head.push_str("Content-Length: 0\r\n");
        }
    } else {
        match framing {
            Framing::Length => {
                head.push_str(&format!("Content-Length: {}\r\n", body.len()));
                framed = body;
            }
            Framing::Chunked => {
                head.push_str("Transfer-Encoding: chunked\r\n");
                let piece = (body.len() / 3).max(1);
                for chunk in body.chunks(piece) {
                    framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    framed.extend_from_slice(chunk);
                    framed.extend_from_slice(b"\r\n");
                }
                if composed.content != Content::Endless {
                    framed.extend_from_slice(b"0\r\n\r\n");
                }
            }
            Framing::UntilClose => {
                closes = true;
                framed = body;
            }
        }
    }
    head.push_str("\r\n");
    let part = |bytes: &[u8], part: f64| ((bytes.len() - 1) as f64 * part) as usize;
    let mut bytes = head.into_bytes();
    let whole = match composed.cut {
        Cut::Head(after) => {
            bytes.truncate(part(&bytes, after));
            false
        }
        Cut::Body(after) if !framed.is_empty() => {
            bytes.extend_from_slice(&framed[..part(&framed, after)]);
            false
        }
        Cut::End if !framed.is_empty() => {
            let end = if framing == Framing::Chunked { b"0\r\n\r\n".len() } else { 1 };
            bytes.extend_from_slice(&framed[..framed.len() - end]);
            false
        }
        _ => {
            bytes.extend_from_slice(&framed);
            true
        }
    };
    let is_endless = composed.content == Content::Endless && !is_bodiless(status);
    let stays_open = whole && status >= 200 && !closes && !is_endless;
    if stays_open && composed.after == After::Surplus {
        bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
    match composed.drip {
        Some(pause) => {
            for piece in bytes.chunks((bytes.len() / 12).max(1)) {
                wire.write_all(piece).await?;
                wire.flush().await?;
                tokio::time::sleep(pause).await;
            }
        }
        None => {
            wire.write_all(&bytes).await?;
            wire.flush().await?;
        }
    }
    if is_endless {
        let chunk = [b"1000\r\n", " ".repeat(4096).as_bytes(), b"\r\n"].concat();
        flood(&mut wire, &chunk, Duration::ZERO).await;
        return Ok(None);
    }
    // After an interim response, the final one is still missing, so the connection counts as cut.
    if stays_open {
        match composed.after {
            After::KeepAlive => return Ok(Some(wire)),
            After::Close(after) => tokio::time::sleep(Duration::from_millis(after)).await,
            After::Garbage => {
                wire.write_all(b"\0\x01\xFFnobody asked\r\n\r\n").await?;
                wire.flush().await?;
                stall(wire).await;
                return Ok(None);
            }
            After::Surplus => {
                stall(wire).await;
                return Ok(None);
            }
        }
        wire.shutdown().await?;
        return Ok(None);
    }
    match composed.ending {
        _ if whole && closes => wire.shutdown().await?,
        Ending::Close => wire.shutdown().await?,
        Ending::HalfClose => {
            wire.shutdown().await?;
            stall(wire).await;
        }
        Ending::Reset => reset(wire),
        Ending::Stall => stall(wire).await,
    }
    Ok(None)
}
