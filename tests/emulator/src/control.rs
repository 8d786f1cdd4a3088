//! The control endpoints, through which test suites in any language control the emulator.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::permissions;
use crate::record::ReceivedRequest;
use crate::response::ServiceResponse;
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
    /// All permissions, if absent.
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

/// The reason why a control request was rejected.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error("no such path or method; the emulator's README lists them")]
    Unknown,
    #[error("invalid request body: {0}")]
    Body(#[from] serde_json::Error),
    #[error("the fault is invalid: {0}")]
    Fault(&'static str),
    #[error("no operation requires the permission {0}; known permissions: {known}", known = permissions::ALL.join(", "))]
    Permission(String),
    #[error("access_token_validity_seconds must be at least 1")]
    Validity,
    #[error("advance_seconds must not be negative, nor beyond the range of a duration")]
    Clock,
    #[error("client_id is unknown")]
    NoSuchClient,
}

pub(crate) fn respond(service: &Service, request: &ReceivedRequest) -> ServiceResponse {
    let executed = carry_out(service, request).map(|value| {
        value.map_or_else(
            || ServiceResponse::empty(StatusCode::NO_CONTENT),
            |value| ServiceResponse::json(StatusCode::OK, &value),
        )
    });
    executed.unwrap_or_else(|error| {
        let status = match error {
            ControlError::Unknown | ControlError::NoSuchClient => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        ServiceResponse::json(status, &json!({"error": error.to_string()}))
    })
}

fn read<T: DeserializeOwned>(request: &ReceivedRequest) -> Result<T, ControlError> {
    Ok(serde_json::from_slice(&request.body)?)
}

fn carry_out(service: &Service, request: &ReceivedRequest) -> Result<Option<Value>, ControlError> {
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("POST", "faults") => {
            let fault: Fault = read(request)?;
            if let Some(contradiction) = fault.contradiction() {
                return Err(ControlError::Fault(contradiction));
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
            let by = Duration::try_from_secs_f64(advance_seconds).map_err(|_| ControlError::Clock)?;
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
                return Err(ControlError::Permission(permission.clone()));
            }
            if access_token_validity_seconds.is_some_and(|seconds| seconds < 1) {
                return Err(ControlError::Validity);
            }
            let created = service.add_client(permissions.as_deref(), access_token_validity_seconds);
            Ok(Some(json!({
                "client_id": created.client_id,
                "client_secret": created.client_secret,
            })))
        }
        ("POST", "tokens") => {
            let NewToken { client_id } = read(request)?;
            let token = service.issue_token(&client_id).ok_or(ControlError::NoSuchClient)?;
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
        _ => Err(ControlError::Unknown),
    }
}

fn counts(service: &Service) -> Value {
    let counts: Map<String, Value> = Endpoint::ALL
        .iter()
        .map(|endpoint| (endpoint.name().to_owned(), json!(service.record.counts(*endpoint))))
        .collect();
    Value::Object(counts)
}
