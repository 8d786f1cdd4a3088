//! Headers that a caller adds to all operations or to one call.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::error::Error;
use crate::printable::{character, is_invisible, quoted_name};

/// The maximum number of headers that a caller may add, for each of the two settings.
const MAX_HEADERS: usize = 200;
/// The maximum total size of the names and values of a caller's headers, for each of the two settings, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The maximum size of a header value that is built from an argument, such as `User-Agent`, in bytes.
const MAX_VALUE_BYTES: usize = 4 * 1024;

/// The headers that this crate sets itself.
const RESERVED_HEADERS: [HeaderName; 15] = [
    header::AUTHORIZATION,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

/// Adds a caller's header, or replaces the one of the same name. An error never shows the value, and shows the name
/// only if it looks like a name: the caller may have swapped the two.
pub(crate) fn add(
    headers: &mut HeaderMap,
    setting: &'static str,
    name: &str,
    value: &str,
) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::invalid_argument(setting, reason));
    let shown = quoted_name(name);
    let Ok(parsed) = name.parse::<HeaderName>() else {
        return refuse(format!("holds {shown}, which is not the name of a header"));
    };
    if RESERVED_HEADERS.contains(&parsed) {
        return refuse(format!("holds `{parsed}`, which is set automatically"));
    }
    let Ok(mut checked) = value.parse::<HeaderValue>() else {
        let unfit = value.chars().find(|c| c.is_ascii_control() && *c != '\t');
        let unfit = unfit.map_or_else(|| "characters".to_owned(), character);
        return refuse(format!("holds a value for {shown} with {unfit}, which no header may hold"));
    };
    checked.set_sensitive(true);

    let others = headers.iter().filter(|(present, _)| **present != parsed);
    let (count, bytes) = others
        .fold((1, parsed.as_str().len() + checked.len()), |(count, bytes), (name, value)| {
            (count + 1, bytes + name.as_str().len() + value.len())
        });
    if count > MAX_HEADERS {
        return refuse(format!("holds more than {MAX_HEADERS} headers"));
    }
    if bytes > MAX_BYTES {
        return refuse(format!("holds more than {MAX_BYTES} bytes of names and values"));
    }
    insert(headers, setting, parsed, checked)
}

/// Adds headers that have been checked. Each replaces the one of the same name.
pub(crate) fn merge(headers: &mut HeaderMap, setting: &'static str, added: &HeaderMap) -> Result<(), Error> {
    added.iter().try_for_each(|(name, value)| insert(headers, setting, name.clone(), value.clone()))
}

fn insert(
    headers: &mut HeaderMap,
    setting: &'static str,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), Error> {
    match headers.try_insert(name, value) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::invalid_argument(setting, "holds too many headers")),
    }
}

/// Builds a header value from an argument, which must be printable ASCII and not too long.
pub(crate) fn printable_value(argument: &'static str, value: &str) -> Result<HeaderValue, Error> {
    let refuse = |reason: String| Error::invalid_argument(argument, reason);
    if value.len() > MAX_VALUE_BYTES {
        return Err(refuse(format!("is longer than {MAX_VALUE_BYTES} bytes")));
    }
    match value.chars().find(|c| !matches!(c, ' '..='~')) {
        Some(c) if c.is_control() || is_invisible(c) => {
            Err(refuse(format!("holds {}; only printable ASCII is allowed", character(c))))
        }
        Some(_) => Err(refuse("holds more than printable ASCII".to_owned())),
        None => {
            HeaderValue::from_str(value).map_err(|_| refuse("holds more than printable ASCII".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hq3KpZ0vX1yT7wB9";

    fn headers_with(name: &str, value: &str) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        add(&mut headers, "headers", name, value).map(|()| headers)
    }

    #[test]
    fn a_callers_header_is_not_shown_by_debug() {
        let headers = headers_with("X-Api-Key", SECRET).expect("a header");
        assert!(headers["x-api-key"].is_sensitive());
        assert_eq!(format!("{headers:?}"), "{\"x-api-key\": Sensitive}");
    }

    #[test]
    fn an_error_names_the_setting_and_the_header_and_shows_no_value() {
        for (name, value, message) in [
            ("X Api Key", "1", "headers holds (9 characters, not shown), which is not the name of a header"),
            ("Authorization", SECRET, "headers holds `authorization`, which is set automatically"),
            (
                "X-Api-Key",
                "hq3KpZ0v\0X1yT7wB9",
                "headers holds a value for `X-Api-Key` with a control character (U+0000), which no header may hold",
            ),
            (
                "X-Api-Key",
                "hq3KpZ0v\r\nX1yT7wB9",
                "headers holds a value for `X-Api-Key` with a line break, which no header may hold",
            ),
            (
                SECRET,
                "X-Api-Key\n",
                "headers holds a value for (16 characters, not shown) with a line break, which no header may hold",
            ),
        ] {
            let error = headers_with(name, value).expect_err(message);
            assert_eq!((error.argument(), error.to_string().as_str()), (Some("headers"), message));
        }
    }

    #[test]
    fn at_most_200_headers_with_64_kib_are_allowed() {
        let mut headers = HeaderMap::new();
        for number in 0..200 {
            add(&mut headers, "headers", &format!("x-{number}"), "1").expect("200 headers");
        }
        add(&mut headers, "headers", "x-0", "2").expect("the same header");
        let error = add(&mut headers, "headers", "x-200", "1").expect_err("201 headers");
        assert_eq!(error.to_string(), "headers holds more than 200 headers");

        let name = "x-large";
        headers_with(name, &"x".repeat(64 * 1024 - name.len())).expect("64 KiB");
        let error =
            headers_with(name, &"x".repeat(64 * 1024 - name.len() + 1)).expect_err("more than 64 KiB");
        assert_eq!(error.to_string(), "headers holds more than 65536 bytes of names and values");
        let error = headers_with(&"x".repeat(70_000), "1").expect_err("a long name");
        assert_eq!(
            error.to_string(),
            "headers holds (70000 characters, not shown), which is not the name of a header"
        );
    }

    #[test]
    fn a_value_built_from_an_argument_is_printable_and_not_too_long() {
        printable_value("accept_language", "de, en-us;q=0.8").expect("a value");
        for (value, message) in [
            ("a\nb", "suffix holds a line break; only printable ASCII is allowed"),
            ("a\0b", "suffix holds a control character (U+0000); only printable ASCII is allowed"),
            ("Größe", "suffix holds more than printable ASCII"),
            (&"x".repeat(4_097), "suffix is longer than 4096 bytes"),
        ] {
            assert_eq!(printable_value("suffix", value).expect_err(message).to_string(), message);
        }
    }
}
