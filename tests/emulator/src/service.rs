//! The processing of a request: it is recorded, affected by a fault or not, executed and responded to.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::body::{Delivery, Finish, ResponseBody};
use crate::call::{Call, Caller};
use crate::clock::Clock;
use crate::connection::{Connection, Connections};
use crate::control;
use crate::emulator::Rules;
use crate::endpoint::{Access, Endpoint, Route, Row, route};
use crate::errors::{ServiceError, token_error};
use crate::fault::{Fault, FaultKind, Faults, ResponseParts};
use crate::generator::Generator;
use crate::negotiation::by_preference;
use crate::organization::Organization;
use crate::rate_limit::Budget;
use crate::record::{ReceivedRequest, Record};
use crate::response::ServiceResponse;

/// The maximum size of a request body, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;
/// The minimum size of a compressed body, in bytes; gzip does not shrink smaller ones.
const SMALLEST_COMPRESSED: usize = 256;

/// The state that all requests of one emulator share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) record: Record,
    pub(crate) faults: Faults,
    pub(crate) connections: Connections,
    organization: Mutex<Organization>,
    correlations: Mutex<Generator>,
}

impl Service {
    pub(crate) fn new(clock: Clock, rules: Rules, organization: Organization, seed: u64) -> Self {
        Self {
            clock,
            rules,
            record: Record::new(),
            faults: Faults::default(),
            connections: Connections::default(),
            organization: Mutex::new(organization),
            // A separate generator, so that reads do not change the ids and secrets that are generated next.
            correlations: Mutex::new(Generator::new(!seed)),
        }
    }

    pub(crate) fn organization(&self) -> MutexGuard<'_, Organization> {
        self.organization.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn correlation_id(&self) -> String {
        self.correlations.lock().unwrap_or_else(PoisonError::into_inner).uuid()
    }
}

/// Responds to a request. Does not return if the connection is closed or the fault is a hang.
pub(crate) async fn respond(
    service: Arc<Service>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let is_control = control::is_control(request.uri().path());
    let Some(serving) = connection.begin(is_control) else {
        return std::future::pending().await;
    };
    if is_control {
        let (request, _) = receive(request, None, connection.id).await;
        let mut response = control::respond(&service, &request);
        finish(&mut response, service.clock.timestamp());
        return into_http_response(response, Delivery::WHOLE, connection, (None, serving));
    }
    let open = service.record.opened();
    let found = route(request.method(), request.uri().path());
    let endpoint = match &found {
        Route::Found(row, _) => Some(row.endpoint),
        Route::WrongMethod(_) | Route::Unknown => None,
    };
    let (request, too_large) = receive(request, endpoint, connection.id).await;
    service.record.arrived(request.clone());

    let context_id = service.correlation_id();
    let fault = endpoint.and_then(|endpoint| service.faults.take(endpoint));
    let execute = || {
        let response = execute(&service, &found, &request, too_large, &context_id);
        if let Some(endpoint) = endpoint
            && response.status.as_u16() < 400
        {
            service.record.executed(endpoint);
        }
        response
    };
    let (mut response, compresses) = match &fault {
        None => (execute(), true),
        Some(fault) => apply(fault, &connection, &context_id, execute).await,
    };
    response.set_header_if_absent("ININ-Correlation-Id", context_id);
    if request.path().starts_with("/api/") {
        rate_limit_headers(&service, &request, &mut response);
    }
    finish(&mut response, service.clock.timestamp());
    if compresses {
        compress_if_accepted(&mut response, &request);
    }
    let delivery = fault.map_or(Delivery::WHOLE, |fault| damage(&fault, &mut response));
    into_http_response(response, delivery, connection, (Some(open), serving))
}

/// Reads the whole request. Also returns whether its body exceeds the maximum size.
async fn receive(
    request: Request<Incoming>,
    endpoint: Option<Endpoint>,
    connection: u64,
) -> (ReceivedRequest, bool) {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    let mut too_large = false;
    // If the body ends early the client has disconnected, so the response does not matter.
    while let Some(Ok(frame)) = incoming.frame().await {
        if let Some(data) = frame.data_ref() {
            let room = LARGEST_BODY - body.len();
            too_large |= data.len() > room;
            body.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    let request = ReceivedRequest {
        endpoint,
        method: head.method.to_string(),
        target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        http_version: format!("{:?}", head.version),
        connection,
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.to_string(), value)
            })
            .collect(),
        body,
    };
    (request, too_large)
}

