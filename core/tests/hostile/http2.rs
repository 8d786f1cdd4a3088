//! HTTP/2: misbehaviour of single streams, and frames that a server must not send.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use crate::plan::{Composed, Content, Cut, Ending, Kill, Reply, is_bodiless};
use crate::server::{MAX_CONNECTION_TIME, PlannedReply, Request, Wire, World, flood, is_zipped, reset};

fn to_io_error(error: h2::Error) -> io::Error {
    io::Error::other(error)
}

fn parse_request(request: &http::Request<RecvStream>) -> Request {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    Request::new(request.uri().path(), header("x-call"), header("authorization"))
}

/// Serves a connection whose streams misbehave independently of each other.
pub(crate) async fn serve(wire: impl Wire, world: Arc<World>) -> io::Result<()> {
    let mut connection = server::handshake(wire).await.map_err(to_io_error)?;
    while let Some(arrived) = connection.accept().await {
        let (request, respond) = arrived.map_err(to_io_error)?;
        let request = parse_request(&request);
        let Some(planned) = world.arrived(&request, true) else { continue };
        if let Reply::Composed(composed) = planned.reply {
            tokio::spawn(reply(respond, Arc::clone(&world), planned, composed, request.authorization));
        }
    }
    Ok(())
}

async fn reply(
    mut respond: SendResponse<Bytes>,
    world: Arc<World>,
    planned: PlannedReply,
    composed: Composed,
    authorization: String,
) -> Result<(), h2::Error> {
    let reason = [Reason::REFUSED_STREAM, Reason::CANCEL, Reason::INTERNAL_ERROR, Reason::NO_ERROR]
        [(planned.call + planned.attempt) % 4];
    if let Cut::Head(_) = composed.cut {
        match composed.ending {
            Ending::Stall => tokio::time::sleep(MAX_CONNECTION_TIME).await,
            _ => respond.send_reset(reason),
        }
        return Ok(());
    }
    let body = world.body(&planned, &composed, &authorization);
    let mut head = Response::builder().status(composed.status);
    if !(200..300).contains(&composed.status) {
        head = head
            .header("inin-correlation-id", authorization.as_str())
            .header("www-authenticate", authorization.as_str())
            .header("location", "/api/v2/oauth/clients");
    }
    if let Some(wait) = composed.retry_after {
        head = head.header("retry-after", wait);
    }
    if is_zipped(&composed) && !is_bodiless(composed.status) {
        head = head.header("content-encoding", "gzip");
    }
    let endless = composed.content == Content::Endless && !is_bodiless(composed.status);
    let head = head.body(()).expect("a head");
    let mut stream = respond.send_response(head, body.is_empty() && !endless)?;
    if endless {
        let piece = Bytes::from_static(&[b' '; 4096]);
        while send(&mut stream, piece.clone(), false).await.is_ok() {}
        return Ok(());
    }
    if body.is_empty() {
        return Ok(());
    }
    let (sent, whole) = match composed.cut {
        Cut::Body(part) => (((body.len() - 1) as f64 * part) as usize, false),
        Cut::End => (body.len(), false),
        Cut::Never | Cut::Head(_) => (body.len(), true),
    };
    let bytes = Bytes::from(body).slice(..sent);
    let pieces = if composed.drip.is_some() { 8 } else { 2 };
    let size = (bytes.len() / pieces).max(1);
    let mut rest = bytes;
    while !rest.is_empty() {
        let piece = rest.split_to(size.min(rest.len()));
        send(&mut stream, piece, whole && rest.is_empty()).await?;
        if let Some(pause) = composed.drip {
            tokio::time::sleep(pause).await;
        }
    }
    if !whole {
        match composed.ending {
            Ending::Close | Ending::HalfClose => stream.send_data(Bytes::new(), true)?,
            Ending::Reset => stream.send_reset(reason),
            Ending::Stall => tokio::time::sleep(MAX_CONNECTION_TIME).await,
        }
    }
    Ok(())
}

