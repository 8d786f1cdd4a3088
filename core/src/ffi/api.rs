//! The two clients. The operations are added to them where each is written, in `crate::api`.

use std::convert::identity;
use std::future::IntoFuture;
use std::process;
use std::sync::Arc;

use crate::call::{Call, Response};
use crate::credentials::Session;
use crate::error::Error;
use crate::ffi::config::{CallOptions, Config};
use crate::ffi::era::PerEra;
use crate::ffi::runtime::{Errand, Purpose, Runtime, prepared};
use crate::ffi::{Answer, Deferred, OAuthError};
use crate::region::Host;
use crate::sources::Sources;

/// The OAuth API of Genesys Cloud (PureCloud).
///
/// Make one per organization and keep it: it keeps connections, and one token for all calls. It may be used
/// from many threads and tasks at once.
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
/// - It fails with `Internal` when the library has a defect.
///
/// It fails no later than half a second after its deadline, whatever happens. A program that closes file descriptors
/// which it did not open, and opens others under their numbers, is not safe: the library may use those.
///
/// Cancelling a call closes its request at once. An operation that is sent at most once may have been
/// carried out by then.
///
/// The vendor's pages are those of its SDK documentation, `OAuthApi.html` and one for each model.
#[derive(uniffi::Object)]
pub(crate) struct OAuthApi(Client);

/// The same client for programs that wait: each call returns when the operation is done.
///
/// What holds for every operation is what holds for those of `OAuthApi`.
#[derive(uniffi::Object)]
pub(crate) struct BlockingOAuthApi(Client);

/// What a client has beside its operations: once for event loops, once for programs that wait.
macro_rules! client {
    ($client:ident [$($async:tt)?] [$($await:tt)*] $run:ident $session:ty, $deferred:path) => {
        #[uniffi::export]
        impl $client {
            /// A client with these settings. Nothing is sent until the first call.
            ///
            /// Fails with `InvalidArgument` and the name of the first setting that can't be used.
            #[uniffi::constructor]
            pub(crate) fn new(config: Config) -> Result<Self, OAuthError> {
                prepared(|| Client::new(config)).map($client)
            }

            /// A client with the settings that are found in the environment and in the files of the vendor's tools,
            /// so that a program needs no line for them. See `Sources` for where they are looked for.
            ///
            /// Fails with `InvalidArgument` where no credentials are found, and names the places that were looked at
            /// and what was missing in each.
            #[uniffi::constructor]
            pub(crate) fn from_env() -> Result<Self, OAuthError> {
                prepared(|| Client::new(Config::find(&Sources::default())?)).map($client)
            }

            /// Signs in now, unless the client is signed in already. Calls do so by themselves, except where a
            /// person has to: with credentials by `browser`, this is what opens it. On a terminal the address of the
            /// page is printed as well; where no browser can be opened, the user may open the page in another one.
            ///
            /// Returns what has to be kept to go on later.
            ///
            /// Fails with `SignIn` when no token can be had; it holds what the login host said. A code is never sent
            /// twice, so a lost answer means another sign-in. With `InvalidArgument` when the port of the redirect
            /// URI is taken.
            pub(crate) $($async)? fn sign_in(&self) -> Result<$session, OAuthError> {
                let (runtime, api) = self.0.ready()?;
                let purpose = Purpose { errand: Errand::SignIn, limit: api.longest_sign_in() };
                runtime.$run(purpose, async move { api.sign_in().await })$($await)*.map($deferred)
            }

            /// Begins a sign-in at a browser, for programs that show the page themselves: in a window of their own, as a
            /// QR code, or on another machine that forwards the port. From now on the redirect is listened for; no
            /// browser is opened.
            ///
            /// Returns the address of the page. Show it to the user, and call `sign_in()`, which waits for the user and
            /// exchanges the code. The time that the user has begins now. Beginning again ends the sign-in that was begun
            /// before.
            ///
            /// Fails with `InvalidArgument` when the credentials are not those of a browser, or when the port of the
            /// redirect URI is taken.
            pub(crate) $($async)? fn begin_sign_in(&self) -> Result<String, OAuthError> {
                let (runtime, api) = self.0.ready()?;
                let purpose = Purpose { errand: Errand::SignIn, limit: api.longest_sign_in() };
                runtime.$run(purpose, async move { api.begin_sign_in().await })$($await)*
            }

            /// Signs out: ends the token on the service, and forgets it with everything that another could be had
            /// with. Calls fail with `SignIn` from then on. Without a token nothing is sent.
            ///
            /// The browser may stay signed in: open the host's `logout_url` there to end that too.
            ///
            /// Fails with `Connection`, `Timeout` or `Api` when the service could not be told. The client is still
            /// signed in then, and calling again is safe.
            ///
            /// Needs no permission. Vendor's page: `TokensApi.html#deleteTokensMe`.
            pub(crate) $($async)? fn sign_out(&self) -> Result<(), OAuthError> {
                let (runtime, api) = self.0.ready()?;
                let (operation, limit) = api.longest_sign_out();
                let purpose = Purpose { errand: Errand::Operation(operation), limit };
                runtime.$run(purpose, async move { api.sign_out().await })$($await)*
            }

            /// What the client is signed in with at the moment; nothing before the first call, and after signing
            /// out. Nothing is sent.
            pub(crate) fn session(&self) -> Option<Session> {
                self.0.ready().ok()?.1.session()
            }

            /// Where calls and sign-ins go.
            pub(crate) fn host(&self) -> Arc<Host> {
                Arc::new(self.0.config.host.clone())
            }
        }
    };
}

