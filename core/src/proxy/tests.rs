#[allow(dead_code, reason = "the tests of the network itself use the other functions")]
mod network;

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use self::network::{
    API_HOST, Expected, LOGIN_HOST, Network, Protocol, ProxyBehaviour, ProxyUser, ProxyValue, TOKEN, Target,
    Tunnel, proxy_values,
};
use super::{ProxyRoute, ProxySetting};
use crate::config::{ConfigBuilder, TestNetwork};
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::region::Region;
use crate::secret::Secret;
use crate::{Config, Credentials, OAuthApi, RetryPolicy};

const CLIENT_ID: &str = "7c1f1f6e-2b0d-4f8e-9a55-0a1f5f1d9a3e";
const CLIENT_SECRET: &str = "mW4tS9xQhq3KpZ0vX1yT7wB9";

type Variables = HashMap<&'static str, OsString>;
type Pairs = [(&'static str, &'static str)];

fn variables(pairs: &[(&'static str, &str)]) -> Variables {
    pairs.iter().map(|(name, value)| (*name, OsString::from(value))).collect()
}

/// Resolves the names of the fake network, and no others.
struct FakeNames;

impl Resolve for FakeNames {
    fn resolve(&self, name: Name) -> Resolving {
        let address = Network::resolve(name.as_str());
        Box::pin(async move {
            let address = address.ok_or("no such name")?;
            let addresses: Addrs = Box::new([SocketAddr::new(address, 0)].into_iter());
            Ok(addresses)
        })
    }
}

fn config(network: &Network, variables: Variables) -> ConfigBuilder {
    config_for(Credentials::client_credentials(CLIENT_ID, CLIENT_SECRET), network, variables)
}

fn config_for(credentials: Credentials, network: &Network, variables: Variables) -> ConfigBuilder {
    let host = Host::url(&network.api_url()).expect("the API's address");
    Config::builder(host, credentials)
        .root_certificates(network.root_pem())
        .retry(RetryPolicy { first_backoff: Duration::ZERO, ..RetryPolicy::default() })
        .network(TestNetwork { resolver: Arc::new(FakeNames), variables })
}

async fn list(config: ConfigBuilder) -> Result<(), Error> {
    OAuthApi::new(config.build()?).get_oauth_clients().await.map(drop)
}

fn resolve(setting: &ProxySetting, pairs: &[(&'static str, &str)]) -> Result<ProxyRoute, Error> {
    let variables = variables(pairs);
    ProxyRoute::resolve(setting, &Region::EuCentral1.into(), &|name| variables.get(name).cloned())
}

fn rejection(result: Result<ProxyRoute, Error>) -> String {
    result.map(|_| ()).expect_err("a rejection").to_string()
}

const SEED: u64 = 20_261_129;

#[tokio::test]
async fn the_fake_network_detects_a_direct_connection() {
    let network = Network::start().await;
    list(config(&network, Variables::new())).await.expect("a listing without a proxy");
    let is_seen = |text: &str| network.direct().iter().any(|arrival| arrival.received(text));
    assert!(is_seen(&format!("Bearer {TOKEN}")) && is_seen("Basic "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_proxy_value_sends_credentials_past_the_proxy() {
    const LANES: usize = 4;
    let lanes = (0..LANES).map(|lane| tokio::spawn(try_values(lane, LANES)));
    let (mut tried, mut used) = (0, 0);
    for lane in futures::future::join_all(lanes).await {
        let counts = lane.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
        tried += counts.0;
        used += counts.1;
    }
    assert!(tried >= 200 && used >= 50, "{tried} values, of which {used} were usable");
}

/// Tries every value of a lane. Returns the number of values that were tried, and of those that were usable.
async fn try_values(lane: usize, lanes: usize) -> (usize, usize) {
    let network = Network::start().await;
    let (mut tried, mut used) = (0, 0);
    for value in proxy_values(SEED, network.proxies()).skip(lane).step_by(lanes) {
        network.forget();
        let ProxyValue { variables, setting, expected } = &value;
        let mut config =
            config(&network, variables.iter().cloned().collect()).deadline(Duration::from_secs(20));
        if let Some(setting) = setting {
            config = config.proxy(setting.as_str());
        }
        let result = list(config).await;
        tried += 1;
        assert!(network.direct().is_empty(), "seed {SEED}, {value:?}: {:?}", network.direct());
        assert_eq!(network.stray(), b"", "seed {SEED}, {value:?}");
        match (result, expected) {
            (Ok(()), Expected::Used(way)) => {
                assert_eq!(network.tunnels().last().map(|tunnel| &tunnel.way), Some(way), "{value:?}");
                used += 1;
            }
            (Ok(()), Expected::UsedOrRefused) => {
                let through = network.through_a_proxy();
                assert!(through.iter().any(|arrival| arrival.received(TOKEN)), "seed {SEED}, {value:?}");
                used += 1;
            }
            (Err(_), Expected::Refused | Expected::UsedOrRefused) => {}
            (result, _) => panic!("seed {SEED}, {value:?}: {result:?}"),
        }
    }
    (tried, used)
}

#[test]
fn a_proxy_that_cannot_be_used_is_rejected_by_name_and_without_its_password() {
    for (value, reason) in [
        (
            "socks://svc:Zq8LkP2r@proxy:3128",
            "has the scheme `socks`; http, https, socks5 and socks5h can be used",
        ),
        ("ftp://proxy", "has the scheme `ftp`; http, https, socks5 and socks5h can be used"),
        (
            "http://svc:12#Zq8LkP2r@proxy:3128",
            "has `/`, `?` or `#` in its user name or password; write them as %2F, %3F and %23",
        ),
        ("http://svc:Zq8LkP2r@proxy:0", "has a port that is not between 1 and 65535"),
        ("http://svc:Zq8LkP2r@proxy:65536", "has a port that is not between 1 and 65535"),
        ("http://svc:Zq8LkP2r@proxy:3128/path", "has a path, query or fragment, which no proxy has"),
        ("http://svc:Zq8LkP2r@pro xy", "holds a space or a control character"),
        ("http://svc:Zq8LkP2r@", "is not an address like http://proxy.example.com:3128"),
        ("\"http://svc:Zq8LkP2r@proxy:3128\"", "is not an address like http://proxy.example.com:3128"),
        ("http://svc:%ffZq8LkP2r@proxy", "has a user name or password whose percent-escapes are not UTF-8"),
        (" ", "is blank"),
    ] {
        let setting = ProxySetting::Address(Secret::new(value));
        assert_eq!(rejection(resolve(&setting, &[])), format!("proxy {reason}"));
        let from_environment = resolve(&ProxySetting::Environment, &[("https_proxy", value)]);
        let error = from_environment.map(|_| ()).expect_err(value);
        assert_eq!(error.argument(), Some("https_proxy"));
        assert_eq!(error.to_string(), format!("https_proxy {reason}"));
    }
}

#[test]
fn the_first_variable_that_is_not_empty_is_used() {
    let origin = |pairs: &[(&'static str, &str)]| {
        let route = resolve(&ProxySetting::Environment, pairs).expect("a route");
        route.proxy_to(Host::from(Region::EuCentral1).api()).map(|proxy| proxy.into_owned())
    };
    let proxy = "http://proxy.example.com:3128";
    #[rustfmt::skip]
    let rows: [(&Pairs, Option<&str>); 7] = [
        (&[("HTTPS_PROXY", proxy), ("ALL_PROXY", "ftp://x")],                   Some("HTTPS_PROXY")),
        (&[("HTTPS_PROXY", ""), ("https_proxy", proxy), ("ALL_PROXY", "x")],    Some("https_proxy")),
        (&[("HTTPS_PROXY", ""), ("all_proxy", proxy)],                          Some("all_proxy")),
        (&[("REQUEST_METHOD", "GET"), ("ALL_PROXY", proxy)],                    Some("ALL_PROXY")),
        (&[("HTTP_PROXY", proxy), ("http_proxy", proxy)],                       None),
        (&[("HTTPS_PROXY", proxy), ("NO_PROXY", ""), ("no_proxy", ".mypurecloud.de")], None),
        (&[("HTTPS_PROXY", proxy), ("NO_PROXY", "example.com"), ("no_proxy", "*")], Some("HTTPS_PROXY")),
    ];
    for (pairs, expected) in rows {
        assert_eq!(origin(pairs), expected.map(|name| format!("the proxy of {name}")), "{pairs:?}");
    }
}

#[tokio::test]
async fn no_proxy_applies_to_its_hosts_only_and_not_to_the_setting() {
    let network = Network::start().await;
    let proxy = format!("http://127.0.0.1:{}", network.proxies().http);
    let excepted = variables(&[("HTTPS_PROXY", &proxy), ("NO_PROXY", LOGIN_HOST)]);
    list(config(&network, excepted.clone())).await.expect("a listing");
    let hosts = |arrivals: Vec<network::Arrival>| {
        arrivals.into_iter().filter_map(|arrival| arrival.host).collect::<Vec<_>>()
    };
    assert_eq!(hosts(network.direct()), [LOGIN_HOST]);
    assert_eq!(hosts(network.through_a_proxy()), [API_HOST]);

    network.forget();
    list(config(&network, excepted).proxy(proxy.as_str())).await.expect("a listing");
    assert_eq!(hosts(network.direct()), [""; 0]);
    assert_eq!(hosts(network.through_a_proxy()), [LOGIN_HOST, API_HOST]);
}

#[tokio::test]
async fn socks5h_leaves_name_resolution_to_the_proxy_and_socks5_does_not() {
    let network = Network::start().await;
    for (scheme, is_name) in [("socks5", false), ("socks5h", true)] {
        network.forget();
        let proxy = format!("{scheme}://127.0.0.1:{}", network.proxies().socks5);
        list(config(&network, Variables::new()).proxy(proxy)).await.expect("a listing");
        for Tunnel { target, .. } in network.tunnels() {
            match target {
                Target::Domain(name, _) => {
                    assert!(is_name && [API_HOST, LOGIN_HOST].contains(&&*name), "{name}")
                }
                Target::Address(address) => assert!(!is_name && address.ip() == Ipv4Addr::LOCALHOST),
            }
        }
    }
}

/// Makes three calls with this proxy configuration, which all fail, and returns the last error.
async fn fail_three_times(network: &Network, config: ConfigBuilder) -> Error {
    let api = OAuthApi::new(config.build().expect("settings"));
    for _ in 0..2 {
        api.post_oauth_client_secret(CLIENT_ID).await.expect_err("refused");
    }
    let error = api.post_oauth_client_secret(CLIENT_ID).await.expect_err("refused");
    assert!(!error.server_may_have_acted(), "{error}");
    assert!(network.through_a_proxy().is_empty() && network.direct().is_empty());
    error
}

#[tokio::test]
async fn a_wrong_password_is_sent_to_the_proxy_once_in_each_call() {
    let network = Network::start().await;
    let proxies = network.proxies();
    for (address, protocol, status) in [
        (format!("http://svc:Zq8LkP2r@127.0.0.1:{}", proxies.http), Protocol::Http, Some(407)),
        (format!("socks5h://svc:Zq8LkP2r@127.0.0.1:{}", proxies.socks5), Protocol::Socks5, None),
    ] {
        network.forget();
        network.set_behaviour(ProxyBehaviour::Authenticate(ProxyUser::new("svc", "hunter22")));
        let config = config_for(Credentials::access_token(TOKEN), &network, Variables::new());
        let error = fail_three_times(&network, config.proxy(address.as_str())).await;
        assert_eq!(network.tunnels().len(), 3, "{protocol:?}");
        assert_eq!((error.kind(), error.status()), (ErrorKind::Connection, status));
        assert!(!error.worth_retrying());
        let message = error.to_string();
        assert!(message.contains("the proxy refused the tunnel to api.example.test"), "{message}");
        assert!(message.ends_with("; check its user name and password"), "{message}");
        assert!(!message.contains("Zq8LkP2r") && !format!("{error:#?}").contains("Zq8LkP2r"));
    }
}

#[tokio::test]
async fn a_refused_tunnel_is_reported_as_such_and_not_as_a_missing_connection() {
    let network = Network::start().await;
    for status in [403, 502, 500] {
        network.forget();
        network.set_behaviour(ProxyBehaviour::Refuse(status));
        let proxy = format!("http://127.0.0.1:{}", network.proxies().http);
        let token = Credentials::access_token(TOKEN);
        let config = config_for(token, &network, variables(&[("ALL_PROXY", &proxy)]));
        let error = fail_three_times(&network, config).await;
        assert_eq!(network.tunnels().len(), 3, "once in each call");
        assert_eq!((error.kind(), error.status()), (ErrorKind::Connection, None));
        assert!(error.worth_retrying());
        let expected = "the proxy of ALL_PROXY refused the tunnel to api.example.test";
        assert!(error.to_string().contains(expected) && error.to_string().contains("403"), "{error}");
    }
}

#[tokio::test]
async fn the_error_for_an_unreachable_proxy_names_its_variable() {
    let network = Network::start().await;
    let unused = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = unused.local_addr().expect("an address");
    drop(unused);
    for scheme in ["http", "socks5h"] {
        let proxy = format!("{scheme}://{address}");
        let error =
            list(config(&network, variables(&[("HTTPS_PROXY", &proxy)]))).await.expect_err("no proxy");
        assert!(error.to_string().contains("no connection to the proxy of HTTPS_PROXY: "), "{error}");
        assert!(error.worth_retrying() && !error.server_may_have_acted());
    }
}

#[tokio::test]
async fn a_call_is_retried_if_the_proxy_closes_the_connection_or_does_not_respond() {
    let network = Network::start().await;
    let proxies = network.proxies();
    for behaviour in [ProxyBehaviour::Close, ProxyBehaviour::Hang] {
        for proxy in
            [format!("http://127.0.0.1:{}", proxies.http), format!("socks5h://127.0.0.1:{}", proxies.socks5)]
        {
            network.forget();
            network.set_behaviour(behaviour.clone());
            let config = config_for(Credentials::access_token(TOKEN), &network, Variables::new());
            let config = config.proxy(proxy.as_str()).connect_timeout(Duration::from_millis(50));
            let api = OAuthApi::new(config.build().expect("settings"));
            let error = api.post_oauth_client_secret(CLIENT_ID).await.expect_err("no connection");
            assert_eq!(error.kind(), ErrorKind::Connection, "{behaviour:?}: {error}");
            assert!(error.worth_retrying() && !error.server_may_have_acted());
            assert_eq!(error.metadata().map(|metadata| metadata.attempts), Some(3), "{behaviour:?}: {error}");
            assert!(error.to_string().contains(" through the proxy: "), "{error}");
        }
    }
}
