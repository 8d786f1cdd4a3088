//! Faults on demand: what shall go wrong, where, how often, and before or after the request is carried out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::endpoint::Endpoint;

/// Something that goes wrong at one endpoint, once unless told otherwise.
///
/// Faults for the same endpoint are used up one after the other, in the order in which they were given.
///
/// ```
/// # use std::time::Duration;
/// # use purecloud_oauth_emulator::{Endpoint, Fault};
/// // The secret is rotated, but its answer never arrives.
/// let lost = Fault::on(Endpoint::PostOauthClientSecret).reset().after_execution();
/// // The service is down for two requests.
/// let down = Fault::on(Endpoint::GetOauthClients).status(503).header("Retry-After", "1").times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a fault does nothing until it is given to an emulator"]
pub struct Fault {
    pub(crate) endpoint: Endpoint,
    /// `None` is always.
    #[serde(default = "once")]
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

fn once() -> Option<usize> {
    Some(1)
}

/// What goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FaultKind {
    /// Nothing but the delay.
    #[default]
    #[serde(skip)]
    Nothing,
    Answer(AnswerParts),
    ReplaceBody(AnswerParts),
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
    CloseAfterAnswer {},
}

impl FaultKind {
    fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// The parts of an answer that are not the service's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AnswerParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(with = "optional_text", skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Vec<u8>>,
}

impl Fault {
    /// A fault at this endpoint; say next what goes wrong.
    pub fn on(endpoint: Endpoint) -> Self {
        Self { endpoint, times: once(), after_execution: None, delay: None, kind: FaultKind::Nothing }
    }

    /// How many requests meet it.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Every request meets it until the faults are cleared.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// The request is carried out, and what goes wrong is its answer.
    pub fn after_execution(mut self) -> Self {
        self.after_execution = Some(true);
        self
    }

    /// The request is not carried out.
    ///
    /// This is so anyway for an answer, an error, a hang and a reset. Faults that damage the service's own answer
    /// (a cut or dripped body, a wrong length, a broken gzip, a closed connection) cannot do without carrying it out.
    pub fn before_execution(mut self) -> Self {
        self.after_execution = Some(false);
        self
    }

    /// Answers with this status, and an empty body unless [`body`](Self::body) says otherwise.
    pub fn status(mut self, status: u16) -> Self {
        self.answer_parts().status = Some(status);
        self
    }

