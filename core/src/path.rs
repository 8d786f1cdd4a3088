//! Builds the URL of a request from a path template and checked ids.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::error::Error;
use crate::operation::Operation;
use crate::printable::character;

/// The characters to escape: all but the unreserved ones of RFC 3986, as in the vendor's SDKs.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The maximum number of characters of an id.
const LONGEST_ID: usize = 256;

/// An id that is valid as a path segment and can't change the rest of the path.
#[derive(Clone, Debug)]
pub(crate) struct Id {
    encoded: String,
}

impl Id {
    /// Checks the id that the caller passed as `argument`.
    pub(crate) fn new(argument: &'static str, id: &str) -> Result<Self, Error> {
        let refuse = |reason: String| Err(Error::invalid_argument(argument, reason));
        if id.is_empty() {
            return refuse("is empty".to_owned());
        }
        if id == "." || id == ".." {
            return refuse(format!("`{id}` is a path segment with a special meaning, not an id"));
        }
        let length = id.chars().count();
        if length > LONGEST_ID {
            return refuse(format!("has {length} characters; at most {LONGEST_ID} are allowed"));
        }
        if let Some(c) = id.chars().find(|c| c.is_control() || matches!(c, '/' | '\\' | '?' | '#' | '%')) {
            return refuse(format!("holds {}, which no id has", character(c)));
        }
        Ok(Id { encoded: utf8_percent_encode(id, SEGMENT).to_string() })
    }
}

/// Builds the URL of `operation` below `base`, with `ids` in place of the placeholders in its path template. An id has
/// the name of the argument, which is that of the placeholder in snake case.
pub(crate) fn build_url(base: &Url, operation: &Operation, ids: &[(&str, Id)]) -> Result<Url, Error> {
    let broken = || Error::invalid_argument("path", "does not match the operation's path template");
    let mut path = base.path().trim_end_matches('/').to_owned();
    for segment in operation.path.split('/').skip(1) {
        path.push('/');
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None => path.push_str(segment),
            Some(name) => {
                let (_, id) = ids.iter().find(|(argument, _)| fills(argument, name)).ok_or_else(broken)?;
                path.push_str(&id.encoded);
            }
        }
    }
    let mut url = base.clone();
    url.set_path(&path);
    // The URL parser must not have changed the path, whatever an id contains.
    if url.path() == path { Ok(url) } else { Err(broken()) }
}

/// Returns whether an argument such as `client_id` belongs to a placeholder such as `clientId`.
fn fills(argument: &str, placeholder: &str) -> bool {
    argument.split('_').collect::<String>().eq_ignore_ascii_case(placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base() -> Url {
        Url::parse("https://gateway.example.com/genesys/").expect("an address")
    }

    #[test]
    fn a_scope_id_is_escaped_as_the_vendor_does() {
        let id = Id::new("scope_id", "users:readonly").expect("an id");
        let url = build_url(&base(), &Operation::GET_OAUTH_SCOPE, &[("scope_id", id)]).expect("an address");
        assert_eq!(url.as_str(), "https://gateway.example.com/genesys/api/v2/oauth/scopes/users%3Areadonly");
    }

    #[test]
    fn an_id_that_could_change_the_path_is_rejected_by_name() {
        let long = "x".repeat(257);
        for id in [
            "",
            ".",
            "..",
            "../../tokens/me",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "%2e%2e",
            "a\nb",
            "a\0",
            "\u{7f}",
            "\u{85}",
            &long,
        ] {
            let error = Id::new("client_id", id).expect_err(id);
            assert_eq!(error.argument(), Some("client_id"), "{id:?}");
        }
    }

    /// The caller may have passed a URL with a password as the id.
    #[test]
    fn a_rejected_id_is_not_shown() {
        for (id, message) in [
            ("https://user:hq3KpZ0v@gateway.example.com", "client_id holds `/`, which no id has"),
            ("hq3KpZ0v\0", "client_id holds a control character (U+0000), which no id has"),
            ("hq3KpZ0v\n", "client_id holds a line break, which no id has"),
        ] {
            assert_eq!(Id::new("client_id", id).expect_err(id).to_string(), message);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_path_matches_the_template_or_the_id_is_rejected(one in any_id(), two in any_id()) {
            for operation in Operation::ALL {
                let ids = [("client_id", &one), ("scope_id", &one), ("execution_id", &two)];
                let checked: Result<Vec<_>, _> =
                    ids.iter().map(|(name, id)| Id::new("id", id).map(|id| (*name, id))).collect();
                let Ok(checked) = checked else { continue };
                let url = build_url(&base(), operation, &checked).expect("a checked id makes an address");
                let found: Vec<_> = url.path_segments().expect("segments").skip(1).collect();
                let template: Vec<_> = operation.path.split('/').skip(1).collect();
                prop_assert_eq!(found.len(), template.len());
                for (found, template) in found.iter().zip(template) {
                    let decoded = percent_encoding::percent_decode_str(found).decode_utf8().expect("utf-8");
                    let meant = match template {
                        "{clientId}" | "{scopeId}" => one.as_str(),
                        "{executionId}" => two.as_str(),
                        literal => literal,
                    };
                    prop_assert_eq!(decoded.as_ref(), meant);
                }
                prop_assert_eq!(url.query(), None);
                prop_assert_eq!(url.fragment(), None);
                prop_assert_eq!(url.host_str(), Some("gateway.example.com"));
            }
        }
    }

    /// Generates any Unicode strings, and strings of characters with a special meaning in paths.
    fn any_id() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[./%\\\\?# \u{0}\n2eEfF]{0,12}", "\\PC{0,300}"]
    }
}
