//! The host that calls and sign-ins go to: that of a region, of another domain, or of a gateway.

use std::fmt;
use std::str::FromStr;

use url::{Host as UrlHost, Url};

use crate::error::Error;
use crate::printable::{character, is_invisible, quoted_name};
use crate::region::Region;

/// A gateway between the program and the service.
///
/// A call goes to `protocol://host:port/path_params_api/api/v2/…`, a sign-in to
/// `protocol://host:port/path_params_login/oauth/token`. The settings and their names are those of the vendor's SDKs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gateway {
    /// The host name or IP address of the gateway.
    pub host: String,
    /// The protocol: `https`, or `http` to loopback.
    pub protocol: String,
    /// The port; `None` for the default port of the protocol.
    pub port: Option<u16>,
    /// The path in front of `/oauth/token`; may be empty.
    pub path_params_login: String,
    /// The path in front of `/api/v2`; may be empty.
    pub path_params_api: String,
}

impl Gateway {
    /// Returns a gateway that is reached by `https` at the default port, without path prefixes.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Gateway {
            host: host.into(),
            protocol: "https".to_owned(),
            port: None,
            path_params_login: String::new(),
            path_params_api: String::new(),
        }
    }
}

/// The prefixes that the service's hosts have in front of the domain; copied URLs contain them.
const SERVICE_HOSTS: [&str; 3] = ["api.", "login.", "apps."];

/// The host that calls and sign-ins go to: a region, a domain, a base URL, or a gateway.
///
/// # Examples
/// ```
/// use purecloud_oauth::{Host, Region};
///
/// let host: Host = "eu_central_1".parse()?;
/// assert_eq!(host, Region::EuCentral1.into());
/// # Ok::<(), purecloud_oauth::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", exported, derive(uniffi::Object), uniffi::export(Debug, Eq, Hash))]
pub struct Host {
    api: Url,
    login: Url,
}

