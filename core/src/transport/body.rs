//! The body of a response, unpacked and held against its limit.

use std::error::Error as StdError;
use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};
use reqwest::Response;
use tokio::task::yield_now;

use super::cleared::Cleared;
use super::failure::Cause;
use crate::models::Unreadable;

/// The largest body of a refusal: no error of the service comes near it.
pub(super) const LARGEST_REFUSAL: usize = 1024 * 1024;
/// The most memory that is reserved on the mere word of a header.
const TRUSTED_LENGTH: usize = 16 * 1024 * 1024;
/// The packed bytes that are unpacked at a time. They become a thousand times as many at most, which takes about a
/// millisecond.
const PACKED_PIECE: usize = 1024;
/// The unpacked bytes after which other tasks get their turn, timers included.
const TURN: usize = 256 * 1024;

/// How a body is packed for transport.
enum Coding {
    Identity,
    Gzip,
}

/// Reads a body to its end.
pub(super) async fn read(
    response: Response,
    headers: &HeaderMap,
    max_bytes: usize,
) -> Result<Cleared, Cause> {
    let status = response.status();
    let limit = if status.is_success() { max_bytes } else { max_bytes.min(LARGEST_REFUSAL) };
    match coding(headers)? {
        Coding::Identity => read_plain(response, limit, max_bytes).await,
        Coding::Gzip => read_packed(response, limit, max_bytes).await,
    }
}

/// Returns the coding that the headers name, in any case of letters. What is in another one can't be read.
fn coding(headers: &HeaderMap) -> Result<Coding, Cause> {
    let mut coding = Coding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(|name| name.trim_ascii()) {
            coding = match (coding, name.to_ascii_lowercase().as_slice()) {
                (coding, b"" | b"identity") => coding,
                (Coding::Identity, b"gzip" | b"x-gzip") => Coding::Gzip,
                _ => return Err(Cause::HalfAnswer("its content coding is not gzip".into())),
            };
        }
    }
    Ok(coding)
}

async fn read_plain(mut response: Response, limit: usize, max_bytes: usize) -> Result<Cleared, Cause> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(max_bytes));
    }
    let mut body = Cleared::with_capacity(announced.unwrap_or_default().min(TRUSTED_LENGTH));
    let mut turn = TURN;
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        if body.len() + piece.len() > limit {
            return Err(too_large(max_bytes));
        }
        body.append(&piece);
        if body.len() >= turn {
            turn = body.len() + TURN;
            yield_now().await;
        }
    }
    Ok(body)
}

async fn read_packed(mut response: Response, limit: usize, max_bytes: usize) -> Result<Cleared, Cause> {
    let mut unpacking = MultiGzDecoder::new(Bounded { body: Cleared::default(), limit, is_exceeded: false });
    let mut turn = TURN;
    let mut is_empty = true;
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        for piece in piece.chunks(PACKED_PIECE) {
            is_empty = false;
            let written = unpacking.write_all(piece);
            if unpacking.get_ref().is_exceeded {
                return Err(too_large(max_bytes));
            }
            written.map_err(|error| Cause::HalfAnswer(error.into()))?;
            if unpacking.get_ref().body.len() >= turn {
                turn = unpacking.get_ref().body.len() + TURN;
                yield_now().await;
            }
        }
    }
    // No body at all is an empty one, however it says that it is packed.
    if is_empty {
        return Ok(Cleared::default());
    }
    let finished = unpacking.try_finish();
    if unpacking.get_ref().is_exceeded {
        return Err(too_large(max_bytes));
    }
    finished.map_err(|error| Cause::HalfAnswer(error.into()))?;
    Ok(std::mem::take(&mut unpacking.get_mut().body))
}

fn too_large(limit: usize) -> Cause {
    Cause::Unreadable(Unreadable::TooLarge { limit })
}

fn broken(error: reqwest::Error) -> Cause {
    let error: Box<dyn StdError + Send + Sync> = error.without_url().into();
    Cause::HalfAnswer(error)
}

/// Takes what is unpacked, up to a limit.
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
