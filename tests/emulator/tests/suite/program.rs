use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::session::http;

fn program(arguments: &[&str]) -> Child {
    program_with_input(arguments, Stdio::piped())
}

fn program_with_input(arguments: &[&str], input: Stdio) -> Child {
    Command::new(env!("CARGO_BIN_EXE_purecloud-oauth-emulator"))
        .args(arguments)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn first_line(output: impl Read) -> Value {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn the_program_prints_one_line_serves_and_stops_when_its_input_is_closed() {
    let mut running = program(&["--seed", "9"]);
    let mut output = BufReader::new(running.stdout.take().unwrap());
    let ready = first_line(&mut output);
    let names: Vec<&String> = ready.as_object().unwrap().keys().collect();
    assert_eq!(names, ["base_url", "client_id", "client_secret", "login_url", "sign_in_client_id"]);
    let string = |name: &str| ready[name].as_str().unwrap();
    let granted = http()
        .build()
        .unwrap()
        .post(format!("{}/oauth/token", string("login_url")))
        .basic_auth(string("client_id"), Some(string("client_secret")))
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await
        .unwrap();
    assert_eq!(granted.status(), 200);

    drop(running.stdin.take());
    assert!(running.wait().unwrap().success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[cfg(unix)]
#[tokio::test]
async fn an_input_that_is_not_a_pipe_does_not_stop_the_program() {
    for input in [Stdio::null(), Stdio::from(File::open("Cargo.toml").unwrap())] {
        let mut running = program_with_input(&[], input);
        let ready = first_line(running.stdout.take().unwrap());
        let url = format!("{}/api/v2/oauth/scopes", ready["base_url"].as_str().unwrap());
        let response = http().build().unwrap().get(url).send().await.expect("the emulator still responds");
        assert_eq!(response.status(), 401);
        assert!(running.try_wait().unwrap().is_none());
        Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap();
        assert!(running.wait().unwrap().success());
    }
}

#[test]
fn a_port_in_use_is_reported_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = program(&["--port", &port]).wait_with_output().unwrap();
    assert_eq!(finished.status.code(), Some(1));
    let message = String::from_utf8(finished.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains(&port), "{message}");
    assert!(finished.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn the_program_stops_cleanly_on_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut running = program(&[]);
        first_line(running.stdout.take().unwrap());
        let sent = Command::new("kill").args([signal, &running.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(running.wait().unwrap().success(), "{signal}");
    }
}
