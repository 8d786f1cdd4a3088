//! What has arrived and what has been carried out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};
use tokio::sync::watch;

use crate::endpoint::Endpoint;

/// A program that runs for weeks must not fill the memory.
const MOST_REQUESTS_KEPT: usize = 10_000;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Which endpoint it met, if any.
    pub endpoint: Option<Endpoint>,
    /// The method, such as `GET`.
    pub method: String,
    /// Path and query exactly as they were on the wire.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub http_version: String,
    /// Which connection it came in on; numbers start at 1.
    pub connection: u64,
    /// Names in lower case, and values, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body, at most the first mebibyte of it.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
}

fn as_text<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

impl ReceivedRequest {
    /// The first value of a header; the name's case does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path as it was on the wire, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query as it was on the wire, without the question mark.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How often an endpoint was asked, and how often it did what it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) requests: usize,
    pub(crate) executions: usize,
}

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<Endpoint, Counts>,
    received: VecDeque<ReceivedRequest>,
    open: usize,
}

/// Counts and requests, and a signal whenever one of them changes.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { state: Arc::default(), changed: watch::Sender::new(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn opened(&self) -> OpenRequest {
        self.state().open += 1;
        self.changed.send_replace(());
        OpenRequest(self.clone())
    }

    pub(crate) fn arrived(&self, request: ReceivedRequest) {
        let mut state = self.state();
        if let Some(endpoint) = request.endpoint {
            state.counts.entry(endpoint).or_default().requests += 1;
        }
        if state.received.len() == MOST_REQUESTS_KEPT {
            state.received.pop_front();
        }
        state.received.push_back(request);
        drop(state);
        self.changed.send_replace(());
    }

    pub(crate) fn executed(&self, endpoint: Endpoint) {
        self.state().counts.entry(endpoint).or_default().executions += 1;
        self.changed.send_replace(());
    }

    pub(crate) fn counts(&self, endpoint: Endpoint) -> Counts {
        self.state().counts.get(&endpoint).copied().unwrap_or_default()
    }

    pub(crate) fn open(&self) -> usize {
        self.state().open
    }

    pub(crate) fn received(&self) -> Vec<ReceivedRequest> {
        self.state().received.iter().cloned().collect()
    }

    pub(crate) fn last(&self, endpoint: Endpoint) -> Option<ReceivedRequest> {
        self.state().received.iter().rev().find(|request| request.endpoint == Some(endpoint)).cloned()
    }

    pub(crate) fn reset(&self) {
        let mut state = self.state();
        state.counts.clear();
        state.received.clear();
    }

    /// Wakes whoever waits for a condition that lies outside the record.
    pub(crate) fn notify(&self) {
        self.changed.send_replace(());
    }

    /// Waits until the record satisfies a condition, which is asked again after every change.
    pub(crate) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.changed.subscribe();
        while !condition(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A request that is being served; dropping it ends it.
#[derive(Debug)]
pub(crate) struct OpenRequest(Record);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.state().open -= 1;
        self.0.changed.send_replace(());
    }
}