#[cfg_attr(feature = "uniffi", exported(host_declaration))]
impl Host {
    /// Returns the host for a domain such as `mypurecloud.de`, which need not be in the list of regions. Calls go to
    /// `api.` and sign-ins to `login.` in front of the domain.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if it is not a domain name.
    ///
    /// # Examples
    /// ```
    /// let host = purecloud_oauth::Host::domain("mypurecloud.de")?;
    /// assert_eq!(host.api_url(), "https://api.mypurecloud.de/");
    /// assert_eq!(host.login_url(), "https://login.mypurecloud.de/");
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn domain(domain: &str) -> Result<Self, Error> {
        let refuse =
            |reason: &str| Error::invalid_argument("host", format!("{} {reason}", quoted_name(domain)));
        // A domain that was copied from a browser or an SDK starts with one of these prefixes.
        let bare = SERVICE_HOSTS.iter().find_map(|host| domain.strip_prefix(host)).unwrap_or(domain);
        let is_label = |label: &str| {
            let ends_well = !label.starts_with('-') && !label.ends_with('-');
            !label.is_empty() && ends_well && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let looks_right = bare.contains('.') && bare.split('.').all(is_label);
        if !looks_right {
            return Err(refuse(
                "is neither a region nor a domain; expected something like `eu_central_1` or `mypurecloud.de`",
            ));
        }
        let part = |name: &str| {
            Url::parse(&format!("https://{name}.{bare}/")).map_err(|_| refuse("is not a domain name"))
        };
        Ok(Host { api: part("api")?, login: part("login")? })
    }

    /// Returns the host for a base URL, such as `https://api.mypurecloud.de` or `http://127.0.0.1:8080`. If the host
    /// name begins with `api.`, `login.` or `apps.`, calls go to `api.` and sign-ins to `login.`; otherwise both go to
    /// the same host. The URL of a region's domain (`https://mypurecloud.de`) stands for the region, and `/api/v2` at
    /// the end of the path is removed.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if it is not a URL, is longer than 2,048 bytes, has a user name, query, fragment or
    /// port 0, or is plain `http` to another machine.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::Host;
    ///
    /// let emulator = Host::url("http://127.0.0.1:8080")?;
    /// assert_eq!(emulator.login_url(), "http://127.0.0.1:8080/");
    /// let service = Host::url("https://api.mypurecloud.de/api/v2")?;
    /// assert_eq!(service.login_url(), "https://login.mypurecloud.de/");
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn url(address: &str) -> Result<Self, Error> {
        let mut api = checked_base(address)?;
        // The URL may have been copied from the documentation of an operation.
        if let Some(base) = api.path().strip_suffix("api/v2/").map(str::to_owned) {
            api.set_path(&base);
        }
        if let Some(region) = Region::ALL.iter().find(|region| api.host_str() == Some(region.domain())) {
            return Ok((*region).into());
        }
        let mut login = api.clone();
        let domain = SERVICE_HOSTS.iter().find_map(|host| api.host_str()?.strip_prefix(host));
        if let Some(domain) = domain.map(str::to_owned) {
            for (url, host) in [(&mut api, "api"), (&mut login, "login")] {
                url.set_host(Some(&format!("{host}.{domain}"))).map_err(|_| {
                    Error::invalid_argument("host", format!("{} has no login host", quoted_name(address)))
                })?;
            }
        }
        Ok(Host { api, login })
    }

    /// Returns the URL that calls go to, without the path of an operation.
    #[must_use]
    pub fn api_url(&self) -> &str {
        self.api.as_str()
    }

    /// Returns the URL that sign-ins go to, without the path of the token endpoint.
    #[must_use]
    pub fn login_url(&self) -> &str {
        self.login.as_str()
    }

    /// Returns the URL of the page that ends the session of the browser, to be opened in the browser after signing out.
    ///
    /// - `client_id`: the id of the OAuth client that the user signed in to.
    /// - `redirect_uri`: the URI that the browser is sent to afterwards: one of the client's registered redirect URIs.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if one of them is empty or longer than 2,048 bytes, or the redirect URI has port 0.
    ///
    /// # Examples
    /// ```
    /// let host = purecloud_oauth::Host::domain("mypurecloud.de")?;
    /// let page = host.logout_url("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "https://rueckrufe.example.ch/")?;
    /// assert!(page.starts_with("https://login.mypurecloud.de/logout?client_id=6f1c5a0e-"));
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn logout_url(&self, client_id: &str, redirect_uri: &str) -> Result<String, Error> {
        if let Ok(redirect_uri) = Url::parse(redirect_uri) {
            refuse_port_zero("redirect_uri", &redirect_uri)?;
        }
        let mut url = self.page("logout")?;
        for (name, value) in [("client_id", client_id), ("redirect_uri", redirect_uri)] {
            if value.is_empty() {
                return Err(Error::invalid_argument(name, "is empty"));
            }
            if value.len() > LONGEST_ADDRESS {
                return Err(Error::invalid_argument(name, format!("is longer than {LONGEST_ADDRESS} bytes")));
            }
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url.into())
    }
}

impl Host {
    /// Returns the host for a gateway.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` with the name of the invalid part, such as `gateway.port`; with `gateway.protocol`
    /// if it is plain `http` to another machine.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Gateway, Host};
    ///
    /// let mut gateway = Gateway::new("gateway.example.com");
    /// gateway.path_params_api = "genesys".to_owned();
    /// let host = Host::gateway(&gateway)?;
    /// assert_eq!(host.api_url(), "https://gateway.example.com/genesys/");
    /// assert_eq!(host.login_url(), "https://gateway.example.com/");
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn gateway(gateway: &Gateway) -> Result<Self, Error> {
        if !matches!(gateway.protocol.as_str(), "https" | "http") {
            let found = quoted_name(&gateway.protocol);
            return Err(Error::invalid_argument(
                "gateway.protocol",
                format!("{found} is neither https nor http"),
            ));
        }
        let mut base = Url::parse(&format!("{}://gateway.invalid/", gateway.protocol))
            .map_err(|_| Error::invalid_argument("gateway.protocol", "is not a protocol"))?;
        let refuse_host = || {
            Error::invalid_argument(
                "gateway.host",
                format!("{} is not a host name", quoted_name(&gateway.host)),
            )
        };
        if gateway.host.is_empty()
            || gateway.host.len() > LONGEST_ADDRESS
            || gateway.host.contains(|c: char| c.is_control() || c.is_whitespace())
            || gateway.host.contains(['/', '\\', '@', '?', '#', ':']) && !gateway.host.starts_with('[')
        {
            return Err(refuse_host());
        }
        base.set_host(Some(&gateway.host)).map_err(|_| refuse_host())?;
        if is_plain_to_another_machine(&base) {
            return Err(Error::invalid_argument(
                "gateway.protocol",
                format!("is http, to another machine{}: {PLAIN_HTTP_REASON}", other_machine(&base)),
            ));
        }
        base.set_port(gateway.port).map_err(|()| Error::invalid_argument("gateway.port", "can't be set"))?;
        refuse_port_zero("gateway.port", &base)?;
        let with_prefix = |argument: &'static str, prefix: &str| {
            let refuse = |reason: String| Err(Error::invalid_argument(argument, reason));
            if prefix.len() > LONGEST_ADDRESS {
                return refuse(format!("is longer than {LONGEST_ADDRESS} bytes"));
            }
            let is_special = |c: &char| {
                c.is_control() || is_invisible(*c) || c.is_whitespace() || ['?', '#', '\\', '%'].contains(c)
            };
            if let Some(c) = prefix.chars().find(is_special) {
                return refuse(format!("is not a plain path: it holds {}", character(c)));
            }
            if let Some(segment) = prefix.split('/').find(|segment| matches!(*segment, "." | "..")) {
                return refuse(format!("is not a plain path: it holds the segment `{segment}`"));
            }
            let mut url = base.clone();
            url.set_path(prefix.trim_matches('/'));
            Ok(ending_in_a_slash(url))
        };
        Ok(Host {
            api: with_prefix("gateway.path_params_api", &gateway.path_params_api)?,
            login: with_prefix("gateway.path_params_login", &gateway.path_params_login)?,
        })
    }

