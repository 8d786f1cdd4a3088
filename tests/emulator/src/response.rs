//! The response of a handler: status, headers and the whole body.

use hyper::StatusCode;
use serde_json::Value;

/// A response before it is written to the connection.
#[derive(Clone, Debug)]
pub(crate) struct ServiceResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl ServiceResponse {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::with_content(status, "application/json", value.to_string())
    }

    pub(crate) fn with_content(status: StatusCode, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut response = Self::empty(status).with_header("Content-Type", content_type);
        response.body = body.into();
        response
    }

    /// Sets a header, replacing one of the same name.
    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set_header(name, value);
        self
    }

    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(crate) fn set_header_if_absent(&mut self, name: &str, value: impl Into<String>) {
        if self.header(name).is_none() {
            self.headers.push((name.to_owned(), value.into()));
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
