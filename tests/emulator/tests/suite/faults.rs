use std::time::Duration;

use purecloud_oauth_emulator::{Emulator, Endpoint, Fault};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::session::{CLIENTS, Reply, Session};

const ROTATE: Endpoint = Endpoint::PostOauthClientSecret;
const LIST: Endpoint = Endpoint::GetOauthClients;

impl Session {
    fn rotation(&self) -> reqwest::RequestBuilder {
        let client = self.emulator.administrator();
        self.request(Method::POST, &format!("{CLIENTS}/{}/secret", client.client_id))
    }

    /// Returns the same request as a string, to be sent over a separate connection.
    fn raw_rotation(&self) -> String {
        format!(
            "POST {CLIENTS}/{}/secret HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: 0\r\n\r\n",
            self.emulator.administrator().client_id,
            self.token
        )
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.emulator.port())).await.unwrap()
    }

    fn counts(&self, endpoint: Endpoint) -> (usize, usize) {
        (self.emulator.requests(endpoint), self.emulator.executions(endpoint))
    }
}

#[tokio::test]
async fn a_status_is_returned_the_given_number_of_times_without_an_execution() {
    let session = Session::start().await;
    let page = "<html>down</html>";
    session
        .emulator
        .fault(Fault::on(ROTATE).status(503).header("Retry-After", "1").body("text/html", page).times(2));
    let secret = session.emulator.administrator().client_secret;
    for _ in 0..2 {
        let reply = Reply::read(session.rotation().send().await.unwrap()).await;
        assert_eq!((reply.status, reply.body.as_str()), (503, page));
        assert_eq!((reply.header("retry-after"), reply.header("content-type")), ("1", "text/html"));
    }
    assert_eq!(session.counts(ROTATE), (2, 0));
    assert_eq!(session.emulator.administrator().client_secret, secret);
    assert_eq!(session.rotation().send().await.unwrap().status(), 200);
    assert_eq!(session.counts(ROTATE), (3, 1));
}

#[tokio::test]
async fn every_error_has_the_format_of_the_service() {
    let session = Session::start().await;
    for (status, code) in [
        (400, "response.entity.too.large"),
        (401, "no.bearer"),
        (403, "missing.permissions"),
        (403, "missing.division.permission"),
        (408, "request.timeout"),
        (409, "conflict"),
        (500, "internal.server.error"),
        (503, "service.unavailable"),
        (504, "authentication.request.timeout"),
    ] {
        session.emulator.fault(Fault::on(LIST).error(status, code).header("Retry-After", "3"));
        let reply = session.get(CLIENTS).await;
        reply.assert_error(status, code);
        assert_eq!(reply.header("retry-after"), "3");
    }
    session.emulator.fault(Fault::on(Endpoint::Token).error(400, "invalid_grant"));
    let administrator = session.emulator.administrator();
    let reply = session.token_for(Some(&administrator), &[("grant_type", "client_credentials")]).await;
    assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_execution() {
    let session = Session::start().await;
    let secret = session.emulator.administrator().client_secret;
    session.emulator.fault(Fault::on(ROTATE).reset());
    let error = session.rotation().send().await.unwrap_err();
    assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
    assert_eq!(session.counts(ROTATE), (1, 0));
    assert_eq!(session.emulator.administrator().client_secret, secret);

    session.emulator.fault(Fault::on(ROTATE).reset().after_execution());
    let error = session.rotation().send().await.unwrap_err();
    assert!(format!("{error:?}").contains("ConnectionReset"), "{error:?}");
    assert_eq!(session.counts(ROTATE), (2, 1));
    assert_ne!(session.emulator.administrator().client_secret, secret);
    session.emulator.wait_until_idle().await;
    session.emulator.wait_until_disconnected().await;
}

#[tokio::test]
async fn a_hang_ends_when_the_client_disconnects() {
    for (fault, counts) in
        [(Fault::on(ROTATE).hang(), (1, 0)), (Fault::on(ROTATE).hang().after_execution(), (1, 1))]
    {
        let session = Session::start().await;
        session.emulator.fault(fault);
        let rotation = tokio::spawn(session.rotation().send());
        session.emulator.wait_for_requests(ROTATE, 1).await;
        assert_eq!(session.emulator.open_requests(), 1);
        rotation.abort();
        session.emulator.wait_until_idle().await;
        assert_eq!(session.counts(ROTATE), counts);
    }
}

#[tokio::test]
async fn a_delay_is_followed_by_the_response() {
    let session = Session::start().await;
    session.emulator.fault(Fault::on(LIST).delay(Duration::from_millis(20)));
    assert_eq!(session.get(CLIENTS).await.status, 200);
    session.emulator.fault(Fault::on(LIST).delay(Duration::from_millis(20)).status(502));
    assert_eq!(session.get(CLIENTS).await.status, 502);
    assert_eq!(session.counts(LIST), (2, 1));

    session.emulator.fault(Fault::on(ROTATE).delay(Duration::from_secs(600)));
    let rotation = tokio::spawn(session.rotation().send());
    session.emulator.wait_for_requests(ROTATE, 1).await;
    rotation.abort();
    session.emulator.wait_until_idle().await;
    assert_eq!(session.counts(ROTATE), (1, 0), "the client disconnected before the execution");
}

#[tokio::test]
async fn a_body_can_be_truncated() {
    let session = Session::start().await;
    for bytes in [0, 10] {
        session.emulator.fault(Fault::on(ROTATE).cut_body(bytes));
        let mut response = session.rotation().send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.content_length().unwrap() > 10);
        let mut received = 0;
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => received += chunk.len(),
                Ok(None) => panic!("the body is complete"),
                Err(error) => break error,
            }
        };
        assert!(error.is_body() || error.is_decode(), "{error:?}");
        assert_eq!(received, bytes);
    }
    assert_eq!(session.counts(ROTATE), (2, 2));
    session.emulator.wait_until_idle().await;
    session.emulator.wait_until_disconnected().await;
}

