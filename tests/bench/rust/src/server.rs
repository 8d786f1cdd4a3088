//! The server of the benchmarks: prebuilt responses, each sent in one write.
//!
//! A thread for each connection reads a request completely and writes the response. The server does as little as
//! possible, so that the measured time is spent in the implementations.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

/// The lengths of the listings; the first segment of the path selects one of them.
const LISTINGS: [usize; 4] = [1, 25, 1_000, 10_000];
const ROWS: usize = 20_000;

const CLIENTS: &str = "/api/v2/oauth/clients";

type Responses = HashMap<String, Vec<u8>>;

fn main() -> Result<()> {
    let responses = Arc::new(responses()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    writeln!(io::stdout(), "{}", json!({ "url": url }))?;
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let responses = Arc::clone(&responses);
            // The error of a connection that the client closes early is ignored.
            thread::spawn(move || serve(&connection, &responses).ok());
        }
    });
    // The server runs until its standard input is closed.
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

/// Responds to the requests of a connection, one after the other.
fn serve(connection: &TcpStream, responses: &Responses) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut requests = BufReader::new(connection);
    let mut line = String::new();
    loop {
        line.clear();
        if requests.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let request =
            line.rsplit_once(' ').map(|(request, _version)| request).context("malformed request line")?;
        let response = responses
            .get(request)
            .map_or(&b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"[..], |response| response);
        let mut length = 0;
        loop {
            line.clear();
            requests.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        io::copy(&mut requests.by_ref().take(length), &mut io::sink())?;
        (&*connection).write_all(response)?;
    }
}

/// Builds the responses, by method and path.
fn responses() -> Result<Responses> {
    let mut responses = Responses::new();
    for size in LISTINGS {
        let listing = Listing {
            entities: (0..size).map(client).collect(),
            page_size: size,
            page_number: 1,
            total: size,
            first_uri: CLIENTS,
            last_uri: CLIENTS,
            self_uri: CLIENTS,
            page_count: 1,
        };
        responses.insert(format!("GET /{size}{CLIENTS}"), response(&listing)?);
    }
    let usage = Usage { results: (0..ROWS).map(row).collect(), query_status: "Complete" };
    responses.insert(format!("GET /1{CLIENTS}/a-client/usage/query/results/an-execution"), response(&usage)?);
    responses.insert(format!("POST /1{CLIENTS}"), response(&client(0))?);
    Ok(responses)
}

fn response(body: &impl Serialize) -> Result<Vec<u8>> {
    let body = serde_json::to_vec(body)?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         inin-correlation-id: 6b8e4b6c-5f0a-4f57-9b59-8f3a3a1f6f10\r\n\r\n",
        body.len()
    );
    Ok([head.into_bytes(), body].concat())
}

/// A listing, with its fields in the order of the vendor's documentation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    entities: Vec<Client>,
    page_size: usize,
    page_number: usize,
    total: usize,
    first_uri: &'static str,
    last_uri: &'static str,
    self_uri: &'static str,
    page_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    id: String,
    name: String,
    access_token_validity_seconds: u32,
    description: String,
    registered_redirect_uri: [String; 2],
    secret: String,
    role_ids: [String; 2],
    date_created: String,
    date_modified: String,
    created_by: Reference,
    modified_by: Reference,
    authorized_grant_type: &'static str,
    scope: [&'static str; 2],
    role_divisions: [RoleDivision; 2],
    state: &'static str,
    date_to_delete: &'static str,
    self_uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    id: String,
    name: String,
    self_uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleDivision {
    role_id: String,
    division_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    results: Vec<Row>,
    query_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    client_id: &'static str,
    client_name: &'static str,
    organization_id: &'static str,
    user_id: &'static str,
    template_uri: String,
    http_method: &'static str,
    status200: usize,
    status300: usize,
    status400: usize,
    status500: usize,
    status429: usize,
    requests: usize,
    date: &'static str,
}

/// Builds a client that has every field. Ids, names and URLs are unique to the client; a few users and roles are shared
/// by many clients.
fn client(number: usize) -> Client {
    let id = format!("6f1c8a52-9d3e-4b7a-8c21-{number:012x}");
    let (role, other_role) = (role(number % 20), role(number % 7));
    Client {
        self_uri: format!("{CLIENTS}/{id}"),
        id,
        name: format!("Terminübersicht {number}"),
        access_token_validity_seconds: 86_400,
        description: format!("Liest die Termine der Filiale {number} und schreibt sie in den Kalender"),
        registered_redirect_uri: [
            format!("https://filiale-{number}.example.at/callback"),
            format!("https://filiale-{number}.example.at/other"),
        ],
        secret: format!("hq3KpZ0vX1yT7wB9nR4sL6uD8mF2cJ5gA0e{number:08}"),
        role_ids: [role.clone(), other_role.clone()],
        date_created: timestamp(number),
        date_modified: timestamp(number * 7),
        created_by: user(number % 50),
        modified_by: user(number % 30),
        authorized_grant_type: "CODE",
        scope: ["users:readonly", "calendars"],
        role_divisions: [
            RoleDivision { role_id: role, division_id: "*" },
            RoleDivision { role_id: other_role, division_id: "d3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b" },
        ],
        state: "active",
        date_to_delete: "2026-12-24T00:00:00.000Z",
    }
}

fn role(number: usize) -> String {
    format!("b3e2c1d0-5a4f-4e3d-9c8b-{number:012x}")
}

fn timestamp(number: usize) -> String {
    let (day, hour, minute) = (1 + number % 28, number % 24, number % 60);
    format!("2026-03-{day:02}T{hour:02}:{minute:02}:01.{:03}Z", number % 1_000)
}

fn user(number: usize) -> Reference {
    let id = format!("8f1c8a52-9d3e-4b7a-8c21-{number:012x}");
    Reference { self_uri: format!("/api/v2/users/{id}"), id, name: format!("Eva Huber {number}") }
}

/// Builds a row that has every field.
fn row(number: usize) -> Row {
    Row {
        client_id: "6f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63",
        client_name: "Terminübersicht",
        organization_id: "0a1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63",
        user_id: "8f1c8a52-9d3e-4b7a-8c21-5e0f4d9b7a63",
        template_uri: format!("api/v2/users/{{userId}}/calendars/{}", number % 100),
        http_method: "GET",
        status200: 40_000 + number,
        status300: 12,
        status400: 340,
        status500: 5,
        status429: 67,
        requests: 40_357 + number,
        date: "2026-03-01T00:00:00.000Z",
    }
}
