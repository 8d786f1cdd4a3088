//! Checks that the fake network of the proxy tests records what it claims to, so that a test that finds no record
//! proves the absence of traffic.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test stops where it fails")]

#[path = "../../src/proxy/tests/network.rs"]
mod network;

use std::collections::HashSet;
use std::net::SocketAddr;

use network::{
    API_HOST, Expected, LOGIN_HOST, Network, Protocol, ProxyBehaviour, ProxyUser, TOKEN, Target, Way,
    proxy_values,
};
use reqwest::{Certificate, Client, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Builds an HTTP client that resolves the names of the fake network.
fn client(network: &Network, proxy: Option<String>) -> Client {
    let mut builder = Client::builder()
        .no_proxy()
        .tls_certs_merge(Certificate::from_pem_bundle(network.root_pem().as_bytes()).unwrap());
    for host in [API_HOST, LOGIN_HOST, network::PROXY_HOST] {
        builder = builder.resolve(host, SocketAddr::new(Network::resolve(host).unwrap(), 0));
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(Proxy::all(proxy).unwrap());
    }
    builder.build().unwrap()
}

async fn listing(network: &Network, client: &Client) -> Result<String, reqwest::Error> {
    let url = network.api_url() + "/api/v2/oauth/clients";
    client.get(url).bearer_auth(TOKEN).send().await?.text().await
}

#[tokio::test]
async fn a_direct_connection_is_seen() {
    let network = Network::start().await;
    let body = listing(&network, &client(&network, None)).await.unwrap();
    assert_eq!(body, r#"{"entities":[],"total":0}"#);
    let direct = network.direct();
    assert_eq!(direct.len(), 1);
    assert_eq!(direct[0].host.as_deref(), Some(API_HOST));
    assert!(direct[0].received(TOKEN) && !direct[0].raw.is_empty());
    assert!(network.through_a_proxy().is_empty() && network.tunnels().is_empty());
    network.forget();
    assert!(network.direct().is_empty());
    TcpStream::connect(network.api_url().trim_start_matches("https://").replace(API_HOST, "127.0.0.1"))
        .await
        .unwrap()
        .write_all(b"in plain text")
        .await
        .unwrap();
    while !network.direct().iter().any(|arrival| arrival.received("in plain text")) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_through_an_http_proxy_is_distinguished_from_a_direct_one() {
    for (scheme, protocol) in [("http", Protocol::Http), ("https", Protocol::Https)] {
        let network = Network::start().await;
        let proxy = format!("{scheme}://svc%40corp:p%3Aw@{}:{}", network::PROXY_HOST, network.proxies().http);
        let client = client(&network, Some(proxy));
        listing(&network, &client).await.unwrap();
        let url = network.api_url().replace(API_HOST, LOGIN_HOST) + "/oauth/token";
        assert!(client.post(url).send().await.unwrap().text().await.unwrap().contains(TOKEN));
        drop(client);
        assert!(network.direct().is_empty());
        let arrivals = network.through_a_proxy();
        let hosts: Vec<_> = arrivals.iter().filter_map(|arrival| arrival.host.as_deref()).collect();
        assert_eq!(hosts, [API_HOST, LOGIN_HOST]);
        assert!(arrivals[0].received(TOKEN) && arrivals.iter().all(|a| a.through == Some(protocol)));
        let way = Way { protocol, user: Some(ProxyUser::new("svc@corp", "p:w")) };
        assert!(network.tunnels().iter().all(|tunnel| tunnel.way == way && tunnel.opened));
        assert!(matches!(&network.tunnels()[0].target, Target::Domain(name, _) if name == API_HOST));
        assert!(network.stray().is_empty());
        while network.tunnelled_bytes() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_http_proxy_refuses_as_configured() {
    let network = Network::start().await;
    let address = |user: &str| format!("http://{user}127.0.0.1:{}", network.proxies().http);
    let known = ProxyBehaviour::Authenticate(ProxyUser::new("svc", "hunter22"));
    for behaviour in
        [known.clone(), ProxyBehaviour::Refuse(403), ProxyBehaviour::Refuse(502), ProxyBehaviour::Close]
    {
        network.set_behaviour(behaviour);
        let error = listing(&network, &client(&network, Some(address("")))).await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
    }
    assert!(network.tunnels().iter().all(|tunnel| !tunnel.opened && tunnel.way.user.is_none()));
    network.set_behaviour(ProxyBehaviour::Hang);
    let hanging = client(&network, Some(address("")));
    tokio::select! {
        _ = listing(&network, &hanging) => panic!("the proxy responded although it is set to hang"),
        () = async { while network.tunnels().len() < 5 { tokio::task::yield_now().await; } } => {}
    }
    network.set_behaviour(known);
    listing(&network, &client(&network, Some(address("svc:hunter22@")))).await.unwrap();
    TcpStream::connect(("127.0.0.1", network.proxies().http))
        .await
        .unwrap()
        .write_all(b"GET http://api.example.test/ HTTP/1.1\r\nAuthorization: Bearer x\r\n\r\nmore")
        .await
        .unwrap();
    while !network.stray().ends_with(b"more") {
        tokio::task::yield_now().await;
    }
    assert!(network.direct().is_empty());
}

/// Connects to the API through the SOCKS5 proxy, and returns the proxy's replies.
async fn socks5(network: &Network, user: Option<(&str, &str)>, by_name: bool) -> (Vec<u8>, TcpStream) {
    let mut stream = TcpStream::connect(("127.0.0.1", network.proxies().socks5)).await.unwrap();
    stream.write_all(if user.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] }).await.unwrap();
    let mut replies = vec![0; 2];
    stream.read_exact(&mut replies).await.unwrap();
    if let Some((name, password)) = user {
        let mut bytes = vec![1, name.len() as u8];
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(password.len() as u8);
        bytes.extend_from_slice(password.as_bytes());
        stream.write_all(&bytes).await.unwrap();
        let mut reply = [0; 2];
        stream.read_exact(&mut reply).await.unwrap();
        replies.extend_from_slice(&reply);
    }
    let port: u16 = network.api_url().rsplit_once(':').unwrap().1.parse().unwrap();
    let mut request = vec![5, 1, 0];
    match by_name {
        true => {
            request.extend_from_slice(&[3, API_HOST.len() as u8]);
            request.extend_from_slice(API_HOST.as_bytes());
        }
        false => request.extend_from_slice(&[1, 127, 0, 0, 1]),
    }
    request.extend_from_slice(&port.to_be_bytes());
    let mut reply = [0; 10];
    if stream.write_all(&request).await.is_ok() && stream.read_exact(&mut reply).await.is_ok() {
        replies.extend_from_slice(&reply);
    }
    (replies, stream)
}

#[tokio::test]
async fn a_socks5_proxy_records_user_and_target() {
    let network = Network::start().await;
    let (replies, mut stream) = socks5(&network, None, true).await;
    assert_eq!(replies[..4], [5, 0, 5, 0]);
    stream.write_all(b"not TLS").await.unwrap();
    while !network.through_a_proxy().iter().any(|arrival| arrival.received("not TLS")) {
        tokio::task::yield_now().await;
    }
    assert_eq!(network.through_a_proxy()[0].through, Some(Protocol::Socks5));
    let (replies, _stream) = socks5(&network, Some(("svc", "p:w")), false).await;
    assert_eq!(replies[..6], [5, 2, 1, 0, 5, 0]);
    let tunnels = network.tunnels();
    assert!(matches!(&tunnels[0].target, Target::Domain(name, _) if name == API_HOST));
    assert!(matches!(tunnels[1].target, Target::Address(address) if address.ip().is_loopback()));
    assert_eq!(tunnels[1].way.user, Some(ProxyUser::new("svc", "p:w")));
    network.set_behaviour(ProxyBehaviour::Authenticate(ProxyUser::new("svc", "other")));
    assert_eq!(socks5(&network, Some(("svc", "p:w")), true).await.0, [5, 2, 1, 1]);
    assert_eq!(socks5(&network, None, true).await.0, [5, 255]);
    network.set_behaviour(ProxyBehaviour::Refuse(403));
    assert_eq!(socks5(&network, None, true).await.0[..4], [5, 0, 5, 2]);
    assert!(network.direct().is_empty() && network.stray().is_empty());
}

#[tokio::test]
async fn there_are_enough_proxy_values_and_each_seed_gives_different_ones() {
    let network = Network::start().await;
    let values: Vec<_> = proxy_values(1, network.proxies()).collect();
    let count = |wanted: fn(&Expected) -> bool| values.iter().filter(|value| wanted(&value.expected)).count();
    assert!(values.len() >= 200, "{}", values.len());
    assert!(count(|expected| matches!(expected, Expected::Used(_))) >= 50);
    assert!(count(|expected| *expected == Expected::Refused) >= 50);
    assert!(count(|expected| *expected == Expected::UsedOrRefused) >= 50);
    assert!(values.iter().all(|value| !value.variables.is_empty() || value.setting.is_some()));
    let printed = |seed| -> HashSet<String> {
        proxy_values(seed, network.proxies()).map(|value| format!("{value:?}")).collect()
    };
    assert_eq!(printed(1), printed(1));
    assert_ne!(printed(1), printed(2));
}