    /// Adds a header to the answer or the error, in place of one of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match &mut self.kind {
            FaultKind::Error { headers, .. } => headers.insert(name, value),
            _ => self.answer_parts().headers.insert(name, value),
        };
        self
    }

    /// Answers with this body.
    pub fn body(mut self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let parts = self.answer_parts();
        parts.content_type = Some(content_type.into());
        parts.body = Some(body.into());
        self
    }

    /// Answers with an error in the service's own shape: that of the API, or that of the token endpoint.
    pub fn error(mut self, status: u16, code: impl Into<String>) -> Self {
        let headers = match &mut self.kind {
            FaultKind::Answer(parts) => std::mem::take(&mut parts.headers),
            _ => BTreeMap::new(),
        };
        self.kind = FaultKind::Error { status, code: code.into(), headers };
        self
    }

    /// Waits, in real time, before the request is carried out (or after it, with
    /// [`after_execution`](Self::after_execution)); then goes on as it would have without.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Never answers; ends when the client goes away.
    pub fn hang(mut self) -> Self {
        self.kind = FaultKind::Hang {};
        self
    }

    /// Resets the connection (TCP RST) without an answer.
    pub fn reset(mut self) -> Self {
        self.kind = FaultKind::Reset {};
        self
    }

    /// Announces the whole body, sends this many bytes of it, and closes the connection. The body is not compressed.
    pub fn cut_body(mut self, bytes: usize) -> Self {
        self.kind = FaultKind::CutBody { bytes };
        self
    }

    /// Sends the body in pieces of this many bytes, with a pause in real time between two of them. It is not
    /// compressed.
    pub fn drip_body(mut self, bytes: usize, every: Duration) -> Self {
        self.kind = FaultKind::DripBody { bytes, every };
        self
    }

    /// Announces a body longer (or shorter, if negative) than it is. The connection is closed after a body that is
    /// too short; of one that is too long only the announced part is sent.
    pub fn wrong_length(mut self, delta: i64) -> Self {
        self.kind = FaultKind::WrongLength { delta };
        self
    }

    /// Says that the body is gzip and sends bytes that are not.
    pub fn broken_gzip(mut self) -> Self {
        self.kind = FaultKind::BrokenGzip {};
        self
    }

    /// Sends the body as gzip, without its second half.
    pub fn truncated_gzip(mut self) -> Self {
        self.kind = FaultKind::TruncatedGzip {};
        self
    }

    /// Carries the request out and answers with another body; the status is that of the real answer unless
    /// [`status`](Self::status) gives another.
    pub fn replace_body(mut self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut parts = std::mem::take(self.answer_parts());
        parts.content_type = Some(content_type.into());
        parts.body = Some(body.into());
        self.kind = FaultKind::ReplaceBody(parts);
        self
    }

    /// Answers as ever, and closes the connection at once without having announced it (HTTP/1.1).
    pub fn close_after_answer(mut self) -> Self {
        self.kind = FaultKind::CloseAfterAnswer {};
        self
    }

    /// What makes it a fault that can't happen, if anything does.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let status = match &self.kind {
            FaultKind::Answer(parts) | FaultKind::ReplaceBody(parts) => parts.status,
            FaultKind::Error { status, .. } => Some(*status),
            _ => None,
        };
        let damages_the_answer = matches!(
            self.kind,
            FaultKind::CutBody { .. }
                | FaultKind::DripBody { .. }
                | FaultKind::WrongLength { .. }
                | FaultKind::BrokenGzip {}
                | FaultKind::TruncatedGzip {}
                | FaultKind::CloseAfterAnswer {}
        );
        if status.is_some_and(|status| !(200..=599).contains(&status)) {
            Some("its status is not one from 200 to 599")
        } else if self.kind.is_nothing() && self.delay.is_none() {
            Some("it has neither a kind nor a delay")
        } else if damages_the_answer && self.after_execution == Some(false) {
            Some("it damages the real answer, for which the request has to be carried out")
        } else {
            None
        }
    }

    fn answer_parts(&mut self) -> &mut AnswerParts {
        if !matches!(self.kind, FaultKind::Answer(_) | FaultKind::ReplaceBody(_)) {
            self.kind = FaultKind::Answer(AnswerParts::default());
        }
        match &mut self.kind {
            FaultKind::Answer(parts) | FaultKind::ReplaceBody(parts) => parts,
            _ => unreachable!("the kind was just made an answer"),
        }
    }

    /// Whether the request is carried out at all.
    pub(crate) fn carries_out(&self) -> bool {
        match self.kind {
            FaultKind::Answer(_) | FaultKind::Error { .. } | FaultKind::Hang {} | FaultKind::Reset {} => {
                self.after_execution.unwrap_or(false)
            }
            FaultKind::ReplaceBody(_) => self.after_execution.unwrap_or(true),
            FaultKind::Nothing
            | FaultKind::CutBody { .. }
            | FaultKind::DripBody { .. }
            | FaultKind::WrongLength { .. }
            | FaultKind::BrokenGzip {}
            | FaultKind::TruncatedGzip {}
            | FaultKind::CloseAfterAnswer {} => true,
        }
    }

    pub(crate) fn delays_after_execution(&self) -> bool {
        self.after_execution == Some(true)
    }
}

/// The faults that are still to come.
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

    /// The fault that the next request at this endpoint meets; it is used up by that.
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

mod optional_text {
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
