//! Stars over what let a request in, wherever an answer repeats it.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::cleared::Cleared;
use crate::secret::Secret;

/// A shorter text is no secret that a service gave out, and covering it would spoil words.
const SHORTEST: usize = 8;

/// The texts that must not be seen in what came back and is printed.
pub(super) struct Masks<'a>(Vec<Cow<'a, str>>);

impl<'a> Masks<'a> {
    /// Covers the secrets themselves, and as the request's form and its header hold them.
    pub(super) fn new(
        secrets: impl Iterator<Item = &'a Secret>,
        credential: Option<&'a HeaderValue>,
    ) -> Self {
        let sent = credential.and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        let mut covered = Vec::new();
        for secret in secrets.map(Secret::expose) {
            let in_a_form: String = byte_serialize(secret.as_bytes()).collect();
            if in_a_form != secret {
                covered.push(Cow::Owned(in_a_form));
            }
            covered.push(Cow::Borrowed(secret));
        }
        covered.extend(sent.map(|(_, text)| Cow::Borrowed(text)));
        covered.retain(|secret| secret.len() >= SHORTEST);
        Masks(covered)
    }

    /// The headers without those that repeat a secret.
    pub(super) fn cover_headers(&self, headers: HeaderMap) -> HeaderMap {
        let shows = |value: &HeaderValue| self.shows(&String::from_utf8_lossy(value.as_bytes()));
        if !headers.values().any(shows) {
            return headers;
        }
        let kept = headers.iter().filter(|(_, value)| !shows(value));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The words of an error. In JSON the texts are covered as they read, whatever escapes they are
    /// written with.
    pub(super) fn cover_words(&self, words: Cleared) -> Cleared {
        let covered = match serde_json::from_slice(&words) {
            Ok(mut json) => self.cover_json(&mut json).then(|| json.to_string()),
            Err(_) => self.cover(&String::from_utf8_lossy(&words)),
        };
        covered.map_or(words, Cleared::from)
    }

    /// Covers all texts in it, and says whether there was one.
    fn cover_json(&self, json: &mut Value) -> bool {
        let mut any = false;
        match json {
            Value::String(text) => {
                if let Some(covered) = self.cover(text) {
                    *text = covered;
                    any = true;
                }
            }
            Value::Array(list) => {
                for value in list {
                    any |= self.cover_json(value);
                }
            }
            Value::Object(object) => {
                let fields = object.len();
                object.retain(|name, _| !self.shows(name));
                any = object.len() < fields;
                for value in object.values_mut() {
                    any |= self.cover_json(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        any
    }

    /// The text with stars, if there is something to cover.
    fn cover(&self, text: &str) -> Option<String> {
        self.shows(text)
            .then(|| self.0.iter().fold(text.to_owned(), |text, secret| text.replace(&**secret, "***")))
    }

    fn shows(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(&**secret))
    }
}
