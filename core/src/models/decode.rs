//! Reads a model from the body of a response.
//!
//! The decision here is about the body as a whole: whether it is JSON, complete, and the expected model rather than a
//! web page, an error, or another object. A status of 2xx alone says little, since proxies and login pages respond with
//! it. An unreadable body is a failure of the attempt like a lost response, because the operation may have been
//! executed.

use std::borrow::Cow;
use std::fmt;
use std::str;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::mend::{MAX_GROWTH, mend, read_mended};
use super::model::Model;
use super::readable::{Lack, Reading};
use super::{ErrorBody, memory};

/// The reason why a body is not the result of the operation. It never holds a piece of the body, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the response is empty, expected {expected}")]
    Empty { expected: &'static str },
    #[error("the response is {found}, expected {expected}")]
    OtherShape { found: &'static str, expected: &'static str },
    #[error("the response is a JSON object without any field of {expected}")]
    OtherObject { expected: &'static str },
    #[error("the response is {} {expected} without its {part}", article(expected))]
    Incomplete { part: &'static str, expected: &'static str },
    #[error("the response is {} {expected} whose {place} {fault}", article(expected))]
    Malformed { place: String, fault: String, expected: &'static str },
    #[error("the response is truncated after {bytes} bytes, expected {expected}")]
    Cut { bytes: usize, expected: &'static str },
    #[error("the response is not JSON (line {line}, column {column}), expected {expected}")]
    NotJson { line: usize, column: usize, expected: &'static str },
    #[error(
        "the response came from another URL than that of the request: the given HTTP client follows redirects"
    )]
    Redirected,
    #[error("the response has more than the {limit} bytes allowed")]
    TooLarge { limit: usize },
    /// The status is 2xx, but the body describes an error.
    #[error("the response describes an error")]
    Refusal(Box<ErrorBody>),
}

/// Reads a model from a JSON body. Repairs almost valid JSON if necessary.
pub(crate) fn decode<M: Model>(body: &[u8]) -> Result<M, Unreadable> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let expected = M::NAME;
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let found = match body.trim_ascii_start().first() {
        None => return Err(Unreadable::Empty { expected }),
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'<') => Some("a web page or XML"),
        Some(b'"') => Some("a string"),
        Some(b'n') => Some("null"),
        Some(_) => Some("not a JSON object"),
    };
    if let Some(found) = found {
        return Err(Unreadable::OtherShape { found, expected });
    }
    let lossy;
    let json = match str::from_utf8(body) {
        Ok(json) => json,
        Err(error) => {
            let not_utf8 = Unreadable::NotJson { line: 1, column: error.valid_up_to() + 1, expected };
            lossy = Zeroizing::new(lossy_utf8(body).ok_or(not_utf8)?);
            lossy.as_str()
        }
    };
    let mended;
    let ((model, lack), json): ((M, Option<Lack>), &str) = match read(json) {
        Ok(read) => (read, json),
        Err(error) if error.is_eof() => return Err(Unreadable::Cut { bytes: body.len(), expected }),
        Err(error) => {
            // serde_json's own error may quote the body, so only its line and column are kept.
            let not_json = Unreadable::NotJson { line: error.line(), column: error.column(), expected };
            if memory::is_exceeded() {
                return Err(not_json);
            }
            mended = Zeroizing::new(mend(json, json.len() + MAX_GROWTH).ok_or(not_json.clone())?);
            (read_mended(&mended, |json| read(json).ok()).ok_or(not_json)?, mended.as_str())
        }
    };
    if model.is_blank() && !has_list_of::<M>(json) {
        return Err(Unreadable::OtherObject { expected });
    }
    match lack {
        None => Ok(model),
        Some(Lack::Field(part)) => Err(Unreadable::Incomplete { part, expected }),
        Some(Lack::Part { place, fault }) => Err(Unreadable::Malformed { place, fault, expected }),
    }
}

/// Reads a model, and returns it with the first of its requirements that is not met.
fn read<M: Model>(json: &str) -> serde_json::Result<(M, Option<Lack>)> {
    let left = memory::left();
    let mut reading = Reading::default();
    match M::from_json(json, &mut reading) {
        Ok(model) if !reading.is_incomplete() => return Ok((model, reading.lack)),
        Err(error) if error.is_eof() || memory::is_exceeded() => return Err(error),
        Ok(_) | Err(_) => {}
    }
    memory::restore(left);
    let mut reading = Reading::field_by_field();
    M::from_json(json, &mut reading).map(|model| (model, reading.lack))
}

fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" }
}

/// Replaces each sequence that is not UTF-8 by a replacement character. Returns `None` if that makes the body much
/// longer.
fn lossy_utf8(body: &[u8]) -> Option<String> {
    let mut lossy = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        lossy.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            lossy.push(char::REPLACEMENT_CHARACTER);
        }
        if lossy.len() > body.len() + MAX_GROWTH {
            return None;
        }
    }
    Some(lossy)
}

/// Returns whether the JSON has a list in one of the model's fields. Only then is a model without any value a valid
/// result: it is an empty listing.
fn has_list_of<M: Model>(json: &str) -> bool {
    let is_known = |key: &str| M::FIELDS.contains(&key);
    serde_json::Deserializer::from_str(json).deserialize_map(ListIn(is_known)).unwrap_or(false)
}

/// Finds out whether one of the given fields of an object holds a list, without keeping the value.
struct ListIn<F>(F);

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for ListIn<F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        let mut is_there = false;
        while let Some((key, value)) = object.next_entry::<Cow<'_, str>, &RawValue>()? {
            is_there |= value.get().starts_with('[') && self.0(&key);
        }
        Ok(is_there)
    }
}
