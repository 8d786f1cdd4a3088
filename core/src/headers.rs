//! Headers that a caller adds to requests: for all operations, or for one call.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::error::Error;
use crate::printable::{character, is_invisible, quoted_name};

/// The most headers that a caller may add, for each of the two settings.
const MOST_HEADERS: usize = 200;
/// The most bytes that names and values of a caller's headers may have together, for each of the two settings.
const MOST_BYTES: usize = 64 * 1024;
/// The most bytes of a header that the client makes of an argument, such as `User-Agent`.
const MOST_BYTES_OF_ONE: usize = 4 * 1024;

/// Headers that the client writes itself.
const OWN_HEADERS: [HeaderName; 15] = [
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

/// Adds a caller's header, or replaces the one of the same name. Its value is never printed, and its name is only
/// printed where it looks like one: a caller may have confused the two.
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
    if OWN_HEADERS.contains(&parsed) {
        return refuse(format!("holds `{parsed}`, which the client sets itself"));
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
    if count > MOST_HEADERS {
        return refuse(format!("holds more than {MOST_HEADERS} headers"));
    }
    if bytes > MOST_BYTES {
        return refuse(format!("holds more than {MOST_BYTES} bytes of names and values"));
    }
    insert(headers, setting, parsed, checked)
}

/// Adds headers that have been checked, each in place of the one of the same name.
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

/// The value of a header that the client makes of an argument: printable ASCII, and not too long.
pub(crate) fn printable_value(argument: &'static str, value: &str) -> Result<HeaderValue, Error> {
    let refuse = |reason: String| Error::invalid_argument(argument, reason);
    if value.len() > MOST_BYTES_OF_ONE {
        return Err(refuse(format!("is longer than {MOST_BYTES_OF_ONE} bytes")));
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

    fn one(name: &str, value: &str) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        add(&mut headers, "headers", name, value).map(|()| headers)
    }

    #[test]
    fn a_callers_header_is_kept_out_of_what_prints_headers() {
        let headers = one("X-Api-Key", SECRET).expect("a header");
        assert!(headers["x-api-key"].is_sensitive());
        assert_eq!(format!("{headers:?}"), "{\"x-api-key\": Sensitive}");
    }

    #[test]
    fn an_error_names_the_setting_and_the_header_and_shows_no_value() {
        for (name, value, text) in [
            ("X Api Key", "1", "headers holds (9 characters, not shown), which is not the name of a header"),
            ("Authorization", SECRET, "headers holds `authorization`, which the client sets itself"),
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
            let error = one(name, value).expect_err(text);
            assert_eq!((error.argument(), error.to_string().as_str()), (Some("headers"), text));
        }
    }

    #[test]
    fn there_may_be_200_headers_with_64_kib_and_no_more() {
        let mut headers = HeaderMap::new();
        for number in 0..200 {
            add(&mut headers, "headers", &format!("x-{number}"), "1").expect("200 headers");
        }
        add(&mut headers, "headers", "x-0", "2").expect("the same header");
        let error = add(&mut headers, "headers", "x-200", "1").expect_err("201 headers");
        assert_eq!(error.to_string(), "headers holds more than 200 headers");

        let name = "x-large";
        one(name, &"x".repeat(64 * 1024 - name.len())).expect("64 KiB");
        let error = one(name, &"x".repeat(64 * 1024 - name.len() + 1)).expect_err("more than 64 KiB");
        assert_eq!(error.to_string(), "headers holds more than 65536 bytes of names and values");
        let error = one(&"x".repeat(70_000), "1").expect_err("a long name");
        assert_eq!(
            error.to_string(),
            "headers holds (70000 characters, not shown), which is not the name of a header"
        );
    }

    #[test]
    fn a_value_made_of_an_argument_is_printable_and_not_too_long() {
        printable_value("accept_language", "de, en-us;q=0.8").expect("a value");
        for (value, text) in [
            ("a\nb", "suffix holds a line break; only printable ASCII is allowed"),
            ("a\0b", "suffix holds a control character (U+0000); only printable ASCII is allowed"),
            ("Größe", "suffix holds more than printable ASCII"),
            (&"x".repeat(4_097), "suffix is longer than 4096 bytes"),
        ] {
            assert_eq!(printable_value("suffix", value).expect_err(text).to_string(), text);
        }
    }
}