    /// Returns the URL of a page on the login host, for the user's browser.
    pub(crate) fn page(&self, path: &str) -> Result<Url, Error> {
        let no_page = |error| Error::invalid_setting("host", "has no login pages", error);
        self.login.join(path).map_err(no_page)
    }

    pub(crate) fn api(&self) -> &Url {
        &self.api
    }

    pub(crate) fn login(&self) -> &Url {
        &self.login
    }

    /// Returns whether calls or sign-ins use plain http, which is possible for this machine only.
    pub(crate) fn is_plain(&self) -> bool {
        [&self.api, &self.login].iter().any(|url| url.scheme() == "http")
    }

    /// Returns whether calls and sign-ins stay on this machine: then the proxies of the environment are ignored.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.api) && is_loopback(&self.login)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("api", &self.api.as_str()).field("login", &self.login.as_str()).finish()
    }
}

impl From<Region> for Host {
    fn from(region: Region) -> Self {
        let part = |name: &str| {
            #[allow(
                clippy::expect_used,
                reason = "the table above is the only input, and a test covers all of it"
            )]
            Url::parse(&format!("https://{name}.{}/", region.domain()))
                .expect("a region's domain is valid in a URL")
        };
        Host { api: part("api"), login: part("login") }
    }
}

impl FromStr for Host {
    type Err = Error;

    /// Parses a region's name (`eu_central_1` or `eu-central-1`), a domain (`mypurecloud.de`), or a base URL
    /// (`https://api.mypurecloud.de`).
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.contains("://") {
            return Host::url(text);
        }
        let name = text.to_ascii_lowercase().replace('-', "_");
        match Region::ALL.iter().find(|region| region.name() == name) {
            Some(region) => Ok((*region).into()),
            None => Host::domain(text),
        }
    }
}

/// The maximum size of a URL or a part of one, in bytes.
const LONGEST_ADDRESS: usize = 2_048;

/// The reason why plain http is limited to this machine.
const PLAIN_HTTP_REASON: &str = "a token would be readable on the way; use https";

fn checked_base(address: &str) -> Result<Url, Error> {
    let refuse = |reason: &str| Error::invalid_argument("host", format!("{} {reason}", quoted_name(address)));
    if address.len() > LONGEST_ADDRESS {
        return Err(refuse(&format!("is longer than {LONGEST_ADDRESS} bytes")));
    }
    let url = Url::parse(address).map_err(|error| refuse(&format!("is not an address: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err(refuse("needs to start with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("must not hold a user name or password"));
    }
    if is_plain_to_another_machine(&url) {
        return Err(refuse(&format!(
            "is plain http to another machine{}: {PLAIN_HTTP_REASON}",
            other_machine(&url)
        )));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("must not have a query or a fragment"));
    }
    refuse_port_zero("host", &url)?;
    Ok(ending_in_a_slash(url))
}

fn ending_in_a_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

