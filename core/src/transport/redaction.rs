//! Keeps secrets out of output and memory: masks the request's credentials wherever the response echoes them, and
//! clears the buffers of bodies.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use url::form_urlencoded::byte_serialize;

use crate::models::{ErrorBody, Readable};
use crate::secret::Secret;

/// The minimum length of a masked string, in bytes. Shorter strings are not service-issued secrets, and masking them
/// would garble ordinary words.
const MIN_SECRET_LENGTH: usize = 8;

/// The strings that must not appear in those parts of a response that are printed.
pub(super) struct Masks<'a> {
    /// The secrets verbatim, form-encoded and in Base64.
    plain: Vec<Cow<'a, str>>,
}

impl<'a> Masks<'a> {
    /// Creates masks for the secrets and for the value of the request's `Authorization` header, in all encodings.
    pub(super) fn new(
        secrets: impl Iterator<Item = &'a Secret>,
        credential: Option<&'a HeaderValue>,
    ) -> Self {
        let sent = credential.and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        let mut plain = Vec::new();
        for secret in secrets.map(Secret::expose).filter(|secret| secret.len() >= MIN_SECRET_LENGTH) {
            let in_a_form: String = byte_serialize(secret.as_bytes()).collect();
            for encoded in base64_alignments(secret) {
                let url_safe = encoded.replace('+', "-").replace('/', "_");
                if url_safe != encoded {
                    plain.push(Cow::Owned(url_safe));
                }
                plain.push(Cow::Owned(encoded));
            }
            if in_a_form != secret {
                plain.push(Cow::Owned(in_a_form));
            }
            plain.push(Cow::Borrowed(secret));
        }
        plain.extend(sent.map(|(_, credential)| Cow::Borrowed(credential)));
        plain.retain(|secret| secret.len() >= MIN_SECRET_LENGTH);
        // Longest first: replacing a shorter string first would leave the rest of a longer one unmasked.
        plain.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Masks { plain }
    }

    /// Removes the headers that contain a secret.
    pub(super) fn redact_headers(&self, headers: HeaderMap) -> HeaderMap {
        let has_secret =
            |value: &HeaderValue| self.contains_secret(&String::from_utf8_lossy(value.as_bytes()));
        if !headers.values().any(has_secret) {
            return headers;
        }
        let kept = headers.iter().filter(|(_, value)| !has_secret(value));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Masks the secrets in each string of an error body. The strings are parsed JSON, without JSON's escapes.
    pub(super) fn redact_body(&self, body: &mut ErrorBody) {
        body.for_each_string(&mut |string| {
            if let Some(redacted) = self.redact(string) {
                *string = redacted;
            }
        });
    }

    /// Returns the string with its secrets masked; `None` if it contains no secret.
    fn redact(&self, string: &str) -> Option<String> {
        if self.plain.iter().any(|secret| string.contains(&**secret)) {
            let redacted =
                self.plain.iter().fold(string.to_owned(), |string, secret| string.replace(&**secret, MASK));
            // The same string may contain a secret in a second encoding.
            return self.redact(&redacted).or(Some(redacted));
        }
        // Other encodings don't show which characters belong to the secret, so the whole string is masked.
        self.contains_encoded_secret(string).then(|| MASK.to_owned())
    }

    fn contains_secret(&self, string: &str) -> bool {
        self.plain.iter().any(|secret| string.contains(&**secret)) || self.contains_encoded_secret(string)
    }

    /// Returns true if the string contains a secret in any mixture of percent-encoding and HTML escapes.
    fn contains_encoded_secret(&self, string: &str) -> bool {
        let mut decoded = Cow::Borrowed(string);
        // Three levels cover an HTML page within a message within a URL.
        for _ in 0..3 {
            let next = unescape_html(&percent_decode(&decoded)).into_owned();
            if next == *decoded {
                return false;
            }
            if self.plain.iter().any(|secret| next.contains(&**secret)) {
                return true;
            }
            decoded = Cow::Owned(next);
        }
        false
    }
}

const MASK: &str = "***";

fn percent_decode(string: &str) -> Cow<'_, str> {
    if string.contains('%') { percent_decode_str(string).decode_utf8_lossy() } else { Cow::Borrowed(string) }
}