/// Executes a request and returns the response of the service itself.
fn execute(
    service: &Service,
    found: &Route,
    request: &ReceivedRequest,
    too_large: bool,
    context_id: &str,
) -> ServiceResponse {
    let carried_out = match found {
        Route::Unknown => Err(ServiceError::unknown_path()),
        Route::WrongMethod(allowed) => Err(ServiceError::wrong_method(allowed)),
        Route::Found(row, parameters) => carry_out(service, row, parameters, request, too_large),
    };
    carried_out.unwrap_or_else(|error| error.into_response(context_id))
}

fn carry_out(
    service: &Service,
    row: &Row,
    parameters: &[String],
    request: &ReceivedRequest,
    too_large: bool,
) -> Result<ServiceResponse, ServiceError> {
    let now = service.clock.timestamp();
    let mut organization = service.organization();
    let caller = match row.access {
        Access::Open => None,
        Access::AnyToken | Access::AnyOf(_) => {
            let caller = authenticate(&organization, request, now)?;
            let budget = organization.spend(&caller.token, &service.rules, now);
            if budget.count > budget.allowed {
                return Err(ServiceError::too_many_requests(
                    budget.allowed,
                    service.rules.rate_window.as_secs(),
                    budget.reset_seconds,
                ));
            }
            Some(caller)
        }
    };
    if let (Access::AnyOf(permissions), Some(caller)) = (row.access, &caller)
        && !caller.grants.has_any(permissions)
    {
        return Err(ServiceError::missing_any_permission(permissions));
    }
    if too_large {
        return Err(ServiceError::too_large());
    }
    if caller.is_some() && !request.body.is_empty() && !is_json(request) {
        return Err(ServiceError::unsupported_media_type());
    }
    (row.handle)(&mut Call {
        organization: &mut organization,
        rules: &service.rules,
        now,
        caller,
        parameters,
        request,
    })
}

