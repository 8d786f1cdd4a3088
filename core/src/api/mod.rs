//! The operations, one file per resource. Each consists of its row of the table, its arguments, and its result.

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
use crate::service::Shared;
use crate::transport::{Body, Request, Words};

/// The OAuth API of Genesys Cloud (PureCloud).
///
/// Cheap to clone and safe to share: clones share the connections, the token and the retry budget. Create one per
/// organization and keep it. Its calls need a Tokio runtime with time and I/O enabled.
///
/// Every operation can fail with these errors:
///
/// - `InvalidArgument` if an argument is invalid; nothing is sent then. An id has 1 to 256 characters, is neither `.`
///   nor `..`, and contains no control character and none of `/ \ ? # %`. A body has at most 16 MiB as JSON.
/// - `SignIn` if signing in failed.
/// - `Api` if the service rejects the request (status 403 if the permission is missing) or fails. After a rejection the
///   service has not executed the operation; after status 408, or 500 and above, it may have.
/// - `Connection`, `Timeout` or `UnreadableAnswer` if no usable response arrived in time. The error says whether the
///   service may have executed the operation.
/// - `OutcomeUnknown` instead of these, for creating a client and rotating a secret, if the service may have executed
///   the operation.
///
/// The vendor's pages named below are part of its SDK documentation: `OAuthApi.html`, and one page for each model.
#[derive(Clone)]
pub struct OAuthApi {
    shared: Arc<Shared>,
}

impl OAuthApi {
    /// Creates an API object with these settings. Nothing is sent until the first call.
    #[must_use]
    pub fn new(config: Config) -> Self {
        OAuthApi { shared: Arc::new(Shared::new(config)) }
    }

    /// Returns an API object for another runtime that is signed in as this one is, but does not use any of its
    /// connections.
    #[cfg(feature = "uniffi")]
    pub(crate) fn with_new_connections(&self, config: Config) -> Self {
        OAuthApi { shared: Arc::new(self.shared.with_new_connections(config)) }
    }

    /// Creates an API object with the settings of `Config::from_env`, which come from the environment and from files on
    /// this machine. Nothing is sent until the first call.
    ///
    /// # Errors
    /// `InvalidArgument` if no source has credentials: the error lists the sources and what is missing in each. Also if
    /// a setting or file that applies can't be used.
    pub fn from_env() -> Result<Self, Error> {
        Ok(OAuthApi::new(Config::from_env()?.build()?))
    }

    /// Builds a call: `arguments` adds the ids, query, headers and body.
    fn call<T>(
        &self,
        operation: Operation,
        arguments: impl FnOnce(&mut Arguments) -> Result<(), Error>,
    ) -> Call<T> {
        let request = self.request(operation, arguments).map_err(|error| error.with_operation(&operation));
        Call::new(Arc::clone(&self.shared), request)
    }

    fn request(
        &self,
        operation: Operation,
        arguments: impl FnOnce(&mut Arguments) -> Result<(), Error>,
    ) -> Result<Request, Error> {
        let mut checked = Arguments { headers: self.shared.default_headers.clone(), ..Arguments::default() };
        arguments(&mut checked)?;
        let mut url = path::address(self.shared.host.api(), &operation, &checked.ids)?;
        if !checked.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&checked.query);
        }
        let Arguments { headers, body, .. } = checked;
        Ok(Request { operation, url, headers, body, secrets: Vec::new(), words: &ERROR_FORMAT })
    }
}

const ERROR_FORMAT: Words = Words {
    read: |body| decode::<ErrorBody>(body).ok(),
    advice: |code| match code {
        "cannot.delete.client" => Some("make it inactive first"),
        _ => None,
    },
};

impl fmt::Debug for OAuthApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApi").field("host", &self.shared.host).finish_non_exhaustive()
    }
}

/// The maximum size of a request body, in bytes. An OAuth client with all its fields has a few kilobytes.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The arguments of a call, each of which is checked when it is added.
#[derive(Default)]
struct Arguments {
    ids: Vec<(&'static str, Id)>,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Body>,
}

impl Arguments {
    /// Adds an id to the path; `placeholder` is its name in the path template, `argument` that of the argument.
    fn id(
        &mut self,
        placeholder: &'static str,
        argument: &'static str,
        id: &str,
    ) -> Result<&mut Self, Error> {
        self.ids.push((placeholder, Id::new(argument, id)?));
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
