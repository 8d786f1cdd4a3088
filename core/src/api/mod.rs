//! The operations, one file per resource. Each is its row of the table, its arguments, and what it
//! returns.

#[macro_use]
mod operations;
mod authorizations;
mod clients;
mod scopes;
mod sign_in;
mod usage;

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroizing;

use crate::call::Call;
use crate::config::Config;
use crate::error::Error;
use crate::headers;
use crate::models::{ErrorBody, RequestBody, decode};
use crate::operation::Operation;
use crate::path::{self, Id};
use crate::service::Service;
use crate::transport::{Body, Request, Words};

/// The OAuth API of Genesys Cloud (PureCloud).
///
/// Cheap to clone and safe to share: clones have the same connections, token and retry budget. Make
/// one per organization and keep it. Its calls need a Tokio runtime with time and I/O enabled.
///
/// What holds for every operation:
///
/// - It fails with `InvalidArgument` before anything is sent when an argument can't be right. An id has 1
///   to 256 characters, is neither `.` nor `..`, and holds no control character and none of `/ \ ? # %`.
///   A body has at most 16 MiB as JSON.
/// - It fails with `SignIn` when no token can be had.
/// - It fails with `Api` when the service refuses (status 403 where the permission is missing) or fails.
///   After a refusal the service has not acted; after status 408, or 500 and up, it may have.
/// - It fails with `Connection`, `Timeout` or `UnreadableAnswer` when no usable answer came in time. The
///   error says whether the service may have acted.
/// - Creating a client and rotating a secret fail with `OutcomeUnknown` in place of these where the
///   service may have acted.
///
/// The vendor's pages are those of its SDK documentation, `OAuthApi.html` and one for each model.
#[derive(Clone)]
pub struct OAuthApi {
    service: Arc<Service>,
}

impl OAuthApi {
    /// A client with these settings. Nothing is sent until the first call.
    #[must_use]
    pub fn new(config: Config) -> Self {
        OAuthApi { service: Arc::new(Service::new(config)) }
    }

    /// The same API object on another runtime: it is signed in as this one is, and nothing of this one's connections
    /// is used any more.
    #[cfg(feature = "uniffi")]
    pub(crate) fn with_new_connections(&self, config: Config) -> Self {
        OAuthApi { service: Arc::new(self.service.with_new_connections(config)) }
    }

    /// A client with the settings of `Config::from_env`: from the environment and from files on this machine.
    /// Nothing is sent until the first call.
    ///
    /// # Errors
    /// `InvalidArgument` when no place has credentials, with each place and what it lacks; or when a setting or
    /// a file that counts can't be used.
    pub fn from_env() -> Result<Self, Error> {
        Ok(OAuthApi::new(Config::from_env()?.build()?))
    }

    /// Begins a call: `arguments` puts ids, query, headers and body in their places.
    fn call<T>(
        &self,
        operation: Operation,
        arguments: impl FnOnce(&mut Arguments) -> Result<(), Error>,
    ) -> Call<T> {
        let request = self.request(operation, arguments).map_err(|error| error.of_operation(&operation));
        Call::new(Arc::clone(&self.service), request)
    }

    fn request(
        &self,
        operation: Operation,
        arguments: impl FnOnce(&mut Arguments) -> Result<(), Error>,
    ) -> Result<Request, Error> {
        let mut given = Arguments { headers: self.service.default_headers.clone(), ..Arguments::default() };
        arguments(&mut given)?;
        let mut url = path::address(self.service.host.api(), &operation, &given.ids)?;
        if !given.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&given.query);
        }
        let Arguments { headers, body, .. } = given;
        Ok(Request { operation, url, headers, body, secrets: Vec::new(), words: &WORDS })
    }
}

const WORDS: Words = Words {
    read: |body| decode::<ErrorBody>(body).ok(),
    advice: |code| match code {
        "cannot.delete.client" => Some("make it inactive first"),
        _ => None,
    },
};

impl fmt::Debug for OAuthApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApi").field("host", &self.service.host).finish_non_exhaustive()
    }
}

/// The largest body that is sent, in bytes. A client with all its fields has a few kilobytes.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The arguments of a call, each checked as it is put in its place.
#[derive(Default)]
struct Arguments {
    ids: Vec<(&'static str, Id)>,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Body>,
}

impl Arguments {
    /// An id in the path: its place in the template, the argument's name, and what was given.
    fn id(&mut self, place: &'static str, argument: &'static str, id: &str) -> Result<&mut Self, Error> {
        self.ids.push((place, Id::new(argument, id)?));
        Ok(self)
    }

    fn query(&mut self, name: &'static str, value: impl ToString) -> &mut Self {
        self.query.push((name, value.to_string()));
        self
    }

    fn accept_language(&mut self, language: Option<&str>) -> Result<(), Error> {
        if let Some(language) = language {
            const ARGUMENT: &str = "accept_language";
            if language.trim().is_empty() {
                let reason = "is not a language tag like `en-us` or a list of them";
                return Err(Error::invalid_argument(ARGUMENT, reason));
            }
            let value = headers::printable_value(ARGUMENT, language)?;
            self.headers.insert(header::ACCEPT_LANGUAGE, value);
        }
        Ok(())
    }

    fn body(&mut self, body: &impl RequestBody) -> Result<(), Error> {
        body.check()?;
        let bytes = serde_json::to_vec(body)
            .map_err(|error| Error::invalid_argument("body", format!("can't be written as JSON: {error}")))?;
        if bytes.len() > LARGEST_BODY {
            return Err(Error::invalid_argument(
                "body",
                format!("is larger than {LARGEST_BODY} bytes as JSON"),
            ));
        }
        let content_type = HeaderValue::from_static("application/json");
        self.body = Some(Body { content_type, bytes: Zeroizing::new(bytes) });
        Ok(())
    }
}
