//! Tests with a fake browser, which requests the expected redirect and unexpected ones.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use purecloud_oauth_emulator::Emulator;
use reqwest::{Client, StatusCode, redirect::Policy};
use tokio::sync::oneshot;

use super::{Authorization, Grant, PendingSignIn, sign_in_with, terminal_prompt, timed_out};
use crate::clock::{Clock, SystemClock, Wait};
use crate::error::{Error, ErrorKind};
use crate::host::Host;

struct World {
    emulator: Emulator,
    host: Host,
    browser: Client,
}

impl World {
    async fn new() -> Self {
        let emulator = Emulator::start().await.expect("an emulator");
        let host = Host::url(emulator.base_url()).expect("its address");
        let browser = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a browser");
        World { emulator, host, browser }
    }

    fn authorization(&self, redirect_uri: &str) -> Authorization {
        Authorization::new(self.emulator.sign_in_client_id(), redirect_uri)
    }

    /// Signs in while `user` handles the URL that is opened.
    async fn sign_in<P: Future<Output = R>, R>(
        &self,
        redirect_uri: &str,
        user: impl FnOnce(String) -> P,
    ) -> (Result<Grant, Error>, R) {
        let (opened, url) = oneshot::channel();
        let open = move |url| opened.send(url).map_err(|_| io::Error::other("no receiver"));
        let authorization = self.authorization(redirect_uri);
        tokio::join!(sign_in_with(open, &self.host, &authorization, &SystemClock), async {
            user(url.await.expect("a URL")).await
        })
    }

    /// Consents on the page, and returns the redirect without following it.
    async fn consent(&self, page: &str) -> String {
        let response = self.browser.get(page).send().await.expect("a response");
        response.headers()["location"].to_str().expect("a URL").to_owned()
    }
}

fn code_of(address: &str) -> String {
    let url = url::Url::parse(address).expect("an address");
    url.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned()
}

const ANY_PORT: &str = "http://127.0.0.1/callback";

#[tokio::test]
async fn the_browser_gets_one_page_and_the_listener_is_closed() {
    let world = World::new().await;
    let (grant, back) = world
        .sign_in(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            let response = world.browser.get(&back).send().await.expect("a page");
            assert_eq!(response.status(), StatusCode::OK);
            for (name, value) in
                [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("connection", "close")]
            {
                assert_eq!(response.headers()[name], value);
            }
            let html = response.text().await.expect("a body");
            assert!(html.contains("<h1>Back to the program</h1>"), "{html}");
            assert!(!html.contains(&code_of(&back)), "{html}");
            back
        })
        .await;
    let Ok(Grant::AuthorizationCode { code, redirect_uri, code_verifier }) = grant else { panic!("{back}") };
    assert_eq!(code.expose(), code_of(&back));
    assert!(code_verifier.is_some());
    assert!(
        redirect_uri.starts_with("http://127.0.0.1:") && back.starts_with(&redirect_uri),
        "{redirect_uri}"
    );
    let again = world.browser.get(&back).send().await.expect_err("the listener is closed");
    assert!(again.is_connect(), "{again:?}");
}

#[tokio::test]
async fn a_request_that_is_not_the_redirect_is_rejected_and_the_wait_continues() {
    let world = World::new().await;
    let (grant, ()) = world
        .sign_in(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            let url = url::Url::parse(&back).expect("an address");
            let port = url.port().expect("a port");
            let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
            let get = |url: String| world.browser.get(url);
            for (request, status) in [
                (get(format!("http://127.0.0.1:{port}/favicon.ico")), StatusCode::NOT_FOUND),
                (get(format!("http://127.0.0.1:{port}/")), StatusCode::NOT_FOUND),
                (world.browser.post(&back), StatusCode::NOT_FOUND),
                (get(back.clone()).header("host", "attacker.example"), StatusCode::NOT_FOUND),
                (get(format!("http://127.0.0.1:{port}/callback")), StatusCode::BAD_REQUEST),
                (get(back.replace(&state, "another")), StatusCode::BAD_REQUEST),
                (get(format!("{back}&state={state}")), StatusCode::BAD_REQUEST),
                (get(back), StatusCode::OK),
            ] {
                assert_eq!(request.send().await.expect("a page").status(), status);
            }
        })
        .await;
    assert!(matches!(grant, Ok(Grant::AuthorizationCode { .. })));
}

#[tokio::test]
async fn a_refusal_is_shown_to_the_user_and_returned_to_the_caller() {
    let world = World::new().await;
    world.emulator.deny_consent(1);
    let (grant, html) = world
        .sign_in(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            world.browser.get(back).send().await.expect("a page").text().await.expect("a body")
        })
        .await;
    assert!(html.contains("<h1>Not signed in</h1>"), "{html}");
    let error = grant.err().expect("denied");
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some("access_denied")));
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_redirect() {
    let world = World::new().await;
    let (grant, _idle) = world
        .sign_in(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            let port = url::Url::parse(&back).expect("an address").port().expect("a port");
            // Browsers open connections before they need them.
            let idle =
                tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a connection");
            world.browser.get(back).send().await.expect("a page");
            idle
        })
        .await;
    assert!(grant.is_ok());
}

