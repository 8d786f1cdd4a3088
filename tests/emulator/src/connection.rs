//! Connections that can be reset or closed at any time, and the loop that accepts them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::record::Record;
use crate::service::{self, Service};

/// The way in which the emulator itself ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// An orderly shutdown (FIN).
    Close,
    /// An immediate reset (RST).
    Reset,
}

#[derive(Debug, Default)]
struct State {
    serving: usize,
    ending: Option<Ending>,
    closes_after_flush: bool,
    controlled: bool,
    served: bool,
}

/// The handle of a connection, shared by its socket and its requests.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    state: Mutex<State>,
    ended: Notify,
}

impl Connection {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a request as being served. Returns `None` if the connection has been closed in the meantime.
    pub(crate) fn begin(self: &Arc<Self>, control: bool) -> Option<Serving> {
        let mut state = self.state();
        if state.ending.is_some() {
            return None;
        }
        state.serving += 1;
        state.controlled |= control;
        state.served |= !control;
        Some(Serving(Arc::clone(self)))
    }

    pub(crate) fn reset(&self) {
        self.end(Ending::Reset);
    }

    /// Closes the connection as soon as everything written so far has been flushed.
    pub(crate) fn close_after_flush(&self) {
        self.state().closes_after_flush = true;
    }

    /// Returns whether only control requests have arrived over this connection so far.
    fn only_controls(&self) -> bool {
        let state = self.state();
        state.controlled && !state.served
    }

    fn close_if_idle(&self) {
        let idle = self.state().serving == 0;
        if idle {
            self.end(Ending::Close);
        }
    }

    fn end(&self, ending: Ending) {
        self.state().ending = Some(ending);
        self.ended.notify_one();
    }

    async fn ended(&self) {
        while self.state().ending.is_none() {
            self.ended.notified().await;
        }
    }
}

/// A request being served, which keeps its connection from counting as idle until it is dropped.
#[derive(Debug)]
pub(crate) struct Serving(Arc<Connection>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.state().serving -= 1;
    }
}

/// The open connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of open connections, without those over which only control requests have arrived.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().filter(|connection| !connection.only_controls()).count()
    }

    pub(crate) fn close_idle(&self) {
        for connection in self.lock().values() {
            connection.close_if_idle();
        }
    }
}

/// Removes the connection from the list when its task ends or is cancelled.
struct ListedConnection {
    service: Arc<Service>,
    record: Record,
    id: u64,
}

impl Drop for ListedConnection {
    fn drop(&mut self) {
        self.service.connections.lock().remove(&self.id);
        self.record.notify();
    }
}

/// Accepts connections until the future is dropped, which ends all of them.
pub(crate) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    let mut last_id = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error here concerns one client that disconnected early; the others must still be served.
                let Ok((stream, _)) = accepted else { continue };
                last_id += 1;
                connections.spawn(serve(stream, last_id, tls.clone(), Arc::clone(&service)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, id: u64, tls: Option<TlsAcceptor>, service: Arc<Service>) {
    // Small responses must not wait for an acknowledgement. Without the option they are only delayed.
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(Connection { id, state: Mutex::default(), ended: Notify::new() });
    service.connections.lock().insert(id, Arc::clone(&connection));
    let _listed = ListedConnection { record: service.record.clone(), service: Arc::clone(&service), id };
    let socket = Socket { stream, connection: Arc::clone(&connection) };
    let serving = async {
        match tls {
            None => serve_http(socket, &connection, service).await,
            Some(tls) => {
                // A failed handshake, for example with a client that rejects the certificate, ends the connection.
                if let Ok(stream) = tls.accept(socket).await {
                    serve_http(stream, &connection, service).await;
                }
            }
        }
    };
    tokio::select! {
        // The end of the connection is checked first, so that a closed connection executes no further request.
        biased;
        () = connection.ended() => {}
        () = serving => {}
    }
}

async fn serve_http<I>(io: I, connection: &Arc<Connection>, service: Arc<Service>)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let respond = service_fn(|request| {
        let (service, connection) = (Arc::clone(&service), Arc::clone(connection));
        async move { Ok::<_, Infallible>(service::respond(service, connection, request).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    // An error here means that the client disconnected, or that a fault was injected.
    let _ = builder.serve_connection(TokioIo::new(io), respond).await;
}

/// The TCP stream below TLS and HTTP, which is closed or reset through the connection's handle.
struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.connection.state().ending == Some(Ending::Reset) {
            // Closing without lingering sends RST. If the option can't be set, the client receives FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.connection.state().closes_after_flush {
            self.connection.end(Ending::Close);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