/// Sends within the flow-control window that the client grants.
async fn send(stream: &mut SendStream<Bytes>, mut bytes: Bytes, ends: bool) -> Result<(), h2::Error> {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let granted = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
        let granted = granted.unwrap_or(Err(Reason::CANCEL.into()))?;
        let piece = bytes.split_to(granted.min(bytes.len()));
        stream.send_data(piece, ends && bytes.is_empty())?;
    }
    Ok(())
}

/// Serves a connection with `MAX_CONCURRENT_STREAMS=0`, and acknowledges all other frames.
pub(crate) async fn serve_no_streams(wire: impl Wire) {
    let connection = server::Builder::new().max_concurrent_streams(0).handshake::<_, Bytes>(wire).await;
    if let Ok(mut connection) = connection {
        while let Some(Ok(_)) = connection.accept().await {}
    }
}

/// An instruction for the task that copies bytes between the client and the HTTP/2 server.
enum Order {
    Send(Vec<u8>),
    Flood(Vec<u8>),
    Silence,
    Close,
    Reset,
}

/// Serves a connection through a pipe, so that raw frames can be sent between those of the HTTP/2 server.
pub(crate) async fn serve_and_kill(wire: impl Wire, world: Arc<World>) {
    let (inside, outside) = tokio::io::duplex(64 * 1024);
    let (orders, order) = mpsc::unbounded_channel();
    tokio::join!(
        copy_with_orders(wire, outside, order, world.flood_pause),
        serve_inside(inside, orders, world)
    );
}

async fn serve_inside(inside: DuplexStream, orders: mpsc::UnboundedSender<Order>, world: Arc<World>) {
    let Ok(mut connection) = server::handshake(inside).await else { return };
    let served = Arc::new(Mutex::new(Vec::new()));
    while let Some(Ok((request, respond))) = connection.accept().await {
        let request = parse_request(&request);
        let Some(planned) = world.arrived(&request, true) else { continue };
        served.lock().unwrap().push(planned);
        match planned.reply {
            Reply::Kill(kill) => {
                // The streams are all marked, including those whose response may be complete already.
                world.ended(&served.lock().unwrap());
                self::kill(kill, &orders, respond, &mut connection, &world, planned);
            }
            Reply::Composed(composed) => {
                tokio::spawn(reply(respond, Arc::clone(&world), planned, composed, request.authorization));
            }
            Reply::Raw(_) => {}
        }
        if served.lock().unwrap().iter().any(is_kill) {
            world.ended(&served.lock().unwrap());
        }
    }
}

fn is_kill(planned: &PlannedReply) -> bool {
    matches!(planned.reply, Reply::Kill(_))
}