#[tokio::test]
async fn a_body_can_be_sent_slowly() {
    let session = Session::start().await;
    session.emulator.fault(Fault::on(ROTATE).drip_body(100, Duration::from_millis(1)));
    let reply = Reply::read(session.rotation().send().await.unwrap()).await;
    assert_eq!(reply.json()["secret"], session.emulator.administrator().client_secret);
    assert_eq!(session.emulator.open_requests(), 0);

    session.emulator.fault(Fault::on(ROTATE).drip_body(100, Duration::from_secs(600)));
    let mut response = session.rotation().send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 100);
    assert_eq!(session.emulator.open_requests(), 1);
    drop(response);
    session.emulator.wait_until_idle().await;
}

#[tokio::test]
async fn a_length_can_be_wrong() {
    let session = Session::start().await;
    session.emulator.fault(Fault::on(ROTATE).wrong_length(5));
    assert!(session.rotation().send().await.unwrap().text().await.is_err());
    session.emulator.fault(Fault::on(ROTATE).wrong_length(-5));
    let reply = Reply::read(session.rotation().send().await.unwrap()).await;
    assert!(serde_json::from_str::<Value>(&reply.body).is_err());
    assert_eq!(session.counts(ROTATE), (2, 2));
}

#[tokio::test]
async fn gzip_can_be_broken_or_truncated() {
    let session = Session::start().await;
    for fault in [Fault::on(ROTATE).broken_gzip(), Fault::on(ROTATE).truncated_gzip()] {
        session.emulator.fault(fault);
        let response = session.rotation().send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.unwrap_err().is_decode());
    }
    assert_eq!(session.counts(ROTATE), (2, 2));
}

#[tokio::test]
async fn a_response_can_be_replaced_after_the_execution() {
    let session = Session::start().await;
    for (content_type, body, status) in [
        ("text/html", "<html>gateway</html>", None),
        ("application/json", "{\"secret\":\"abc", None),
        ("application/json", "[]", Some(202)),
        ("application/json", "", None),
    ] {
        let mut fault = Fault::on(ROTATE).replace_body(content_type, body);
        if let Some(status) = status {
            fault = fault.status(status);
        }
        session.emulator.fault(fault);
        let reply = Reply::read(session.rotation().send().await.unwrap()).await;
        assert_eq!((reply.status, reply.body.as_str()), (status.unwrap_or(200), body));
        assert_eq!(reply.header("content-type"), content_type);
    }
    assert_eq!(session.counts(ROTATE), (4, 4));
    session.emulator.fault(Fault::on(ROTATE).replace_body("text/html", "<p>").before_execution());
    assert_eq!(Reply::read(session.rotation().send().await.unwrap()).await.body, "<p>");
    assert_eq!(session.counts(ROTATE), (5, 4));
}