/// Resolves the HTML character references in a string.
fn unescape_html(string: &str) -> Cow<'_, str> {
    if !string.contains('&') {
        return Cow::Borrowed(string);
    }
    let mut unescaped = String::with_capacity(string.len());
    let mut rest = string;
    while let Some((before, after)) = rest.split_once('&') {
        unescaped.push_str(before);
        let escape =
            after.split_once(';').and_then(|(name, behind)| Some((referenced_character(name)?, behind)));
        match escape {
            Some((character, behind)) => {
                unescaped.push(character);
                rest = behind;
            }
            None => {
                unescaped.push('&');
                rest = after;
            }
        }
    }
    unescaped.push_str(rest);
    Cow::Owned(unescaped)
}

/// Returns the character of an HTML character reference, by name or by number.
fn referenced_character(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

/// Returns the part of a secret's Base64 that does not depend on the bytes around the secret, for each of the three
/// alignments that the secret can have among them.
fn base64_alignments(secret: &str) -> impl Iterator<Item = String> {
    (0..3).map(|before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        // The first characters encode bits of the bytes before the secret, the last one may encode bits of those after.
        let start = [0, 2, 3][before];
        let end = bytes.len() * 8 / 6;
        encoded[start..end].to_owned()
    })
}

/// A byte buffer that is cleared before its memory is freed, including the smaller allocations that it has outgrown.
/// `Zeroizing` would write byte by byte, which takes as long as reading the body, and would not clear those smaller
/// allocations.
#[derive(Default)]
pub(crate) struct Cleared(Vec<u8>);

impl Cleared {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Cleared(Vec::with_capacity(capacity))
    }

    pub(super) fn append(&mut self, piece: &[u8]) {
        let length = self.0.len() + piece.len();
        if length > self.0.capacity() {
            let mut larger = Cleared::with_capacity(length.max(2 * self.0.capacity()));
            larger.0.extend_from_slice(&self.0);
            *self = larger;
        }
        self.0.extend_from_slice(piece);
    }
}

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.fill(0);
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

impl Deref for Cleared {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hq3K~Z0v/X1+T7&wB9<'\"";

    fn masks(secret: &Secret) -> Masks<'_> {
        Masks::new([secret].into_iter(), None)
    }

    #[test]
    fn a_secret_is_masked_in_every_encoding() {
        let secret = Secret::new(SECRET);
        let masks = masks(&secret);
        let base64 = base64::engine::general_purpose::STANDARD.encode(SECRET);
        let in_pair = base64::engine::general_purpose::STANDARD.encode(format!("7c1f1f6e:{SECRET}"));
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("x{SECRET}"));
        for encoded in [
            SECRET,
            "hq3K%7EZ0v%2FX1%2BT7%26wB9%3C%27%22",
            "hq3K%7eZ0v%2fX1%2bT7%26wB9%3c%27%22",
            "hq3K~Z0v%2FX1%2BT7%26wB9%3C'%22",
            "hq3K~Z0v%2fX1+T7&wB9<'%22",
            "hq3K~Z0v/X1+T7&amp;wB9&lt;&#39;&quot;",
            "hq3K~Z0v/X1+T7&#38;wB9&#x3c;&#X27;&#34;",
            "hq3K~Z0v%2FX1%2BT7%26amp%3BwB9%26lt%3B%27%22",
            &base64,
            &in_pair,
            &url_safe,
        ] {
            let message = format!("the client sent {encoded} and was refused");
            let redacted = masks.redact(&message).expect(encoded);
            assert!(redacted.contains(MASK), "{redacted}");
            for part in ["hq3K", "X1", "wB9", &encoded[2..]] {
                assert!(!redacted.contains(part), "{encoded}: {redacted}");
            }
        }
    }

    #[test]
    fn strings_without_a_secret_are_unchanged() {
        let secret = Secret::new(SECRET);
        for string in ["", "100 % of 5 & more; &unknown; %zz", "hq3K~Z0v", "Größe &amp; Gewicht"] {
            assert_eq!(masks(&secret).redact(string), None, "{string}");
        }
    }

    #[test]
    fn a_header_that_contains_a_secret_is_removed() {
        let secret = Secret::new(SECRET);
        let headers: HeaderMap = [("x-echo", "hq3K~Z0v%2fX1+T7&wB9<'%22"), ("x-other", "1")]
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let kept = masks(&secret).redact_headers(headers);
        assert_eq!(kept.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-other"]);
    }

    #[test]
    fn pieces_keep_their_order_while_the_buffer_grows() {
        let mut whole = Cleared::with_capacity(3);
        for piece in [&b"ab"[..], b"", b"cde", b"f", b"ghijklmnopqrstuvwxyz"] {
            whole.append(piece);
        }
        assert_eq!(&*whole, b"abcdefghijklmnopqrstuvwxyz");
        assert_eq!(format!("{whole:?}"), "26 bytes");
    }
}