fn is_plain_to_another_machine(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Returns the host of a URL for an error message, unless it may be a part of a password: if a password contains a
/// slash, the URL parser takes its beginning for the host.
fn other_machine(url: &Url) -> String {
    match url.host_str() {
        Some(host) if !url.path().contains('@') => format!(", {}", quoted_name(host)),
        _ => String::new(),
    }
}

/// Rejects a URL with port 0, to which no connection is possible.
pub(crate) fn refuse_port_zero(argument: &'static str, url: &Url) -> Result<(), Error> {
    if url.port() == Some(0) {
        return Err(Error::invalid_argument(argument, "has port 0, at which nothing can be reached"));
    }
    Ok(())
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(UrlHost::Domain(domain)) => domain.eq_ignore_ascii_case("localhost"),
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_an_api_and_a_login_host() {
        assert_eq!(Region::ALL.len(), 18);
        for region in Region::ALL {
            let host = Host::from(*region);
            assert_eq!(host.api_url(), format!("https://api.{}/", region.domain()));
            assert_eq!(host.login_url(), format!("https://login.{}/", region.domain()));
        }
    }

    #[test]
    fn a_region_is_found_by_name_by_domain_and_by_address() {
        for text in [
            "eu_central_1",
            "eu-central-1",
            "EU-CENTRAL-1",
            "mypurecloud.de",
            "api.mypurecloud.de",
            "login.mypurecloud.de",
            "apps.mypurecloud.de",
            "https://api.mypurecloud.de",
            "https://mypurecloud.de",
            "https://mypurecloud.de/",
            "https://login.mypurecloud.de",
            "https://apps.mypurecloud.de/",
            "https://api.mypurecloud.de/api/v2",
            "https://api.mypurecloud.de/api/v2/",
            "https://mypurecloud.de/api/v2",
        ] {
            let host: Host = text.parse().expect(text);
            assert_eq!(host, Region::EuCentral1.into(), "{text}");
        }
    }

    #[test]
    fn a_domain_that_is_not_in_the_list_works() {
        let host: Host = "xyz9.pure.cloud".parse().expect("a domain");
        assert_eq!(host.login_url(), "https://login.xyz9.pure.cloud/");
    }

    #[test]
    fn a_host_without_an_api_prefix_is_also_the_login_host() {
        let host = Host::url("http://127.0.0.1:8080").expect("loopback");
        assert_eq!((host.api_url(), host.login_url()), ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"));
    }

    #[test]
    fn a_path_before_that_of_the_api_is_kept() {
        let host = Host::url("https://gateway.example.com/genesys/api/v2").expect("an address");
        assert_eq!(host.api_url(), "https://gateway.example.com/genesys/");
    }

    #[test]
    fn a_gateway_puts_its_prefixes_in_front() {
        let gateway = Gateway {
            port: Some(8443),
            path_params_login: "/login/eu".to_owned(),
            path_params_api: "genesys".to_owned(),
            ..Gateway::new("gateway.example.com")
        };
        let host = Host::gateway(&gateway).expect("a gateway");
        assert_eq!(host.api_url(), "https://gateway.example.com:8443/genesys/");
        assert_eq!(host.login_url(), "https://gateway.example.com:8443/login/eu/");
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for allowed in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8080"] {
            Host::url(allowed).expect(allowed);
        }
        let error = Host::url("http://api.mypurecloud.de").expect_err("another machine");
        assert!(error.to_string().contains("plain http"), "{error}");
    }

    #[test]
    fn an_invalid_host_is_rejected_by_name() {
        for text in [
            "",
            "mars",
            "my purecloud.de",
            "mypurecloud..de",
            "-.-",
            "https://u:p@api.mypurecloud.de",
            "https://api.mypurecloud.de/?x=1",
            "ftp://api.mypurecloud.de",
        ] {
            let error = text.parse::<Host>().expect_err(text);
            assert_eq!(error.argument(), Some("host"), "{text}: {error}");
        }
        for host in ["", "a/b", "u@h", "h:1", "a?b"] {
            let error = Host::gateway(&Gateway::new(host)).expect_err(host);
            assert_eq!(error.argument(), Some("gateway.host"), "{host}");
        }
        for prefix in ["..", "a/../b", "a?b", "a#b", "%2e"] {
            let gateway =
                Gateway { path_params_api: prefix.to_owned(), ..Gateway::new("gateway.example.com") };
            let error = Host::gateway(&gateway).expect_err(prefix);
            assert_eq!(error.argument(), Some("gateway.path_params_api"), "{prefix}");
        }
    }

    #[test]
    fn each_part_of_a_gateway_is_rejected_by_its_own_name() {
        let gateway = || Gateway::new("gateway.example.com");
        let owned = str::to_owned;
        let long = "a/".repeat(2_000);
        for (argument, refused) in [
            ("gateway.host", Gateway::new("gate way")),
            ("gateway.host", Gateway::new("gate\nway")),
            ("gateway.host", Gateway::new("x".repeat(3_000))),
            ("gateway.protocol", Gateway { protocol: owned("ftp"), ..gateway() }),
            ("gateway.protocol", Gateway { protocol: owned("http"), ..gateway() }),
            (
                "gateway.protocol",
                Gateway {
                    protocol: owned("http"),
                    path_params_api: owned("genesys"),
                    port: Some(8080),
                    ..gateway()
                },
            ),
            ("gateway.port", Gateway { port: Some(0), ..gateway() }),
            ("gateway.path_params_login", Gateway { path_params_login: owned("login?eu"), ..gateway() }),
            ("gateway.path_params_api", Gateway { path_params_api: owned("gene\nsys"), ..gateway() }),
            ("gateway.path_params_api", Gateway { path_params_api: long, ..gateway() }),
        ] {
            let error = Host::gateway(&refused).expect_err(argument);
            assert_eq!(error.argument(), Some(argument), "{error}");
        }
        let error = Host::gateway(&Gateway { protocol: owned("http"), ..gateway() }).expect_err("http");
        assert!(error.to_string().contains("`gateway.example.com`: a token would be readable"), "{error}");
    }

    #[test]
    fn port_0_is_rejected_by_name() {
        for address in ["https://api.mypurecloud.de:0", "http://127.0.0.1:0/"] {
            for error in [Host::url(address).expect_err(address), address.parse::<Host>().expect_err(address)]
            {
                assert_eq!(error.argument(), Some("host"));
                assert!(error.to_string().contains("port 0"), "{error}");
            }
        }
        let error = Host::from(Region::EuCentral1)
            .logout_url("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "http://127.0.0.1:0/callback")
            .expect_err("port 0");
        assert_eq!(error.argument(), Some("redirect_uri"));
    }

    #[test]
    fn an_error_shows_a_misspelled_name_and_no_secret() {
        for misspelled in ["eu-centrall-1", "mypurecloud..de", "mars"] {
            let error = misspelled.parse::<Host>().expect_err(misspelled);
            assert!(error.to_string().contains(&format!("`{misspelled}`")), "{error}");
        }
        const SECRET: &str = "hq3KpZ0vX1yT7wB9";
        for text in [
            SECRET.to_owned(),
            format!("user:{SECRET}@mypurecloud.de"),
            format!("{SECRET}@mypurecloud.de"),
            format!("mypurecloud.de?key={SECRET}"),
            format!("mypurecloud.de#{SECRET}"),
            format!("https://user:{SECRET}@api.mypurecloud.de"),
            format!("http://user:{SECRET}@api.mypurecloud.de"),
            format!("http://{SECRET}/x@api.mypurecloud.de"),
            format!("https://api.mypurecloud.de/?key={SECRET}"),
            format!("https://api.mypurecloud.de/#{SECRET}"),
            format!("https://api.mypurecloud.de:{SECRET}/"),
            format!("ftp://{SECRET}"),
            format!("https://api.mypurecloud.de/{}{SECRET}", "x".repeat(3_000)),
        ] {
            let gateway = |host: &str| Gateway::new(host);
            for refused in [
                text.parse::<Host>().err(),
                Host::domain(&text).err(),
                Host::url(&text).err(),
                Host::gateway(&gateway(&text)).err(),
                Host::gateway(&Gateway { protocol: text.clone(), ..gateway("gateway.example.com") }).err(),
                Host::gateway(&Gateway { path_params_api: text.clone(), ..gateway("gateway.example.com") })
                    .err(),
            ] {
                let Some(error) = refused else { continue };
                for shown in [error.to_string(), format!("{error:?} {error:#?}")] {
                    assert!(!shown.to_lowercase().contains(&SECRET.to_lowercase()), "{shown}");
                }
            }
        }
    }
}
