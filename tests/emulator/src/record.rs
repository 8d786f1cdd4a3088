//! The record of the requests received and executed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Serialize, Serializer};
use tokio::sync::watch;

use crate::endpoint::Endpoint;

/// The maximum number of requests kept, so that an emulator that runs for weeks does not exhaust the memory.
const MOST_REQUESTS_KEPT: usize = 10_000;

/// A request as it was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The endpoint it matched, if any.
    pub endpoint: Option<Endpoint>,
    /// The method, such as `GET`.
    pub method: String,
    /// The path and query exactly as they were sent.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub http_version: String,
    /// The number of the connection over which it was received, starting at 1.
    pub connection: u64,
    /// Pairs of the name, in lower case, and the value, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The first mebibyte of the body.
    #[serde(serialize_with = "serialize_lossy")]
    pub body: Vec<u8>,
}

fn serialize_lossy<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

impl ReceivedRequest {
    /// Returns the first value of a header; the case of the name does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the path as it was sent, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// Returns the query as it was sent, without the question mark.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Returns the body as a string, with invalid UTF-8 replaced.
    #[must_use]
    pub fn body_string(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The number of requests that an endpoint has received, and of those it has executed.
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

/// The requests received and their counts, with a notification of every change.
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

    /// Notifies waiting tasks that a condition outside the record may have changed.
    pub(crate) fn notify(&self) {
        self.changed.send_replace(());
    }

    /// Waits until the record satisfies a condition, which is checked after every change.
    pub(crate) async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.changed.subscribe();
        while !condition(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A request being served, which counts as open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenRequest(Record);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.state().open -= 1;
        self.0.changed.send_replace(());
    }
}
