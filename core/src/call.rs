//! One call: what was asked, how patiently, and what came back.

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
use crate::service::Service;
use crate::transport::{Allowance, Nothing, Request, Returned};

/// The setting of the headers for one call, as every language but Rust calls it.
const HEADERS: &str = "headers";

/// What may be set for one call in place of the client's settings.
#[derive(Clone, Default)]
pub struct CallOptions {
    deadline: Option<Duration>,
    without_retries: bool,
    headers: HeaderMap,
}

impl CallOptions {
    /// The client's settings, unchanged.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the call may take, with all its attempts and waits.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sends the request once and never again, whatever happens: not even with a new token when the
    /// present one is rejected. Signing in, where that is needed first, is still tried again.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.without_retries = true;
        self
    }

    /// A header of the caller's own. A second one of the same name replaces it.
    ///
    /// # Errors
    /// `InvalidArgument` when it is not a header, or one that the client sets itself: `Accept`,
    /// `Authorization`, `User-Agent`, and those for the body, the connection and a proxy; or when there
    /// would be more than 200 of them, or more than 64 KiB of names and values.
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

/// What an operation returned, with what its answer told beside.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response<T> {
    /// What the operation returned.
    pub value: T,
    /// Status, correlation id, rate limit, attempts made and time taken.
    pub metadata: ResponseMetadata,
}

/// An operation with its arguments, ready to be sent: nothing happens until it is awaited.
///
/// Awaiting it gives what the operation returns; `response()` gives that with its metadata. Options
/// for this one call go between:
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
/// It has to be awaited inside a Tokio runtime with time and I/O enabled. Dropping the future closes the
/// request. An operation that is sent at most once may have been
/// carried out by then.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    service: Arc<Service>,
    request: Result<Request, Error>,
    options: CallOptions,
    returns: PhantomData<fn() -> T>,
}

/// What an operation gives its caller, and how that is read.
pub(crate) trait Value: Sized + Send {
    type Read: Returned + Send;

    fn from_read(read: Self::Read) -> Self;
}

impl<M: crate::models::Model> Value for M {
    type Read = M;

    fn from_read(read: M) -> Self {
        read
    }
}

impl Value for () {
    type Read = Nothing;

    fn from_read(_read: Nothing) -> Self {}
}

impl<T> Call<T> {
    pub(crate) fn new(service: Arc<Service>, request: Result<Request, Error>) -> Self {
        Call { service, request, options: CallOptions::new(), returns: PhantomData }
    }

    /// The same call, whose answer is read as something else.
    #[cfg(feature = "uniffi")]
    pub(crate) fn returning<U>(self) -> Call<U> {
        let Call { service, request, options, .. } = self;
        Call { service, request, options, returns: PhantomData }
    }

    /// The operation, unless its arguments were refused.
    #[cfg(feature = "uniffi")]
    pub(crate) fn operation(&self) -> Option<crate::Operation> {
        self.request.as_ref().ok().map(|request| request.operation)
    }

    /// The deadline of the call.
    #[cfg(feature = "uniffi")]
    pub(crate) fn limit(&self) -> Duration {
        self.options.deadline.unwrap_or(self.service.deadline)
    }

    /// Sets all options at once, in place of those set before.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// How long the call may take, with all its attempts and waits.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options = self.options.deadline(deadline);
        self
    }

    /// Sends the request once and never again, whatever happens: not even with a new token when the
    /// present one is rejected. Signing in, where that is needed first, is still tried again.
    pub fn without_retries(mut self) -> Self {
        self.options = self.options.without_retries();
        self
    }

    /// A header of the caller's own, as in the options; one that is refused makes the call fail before
    /// anything is sent.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let operation = match &self.request {
            Ok(request) => request.operation,
            Err(_) => return self,
        };
        match self.options.clone().header(name, value) {
            Ok(options) => self.options = options,
            Err(error) => self.request = Err(error.of_operation(&operation)),
        }
        self
    }
}

/// Fails outside a runtime, where nothing could be waited for.
pub(crate) fn in_runtime() -> Result<(), Error> {
    let reason = "is missing: await the call inside a Tokio runtime with time and I/O enabled";
    tokio::runtime::Handle::try_current().map(drop).map_err(|_| Error::invalid_argument("runtime", reason))
}

#[allow(private_bounds, reason = "which values there are is the crate's own matter")]
impl<T: Value> Call<T> {
    /// Sends the request and gives what the operation returns with its metadata.
    ///
    /// # Errors
    /// As the operation.
    pub async fn response(self) -> Result<Response<T>, Error> {
        let Call { service, request, options, .. } = self;
        let mut request = request?;
        let operation = request.operation;
        headers::merge(&mut request.headers, HEADERS, &options.headers)
            .map_err(|error| error.of_operation(&operation))?;
        let allowance = Allowance {
            deadline: options.deadline.unwrap_or(service.deadline),
            retries: !options.without_retries,
        };
        in_runtime().map_err(|error| error.of_operation(&operation))?;
        check_duration("deadline", allowance.deadline).map_err(|error| error.of_operation(&operation))?;
        if allowance.deadline.is_zero() {
            return Err(Error::invalid_argument("deadline", "is zero; nothing could come in time")
                .of_operation(&operation));
        }
        let (read, metadata) =
            service.transport.send::<T::Read>(&request, &service.tokens, &allowance).await?;
        Ok(Response { value: T::from_read(read), metadata })
    }
}

#[allow(private_bounds, reason = "which values there are is the crate's own matter")]
impl<T: Value + 'static> IntoFuture for Call<T> {
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
