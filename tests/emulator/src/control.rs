//! The emulator's own paths, by which test suites in any language control it.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::permissions;
use crate::record::ReceivedRequest;
use crate::service::Service;

const PREFIX: &str = "/emulator/";

pub(crate) fn is_control(path: &str) -> bool {
    path.starts_with(PREFIX)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClient {
    /// All of them, if left out.
    permissions: Option<Vec<String>>,
    access_token_validity_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    client_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Times {
    times: usize,
}

/// Why a request to the emulator itself was not understood.
#[derive(Debug, thiserror::Error)]
enum Misunderstood {
    #[error("no such path or method; the emulator's README lists them")]
    Unknown,
    #[error("the body is not what this path takes: {0}")]
    Body(#[from] serde_json::Error),
    #[error("the fault can't happen: {0}")]
    Fault(&'static str),
    #[error("no operation asks for the permission {0}; there are: {known}", known = permissions::ALL.join(", "))]
    Permission(String),
    #[error("a token has to hold for at least a second")]
    Validity,
    #[error("the clock can only be moved ahead, and not beyond what a date can hold")]
    Clock,
    #[error("there is no such client")]
    NoSuchClient,
}

pub(crate) fn answer(service: &Service, request: &ReceivedRequest) -> Answer {
    let answered = carry_out(service, request).map(|value| {
        value.map_or_else(
            || Answer::empty(StatusCode::NO_CONTENT),
            |value| Answer::json(StatusCode::OK, &value),
        )
    });
    answered.unwrap_or_else(|error| {
        let status = match error {
            Misunderstood::Unknown | Misunderstood::NoSuchClient => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        Answer::json(status, &json!({"error": error.to_string()}))
    })
}

fn read<T: DeserializeOwned>(request: &ReceivedRequest) -> Result<T, Misunderstood> {
    Ok(serde_json::from_slice(&request.body)?)
}

fn carry_out(service: &Service, request: &ReceivedRequest) -> Result<Option<Value>, Misunderstood> {
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("POST", "faults") => {
            let fault: Fault = read(request)?;
            if let Some(contradiction) = fault.contradiction() {
                return Err(Misunderstood::Fault(contradiction));
            }
            service.faults.add(fault);
            Ok(None)
        }
        ("DELETE", "faults") => {
            service.faults.clear();
            Ok(None)
        }
        ("GET", "counts") => Ok(Some(counts(service))),
        ("DELETE", "counts") => {
            service.record.reset();
            Ok(None)
        }
        ("GET", "requests") => Ok(Some(json!(service.record.received()))),
        ("GET", "open") => Ok(Some(json!({
            "requests": service.record.open(),
            "connections": service.connections.count(),
        }))),
        ("POST", "clock") => {
            let Advance { advance_seconds } = read(request)?;
            let by = Duration::try_from_secs_f64(advance_seconds).map_err(|_| Misunderstood::Clock)?;
            service.clock.advance(by);
            Ok(Some(json!({"now": service.clock.timestamp().to_string()})))
        }
        ("GET", "organization") => {
            let organization = service.organization();
            Ok(Some(json!({"id": organization.id, "name": organization.name})))
        }
        ("POST", "clients") => {
            let NewClient { permissions, access_token_validity_seconds } = read(request)?;
            let unknown = |permission: &&String| !permissions::ALL.contains(&permission.as_str());
            if let Some(permission) = permissions.iter().flatten().find(unknown) {
                return Err(Misunderstood::Permission(permission.clone()));
            }
            if access_token_validity_seconds.is_some_and(|seconds| seconds < 1) {
                return Err(Misunderstood::Validity);
            }
            let created = service.add_client(permissions.as_deref(), access_token_validity_seconds);
            Ok(Some(json!({
                "client_id": created.client_id,
                "client_secret": created.client_secret,
            })))
        }
        ("POST", "tokens") => {
            let NewToken { client_id } = read(request)?;
            let token = service.issue_token(&client_id).ok_or(Misunderstood::NoSuchClient)?;
            Ok(Some(json!({"access_token": token})))
        }
        ("POST", "tokens/revoke") => {
            service.organization().tokens.clear();
            Ok(None)
        }
        ("POST", "consent/deny") => {
            service.organization().refused_consents = read::<Times>(request)?.times;
            Ok(None)
        }
        ("POST", "usage/fail") => {
            service.organization().failing_usage_queries = read::<Times>(request)?.times;
            Ok(None)
        }
        ("POST", "connections/close") => {
            service.connections.close_idle();
            Ok(None)
        }
        _ => Err(Misunderstood::Unknown),
    }
}

fn counts(service: &Service) -> Value {
    let counts: Map<String, Value> = Endpoint::ALL
        .iter()
        .map(|endpoint| (endpoint.name().to_owned(), json!(service.record.counts(*endpoint))))
        .collect();
    Value::Object(counts)
}
