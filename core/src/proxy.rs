//! The proxy that requests go through, and the check that it can be used.
//!
//! The HTTP client ignores a proxy whose address it does not understand, and sends the request, including its
//! credentials, directly. A proxy that is set therefore has to be used or rejected: this module parses its address,
//! writes it in an unambiguous form, and compares it with the result of the HTTP client's own matcher when the API
//! object is built.

mod no_proxy;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::ClientBuilder;
use url::Url;

use crate::error::Error;
use crate::host::{Host, is_loopback};
use crate::printable::quoted_name;
use crate::secret::Secret;

use self::no_proxy::NoProxy;

/// The variables that name a proxy for `https`. The first that is not empty is used. `HTTP_PROXY` is not among them:
/// plain `http` goes to loopback only, and the visitor of a CGI program can set that variable by a `Proxy` header.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variables that list hosts to reach without the environment's proxy. The first that is not empty is used.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The setting `proxy`.
#[derive(Clone)]
pub(crate) enum ProxySetting {
    /// The environment's proxy, or else the operating system's.
    Environment,
    /// No proxy, whatever the environment says.
    None,
    /// The proxy at this address.
    Address(Secret),
}

/// A function that looks up an environment variable, replaceable in tests.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The route of requests to a host.
#[derive(Clone)]
pub(crate) enum ProxyRoute {
    /// No proxy.
    Direct,
    /// The proxy in the settings of the operating system, because no variable is set.
    OperatingSystem,
    /// This proxy, except for the hosts that are excepted from it.
    Proxy(Arc<Proxy>),
}

/// A proxy whose address the HTTP client understands.
pub(crate) struct Proxy {
    address: Address,
    /// The setting or environment variable that names the proxy.
    origin: &'static str,
    exceptions: NoProxy,
}

/// The parsed address of a proxy.
struct Address {
    /// The address in the form that is passed to the HTTP client.
    url: Url,
    account: Option<(String, String)>,
    is_loopback: bool,
}

impl ProxyRoute {
    /// Returns the route to `host`, or the error that names the setting or variable that can't be used.
    pub(crate) fn resolve(
        setting: &ProxySetting,
        host: &Host,
        variables: Variables<'_>,
    ) -> Result<Self, Error> {
        let (origin, text, exceptions) = match setting {
            ProxySetting::None => return Ok(ProxyRoute::Direct),
            ProxySetting::Address(address) => ("proxy", Cow::Borrowed(address.expose()), NoProxy::default()),
            ProxySetting::Environment if host.is_loopback() => return Ok(ProxyRoute::Direct),
            ProxySetting::Environment => {
                let Some((variable, value)) = first_set(&VARIABLES, variables) else {
                    return Ok(ProxyRoute::without_variables());
                };
                let value = value
                    .into_string()
                    .map_err(|_| Error::invalid_argument(variable, "is not valid Unicode"))?;
                let exceptions = first_set(&EXCEPTIONS, variables);
                let exceptions = exceptions.map(|(_, list)| NoProxy::parse(&list.to_string_lossy()));
                (variable, Cow::Owned(value), exceptions.unwrap_or_default())
            }
        };
        let refuse = |reason: Cow<'static, str>| Error::invalid_argument(origin, reason);
        let address = Address::parse(&text).map_err(refuse)?;
        if host.is_plain() && !address.is_loopback {
            return Err(refuse(
                "would receive the token over plain http: the host is on this machine, the proxy is not"
                    .into(),
            ));
        }
        let proxy = Proxy { address, origin, exceptions };
        for url in [host.api(), host.login()] {
            if !proxy.exceptions.covers(url) && !proxy.address.is_understood(url) {
                return Err(refuse("is not an address that the HTTP client can use".into()));
            }
        }
        Ok(ProxyRoute::Proxy(Arc::new(proxy)))
    }

    /// Returns the route if no variable is set. Only on these operating systems does the HTTP client read settings; on
    /// others it would read variables that this crate ignores.
    fn without_variables() -> Self {
        match cfg!(any(target_os = "macos", target_os = "windows")) {
            true => ProxyRoute::OperatingSystem,
            false => ProxyRoute::Direct,
        }
    }

    /// Sets the route on the builder of an HTTP client.
    pub(crate) fn apply(&self, builder: ClientBuilder) -> ClientBuilder {
        match self {
            ProxyRoute::Direct => builder.no_proxy(),
            ProxyRoute::OperatingSystem => builder,
            ProxyRoute::Proxy(proxy) => {
                let proxy = Arc::clone(proxy);
                builder.proxy(reqwest::Proxy::custom(move |url| {
                    (!proxy.exceptions.covers(url)).then(|| proxy.address.url.clone())
                }))
            }
        }
    }

    /// Returns a description of the proxy that is used for `url`, for an error message.
    pub(crate) fn proxy_to(&self, url: &Url) -> Option<Cow<'static, str>> {
        match self {
            ProxyRoute::Proxy(proxy) if !proxy.exceptions.covers(url) => Some(match proxy.origin {
                "proxy" => "the proxy".into(),
                variable => format!("the proxy of {variable}").into(),
            }),
            _ => None,
        }
    }

    /// Returns whether the connection to the proxy itself uses TLS.
    pub(crate) fn has_tls_to_the_proxy(&self) -> bool {
        matches!(self, ProxyRoute::Proxy(proxy) if proxy.address.url.scheme() == "https")
    }
}

