//! Injected faults: the kind of failure, its endpoint, how often it happens, and whether before or after the execution.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::endpoint::Endpoint;

/// A failure at one endpoint; it happens once unless set otherwise.
///
/// Faults for the same endpoint are consumed one after the other, in the order in which they were added.
///
/// ```
/// # use std::time::Duration;
/// # use purecloud_oauth_emulator::{Endpoint, Fault};
/// // The secret is rotated, but the response never arrives.
/// let lost = Fault::on(Endpoint::PostOauthClientSecret).reset().after_execution();
/// // The service is down for two requests.
/// let down = Fault::on(Endpoint::GetOauthClients).status(503).header("Retry-After", "1").times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a fault does nothing until it is added to an emulator"]
pub struct Fault {
    pub(crate) endpoint: Endpoint,
    /// The number of requests it affects; `None` for all.
    #[serde(default = "default_times")]
    times: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_execution: Option<bool>,
    #[serde(
        default,
        rename = "delay_milliseconds",
        with = "optional_milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) delay: Option<Duration>,
    #[serde(default, skip_serializing_if = "FaultKind::is_nothing")]
    pub(crate) kind: FaultKind,
}

fn default_times() -> Option<usize> {
    Some(1)
}

/// The kind of failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FaultKind {
    /// Only a delay.
    #[default]
    #[serde(skip)]
    Nothing,
    #[serde(rename = "answer")]
    Response(ResponseParts),
    ReplaceBody(ResponseParts),
    Error {
        status: u16,
        code: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    Hang {},
    Reset {},
    CutBody {
        bytes: usize,
    },
    DripBody {
        bytes: usize,
        #[serde(rename = "every_milliseconds", with = "milliseconds")]
        every: Duration,
    },
    WrongLength {
        delta: i64,
    },
    BrokenGzip {},
    TruncatedGzip {},
    #[serde(rename = "close_after_answer")]
    CloseAfterResponse {},
}

impl FaultKind {
    fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// The parts of a response that replace those of the service's own response.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResponseParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(with = "optional_string", skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Vec<u8>>,
}

