//! A call: request, options and response.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::clock::check_duration;
use crate::error::Error;
use crate::headers;
use crate::metadata::ResponseMetadata;
use crate::shared::Shared;
use crate::transport::{CallLimits, Request, Returned};

/// The name of the setting for a call's headers in every language but Rust.
const HEADERS: &str = "headers";

/// The options of one call, used in place of the API object's settings.
///
/// # Examples
/// ```no_run
/// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
/// use purecloud_oauth::CallOptions;
/// use std::time::Duration;
///
/// let options = CallOptions::new().deadline(Duration::from_secs(5)).header("X-Job", "nachtlauf")?;
/// let clients = api.get_oauth_clients().options(options.clone()).await?;
/// let scopes = api.get_oauth_scopes(None).options(options).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct CallOptions {
    deadline: Option<Duration>,
    without_retries: bool,
    headers: HeaderMap,
}

impl CallOptions {
    /// Returns options that leave all settings of the API object as they are.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg_attr(feature = "uniffi", exported(fields call_options_declaration))]
impl CallOptions {
    /// Sets the maximum time of the call, including all its attempts and pauses.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sends the request only once, whatever happens: it is not retried even with a renewed token after a 401. A
    /// sign-in that is needed first is still retried.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.without_retries = true;
        self
    }

    /// Sets headers of the call, each in place of a default header of the same name.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if one is not a valid header, or is set automatically: `Accept`, `Authorization`,
    /// `User-Agent`, and those for the body, the connection and a proxy. Also if there are more than 200 headers, or
    /// more than 64 KiB of names and values.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::CallOptions;
    ///
    /// let error = CallOptions::new().header("User-Agent", "nachtlauf").unwrap_err();
    /// assert_eq!(error.argument(), Some("headers"));
    /// ```
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        headers::add(&mut self.headers, HEADERS, name, value)?;
        Ok(self)
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("deadline", &self.deadline)
            .field("without_retries", &self.without_retries)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// The result of an operation, with the metadata of the response.
///
/// # Examples
/// ```no_run
/// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
/// let response = api.get_oauth_clients().response().await?;
/// println!("{} clients", response.value.entities.len());
/// let limit = response.metadata.rate_limit;
/// println!("request {:?} of {:?} in this window", limit.count, limit.allowed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response<T> {
    /// The result of the operation.
    pub value: T,
    /// The status, correlation id, rate limit, number of attempts and elapsed time.
    pub metadata: ResponseMetadata,
}

/// An operation with its arguments, ready to be sent: nothing happens until it is awaited.
///
/// Awaiting it returns the result of the operation; awaiting `response()` returns the result with its metadata. Options
/// for this one call are set before that:
///
/// ```no_run
/// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
/// use std::time::Duration;
///
/// let clients = api.get_oauth_clients().await?;
/// let client = api.get_oauth_client(&clients.entities[0].id).deadline(Duration::from_secs(5)).await?;
/// let response = api.get_oauth_client(&client.id).without_retries().response().await?;
/// println!("{} ({:?})", response.value.name, response.metadata.correlation_id);
/// # Ok(())
/// # }
/// ```
///
/// A call has to be awaited inside a Tokio runtime with time and I/O enabled. Dropping the future closes the request.
/// An operation in progress may have been executed by then.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    shared: Arc<Shared>,
    request: Result<Request, Error>,
    options: CallOptions,
    returns: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    pub(crate) fn new(shared: Arc<Shared>, request: Result<Request, Error>) -> Self {
        Call { shared, request, options: CallOptions::new(), returns: PhantomData }
    }

    /// Returns the same call with another type to read the response as.
    #[cfg(feature = "uniffi")]
    pub(crate) fn returning<U>(self) -> Call<U> {
        let Call { shared, request, options, .. } = self;
        Call { shared, request, options, returns: PhantomData }
    }

    /// Returns the operation; `None` if an argument was rejected.
    #[cfg(feature = "uniffi")]
    pub(crate) fn operation(&self) -> Option<crate::Operation> {
        self.request.as_ref().ok().map(|request| request.operation)
    }

    /// Returns the deadline of the call.
    #[cfg(feature = "uniffi")]
    pub(crate) fn limit(&self) -> Duration {
        self.options.deadline.unwrap_or(self.shared.deadline)
    }

    /// Sets all options at once, replacing those that were set before.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the maximum time of the call, including all its attempts and pauses.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options = self.options.deadline(deadline);
        self
    }

    /// Sends the request only once, whatever happens: it is not retried even with a renewed token after a 401. A
    /// sign-in that is needed first is still retried.
    pub fn without_retries(mut self) -> Self {
        self.options = self.options.without_retries();
        self
    }

    /// Adds a header, as in `CallOptions`. If the header is rejected, the call fails before anything is sent.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let operation = match &self.request {
            Ok(request) => request.operation,
            Err(_) => return self,
        };
        match self.options.clone().header(name, value) {
            Ok(options) => self.options = options,
            Err(error) => self.request = Err(error.with_operation(&operation)),
        }
        self
    }
}

/// Fails outside a Tokio runtime, which timers and connections need.
pub(crate) fn require_runtime() -> Result<(), Error> {
    let reason = "is missing: await the call inside a Tokio runtime with time and I/O enabled";
    tokio::runtime::Handle::try_current().map(drop).map_err(|_| Error::invalid_argument("runtime", reason))
}

#[allow(private_bounds, reason = "the set of results is private to the crate")]
impl<T: Returned> Call<T> {
    /// Sends the request and returns the result of the operation with its metadata.
    ///
    /// # Errors
    /// The errors of the operation.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(api: purecloud_oauth::OAuthApi) -> Result<(), purecloud_oauth::Error> {
    /// let response = api.get_oauth_client("6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10").response().await?;
    /// println!("{} took {:?}", response.value.name, response.metadata.elapsed);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn response(self) -> Result<Response<T>, Error> {
        let Call { shared, request, options, .. } = self;
        let mut request = request?;
        let operation = request.operation;
        headers::merge(&mut request.headers, HEADERS, &options.headers)
            .map_err(|error| error.with_operation(&operation))?;
        let limits = CallLimits {
            deadline: options.deadline.unwrap_or(shared.deadline),
            retries: !options.without_retries,
        };
        require_runtime().map_err(|error| error.with_operation(&operation))?;
        check_duration("deadline", limits.deadline).map_err(|error| error.with_operation(&operation))?;
        if limits.deadline.is_zero() {
            return Err(Error::invalid_argument("deadline", "is zero; it must be greater than zero")
                .with_operation(&operation));
        }
        let (value, metadata) = shared.transport.send(&request, &shared.tokens, &limits).await?;
        Ok(Response { value, metadata })
    }
}

#[allow(private_bounds, reason = "the set of results is private to the crate")]
impl<T: Returned> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.response().await.map(|response| response.value) })
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.request.as_ref().map(|request| request.operation);
        f.debug_struct("Call")
            .field("operation", &operation)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
