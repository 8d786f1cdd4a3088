//! The way of a request: recorded, met by a fault or not, carried out, answered.

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

use crate::answer::Answer;
use crate::body::{AnswerBody, Delivery, Finish};
use crate::call::{Call, Caller};
use crate::clock::Clock;
use crate::connection::{Connection, Connections};
use crate::control;
use crate::emulator::Rules;
use crate::endpoint::{Access, Endpoint, Route, Row, route};
use crate::errors::{ServiceError, token_error};
use crate::fault::{AnswerParts, Fault, FaultKind, Faults};
use crate::generator::Generator;
use crate::negotiation::by_preference;
use crate::organization::Organization;
use crate::rate_limit::Budget;
use crate::record::{ReceivedRequest, Record};

/// The service takes no body larger than this.
const LARGEST_BODY: usize = 1024 * 1024;
/// Below this, gzip gains nothing.
const SMALLEST_COMPRESSED: usize = 256;

/// All that the requests of one emulator share.
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
            // A sequence of its own, so that reading does not change what is created next.
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

/// Answers one request; does not return if the connection is gone or shall hang.
pub(crate) async fn respond(
    service: Arc<Service>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let is_control = control::is_control(request.uri().path());
    let Some(serving) = connection.begin(is_control) else {
        return std::future::pending().await;
    };
    if is_control {
        let (request, _) = receive(request, None, connection.id).await;
        let mut answer = control::answer(&service, &request);
        finish(&mut answer, service.clock.timestamp());
        return on_the_wire(answer, Delivery::WHOLE, connection, (None, serving));
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
        let answer = execute(&service, &found, &request, too_large, &context_id);
        if let Some(endpoint) = endpoint
            && answer.status.as_u16() < 400
        {
            service.record.executed(endpoint);
        }
        answer
    };
    let (mut answer, compresses) = match &fault {
        None => (execute(), true),
        Some(fault) => meet(fault, &connection, &context_id, execute).await,
    };
    answer.set_if_absent("ININ-Correlation-Id", context_id);
    if request.path().starts_with("/api/") {
        rate_limit_headers(&service, &request, &mut answer);
    }
    finish(&mut answer, service.clock.timestamp());
    if compresses {
        compress_if_accepted(&mut answer, &request);
    }
    let delivery = fault.map_or(Delivery::WHOLE, |fault| damage(&fault, &mut answer));
    on_the_wire(answer, delivery, connection, (Some(open), serving))
}

