//! Reads the body of a response, decompresses it and enforces its size limit.

use std::error::Error as StdError;
use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};
use reqwest::Response;
use tokio::task::yield_now;

use super::failure::Cause;
use super::redaction::Cleared;
use crate::models::Unreadable;

/// The maximum size of an error body, in bytes; the service's own error bodies are far smaller.
pub(super) const MAX_ERROR_BODY_BYTES: usize = 1024 * 1024;
/// The maximum capacity that is reserved because of a `Content-Length` header alone, in bytes.
const MAX_RESERVED: usize = 16 * 1024 * 1024;
/// The number of compressed bytes that are decompressed at a time. They expand to at most a thousand times as many,
/// which takes about a millisecond.
const COMPRESSED_PIECE: usize = 1024;
/// The number of decompressed bytes after which the task yields to other tasks and their timers.
const YIELD_INTERVAL: usize = 256 * 1024;

/// The content coding of a body.
enum Coding {
    Identity,
    Gzip,
}

/// Reads a body to its end and decompresses it.
pub(super) async fn read(
    response: Response,
    headers: &HeaderMap,
    max_bytes: usize,
) -> Result<Cleared, Cause> {
    let status = response.status();
    let limit = if status.is_success() { max_bytes } else { max_bytes.min(MAX_ERROR_BODY_BYTES) };
    match coding(headers)? {
        Coding::Identity => read_identity(response, limit, max_bytes).await,
        Coding::Gzip => read_gzip(response, limit, max_bytes).await,
    }
}

/// Returns the content coding that the headers name, ignoring case. A coding other than identity and gzip is an error.
fn coding(headers: &HeaderMap) -> Result<Coding, Cause> {
    let mut coding = Coding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(|name| name.trim_ascii()) {
            coding = match (coding, name.to_ascii_lowercase().as_slice()) {
                (coding, b"" | b"identity") => coding,
                (Coding::Identity, b"gzip" | b"x-gzip") => Coding::Gzip,
                _ => return Err(Cause::DamagedBody("its content coding is not gzip".into())),
            };
        }
    }
    Ok(coding)
}

async fn read_identity(mut response: Response, limit: usize, max_bytes: usize) -> Result<Cleared, Cause> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(max_bytes));
    }
    let mut body = Cleared::with_capacity(announced.unwrap_or_default().min(MAX_RESERVED));
    let mut next_yield = YIELD_INTERVAL;
    while let Some(piece) = response.chunk().await.map_err(broken_body)? {
        if body.len() + piece.len() > limit {
            return Err(too_large(max_bytes));
        }
        body.append(&piece);
        if body.len() >= next_yield {
            next_yield = body.len() + YIELD_INTERVAL;
            yield_now().await;
        }
    }
    Ok(body)
}

async fn read_gzip(mut response: Response, limit: usize, max_bytes: usize) -> Result<Cleared, Cause> {
    let mut decoder = MultiGzDecoder::new(Bounded { body: Cleared::default(), limit, is_exceeded: false });
    let mut next_yield = YIELD_INTERVAL;
    let mut is_empty = true;
    while let Some(piece) = response.chunk().await.map_err(broken_body)? {
        for piece in piece.chunks(COMPRESSED_PIECE) {
            is_empty = false;
            let written = decoder.write_all(piece);
            if decoder.get_ref().is_exceeded {
                return Err(too_large(max_bytes));
            }
            written.map_err(|error| Cause::DamagedBody(error.into()))?;
            if decoder.get_ref().body.len() >= next_yield {
                next_yield = decoder.get_ref().body.len() + YIELD_INTERVAL;
                yield_now().await;
            }
        }
    }
    // A body of zero bytes is empty, although it is not a valid gzip stream.
    if is_empty {
        return Ok(Cleared::default());
    }
    let finished = decoder.try_finish();
    if decoder.get_ref().is_exceeded {
        return Err(too_large(max_bytes));
    }
    finished.map_err(|error| Cause::DamagedBody(error.into()))?;
    Ok(std::mem::take(&mut decoder.get_mut().body))
}

fn too_large(limit: usize) -> Cause {
    Cause::Unreadable(Unreadable::TooLarge { limit })
}

fn broken_body(error: reqwest::Error) -> Cause {
    let error: Box<dyn StdError + Send + Sync> = error.without_url().into();
    Cause::DamagedBody(error)
}

/// A writer that collects decompressed bytes up to a limit.
struct Bounded {
    body: Cleared,
    limit: usize,
    is_exceeded: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.body.len() + bytes.len() > self.limit {
            self.is_exceeded = true;
            return Err(io::Error::other("the limit is exceeded"));
        }
        self.body.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
