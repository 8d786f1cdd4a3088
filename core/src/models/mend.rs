//! Repairs JSON that is almost valid.

use serde_json::Value;
use zeroize::Zeroizing;

/// The number of bytes by which mended JSON may be longer than its body: each invalid piece becomes three bytes.
pub(super) const MAX_GROWTH: usize = 64 * 1024;
/// The maximum size of a body with duplicate fields, in bytes: finding the last of them takes a tree of the whole body.
const MAX_TREE_BYTES: usize = 64 * 1024;

/// Replaces each invalid piece of a string (an unpaired surrogate, a control character) by a replacement character, and
/// each number beyond the range of an `f64` by null. Returns other JSON unchanged, and `None` if the result would be
/// longer than `longest` bytes.
pub(crate) fn mend(json: &str, longest: usize) -> Option<String> {
    let mut mended = String::with_capacity(json.len());
    let mut in_string = false;
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let (length, broken) = match first {
            '-' | '0'..='9' if !in_string => {
                let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                (length, rest[..length].parse().is_ok_and(f64::is_infinite))
            }
            _ if !in_string => (first.len_utf8(), false),
            '\\' => match (surrogate(rest), rest.get(6..).and_then(surrogate)) {
                (Some(Half::First), Some(Half::Second)) => (12, false),
                (Some(_), _) => (6, true),
                (None, _) => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), false),
            },
            '\0'..='\x1f' => (1, true),
            _ => (first.len_utf8(), false),
        };
        in_string ^= first == '"';
        let (piece, after) = rest.split_at(length);
        mended.push_str(match (broken, in_string) {
            (false, _) => piece,
            (true, true) => "\u{fffd}",
            (true, false) => "null",
        });
        rest = after;
        if mended.len() > longest {
            return None;
        }
    }
    Some(mended)
}

/// One half of a surrogate pair.
enum Half {
    First,
    Second,
}

/// Returns the half of a surrogate pair whose escape the JSON begins with, if it begins with one.
fn surrogate(json: &str) -> Option<Half> {
    let digits = json.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::First),
        0xdc00..=0xdfff => Some(Half::Second),
        _ => None,
    }
}

/// Reads mended JSON. Of duplicate fields, the last one counts.
pub(super) fn read_mended<T>(mended: &str, mut read: impl FnMut(&str) -> Option<T>) -> Option<T> {
    read(mended).or_else(|| {
        if mended.len() > MAX_TREE_BYTES {
            return None;
        }
        let value: Value = serde_json::from_str(mended).ok()?;
        // Not read from the `Value` itself: that would compile the reading of all models a second time.
        let deduplicated = Zeroizing::new(value.to_string());
        read(&deduplicated)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn mend(json: &str) -> String {
        super::mend(json, usize::MAX).expect("no limit")
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn valid_json_is_unchanged(string in any::<String>(), key in any::<String>()) {
            let json = serde_json::json!({ key: [string, null, 1] });
            for json in [json.to_string(), format!("{json:#}")] {
                prop_assert_eq!(mend(&json), json);
            }
        }

        #[test]
        fn a_string_with_any_escapes_and_characters_becomes_readable(
            pieces in prop::collection::vec(r#"\\u[dD][89abcdefABCDEF][0-9]{2}|\\[nt"\\/]|[ a-zé🕐\x00-\x1f]"#, 0..12),
        ) {
            let json = format!("\"{}\"", pieces.concat());
            prop_assert!(serde_json::from_str::<String>(&mend(&json)).is_ok(), "{}", json);
        }

        #[test]
        fn no_input_panics(json in "[\"\\\\ud8c0-9{}:, \n\u{1f550}]{0,40}") {
            mend(&json);
        }
    }
}
