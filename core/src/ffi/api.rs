//! The two classes that other languages call: one for event loops, and one for blocking code.
//!
//! Their functions are made of the declarations of `crate::api`.

use std::convert::identity;
use std::future::IntoFuture;
use std::process;

use crate::api::authorizations::authorization_operations;
use crate::api::clients::client_operations;
use crate::api::scopes::scope_operations;
use crate::api::sign_in::sign_in_functions;
use crate::api::usage::usage_operations;
use crate::api::{api_functions, oauth_api_declaration};
use crate::call::{Call, Response};
use crate::credentials::Session;
use crate::error::Error;
use crate::ffi::config::{CallOptions, Config};
use crate::ffi::crossing::{Argument, ToForeign, TryFromForeign};
use crate::ffi::era::PerEra;
use crate::ffi::fault::{CallContext, CallTarget};
use crate::ffi::runtime::{Runtime, prepared};
use crate::ffi::{Deferred, ForeignReturn, OAuthError};
use crate::host::Host;
use crate::models::*;
use crate::sources::Sources;

/// Declares the asynchronous class. Its documentation is that of the core's API object, and what holds in addition.
macro_rules! classes {
    ([$($documentation:tt)*] struct {}) => {
        $($documentation)*
        ///
        /// A call fails with `Internal` if the native library has a defect. It fails no later than half a second after
        /// its deadline, whatever happens. A program that closes file descriptors which it did not open, and opens
        /// others under their numbers, is not safe: the native library may use those.
        ///
        /// Cancelling a call closes its request at once. An operation in progress may have been executed by then.
        #[derive(uniffi::Object)]
        pub(crate) struct OAuthApi(Inner);
    };
}

oauth_api_declaration!(classes);

/// The same operations for blocking code: each call returns when its operation is done.
///
/// The rules that hold for every operation are those of `OAuthApi`.
#[derive(uniffi::Object)]
pub(crate) struct BlockingOAuthApi(Inner);

/// Declares the functions of both classes from those of the core's API object.
macro_rules! class_functions {
    ([$($on_impl:tt)*] impl { $(
        $kind:ident $outcome:ident [$($documentation:tt)*] $function:ident $name:tt $arguments:tt -> $returned:ty;
    )* }) => {
        $(
            class_functions! { @$kind $outcome [async] [.await] OAuthApi Deferred DeferredResponse
                [$($documentation)*] $function $name $arguments $returned }
            class_functions! { @$kind $outcome [] [] BlockingOAuthApi Lowered Response
                [$($documentation)*] $function $name $arguments $returned }
        )*
    };
    // An operation: with its value, and with its value and the metadata.
    (@operation plain [$($async:tt)?] [$($await:tt)*] $class:ident $value:ident $response:ident
        [$($documentation:tt)*] $function:ident $name:tt
        ($($argument:ident: $given:ty),*; $($option:ident: $optional:ty),*) $returned:ty
    ) => {
        pastey::paste! {
            #[uniffi::export]
            impl $class {
                $($documentation)*
                #[uniffi::method(default($($option = None,)* options = None))]
                $($async)? fn $function(
                    &self,
                    $($argument: <$given as Argument>::Foreign,)*
                    $($option: <$optional as Argument>::Foreign,)*
                    options: Option<CallOptions>,
                ) -> Result<<$returned as ForeignReturn>::$value, OAuthError> {
                    self.call(options, |api| {
                        $(let mut $argument = $argument;)*
                        $(let mut $option = $option;)*
                        Ok(api.$function(
                        $(<$given>::try_from_foreign(stringify!($argument), &mut $argument)?,)*
                        $(<$optional>::try_from_foreign(stringify!($option), &mut $option)?,)*
                        ))
                    })$($await)*
                }

                /// Executes the same operation, and returns the response metadata as well: status, correlation id,
                /// rate limit, attempts made and time taken.
                #[uniffi::method(default($($option = None,)* options = None))]
                $($async)? fn [<$function _with_http_info>](
                    &self,
                    $($argument: <$given as Argument>::Foreign,)*
                    $($option: <$optional as Argument>::Foreign,)*
                    options: Option<CallOptions>,
                ) -> Result<<$returned as ForeignReturn>::$response, OAuthError> {
                    self.call_with_http_info(options, |api| {
                        $(let mut $argument = $argument;)*
                        $(let mut $option = $option;)*
                        Ok(api.$function(
                        $(<$given>::try_from_foreign(stringify!($argument), &mut $argument)?,)*
                        $(<$optional>::try_from_foreign(stringify!($option), &mut $option)?,)*
                        ))
                    })$($await)*
                }
            }
        }
    };
    // A part of signing in or out.
    (@task fallible [$($async:tt)?] [$($await:tt)*] $class:ident $value:ident $response:ident
        [$($documentation:tt)*] $function:ident $name:tt (;) $returned:ty
    ) => {
        pastey::paste! {
            #[uniffi::export]
            impl $class {
                $($documentation)*
                pub(crate) $($async)? fn $function(&self) -> Result<<$returned as TaskReturn>::$value, OAuthError> {
                    let done = self.run(CallContext::$function, |api| async move { api.$function().await })$($await)*?;
                    Ok(<$returned as TaskReturn>::[<$value:snake>](done))
                }
            }
        }
    };
    (@constructor $outcome:ident [$($async:tt)?] [$($await:tt)*] $class:ident $value:ident $response:ident
        [$($documentation:tt)*] $function:ident $name:tt ($($argument:ident: $given:ident),*;) $returned:ty
    ) => {
        #[uniffi::export]
        impl $class {
            $($documentation)*
            #[uniffi::constructor]
            pub(crate) fn $function($($argument: $given),*) -> Result<Self, OAuthError> {
                prepared(|| Inner::$function($($argument),*)).map($class)
            }
        }
    };
    (@method plain [$($async:tt)?] [$($await:tt)*] $class:ident $value:ident $response:ident
        [$($documentation:tt)*] $function:ident $name:tt (;) $returned:ty
    ) => {
        #[uniffi::export]
        impl $class {
            $($documentation)*
            pub(crate) fn $function(&self) -> <$returned as ToForeign>::Foreign {
                self.0.$function().to_foreign()
            }
        }
    };
}