#[tokio::test]
async fn both_addresses_of_localhost_are_listened_on() {
    let world = World::new().await;
    let (grant, ()) = world
        .sign_in("http://localhost/oauth/callback", async |page| {
            let back = world.consent(&page).await;
            let port = url::Url::parse(&back).expect("an address").port().expect("a port");
            if let Ok(stream) = tokio::net::TcpStream::connect(("::1", port)).await {
                drop(stream);
            }
            world.browser.get(back).send().await.expect("a page");
        })
        .await;
    let Ok(Grant::AuthorizationCode { redirect_uri, .. }) = grant else { panic!("no code") };
    assert!(redirect_uri.starts_with("http://localhost:"), "{redirect_uri}");
}

#[tokio::test]
async fn the_redirect_uri_is_sent_verbatim() {
    let world = World::new().await;
    let mut authorization = world.authorization("http://LOCALHOST:18761");
    authorization.deadline = Some(Duration::from_secs(20));
    let (opened, address) = oneshot::channel();
    let open = move |url: String| opened.send(url).map_err(|_| io::Error::other("no receiver"));
    let _ = sign_in_with(open, &world.host, &authorization, &Late).await;
    let page = url::Url::parse(&address.await.expect("an address")).expect("an address");
    let sent =
        page.query_pairs().find(|(name, _)| name == "redirect_uri").expect("a redirect URI").1.into_owned();
    assert_eq!(sent, "http://LOCALHOST:18761");
}

#[tokio::test]
async fn a_program_that_listens_on_the_other_address_of_localhost_is_reported() {
    let world = World::new().await;
    // Without IPv6 there is no other address.
    let Ok(other) = tokio::net::TcpListener::bind("[::1]:0").await else { return };
    let port = other.local_addr().expect("an address").port();
    let authorization = world.authorization(&format!("http://localhost:{port}/oauth/callback"));
    let open = |_| panic!("no browser should open");
    let error = sign_in_with(open, &world.host, &authorization, &SystemClock).await.err().expect("taken");
    assert_eq!(error.argument(), Some("redirect_uri"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_before_a_browser_opens() {
    let world = World::new().await;
    let taken = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let authorization = world.authorization(&format!("http://127.0.0.1:{port}/callback"));
    let open = |_| panic!("no browser should open");
    let error = sign_in_with(open, &world.host, &authorization, &SystemClock).await.err().expect("taken");
    assert_eq!((error.kind(), error.argument()), (ErrorKind::InvalidArgument, Some("redirect_uri")));
    assert_eq!(
        error.to_string(),
        "redirect_uri names a port that another program listens on: Address already in use (os error 98)"
    );
}

#[tokio::test]
async fn a_browser_that_cannot_be_opened_does_not_end_the_wait() {
    let world = World::new().await;
    let authorization = world.authorization(ANY_PORT);
    let begun = PendingSignIn::new(&world.host, &authorization, &SystemClock).await.expect("a port");
    let page = begun.url().to_owned();
    let open = |_| Err(io::Error::new(io::ErrorKind::NotFound, "No valid browsers detected"));
    let (grant, ()) = tokio::join!(begun.open_with_and_wait(open, &SystemClock), async {
        let back = world.consent(&page).await;
        world.browser.get(back).send().await.expect("a page");
    });
    assert!(matches!(grant, Ok(Grant::AuthorizationCode { .. })));
}

#[test]
fn a_browser_that_could_not_be_opened_is_named_when_the_time_is_up() {
    let failure = io::Error::new(io::ErrorKind::NotFound, "No valid browsers detected");
    let error = timed_out(Duration::from_secs(20), Some(failure));
    assert_eq!(error.kind(), ErrorKind::SignIn);
    let message = error.to_string();
    assert!(
        message.starts_with("no redirect arrived from the browser within 20s; no browser could be opened"),
        "{message}"
    );
    assert!(message.contains("begin_sign_in()"), "{message}");
}

#[test]
fn the_url_is_printed_on_a_terminal_only() {
    let url = "https://login.mypurecloud.de/oauth/authorize?client_id=6f1c";
    assert_eq!(terminal_prompt(true, url), Some(format!("To sign in, open this page:\n{url}")));
    assert_eq!(terminal_prompt(false, url), None);
}

#[tokio::test]
async fn a_request_line_with_the_whole_url_is_accepted() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new().await;
    let (grant, status) = world
        .sign_in(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            let url = url::Url::parse(&back).expect("an address");
            let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
            let mut stream = tokio::net::TcpStream::connect(host).await.expect("a connection");
            let request = format!("GET {back} HTTP/1.1\r\nhost: {host}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut response = String::new();
            stream.read_to_string(&mut response).await.expect("a page");
            response.lines().next().unwrap_or_default().to_owned()
        })
        .await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(grant.is_ok());
}

/// A clock on which every wait ends at once.
struct Late;

impl Clock for Late {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, _duration: Duration, _wait: Wait) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn the_wait_for_the_redirect_ends_at_the_deadline() {
    let world = World::new().await;
    let mut authorization = world.authorization(ANY_PORT);
    authorization.deadline = Some(Duration::from_secs(20));
    let error =
        sign_in_with(|_| Ok(()), &world.host, &authorization, &Late).await.err().expect("no redirect");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(error.to_string(), "no redirect arrived from the browser within 20s");
}
