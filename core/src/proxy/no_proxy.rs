//! `NO_PROXY`: the hosts that are reached without the environment's proxy, by the rules of Go's `net/http`.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// A list of hosts, networks and domains.
///
/// Entries are separated by commas or whitespace. An entry is `*` for every host, a network such as `10.0.0.0/8`, an
/// address, a domain, which includes its subdomains, or `.domain` or `*.domain` for the subdomains only. An address or
/// domain may be followed by a port, and then applies to that port only.
#[derive(Debug, Default)]
pub(super) struct NoProxy(Vec<Rule>);

#[derive(Debug)]
enum Rule {
    EveryHost,
    Network(IpNet),
    Address(IpAddr, Option<u16>),
    Domain {
        name: String,
        /// True if the rule applies to the domain itself in addition to its subdomains.
        itself: bool,
        port: Option<u16>,
    },
}

impl NoProxy {
    /// Parses a list. An entry in an unknown format is ignored.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        NoProxy(entries.filter_map(Rule::parse).collect())
    }

    /// Returns whether `url` is reached without the proxy.
    pub(super) fn covers(&self, url: &Url) -> bool {
        self.0.iter().any(|rule| rule.covers(url))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Rule::EveryHost);
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return Some(Rule::Network(network));
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Some(Rule::Address(address, None));
        }
        let (place, port) = match entry.rsplit_once(':') {
            Some((place, port)) if !port.ends_with(']') => (place, Some(port.parse().ok()?)),
            _ => (entry, None),
        };
        let (name, itself) = match place.strip_prefix("*.").or_else(|| place.strip_prefix('.')) {
            Some(name) => (name, false),
            None => (place, true),
        };
        Some(match Host::parse(name).ok()? {
            Host::Ipv4(address) => Rule::Address(address.into(), port),
            Host::Ipv6(address) => Rule::Address(address.into(), port),
            Host::Domain(name) => Rule::Domain { name, itself, port },
        })
    }

    fn covers(&self, url: &Url) -> bool {
        let has_port = |port: &Option<u16>| port.is_none() || *port == url.port_or_known_default();
        match self {
            Rule::EveryHost => true,
            Rule::Network(network) => address(url).is_some_and(|address| network.contains(&address)),
            Rule::Address(excepted, port) => has_port(port) && address(url) == Some(*excepted),
            Rule::Domain { name, itself, port } => {
                has_port(port)
                    && url
                        .domain()
                        .and_then(|domain| domain.strip_suffix(name.as_str()))
                        .is_some_and(|before| before.ends_with('.') || *itself && before.is_empty())
            }
        }
    }
}

fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        // An IPv4-mapped IPv6 address stands for the IPv4 address.
        Host::Ipv6(address) => Some(IpAddr::from(address).to_canonical()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::NoProxy;

    #[test]
    fn hosts_are_excepted_by_the_rules_of_go() {
        #[rustfmt::skip]
        let rows = [
            // list                             URL                                      without the proxy
            ("*",                               "https://api.mypurecloud.de/",           true),
            ("mypurecloud.de",                  "https://mypurecloud.de/",               true),
            ("mypurecloud.de",                  "https://api.mypurecloud.de/",           true),
            ("MyPureCloud.DE",                  "https://api.mypurecloud.de/",           true),
            ("mypurecloud.de",                  "https://notmypurecloud.de/",            false),
            (".mypurecloud.de",                 "https://api.mypurecloud.de/",           true),
            (".mypurecloud.de",                 "https://mypurecloud.de/",               false),
            ("*.mypurecloud.de",                "https://api.mypurecloud.de/",           true),
            ("*.mypurecloud.de",                "https://mypurecloud.de/",               false),
            ("api.mypurecloud.de:443",          "https://api.mypurecloud.de/",           true),
            ("api.mypurecloud.de:8443",         "https://api.mypurecloud.de/",           false),
            (".mypurecloud.de:8443",            "https://api.mypurecloud.de:8443/",      true),
            ("10.0.0.0/8",                      "https://10.1.2.3/",                     true),
            ("10.0.0.0/8",                      "https://11.1.2.3/",                     false),
            ("10.0.0.0/8",                      "https://10.example.com/",               false),
            ("10.1.2.3",                        "https://10.1.2.3/",                     true),
            ("10.1.2.3:8443",                   "https://10.1.2.3/",                     false),
            ("10.1.2.3",                        "https://[::ffff:10.1.2.3]/",            true),
            ("fd00::/8",                        "https://[fd00::7]/",                    true),
            ("fd00::7",                         "https://[fd00::7]/",                    true),
            ("[fd00::7]:8443",                  "https://[fd00::7]:8443/",               true),
            ("münchen.example",                 "https://api.xn--mnchen-3ya.example/",   true),
            ("localhost, .internal  example.com", "https://gw.internal/",                true),
            ("localhost,,.internal,example.com", "https://gw.example.com/",              true),
            ("localhost",                       "https://api.mypurecloud.de/",           false),
            ("api.*.de",                        "https://api.mypurecloud.de/",           false),
            ("api.mypurecloud.de:http",         "https://api.mypurecloud.de/",           false),
            (":443",                            "https://api.mypurecloud.de/",           false),
            ("",                                "https://api.mypurecloud.de/",           false),
        ];
        for (list, url, expected) in rows {
            let covers = NoProxy::parse(list).covers(&Url::parse(url).expect(url));
            assert_eq!(covers, expected, "NO_PROXY={list:?} and {url}");
        }
    }
}