fn kill(
    kill: Kill,
    orders: &mpsc::UnboundedSender<Order>,
    mut respond: SendResponse<Bytes>,
    connection: &mut Connection<DuplexStream, Bytes>,
    world: &Arc<World>,
    planned: PlannedReply,
) {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    const PUSH_PROMISE: u8 = 5;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    const WINDOW_UPDATE: u8 = 8;
    const CONTINUATION: u8 = 9;
    const END_HEADERS: u8 = 4;
    let stream = respond.stream_id().as_u32();
    // Encodes `:status` in HPACK: the name by its index, the value as a literal.
    let status = |value: &[u8]| [&[8, value.len() as u8], value].concat();
    let order = match kill {
        Kill::Close => Order::Close,
        Kill::Reset => Order::Reset,
        Kill::Silence => Order::Silence,
        Kill::GoAway(reason) => Order::Send(frame(GOAWAY, 0, 0, &[[0; 4], reason.to_be_bytes()].concat())),
        Kill::GoAwayThenServe => {
            connection.graceful_shutdown();
            let whole = Composed {
                status: 200,
                content: Content::Proper,
                framing: crate::plan::Framing::Length,
                gzip: false,
                cut: Cut::Never,
                ending: Ending::Close,
                drip: None,
                interim: false,
                retry_after: None,
                after: crate::plan::After::KeepAlive,
            };
            tokio::spawn(reply(respond, Arc::clone(world), planned, whole, String::new()));
            return;
        }
        Kill::Garbage => Order::Send(b"\xFF\xFF\xFF\xFF\xFF\xFFHTTP/1.1 200 OK\r\n\r\n{}".repeat(4)),
        Kill::DataOnStreamZero => Order::Send(frame(DATA, 0, 0, b"{}")),
        Kill::BadHpack => Order::Send(frame(HEADERS, END_HEADERS, stream, &[0xFF; 24])),
        Kill::HugeFrame => Order::Send([&[0xFF, 0xFF, 0xFF, DATA, 0][..], &stream.to_be_bytes()].concat()),
        Kill::BadSettings => Order::Send(frame(SETTINGS, 0, 0, &[0; 5])),
        Kill::WindowOverflow => Order::Send(frame(WINDOW_UPDATE, 0, 0, &0x7FFF_FFFF_u32.to_be_bytes())),
        Kill::Push => Order::Send(frame(PUSH_PROMISE, END_HEADERS, stream, &[0, 0, 0, 2, 0x88])),
        Kill::EndlessContinuation => {
            let begin = frame(HEADERS, 0, stream, &status(b"200"));
            let _ = orders.send(Order::Send(begin));
            let field = [&[0, 7], &b"x-trace"[..], &[100], &[b'a'; 100]].concat();
            Order::Flood(frame(CONTINUATION, 0, stream, &field))
        }
        Kill::PingFlood => Order::Flood(frame(PING, 0, 0, &[7; 8])),
        Kill::SettingsFlood => Order::Flood(frame(SETTINGS, 0, 0, &[])),
        Kill::EmptyDataFlood => {
            let _ = orders.send(Order::Send(frame(HEADERS, END_HEADERS, stream, &status(b"200"))));
            Order::Flood(frame(DATA, 0, stream, b""))
        }
        Kill::SwitchingProtocols => Order::Send(frame(HEADERS, END_HEADERS, stream, &status(b"101"))),
        Kill::StatusWithoutNumber => Order::Send(frame(HEADERS, END_HEADERS, stream, &status(b"fine"))),
        Kill::ManyInterim => Order::Flood(frame(HEADERS, END_HEADERS, stream, &status(b"103"))),
    };
    let _ = orders.send(order);
    // The stream remains open without a response.
    tokio::spawn(async move {
        let _ = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
    });
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

async fn copy_with_orders(
    wire: impl Wire,
    pipe: DuplexStream,
    mut orders: mpsc::UnboundedReceiver<Order>,
    flood_pause: Duration,
) {
    let mut wire = wire;
    let mut pipe = pipe;
    let (mut from_client, mut from_server) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            read = wire.read(&mut from_client) => match read {
                Ok(read @ 1..) if pipe.write_all(&from_client[..read]).await.is_ok() => {}
                _ => return,
            },
            read = pipe.read(&mut from_server) => match read {
                Ok(read @ 1..) => {
                    if wire.write_all(&from_server[..read]).await.is_err() || wire.flush().await.is_err() {
                        return;
                    }
                }
                _ => {
                    let _ = wire.shutdown().await;
                    return;
                }
            },
            order = orders.recv() => match order {
                Some(Order::Send(bytes)) => {
                    if wire.write_all(&bytes).await.is_err() || wire.flush().await.is_err() {
                        return;
                    }
                }
                Some(Order::Flood(bytes)) => return flood(&mut wire, &bytes, flood_pause).await,
                Some(Order::Silence) => {
                    tokio::time::sleep(MAX_CONNECTION_TIME).await;
                    return;
                }
                Some(Order::Reset) => return reset(wire),
                Some(Order::Close) | None => return,
            },
        }
    }
}