client! { OAuthApi [async] [.await] run Deferred<Session>, Deferred }
client! { BlockingOAuthApi [] [] wait Session, identity }

impl OAuthApi {
    pub(crate) async fn call<T: Answer>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::Deferred, OAuthError> {
        let (runtime, purpose, call) = self.0.call(options, operation)?;
        runtime.run(purpose, call.into_future()).await.map(T::deferred)
    }

    pub(crate) async fn call_with_http_info<T: Answer>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::DeferredResponse, OAuthError> {
        let (runtime, purpose, call) = self.0.call(options, operation)?;
        let response = runtime.run(purpose, call.response()).await?;
        Ok(T::deferred_response(with_metadata::<T>(response)))
    }
}

impl BlockingOAuthApi {
    pub(crate) fn call<T: Answer>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::Lowered, OAuthError> {
        let (runtime, purpose, call) = self.0.call(options, operation)?;
        runtime.wait(purpose, call.into_future())
    }

    pub(crate) fn call_with_http_info<T: Answer>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::Response, OAuthError> {
        let (runtime, purpose, call) = self.0.call(options, operation)?;
        runtime.wait(purpose, call.response()).map(with_metadata::<T>)
    }
}

fn with_metadata<T: Answer>(response: Response<T::Lowered>) -> T::Response {
    T::with(response.value, response.metadata)
}

/// The settings, and the core's API object that is made of them for each runtime.
struct Client {
    config: Config,
    core: PerEra<crate::OAuthApi>,
    /// The process that it was made in.
    process: u32,
}

impl Client {
    fn new(config: Config) -> Result<Self, OAuthError> {
        let client = Client { config, core: PerEra::new(), process: process::id() };
        client.ready()?;
        Ok(client)
    }

    /// Returns a runtime that works, and the API object whose connections are on it.
    fn ready(&self) -> Result<(&'static Runtime, crate::OAuthApi), Error> {
        let runtime = Runtime::current()?;
        let core = self.core.get_or_try_init(runtime.era(), |before| {
            let mut config = self.config.clone();
            if self.process != process::id() {
                config.credentials = config.credentials.after_a_fork();
            }
            let config = config.build()?;
            Ok::<_, Error>(match before {
                Some(before) => before.with_new_connections(config),
                None => crate::OAuthApi::new(config),
            })
        })?;
        Ok((runtime, core.clone()))
    }

    fn call<T: Answer>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<(&'static Runtime, Purpose, Call<T::Lowered>), Error> {
        prepared(|| {
            let (runtime, core) = self.ready()?;
            let mut call = operation(&core)?.returning();
            if let Some(options) = options {
                call = call.options(options.build()?);
            }
            let errand = call.operation().map_or(Errand::Unknown, Errand::Operation);
            let purpose = Purpose { errand, limit: call.limit() };
            Ok((runtime, purpose, call))
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Ends the era of a broken runtime, so that its connections are leaked and not closed.
        let _ = Runtime::current();
    }
}
