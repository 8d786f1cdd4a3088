//! The operations, one file per resource. Each names its `Operation`, its arguments and the type of its result.

pub(crate) mod authorizations;
pub(crate) mod clients;
pub(crate) mod scopes;
pub(crate) mod sign_in;
pub(crate) mod usage;

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroizing;

use crate::call::Call;
use crate::config::Config;
use crate::credentials::Session;
use crate::error::Error;
use crate::headers;
use crate::host::Host;
use crate::models::{ErrorBody, RequestBody, decode};
use crate::operation::Operation;
use crate::path::{self, Id};
use crate::shared::Shared;
use crate::transport::{Body, ErrorFormat, Request};

/// The OAuth API of Genesys Cloud (PureCloud).
///
/// Create one per organization and keep it: it holds the connections, and one token for all calls. It may be used from
/// many threads and tasks at once.
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
///
/// # In Rust
/// Cheap to clone: clones share the connections, the token and the retry budget. The calls need a Tokio runtime with
/// time and I/O enabled.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), purecloud_oauth::Error> {
/// use purecloud_oauth::{Config, Credentials, OAuthApi, Region};
///
/// let credentials = Credentials::client_credentials("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "hq3KpZ0vX1yT7wB9");
/// let api = OAuthApi::new(Config::builder(Region::EuCentral1, credentials).build()?);
/// // Both calls use the same token.
/// let clients = api.get_oauth_clients().await?.entities;
/// let client = api.get_oauth_client(&clients[0].id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[cfg_attr(feature = "uniffi", exported(oauth_api_declaration))]
pub struct OAuthApi {
    shared: Arc<Shared>,
}

#[cfg_attr(feature = "uniffi", exported(api_functions))]
impl OAuthApi {
    /// Creates an API object with these settings. Nothing is sent until the first call. A setting that can't be used is
    /// refused with `InvalidArgument` and its name.
    ///
    /// # In Rust
    /// `ConfigBuilder::build` has refused it before.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{Config, Credentials, OAuthApi, Region};
    ///
    /// let credentials = Credentials::access_token("hq3KpZ0vX1yT7wB9");
    /// let api = OAuthApi::new(Config::builder(Region::EuCentral1, credentials).build()?);
    /// assert_eq!(api.host().api_url(), "https://api.mypurecloud.de/");
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    #[must_use]
    pub fn new(config: Config) -> Self {
        OAuthApi { shared: Arc::new(Shared::new(config)) }
    }

    /// Creates an API object with the settings that are found in the environment and in the files of the vendor's
    /// tools. See `Sources` for the places. Nothing is sent until the first call.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if no source has credentials: the error lists the sources and what is missing in
    /// each. Also if a setting or file that applies can't be used.
    ///
    /// # Examples
    /// ```no_run
    /// let api = purecloud_oauth::OAuthApi::from_env()?;
    /// println!("calls go to {}", api.host().api_url());
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        Ok(OAuthApi::new(Config::from_env()?.build()?))
    }

    /// Returns the current session; `None` if the API object is not signed in, as before the first call and after
    /// signing out. Sends nothing.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// # fn store(_: purecloud_oauth::Session) {}
    /// let clients = api.get_oauth_clients().await?;
    /// // A renewal during the call may have replaced the refresh token.
    /// if let Some(session) = api.session() {
    ///     store(session);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.shared.tokens.session()
    }

    /// Returns the host that calls and sign-ins go to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.shared.host
    }
}

impl OAuthApi {
    /// Returns an API object for another runtime that is signed in as this one is, but does not use any of its
    /// connections.
    #[cfg(feature = "uniffi")]
    pub(crate) fn with_new_connections(&self, config: Config) -> Self {
        OAuthApi { shared: Arc::new(self.shared.with_new_connections(config)) }
    }

    /// Begins a call of an operation, to which the arguments are added.
    fn call(&self, operation: Operation) -> CallBuilder<'_> {
        let headers = self.shared.default_headers.clone();
        CallBuilder {
            shared: &self.shared,
            operation,
            arguments: Ok(Arguments { headers, ..Arguments::default() }),
        }
    }
}

const ERROR_FORMAT: ErrorFormat = ErrorFormat {
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

/// The maximum size of a request body, in bytes. A client with all its fields has a few kilobytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A call whose arguments are being added. Each argument is checked; the first that is refused fails the call.
struct CallBuilder<'a> {
    shared: &'a Arc<Shared>,
    operation: Operation,
    arguments: Result<Arguments, Error>,
}

#[derive(Default)]
struct Arguments {
    ids: Vec<(&'static str, Id)>,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Body>,
}

impl CallBuilder<'_> {
    fn add(mut self, argument: impl FnOnce(&mut Arguments) -> Result<(), Error>) -> Self {
        if let Ok(arguments) = &mut self.arguments
            && let Err(error) = argument(arguments)
        {
            self.arguments = Err(error);
        }
        self
    }

    /// Adds an id, which fills the placeholder of the same name in the path.
    fn id(self, argument: &'static str, id: &str) -> Self {
        self.add(|arguments| {
            arguments.ids.push((argument, Id::new(argument, id)?));
            Ok(())
        })
    }

    /// Adds a number to the query, unless it is absent.
    fn positive_query(self, argument: &'static str, number: Option<u32>) -> Self {
        self.add(|arguments| match number {
            Some(0) => Err(Error::invalid_argument(argument, "is 0; at least 1 is needed")),
            Some(number) => {
                arguments.query.push((argument, number.to_string()));
                Ok(())
            }
            None => Ok(()),
        })
    }

    fn accept_language(self, language: Option<&str>) -> Self {
        const ARGUMENT: &str = "accept_language";
        self.add(|arguments| {
            let Some(language) = language else { return Ok(()) };
            if language.trim().is_empty() {
                let reason = "is not a language tag like `en-us` or a list of them";
                return Err(Error::invalid_argument(ARGUMENT, reason));
            }
            let value = headers::printable_value(ARGUMENT, language)?;
            arguments.headers.insert(header::ACCEPT_LANGUAGE, value);
            Ok(())
        })
    }

    fn body(self, body: &impl RequestBody) -> Self {
        const ARGUMENT: &str = "body";
        self.add(|arguments| {
            body.check()?;
            let bytes = serde_json::to_vec(body).map_err(|error| {
                Error::invalid_argument(ARGUMENT, format!("can't be written as JSON: {error}"))
            })?;
            if bytes.len() > MAX_BODY_BYTES {
                let reason = format!("is larger than {MAX_BODY_BYTES} bytes as JSON");
                return Err(Error::invalid_argument(ARGUMENT, reason));
            }
            let content_type = HeaderValue::from_static("application/json");
            arguments.body = Some(Body { content_type, bytes: Zeroizing::new(bytes) });
            Ok(())
        })
    }

    fn build<T>(self) -> Call<T> {
        let CallBuilder { shared, operation, arguments } = self;
        let request = arguments.and_then(|Arguments { ids, query, headers, body }| {
            let mut url = path::build_url(shared.host.api(), &operation, &ids)?;
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(&query);
            }
            Ok(Request { operation, url, headers, body, secrets: Vec::new(), error_format: &ERROR_FORMAT })
        });
        Call::new(Arc::clone(shared), request.map_err(|error| error.with_operation(&operation)))
    }
}