/// Returns the first of these variables that is set and not empty.
fn first_set(names: &[&'static str], variables: Variables<'_>) -> Option<(&'static str, OsString)> {
    names.iter().find_map(|name| Some((*name, variables(name).filter(|value| !value.is_empty())?)))
}

impl Address {
    /// Parses the address of a proxy as users write it. The error shows nothing of the address but its scheme, because
    /// the address may contain a password.
    fn parse(text: &str) -> Result<Self, Cow<'static, str>> {
        const EXPECTED: &str = "is not an address like http://proxy.example.com:3128";
        let text = text.trim();
        if text.is_empty() {
            return Err("is blank".into());
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("holds a space or a control character".into());
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("http".to_owned(), text),
        };
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            "socks5" | "socks5h" => 1080,
            other if is_scheme(other) => {
                let found = quoted_name(other);
                return Err(
                    format!("has the scheme {found}; http, https, socks5 and socks5h can be used").into()
                );
            }
            _ => return Err(EXPECTED.into()),
        };
        // A host contains no `@`, so the last one ends the account, even if the password contains another.
        let (account, place) = match rest.rsplit_once('@') {
            Some((account, place)) => (parse_account(account)?, place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#', '\\']) {
            return Err("has a path, query or fragment, which no proxy has".into());
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        let port = match port {
            None => default_port,
            Some(port) if !port.bytes().all(|byte| byte.is_ascii_digit()) => return Err(EXPECTED.into()),
            Some(port) => match port.parse::<u16>() {
                Ok(port @ 1..) => port,
                _ => return Err("has a port that is not between 1 and 65535".into()),
            },
        };
        if host.contains(':') && !host.starts_with('[') {
            return Err(EXPECTED.into());
        }
        let bare = Url::parse(&format!("http://{host}/")).map_err(|_| EXPECTED)?;
        let Some(host) = bare.host_str().filter(|_| bare.path() == "/") else { return Err(EXPECTED.into()) };
        let user_info = match &account {
            None => String::new(),
            Some((user, password)) => {
                let encode = |part| utf8_percent_encode(part, NON_ALPHANUMERIC);
                format!("{}:{}@", encode(user), encode(password))
            }
        };
        if scheme.starts_with("socks")
            && account.iter().any(|(user, password)| user.len().max(password.len()) > 255)
        {
            return Err("has a user name or password of more than 255 bytes, which SOCKS can't carry".into());
        }
        let url = Url::parse(&format!("{scheme}://{user_info}{host}:{port}")).map_err(|_| EXPECTED)?;
        Ok(Address { is_loopback: is_loopback(&bare), url, account })
    }

    /// Returns whether the HTTP client's own matcher sends requests for `url` to this address, with this account.
    fn is_understood(&self, url: &Url) -> bool {
        let matcher = Matcher::builder().all(String::from(self.url.clone())).build();
        let Some(intercept) = url.as_str().parse().ok().and_then(|uri| matcher.intercept(&uri)) else {
            return false;
        };
        let place = intercept.uri();
        let port = place.port_u16().or(self.url.port_or_known_default());
        let is_same_place = place.scheme_str() == Some(self.url.scheme())
            && place.host() == self.url.host_str()
            && port == self.url.port_or_known_default();
        let is_same_account = match (&self.account, self.url.scheme()) {
            (None, _) => intercept.basic_auth().is_none() && intercept.raw_auth().is_none(),
            (Some((user, password)), "http" | "https") => {
                let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
                intercept.basic_auth().is_some_and(|found| *found == *expected)
            }
            (Some((user, password)), _) => intercept.raw_auth() == Some((user, password)),
        };
        is_same_place && is_same_account
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Parses `user:password`, with or without percent-escapes.
fn parse_account(text: &str) -> Result<Option<(String, String)>, Cow<'static, str>> {
    // Another parser would end the host at one of these characters, and find another proxy.
    if text.contains(['/', '?', '#']) {
        return Err("has `/`, `?` or `#` in its user name or password; write them as %2F, %3F and %23".into());
    }
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let decode = |part| match percent_decode_str(part).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err("has a user name or password whose percent-escapes are not UTF-8"),
    };
    let account = (decode(user)?, decode(password)?);
    Ok(Some(account).filter(|(user, password)| !user.is_empty() || !password.is_empty()))
}

/// A failure of the proxy, before anything reached the host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProxyFault {
    /// No connection to the proxy could be established.
    Unreachable,
    /// The proxy rejected the user name and password, or requires them.
    Credentials,
    /// The proxy refused to connect to the host, for this reason if it is known.
    Refused(Option<String>),
}

impl ProxyFault {
    /// Returns the fault of the proxy that caused an error of the HTTP client. The error types are private to
    /// `hyper-util`, so they are recognized by their messages; tests with a proxy detect changed messages.
    pub(crate) fn find(error: &reqwest::Error) -> Option<Self> {
        let mut cause: Option<&dyn StdError> = Some(error);
        while let Some(present) = cause {
            let message = present.to_string();
            if let Some(reason) = message.strip_prefix("tunnel error: ") {
                return match reason {
                    "failed to create underlying connection" => Some(ProxyFault::Unreachable),
                    "proxy authorization required" => Some(ProxyFault::Credentials),
                    "unsuccessful" | "proxy response headers too long" => Some(ProxyFault::Refused(None)),
                    // The connection to the proxy broke: that is reported as no connection to the host.
                    _ => None,
                };
            }
            if let Some(reason) = message.strip_prefix("SOCKS error: ") {
                return match reason {
                    "failed to create underlying connection" => Some(ProxyFault::Unreachable),
                    "io error during SOCKS handshake" => None,
                    "credentials not accepted"
                    | "server does not support user/pass authentication"
                    | "server implements authentication incorrectly" => Some(ProxyFault::Credentials),
                    other => Some(ProxyFault::Refused(Some(other.to_owned()))),
                };
            }
            cause = present.source();
        }
        None
    }
}
