//! Stars over what let a request in, wherever an answer repeats it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use url::form_urlencoded::byte_serialize;

use crate::models::{ErrorBody, Readable};
use crate::secret::Secret;

/// A shorter text is no secret that a service gave out, and covering it would spoil words.
const SHORTEST: usize = 8;

/// The texts that must not be seen in what came back and is printed.
pub(super) struct Masks<'a> {
    /// The secrets as they are, as a form or an address holds them, and in Base64.
    plain: Vec<Cow<'a, str>>,
}

impl<'a> Masks<'a> {
    /// Masks the secrets and the credential of the request, however a response spells them.
    pub(super) fn new(
        secrets: impl Iterator<Item = &'a Secret>,
        credential: Option<&'a HeaderValue>,
    ) -> Self {
        let sent = credential.and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        let mut plain = Vec::new();
        for secret in secrets.map(Secret::expose).filter(|secret| secret.len() >= SHORTEST) {
            let in_a_form: String = byte_serialize(secret.as_bytes()).collect();
            for encoded in in_base64(secret) {
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
        plain.extend(sent.map(|(_, text)| Cow::Borrowed(text)));
        plain.retain(|secret| secret.len() >= SHORTEST);
        // The longest first: what it leaves over must not show a part of it.
        plain.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Masks { plain }
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

    /// Masks the body of an error, string by string, whatever escapes they were written with.
    pub(super) fn cover_body(&self, body: &mut ErrorBody) {
        body.for_each_string(&mut |text| {
            if let Some(covered) = self.cover(text) {
                *text = covered;
            }
        });
    }

    /// The text with a mask, if there is something to mask.
    fn cover(&self, text: &str) -> Option<String> {
        if self.plain.iter().any(|secret| text.contains(&**secret)) {
            let covered =
                self.plain.iter().fold(text.to_owned(), |text, secret| text.replace(&**secret, MASK));
            // The same text may show a secret in two spellings.
            return self.cover(&covered).or(Some(covered));
        }
        // Where it is encoded in another way, nothing says which characters belong to it.
        self.shows_encoded(text).then(|| MASK.to_owned())
    }

    fn shows(&self, text: &str) -> bool {
        self.plain.iter().any(|secret| text.contains(&**secret)) || self.shows_encoded(text)
    }

    /// Returns true for a secret in any mixture of percent-encoding and the escapes of HTML.
    fn shows_encoded(&self, text: &str) -> bool {
        let mut decoded = Cow::Borrowed(text);
        // A page in a message in an address: nobody nests it deeper.
        for _ in 0..3 {
            let next = unescape_html(&percent_decoded(&decoded)).into_owned();
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

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if text.contains('%') { percent_decode_str(text).decode_utf8_lossy() } else { Cow::Borrowed(text) }
}

/// Returns the text with the escapes resolved by which HTML keeps characters out of its own syntax.
fn unescape_html(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        unescaped.push_str(before);
        let escape = after.split_once(';').and_then(|(name, behind)| Some((character(name)?, behind)));
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

/// Returns the character that an escape of HTML stands for, by name or by number.
fn character(name: &str) -> Option<char> {
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

/// Returns the part of a secret's Base64 that does not depend on the bytes around it, for each place that the secret
/// can have among them.
fn in_base64(secret: &str) -> impl Iterator<Item = String> {
    (0..3).map(|before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        // The first characters hold bits of what stands before, the last one may hold bits of what follows.
        let start = [0, 2, 3][before];
        let end = bytes.len() * 8 / 6;
        encoded[start..end].to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hq3K~Z0v/X1+T7&wB9<'\"";

    fn masks(secret: &Secret) -> Masks<'_> {
        Masks::new([secret].into_iter(), None)
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let secret = Secret::new(SECRET);
        let masks = masks(&secret);
        let base64 = base64::engine::general_purpose::STANDARD.encode(SECRET);
        let in_pair = base64::engine::general_purpose::STANDARD.encode(format!("7c1f1f6e:{SECRET}"));
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("x{SECRET}"));
        for spelling in [
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
            let text = format!("the client sent {spelling} and was refused");
            let covered = masks.cover(&text).expect(spelling);
            assert!(covered.contains(MASK), "{covered}");
            for part in ["hq3K", "X1", "wB9", &spelling[2..]] {
                assert!(!covered.contains(part), "{spelling}: {covered}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        let secret = Secret::new(SECRET);
        for text in ["", "100 % of 5 & more; &unknown; %zz", "hq3K~Z0v", "Größe &amp; Gewicht"] {
            assert_eq!(masks(&secret).cover(text), None, "{text}");
        }
    }

    #[test]
    fn a_header_that_shows_a_secret_is_dropped() {
        let secret = Secret::new(SECRET);
        let headers: HeaderMap = [("x-echo", "hq3K~Z0v%2fX1+T7&wB9<'%22"), ("x-other", "1")]
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let kept = masks(&secret).cover_headers(headers);
        assert_eq!(kept.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-other"]);
    }
}