/// Reads the whole request; says too whether its body was larger than the service takes.
async fn receive(
    request: Request<Incoming>,
    endpoint: Option<Endpoint>,
    connection: u64,
) -> (ReceivedRequest, bool) {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    let mut too_large = false;
    // A body that breaks off is a client that went away: nobody reads the answer.
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

/// What the service itself answers.
fn execute(
    service: &Service,
    found: &Route,
    request: &ReceivedRequest,
    too_large: bool,
    context_id: &str,
) -> Answer {
    let carried_out = match found {
        Route::Unknown => Err(ServiceError::unknown_path()),
        Route::WrongMethod(allowed) => Err(ServiceError::wrong_method(allowed)),
        Route::Found(row, parameters) => carry_out(service, row, parameters, request, too_large),
    };
    carried_out.unwrap_or_else(|error| error.into_answer(context_id))
}

fn carry_out(
    service: &Service,
    row: &Row,
    parameters: &[String],
    request: &ReceivedRequest,
    too_large: bool,
) -> Result<Answer, ServiceError> {
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

fn rate_limit_headers(service: &Service, request: &ReceivedRequest, answer: &mut Answer) {
    let now = service.clock.timestamp();
    let Budget { count, allowed, reset_seconds } =
        service.organization().budget(bearer(request).unwrap_or_default(), &service.rules, now);
    answer.set_if_absent("inin-ratelimit-count", count.to_string());
    answer.set_if_absent("inin-ratelimit-allowed", allowed.to_string());
    answer.set_if_absent("inin-ratelimit-reset", reset_seconds.to_string());
}

/// The answer of a request that meets a fault, and whether it may be compressed.
async fn meet(
    fault: &Fault,
    connection: &Connection,
    context_id: &str,
    execute: impl FnOnce() -> Answer,
) -> (Answer, bool) {
    if let Some(delay) = fault.delay
        && !fault.delays_after_execution()
    {
        tokio::time::sleep(delay).await;
    }
    let real = fault.carries_out().then(execute);
    if let Some(delay) = fault.delay
        && fault.delays_after_execution()
    {
        tokio::time::sleep(delay).await;
    }
    let real_or_empty = || real.unwrap_or_else(|| Answer::empty(StatusCode::OK));
    match &fault.kind {
        FaultKind::Hang {} => std::future::pending().await,
        FaultKind::Reset {} => {
            connection.reset();
            std::future::pending().await
        }
        FaultKind::Error { status, code, headers } => {
            let status = status_code(*status);
            let mut answer = if fault.endpoint == Endpoint::Token {
                token_error(status, code, "The request failed on demand.")
            } else {
                ServiceError::on_demand(status, code).into_answer(context_id)
            };
            for (name, value) in headers {
                answer.set(name, value);
            }
            (answer, false)
        }
        FaultKind::Answer(parts) | FaultKind::ReplaceBody(parts) => (replaced(real_or_empty(), parts), false),
        FaultKind::BrokenGzip {} => {
            let answer = real_or_empty().with("Content-Encoding", "gzip");
            (answer, false)
        }
        FaultKind::TruncatedGzip {} => {
            let mut answer = real_or_empty();
            if let Some(compressed) = gzip(&answer.body) {
                answer.body = compressed[..compressed.len() / 2].to_vec();
                answer.set("Content-Encoding", "gzip");
            }
            (answer, false)
        }
        // Not compressed, so that a number of bytes is one of the text.
        FaultKind::CutBody { .. } | FaultKind::DripBody { .. } | FaultKind::WrongLength { .. } => {
            (real_or_empty(), false)
        }
        FaultKind::Nothing | FaultKind::CloseAfterAnswer {} => (real_or_empty(), true),
    }
}

fn replaced(mut answer: Answer, parts: &AnswerParts) -> Answer {
    if let Some(status) = parts.status {
        answer.status = status_code(status);
    }
    if let Some(content_type) = &parts.content_type {
        answer.set("Content-Type", content_type);
    }
    if let Some(body) = &parts.body {
        answer.body.clone_from(body);
    }
    for (name, value) in &parts.headers {
        answer.set(name, value);
    }
    answer
}

/// A status that cannot be sent becomes the one that blames the server.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// How the body is sent, as the fault wants it.
fn damage(fault: &Fault, answer: &mut Answer) -> Delivery {
    let whole = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
    match fault.kind {
        FaultKind::CutBody { bytes } => {
            answer.body.truncate(bytes);
            Delivery { announced: Some(whole), finish: Finish::Break, ..Delivery::WHOLE }
        }
        FaultKind::WrongLength { delta } => {
            let announced = whole.saturating_add_signed(delta);
            if announced < whole {
                answer.body.truncate(usize::try_from(announced).unwrap_or(usize::MAX));
            }
            Delivery {
                announced: Some(announced),
                finish: if announced > whole { Finish::Break } else { Finish::KeepOpen },
                ..Delivery::WHOLE
            }
        }
        FaultKind::DripBody { bytes, every } => Delivery { drip: Some((bytes, every)), ..Delivery::WHOLE },
        FaultKind::CloseAfterAnswer {} => Delivery { finish: Finish::Close, ..Delivery::WHOLE },
        _ => Delivery::WHOLE,
    }
}

/// The headers that every answer has.
fn finish(answer: &mut Answer, now: Timestamp) {
    if let Ok(date) = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now) {
        answer.set_if_absent("Date", date);
    }
    answer.set_if_absent("Cache-Control", "no-store");
}

fn compress_if_accepted(answer: &mut Answer, request: &ReceivedRequest) {
    let accepted = by_preference(request.header("accept-encoding").unwrap_or_default());
    if answer.body.len() < SMALLEST_COMPRESSED || !accepted.iter().any(|coding| coding == "gzip") {
        return;
    }
    if let Some(compressed) = gzip(&answer.body) {
        answer.body = compressed;
        answer.set("Content-Encoding", "gzip");
    }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn on_the_wire(
    answer: Answer,
    delivery: Delivery,
    connection: Arc<Connection>,
    open: (Option<crate::record::OpenRequest>, crate::connection::Serving),
) -> Response<AnswerBody> {
    let body = AnswerBody::new(answer.body, delivery, connection, open);
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        // A header asked for that HTTP cannot carry is left out.
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
