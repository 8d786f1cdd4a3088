//! A browser of the tests' own comes to the door, as it should and as it should not.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use purecloud_oauth_emulator::Emulator;
use reqwest::{Client, StatusCode, redirect::Policy};
use tokio::sync::oneshot;

use super::{Authorization, Begun, Grant, announcement, by, nobody_came};
use crate::clock::{Clock, SystemClock, Wait};
use crate::error::{Error, ErrorKind};
use crate::region::Host;

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

    /// Signs in while `person` does what people do with the address that was opened.
    async fn with<P: Future<Output = R>, R>(
        &self,
        redirect_uri: &str,
        person: impl FnOnce(String) -> P,
    ) -> (Result<Grant, Error>, R) {
        let (opened, address) = oneshot::channel();
        let open = move |url| opened.send(url).map_err(|_| io::Error::other("nobody looks"));
        let authorization = self.authorization(redirect_uri);
        tokio::join!(by(open, &self.host, &authorization, &SystemClock), async {
            person(address.await.expect("an address")).await
        })
    }

    /// Consents at the page, and does not go where it is sent.
    async fn consent(&self, page: &str) -> String {
        let answer = self.browser.get(page).send().await.expect("an answer");
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }
}

fn code_of(address: &str) -> String {
    let url = url::Url::parse(address).expect("an address");
    url.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned()
}

const ANY_PORT: &str = "http://127.0.0.1/callback";

#[tokio::test]
async fn the_browser_gets_one_page_and_the_door_is_closed() {
    let world = World::new().await;
    let (grant, back) = world
        .with(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            let answer = world.browser.get(&back).send().await.expect("a page");
            assert_eq!(answer.status(), StatusCode::OK);
            for (name, value) in
                [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("connection", "close")]
            {
                assert_eq!(answer.headers()[name], value);
            }
            let html = answer.text().await.expect("a text");
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
    let again = world.browser.get(&back).send().await.expect_err("nobody listens");
    assert!(again.is_connect(), "{again:?}");
}

#[tokio::test]
async fn what_is_not_the_answer_is_sent_away_and_waited_past() {
    let world = World::new().await;
    let (grant, ()) = world
        .with(ANY_PORT, async |page| {
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
async fn a_refusal_is_told_to_the_person_and_to_the_program() {
    let world = World::new().await;
    world.emulator.deny_consent(1);
    let (grant, html) = world
        .with(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            world.browser.get(back).send().await.expect("a page").text().await.expect("a text")
        })
        .await;
    assert!(html.contains("<h1>Not signed in</h1>"), "{html}");
    let error = grant.err().expect("denied");
    assert_eq!((error.kind(), error.code()), (ErrorKind::SignIn, Some("access_denied")));
}

#[tokio::test]
async fn a_second_visitor_does_not_keep_the_first_one_waiting() {
    let world = World::new().await;
    let (grant, _idle) = world
        .with(ANY_PORT, async |page| {
            let back = world.consent(&page).await;
            let port = url::Url::parse(&back).expect("an address").port().expect("a port");
            // Browsers open connections that they may need later.
            let idle =
                tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a connection");
            world.browser.get(back).send().await.expect("a page");
            idle
        })
        .await;
    assert!(grant.is_ok());
}

#[tokio::test]
async fn localhost_is_listened_to_in_both_its_forms() {
    let world = World::new().await;
    let (grant, ()) = world
        .with("http://localhost/oauth/callback", async |page| {
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
async fn the_redirect_uri_is_sent_to_the_letter() {
    let world = World::new().await;
    let mut authorization = world.authorization("http://LOCALHOST:18761");
    authorization.deadline = Some(Duration::from_secs(20));
    let (opened, address) = oneshot::channel();
    let open = move |url: String| opened.send(url).map_err(|_| io::Error::other("nobody looks"));
    let _ = by(open, &world.host, &authorization, &Late).await;
    let page = url::Url::parse(&address.await.expect("an address")).expect("an address");
    let sent =
        page.query_pairs().find(|(name, _)| name == "redirect_uri").expect("a redirect URI").1.into_owned();
    assert_eq!(sent, "http://LOCALHOST:18761");
}

#[tokio::test]
async fn who_is_at_the_other_form_of_localhost_is_noticed() {
    let world = World::new().await;
    // Without IPv6 there is no other form.
    let Ok(other) = tokio::net::TcpListener::bind("[::1]:0").await else { return };
    let port = other.local_addr().expect("an address").port();
    let authorization = world.authorization(&format!("http://localhost:{port}/oauth/callback"));
    let open = |_| panic!("no browser should open");
    let error = by(open, &world.host, &authorization, &SystemClock).await.err().expect("taken");
    assert_eq!(error.argument(), Some("redirect_uri"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_before_a_browser_opens() {
    let world = World::new().await;
    let taken = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let authorization = world.authorization(&format!("http://127.0.0.1:{port}/callback"));
    let open = |_| panic!("no browser should open");
    let error = by(open, &world.host, &authorization, &SystemClock).await.err().expect("taken");
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
    let begun = Begun::new(&world.host, &authorization, &SystemClock).await.expect("a port");
    let page = begun.url().to_owned();
    let open = |_| Err(io::Error::new(io::ErrorKind::NotFound, "No valid browsers detected"));
    let (grant, ()) = tokio::join!(begun.shown_by(open, &SystemClock), async {
        let back = world.consent(&page).await;
        world.browser.get(back).send().await.expect("a page");
    });
    assert!(matches!(grant, Ok(Grant::AuthorizationCode { .. })));
}

#[test]
fn a_browser_that_could_not_be_opened_is_named_when_the_time_is_up() {
    let failure = io::Error::new(io::ErrorKind::NotFound, "No valid browsers detected");
    let error = nobody_came(Duration::from_secs(20), Some(failure));
    assert_eq!(error.kind(), ErrorKind::SignIn);
    let text = error.to_string();
    assert!(
        text.starts_with("nobody came back from the browser within 20s; no browser could be opened"),
        "{text}"
    );
    assert!(text.contains("begin_sign_in()"), "{text}");
}

#[test]
fn the_address_is_shown_on_a_terminal_only() {
    let url = "https://login.mypurecloud.de/oauth/authorize?client_id=6f1c";
    assert_eq!(announcement(true, url), Some(format!("To sign in, open this page:\n{url}")));
    assert_eq!(announcement(false, url), None);
}

#[tokio::test]
async fn a_request_line_with_the_whole_address_is_understood() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new().await;
    let (grant, status) = world
        .with(ANY_PORT, async |page| {
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

/// A clock on which everybody has waited long enough.
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
async fn nobody_is_waited_for_longer_than_the_deadline() {
    let world = World::new().await;
    let mut authorization = world.authorization(ANY_PORT);
    authorization.deadline = Some(Duration::from_secs(20));
    let error = by(|_| Ok(()), &world.host, &authorization, &Late).await.err().expect("nobody came");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(error.to_string(), "nobody came back from the browser within 20s");
}
