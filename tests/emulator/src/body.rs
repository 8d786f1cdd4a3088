//! The body of a response as it is sent: whole, truncated, in small pieces or with a wrong length.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::connection::{Connection, Serving};
use crate::record::OpenRequest;

/// The fate of the connection once the last byte of the body has been handed to hyper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    KeepOpen,
    /// The body is complete.
    Close,
    /// The body is shorter than announced.
    Break,
}

/// The way in which a body is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    /// The value of `Content-Length`, if it differs from the length of the body.
    pub(crate) announced: Option<u64>,
    pub(crate) drip: Option<(usize, Duration)>,
    pub(crate) finish: Finish,
}

impl Delivery {
    pub(crate) const WHOLE: Self = Self { announced: None, drip: None, finish: Finish::KeepOpen };
}

/// The body of a response. Its request counts as open until the last byte has been handed to hyper.
pub(crate) struct ResponseBody {
    pieces: VecDeque<Bytes>,
    true_length: bool,
    every: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    finish: Finish,
    connection: Arc<Connection>,
    open: Option<(Option<OpenRequest>, Serving)>,
}

impl ResponseBody {
    pub(crate) fn new(
        bytes: Vec<u8>,
        delivery: Delivery,
        connection: Arc<Connection>,
        open: (Option<OpenRequest>, Serving),
    ) -> Self {
        let bytes = Bytes::from(bytes);
        let (pieces, every) = match delivery.drip {
            Some((size, every)) => (split(&bytes, size.max(1)), Some(every)),
            None if bytes.is_empty() => (VecDeque::new(), None),
            None => (VecDeque::from([bytes]), None),
        };
        let mut body = Self {
            pieces,
            true_length: delivery.announced.is_none(),
            every,
            pause: None,
            finish: delivery.finish,
            connection,
            open: Some(open),
        };
        if body.pieces.is_empty() {
            body.finish_sending();
        }
        body
    }

    fn finish_sending(&mut self) {
        if self.finish == Finish::Close {
            self.connection.close_after_flush();
        }
        if self.finish != Finish::Break {
            self.open = None;
        }
    }
}

fn split(bytes: &Bytes, size: usize) -> VecDeque<Bytes> {
    (0..bytes.len()).step_by(size).map(|start| bytes.slice(start..bytes.len().min(start + size))).collect()
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let Some(piece) = self.pieces.pop_front() else {
            if self.finish == Finish::Break {
                // The bytes handed over are flushed first. Then the connection closes, so the body stays pending.
                self.connection.close_after_flush();
                return Poll::Pending;
            }
            return Poll::Ready(None);
        };
        if self.pieces.is_empty() {
            self.finish_sending();
        } else if let Some(every) = self.every {
            self.pause = Some(Box::pin(tokio::time::sleep(every)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.finish != Finish::Break
    }

    fn size_hint(&self) -> SizeHint {
        if self.true_length {
            let length: usize = self.pieces.iter().map(Bytes::len).sum();
            SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
        } else {
            SizeHint::default()
        }
    }
}