impl Fault {
    /// Creates a fault at this endpoint; call one of the methods below to set its kind.
    pub fn on(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            times: default_times(),
            after_execution: None,
            delay: None,
            kind: FaultKind::Nothing,
        }
    }

    /// Sets the number of requests that the fault affects.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Makes the fault affect every request until the faults are cleared.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Executes the request first, so that only its response fails.
    pub fn after_execution(mut self) -> Self {
        self.after_execution = Some(true);
        self
    }

    /// Does not execute the request.
    ///
    /// This is the default for a custom response, an error, a hang and a reset. Faults that damage the service's own
    /// response (a truncated or slow body, a wrong length, a broken gzip, a closed connection) always require the
    /// execution.
    pub fn before_execution(mut self) -> Self {
        self.after_execution = Some(false);
        self
    }

    /// Responds with this status, and an empty body unless [`body`](Self::body) sets one.
    pub fn status(mut self, status: u16) -> Self {
        self.response_parts().status = Some(status);
        self
    }

    /// Adds a header to the response or the error, replacing one of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match &mut self.kind {
            FaultKind::Error { headers, .. } => headers.insert(name, value),
            _ => self.response_parts().headers.insert(name, value),
        };
        self
    }

    /// Responds with this body.
    pub fn body(mut self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let parts = self.response_parts();
        parts.content_type = Some(content_type.into());
        parts.body = Some(body.into());
        self
    }

    /// Responds with an error in the service's own format: that of the API, or that of the token endpoint.
    pub fn error(mut self, status: u16, code: impl Into<String>) -> Self {
        let headers = match &mut self.kind {
            FaultKind::Response(parts) => std::mem::take(&mut parts.headers),
            _ => BTreeMap::new(),
        };
        self.kind = FaultKind::Error { status, code: code.into(), headers };
        self
    }

    /// Waits, in real time, before the request is executed (or after it, with
    /// [`after_execution`](Self::after_execution)), and then continues normally.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Never responds; the request ends when the client disconnects.
    pub fn hang(mut self) -> Self {
        self.kind = FaultKind::Hang {};
        self
    }

    /// Resets the connection (TCP RST) without a response.
    pub fn reset(mut self) -> Self {
        self.kind = FaultKind::Reset {};
        self
    }

    /// Announces the whole body, sends this many bytes of it, and closes the connection. The body is not compressed.
    pub fn cut_body(mut self, bytes: usize) -> Self {
        self.kind = FaultKind::CutBody { bytes };
        self
    }

    /// Sends the body in pieces of this many bytes, with a pause in real time between them. The body is not compressed.
    pub fn drip_body(mut self, bytes: usize, every: Duration) -> Self {
        self.kind = FaultKind::DripBody { bytes, every };
        self
    }

    /// Announces a length that is greater (or smaller, if negative) than that of the body. The connection is closed
    /// after a body that is too short; of one that is too long only the announced part is sent.
    pub fn wrong_length(mut self, delta: i64) -> Self {
        self.kind = FaultKind::WrongLength { delta };
        self
    }

    /// Announces the body as gzip and sends it uncompressed.
    pub fn broken_gzip(mut self) -> Self {
        self.kind = FaultKind::BrokenGzip {};
        self
    }

    /// Sends the first half of the body's gzip data.
    pub fn truncated_gzip(mut self) -> Self {
        self.kind = FaultKind::TruncatedGzip {};
        self
    }

    /// Executes the request and responds with another body. The status is that of the real response unless
    /// [`status`](Self::status) sets another.
    pub fn replace_body(mut self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut parts = std::mem::take(self.response_parts());
        parts.content_type = Some(content_type.into());
        parts.body = Some(body.into());
        self.kind = FaultKind::ReplaceBody(parts);
        self
    }

    /// Responds normally, and closes the connection immediately without having announced it (HTTP/1.1).
    pub fn close_after_response(mut self) -> Self {
        self.kind = FaultKind::CloseAfterResponse {};
        self
    }

    /// Returns the reason why this fault is impossible, if it is.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let status = match &self.kind {
            FaultKind::Response(parts) | FaultKind::ReplaceBody(parts) => parts.status,
            FaultKind::Error { status, .. } => Some(*status),
            _ => None,
        };
        let damages_the_response = matches!(
            self.kind,
            FaultKind::CutBody { .. }
                | FaultKind::DripBody { .. }
                | FaultKind::WrongLength { .. }
                | FaultKind::BrokenGzip {}
                | FaultKind::TruncatedGzip {}
                | FaultKind::CloseAfterResponse {}
        );
        if status.is_some_and(|status| !(200..=599).contains(&status)) {
            Some("its status is not between 200 and 599")
        } else if self.kind.is_nothing() && self.delay.is_none() {
            Some("it has neither a kind nor a delay")
        } else if damages_the_response && self.after_execution == Some(false) {
            Some("it damages the real response, so the request has to be executed")
        } else {
            None
        }
    }

    fn response_parts(&mut self) -> &mut ResponseParts {
        if !matches!(self.kind, FaultKind::Response(_) | FaultKind::ReplaceBody(_)) {
            self.kind = FaultKind::Response(ResponseParts::default());
        }
        match &mut self.kind {
            FaultKind::Response(parts) | FaultKind::ReplaceBody(parts) => parts,
            _ => unreachable!("the kind was just set to `Response`"),
        }
    }

    /// Returns whether the request is executed at all.
    pub(crate) fn executes(&self) -> bool {
        match self.kind {
            FaultKind::Response(_) | FaultKind::Error { .. } | FaultKind::Hang {} | FaultKind::Reset {} => {
                self.after_execution.unwrap_or(false)
            }
            FaultKind::ReplaceBody(_) => self.after_execution.unwrap_or(true),
            FaultKind::Nothing
            | FaultKind::CutBody { .. }
            | FaultKind::DripBody { .. }
            | FaultKind::WrongLength { .. }
            | FaultKind::BrokenGzip {}
            | FaultKind::TruncatedGzip {}
            | FaultKind::CloseAfterResponse {} => true,
        }
    }

    pub(crate) fn delays_after_execution(&self) -> bool {
        self.after_execution == Some(true)
    }
}

/// The pending faults.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Returns the fault for the next request at this endpoint, and consumes one of its repetitions.
    pub(crate) fn take(&self, endpoint: Endpoint) -> Option<Fault> {
        let mut pending = self.lock();
        pending.retain(|fault| fault.times != Some(0));
        let position = pending.iter().position(|fault| fault.endpoint == endpoint)?;
        let fault = pending[position].clone();
        if let Some(times) = &mut pending[position].times {
            *times -= 1;
        }
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

mod milliseconds {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

mod optional_milliseconds {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::milliseconds::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

mod optional_string {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(body: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match body {
            Some(body) => serializer.serialize_str(&String::from_utf8_lossy(body)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(String::into_bytes))
    }
}
