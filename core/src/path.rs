//! From a path template and checked ids to the address of a request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::error::Error;
use crate::operation::Operation;
use crate::printable::character;

/// Everything but the unreserved characters of RFC 3986 is escaped, as the vendor's SDKs do.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const LONGEST_ID: usize = 256;

/// An id that can stand in a path and can't change which path it is.
#[derive(Clone, Debug)]
pub(crate) struct Id {
    encoded: String,
}

impl Id {
    /// Checks the id that a caller gave as `argument`.
    pub(crate) fn new(argument: &'static str, id: &str) -> Result<Self, Error> {
        let refuse = |reason: String| Err(Error::invalid_argument(argument, reason));
        if id.is_empty() {
            return refuse("is empty".to_owned());
        }
        if id == "." || id == ".." {
            return refuse(format!("`{id}` is a step in a path, not an id"));
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

/// The address of `operation` below `base`, with `ids` in the places of their names.
pub(crate) fn address(base: &Url, operation: &Operation, ids: &[(&str, Id)]) -> Result<Url, Error> {
    let broken = || Error::invalid_argument("path", "does not lead where the operation's template leads");
    let mut path = base.path().trim_end_matches('/').to_owned();
    for segment in operation.path.split('/').skip(1) {
        path.push('/');
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None => path.push_str(segment),
            Some(name) => {
                let (_, id) = ids.iter().find(|(given, _)| *given == name).ok_or_else(broken)?;
                path.push_str(&id.encoded);
            }
        }
    }
    let mut url = base.clone();
    url.set_path(&path);
    // What the URL library made of it must be what was meant, whatever an id held.
    if url.path() == path { Ok(url) } else { Err(broken()) }
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
        let url = address(&base(), &Operation::GET_OAUTH_SCOPE, &[("scopeId", id)]).expect("an address");
        assert_eq!(url.as_str(), "https://gateway.example.com/genesys/api/v2/oauth/scopes/users%3Areadonly");
    }

    #[test]
    fn what_could_change_the_path_is_refused_by_name() {
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

    /// An address with a password may have got in the place of an id.
    #[test]
    fn an_id_that_is_refused_is_not_repeated() {
        for (id, text) in [
            ("https://user:hq3KpZ0v@gateway.example.com", "client_id holds `/`, which no id has"),
            ("hq3KpZ0v\0", "client_id holds a control character (U+0000), which no id has"),
            ("hq3KpZ0v\n", "client_id holds a line break, which no id has"),
        ] {
            assert_eq!(Id::new("client_id", id).expect_err(id).to_string(), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_path_is_the_templates_or_the_call_is_refused(one in any_id(), two in any_id()) {
            for operation in Operation::ALL {
                let ids = [("clientId", &one), ("scopeId", &one), ("executionId", &two)];
                let checked: Result<Vec<_>, _> =
                    ids.iter().map(|(name, id)| Id::new("id", id).map(|id| (*name, id))).collect();
                let Ok(checked) = checked else { continue };
                let url = address(&base(), operation, &checked).expect("a checked id makes an address");
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

    /// Any Unicode text, and texts made of what paths are sensitive to.
    fn any_id() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[./%\\\\?# \u{0}\n2eEfF]{0,12}", "\\PC{0,300}"]
    }
}