api_functions!(class_functions);
sign_in_functions!(class_functions);
authorization_operations!(class_functions);
client_operations!(class_functions);
scope_operations!(class_functions);
usage_operations!(class_functions);

/// A value that a part of signing in or out returns: blocking functions return it as it is, asynchronous ones deferred
/// if it holds a secret.
pub(crate) trait TaskReturn: Sized {
    type Deferred;
    type Lowered;

    fn deferred(self) -> Self::Deferred;

    fn lowered(self) -> Self::Lowered;
}

macro_rules! task_return {
    ($($type:ty => $deferred:ty { $convert:expr })*) => {$(
        impl TaskReturn for $type {
            type Deferred = $deferred;
            type Lowered = $type;

            fn deferred(self) -> $deferred {
                $convert(self)
            }

            fn lowered(self) -> $type {
                self
            }
        }
    )*};
}

task_return! {
    () => () { identity }
    String => String { identity }
    Session => Deferred<Session> { Deferred }
}

impl CallContext {
    fn sign_in(api: &crate::OAuthApi) -> Self {
        CallContext { target: CallTarget::SignIn, limit: api.longest_sign_in() }
    }

    fn begin_sign_in(api: &crate::OAuthApi) -> Self {
        CallContext::sign_in(api)
    }

    fn sign_out(api: &crate::OAuthApi) -> Self {
        let (operation, limit) = api.longest_sign_out();
        CallContext { target: CallTarget::Operation(operation), limit }
    }
}

impl OAuthApi {
    async fn run<T: Send + 'static, W: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        context: fn(&crate::OAuthApi) -> CallContext,
        work: impl FnOnce(crate::OAuthApi) -> W,
    ) -> Result<T, OAuthError> {
        let (runtime, api) = self.0.ready()?;
        runtime.run(context(&api), work(api)).await
    }

    async fn call<T: ForeignReturn>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::Deferred, OAuthError> {
        let (runtime, context, call) = self.0.call(options, operation)?;
        runtime.run(context, call.into_future()).await.map(T::deferred)
    }

    async fn call_with_http_info<T: ForeignReturn>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::DeferredResponse, OAuthError> {
        let (runtime, context, call) = self.0.call(options, operation)?;
        let response = runtime.run(context, call.response()).await?;
        Ok(T::deferred_response(foreign_response::<T>(response)))
    }
}

impl BlockingOAuthApi {
    fn run<T: Send + 'static, W: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        context: fn(&crate::OAuthApi) -> CallContext,
        work: impl FnOnce(crate::OAuthApi) -> W,
    ) -> Result<T, OAuthError> {
        let (runtime, api) = self.0.ready()?;
        runtime.wait(context(&api), work(api))
    }

    fn call<T: ForeignReturn>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::Lowered, OAuthError> {
        let (runtime, context, call) = self.0.call(options, operation)?;
        runtime.wait(context, call.into_future())
    }

    fn call_with_http_info<T: ForeignReturn>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<T::Response, OAuthError> {
        let (runtime, context, call) = self.0.call(options, operation)?;
        runtime.wait(context, call.response()).map(foreign_response::<T>)
    }
}

fn foreign_response<T: ForeignReturn>(response: Response<T::Lowered>) -> T::Response {
    T::response(response.value, response.metadata)
}

/// The settings, and the core's API object that is made of them for each runtime.
struct Inner {
    config: Config,
    core: PerEra<crate::OAuthApi>,
    /// The process in which the API object was made.
    process: u32,
}

impl Inner {
    fn new(config: Config) -> Result<Self, OAuthError> {
        let inner = Inner { config, core: PerEra::new(), process: process::id() };
        inner.ready()?;
        Ok(inner)
    }

    fn from_env() -> Result<Self, OAuthError> {
        Inner::new(Config::find(&Sources::default())?)
    }

    fn session(&self) -> Option<Session> {
        self.ready().ok()?.1.session()
    }

    fn host(&self) -> &Host {
        &self.config.host
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

    fn call<T: ForeignReturn>(
        &self,
        options: Option<CallOptions>,
        operation: impl FnOnce(&crate::OAuthApi) -> Result<Call<T>, Error>,
    ) -> Result<(&'static Runtime, CallContext, Call<T::Lowered>), Error> {
        prepared(|| {
            let (runtime, core) = self.ready()?;
            let mut call = operation(&core)?.returning();
            if let Some(options) = options {
                call = call.options(options.build()?);
            }
            let target = call.operation().map_or(CallTarget::Unknown, CallTarget::Operation);
            let context = CallContext { target, limit: call.limit() };
            Ok((runtime, context, call))
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A broken runtime is noticed here, so that the connections on it are leaked instead of closed.
        let _ = Runtime::current();
    }
}