#[tokio::test]
async fn a_connection_can_be_closed_after_each_response() {
    let session = Session::start().await;
    session.emulator.fault(Fault::on(ROTATE).close_after_response().always());
    for _ in 0..3 {
        // A client with a connection pool might reuse the connection before noticing the close, so this is a raw
        // stream.
        let mut stream = session.connect().await;
        stream.write_all(session.raw_rotation().as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK") && response.ends_with('}'), "{response}");
        assert!(!response.to_lowercase().contains("\r\nconnection:"), "{response}");
    }
    session.emulator.wait_until_disconnected().await;
    assert_eq!(session.counts(ROTATE), (3, 3));
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let session = Session::start().await;
    assert_eq!(session.get(CLIENTS).await.status, 200);
    session.emulator.fault(Fault::on(ROTATE).delay(Duration::from_millis(50)));
    let busy = tokio::spawn(session.rotation().send());
    session.emulator.wait_for_requests(ROTATE, 1).await;
    assert_eq!(session.get(CLIENTS).await.status, 200);
    assert_eq!(session.emulator.open_connections(), 2);
    session.emulator.close_idle_connections();
    assert_eq!(busy.await.unwrap().unwrap().status(), 200);
    session.emulator.close_idle_connections();
    session.emulator.wait_until_disconnected().await;
}

#[tokio::test]
async fn faults_are_used_up_in_order_and_can_be_cleared() {
    let session = Session::start().await;
    session.emulator.fault(Fault::on(LIST).status(500));
    session.emulator.fault(Fault::on(LIST).status(502));
    session.emulator.fault(Fault::on(LIST).status(503).always());
    assert_eq!(session.get("/api/v2/oauth/scopes").await.status, 200, "another endpoint");
    for status in [500, 502, 503, 503] {
        assert_eq!(session.get(CLIENTS).await.status, status);
    }
    session.emulator.clear_faults();
    assert_eq!(session.get(CLIENTS).await.status, 200);
    assert_eq!(session.counts(LIST), (5, 1));
    session.emulator.reset_counts();
    assert_eq!(session.counts(LIST), (0, 0));
    assert!(session.emulator.received().is_empty());
}

#[tokio::test]
async fn faults_also_work_over_http_2_and_tls() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let authority =
        reqwest::Certificate::from_pem(emulator.ca_certificate_pem().unwrap().as_bytes()).unwrap();
    let token = emulator.issue_token(&emulator.administrator().client_id);
    let http = crate::session::http().tls_certs_only([authority]).build().unwrap();
    let session = Session { emulator, http, token };
    assert_eq!(session.get(CLIENTS).await.status, 200);
    assert_eq!(session.emulator.last_request(LIST).unwrap().http_version, "HTTP/2.0");
    session.emulator.fault(Fault::on(ROTATE).reset().after_execution());
    assert!(session.rotation().send().await.is_err());
    session.emulator.fault(Fault::on(ROTATE).cut_body(10));
    assert!(match session.rotation().send().await {
        Ok(response) => response.text().await.is_err(),
        Err(_) => true,
    });
    assert_eq!(session.counts(ROTATE), (2, 2));
    assert_eq!(session.rotation().send().await.unwrap().status(), 200);
    session.emulator.fault(Fault::on(ROTATE).hang());
    let rotation = tokio::spawn(session.rotation().send());
    session.emulator.wait_for_requests(ROTATE, 4).await;
    rotation.abort();
    session.emulator.wait_until_idle().await;
}

#[tokio::test]
async fn a_status_without_a_body_has_none() {
    let session = Session::start().await;
    for status in [204, 304] {
        session.emulator.fault(Fault::on(ROTATE).replace_body("text/html", "<p>").status(status));
        let reply = Reply::read(session.rotation().send().await.unwrap()).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, ""));
    }
    assert_eq!(session.rotation().send().await.unwrap().status(), 200);
    session.emulator.wait_until_idle().await;
}

#[tokio::test]
async fn a_request_over_a_closed_connection_is_not_executed() {
    let session = Session::start().await;
    let mut stream = session.connect().await;
    let request = session.raw_rotation();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = [0; 4096];
    assert!(stream.read(&mut response).await.unwrap() > 0);
    session.emulator.close_idle_connections();
    // The request is sent before the close, or the write fails: in both cases it is not executed.
    let _ = stream.write_all(request.as_bytes()).await;
    assert!(matches!(stream.read(&mut response).await, Ok(0) | Err(_)));
    assert_eq!(session.counts(ROTATE), (1, 1));
}