fn is_json(request: &ReceivedRequest) -> bool {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn bearer(request: &ReceivedRequest) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn authenticate(
    organization: &Organization,
    request: &ReceivedRequest,
    now: Timestamp,
) -> Result<Caller, ServiceError> {
    let token = bearer(request).ok_or_else(ServiceError::no_bearer)?;
    organization.caller(token, now).ok_or_else(ServiceError::bad_credentials)
}

fn rate_limit_headers(service: &Service, request: &ReceivedRequest, response: &mut ServiceResponse) {
    let now = service.clock.timestamp();
    let Budget { count, allowed, reset_seconds } =
        service.organization().budget(bearer(request).unwrap_or_default(), &service.rules, now);
    response.set_header_if_absent("inin-ratelimit-count", count.to_string());
    response.set_header_if_absent("inin-ratelimit-allowed", allowed.to_string());
    response.set_header_if_absent("inin-ratelimit-reset", reset_seconds.to_string());
}

/// Responds to a request that a fault affects. Also returns whether the response may be compressed.
async fn apply(
    fault: &Fault,
    connection: &Connection,
    context_id: &str,
    execute: impl FnOnce() -> ServiceResponse,
) -> (ServiceResponse, bool) {
    if let Some(delay) = fault.delay
        && !fault.delays_after_execution()
    {
        tokio::time::sleep(delay).await;
    }
    let real = fault.executes().then(execute);
    if let Some(delay) = fault.delay
        && fault.delays_after_execution()
    {
        tokio::time::sleep(delay).await;
    }
    let real_or_empty = || real.unwrap_or_else(|| ServiceResponse::empty(StatusCode::OK));
    match &fault.kind {
        FaultKind::Hang {} => std::future::pending().await,
        FaultKind::Reset {} => {
            connection.reset();
            std::future::pending().await
        }
        FaultKind::Error { status, code, headers } => {
            let status = status_code(*status);
            let mut response = if fault.endpoint == Endpoint::Token {
                token_error(status, code, "The request failed because of an injected fault.")
            } else {
                ServiceError::on_demand(status, code).into_response(context_id)
            };
            for (name, value) in headers {
                response.set_header(name, value);
            }
            (response, false)
        }
        FaultKind::Response(parts) | FaultKind::ReplaceBody(parts) => {
            (replace_parts(real_or_empty(), parts), false)
        }
        FaultKind::BrokenGzip {} => {
            let response = real_or_empty().with_header("Content-Encoding", "gzip");
            (response, false)
        }
        FaultKind::TruncatedGzip {} => {
            let mut response = real_or_empty();
            if let Some(compressed) = gzip(&response.body) {
                response.body = compressed[..compressed.len() / 2].to_vec();
                response.set_header("Content-Encoding", "gzip");
            }
            (response, false)
        }
        // Not compressed, so that a number of bytes refers to the JSON text.
        FaultKind::CutBody { .. } | FaultKind::DripBody { .. } | FaultKind::WrongLength { .. } => {
            (real_or_empty(), false)
        }
        FaultKind::Nothing | FaultKind::CloseAfterResponse {} => (real_or_empty(), true),
    }
}

fn replace_parts(mut response: ServiceResponse, parts: &ResponseParts) -> ServiceResponse {
    if let Some(status) = parts.status {
        response.status = status_code(status);
    }
    if let Some(content_type) = &parts.content_type {
        response.set_header("Content-Type", content_type);
    }
    if let Some(body) = &parts.body {
        response.body.clone_from(body);
    }
    for (name, value) in &parts.headers {
        response.set_header(name, value);
    }
    response
}

/// Converts a status code; an invalid one becomes 500.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Truncates the body as the fault requires, and returns the way in which it is sent.
fn damage(fault: &Fault, response: &mut ServiceResponse) -> Delivery {
    let whole = u64::try_from(response.body.len()).unwrap_or(u64::MAX);
    match fault.kind {
        FaultKind::CutBody { bytes } => {
            response.body.truncate(bytes);
            Delivery { announced: Some(whole), finish: Finish::Break, ..Delivery::WHOLE }
        }
        FaultKind::WrongLength { delta } => {
            let announced = whole.saturating_add_signed(delta);
            if announced < whole {
                response.body.truncate(usize::try_from(announced).unwrap_or(usize::MAX));
            }
            Delivery {
                announced: Some(announced),
                finish: if announced > whole { Finish::Break } else { Finish::KeepOpen },
                ..Delivery::WHOLE
            }
        }
        FaultKind::DripBody { bytes, every } => Delivery { drip: Some((bytes, every)), ..Delivery::WHOLE },
        FaultKind::CloseAfterResponse {} => Delivery { finish: Finish::Close, ..Delivery::WHOLE },
        _ => Delivery::WHOLE,
    }
}

/// Adds the headers that every response has.
fn finish(response: &mut ServiceResponse, now: Timestamp) {
    if let Ok(date) = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now) {
        response.set_header_if_absent("Date", date);
    }
    response.set_header_if_absent("Cache-Control", "no-store");
}

fn compress_if_accepted(response: &mut ServiceResponse, request: &ReceivedRequest) {
    let accepted = by_preference(request.header("accept-encoding").unwrap_or_default());
    if response.body.len() < SMALLEST_COMPRESSED || !accepted.iter().any(|coding| coding == "gzip") {
        return;
    }
    if let Some(compressed) = gzip(&response.body) {
        response.body = compressed;
        response.set_header("Content-Encoding", "gzip");
    }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn into_http_response(
    service_response: ServiceResponse,
    delivery: Delivery,
    connection: Arc<Connection>,
    open: (Option<crate::record::OpenRequest>, crate::connection::Serving),
) -> Response<ResponseBody> {
    let body = ResponseBody::new(service_response.body, delivery, connection, open);
    let mut response = Response::new(body);
    *response.status_mut() = service_response.status;
    let headers = response.headers_mut();
    for (name, value) in service_response.headers {
        // A requested header that is not valid in HTTP is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.insert(name, value);
        }
    }
    if let Some(length) = delivery.announced {
        headers.insert(hyper::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
