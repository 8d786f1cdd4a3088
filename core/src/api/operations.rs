//! The macro that declares an operation once, for Rust and for every other language.

/// Declares the operations of a resource. Arguments after the semicolon are optional.
///
/// Each operation becomes a method of `OAuthApi` that returns a `Call`. In the interface definition it becomes, with
/// the same documentation, one method of the asynchronous and one of the blocking API object, which also take the
/// options of the call; and for each of these another method, which returns the response metadata as well.
macro_rules! operations {
    ($(
        $(#[$($meta:tt)*])*
        pub fn $name:ident(
            &$self:ident $(, $argument:ident: $type:ty)* $(; $($option:ident: $option_type:ty),+)?
        ) -> Call<$value:ty> $body:block
    )*) => {
        impl $crate::OAuthApi {
            $(
                $(#[$($meta)*])*
                pub fn $name(
                    &$self, $($argument: $type,)* $($($option: $option_type,)+)?
                ) -> Call<$value> $body
            )*
        }

        #[cfg(feature = "uniffi")]
        operations! { @exported asynchronous OAuthApi Deferred DeferredResponse $(
            [async] [.await] [$(#[$($meta)*])*] $name($($argument: $type),*; $($($option: $option_type),+)?) -> $value
        )* }

        #[cfg(feature = "uniffi")]
        operations! { @exported blocking BlockingOAuthApi Lowered Response $(
            [] [] [$(#[$($meta)*])*] $name($($argument: $type),*; $($($option: $option_type),+)?) -> $value
        )* }
    };

    (@exported $module:ident $api:ident $returned:ident $response:ident $(
        [$($async:tt)?] [$($await:tt)*] [$($meta:tt)*]
        $name:ident($($argument:ident: $type:ty),*; $($option:ident: $option_type:ty),*) -> $value:ty
    )*) => {
        mod $module {
            #[allow(unused_imports, reason = "a resource uses only some of the models")]
            use $crate::models::*;
            use $crate::ffi::{Answer, Argument, CallOptions, Lent, OAuthError, $api};

            pastey::paste! {
                #[uniffi::export]
                impl $api {
                    $(
                        $($meta)*
                        #[uniffi::method(default($($option = None,)* options = None))]
                        $($async)? fn $name(
                            &self,
                            $($argument: <$type as Argument>::Foreign,)*
                            $($option: <$option_type as Argument>::Foreign,)*
                            options: Option<CallOptions>,
                        ) -> Result<<$value as Answer>::$returned, OAuthError> {
                            self.call(options, |api| Ok(api.$name(
                                $(Lent::lent(stringify!($argument), &$argument)?,)*
                                $(Lent::lent(stringify!($option), &$option)?,)*
                            )))$($await)*
                        }

                        /// Executes the same operation and returns its result with the metadata of the response:
                        /// status, correlation id, rate limit, number of attempts and elapsed time.
                        #[uniffi::method(default($($option = None,)* options = None))]
                        $($async)? fn [<$name _with_http_info>](
                            &self,
                            $($argument: <$type as Argument>::Foreign,)*
                            $($option: <$option_type as Argument>::Foreign,)*
                            options: Option<CallOptions>,
                        ) -> Result<<$value as Answer>::$response, OAuthError> {
                            self.call_with_http_info(options, |api| Ok(api.$name(
                                $(Lent::lent(stringify!($argument), &$argument)?,)*
                                $(Lent::lent(stringify!($option), &$option)?,)*
                            )))$($await)*
                        }
                    )*
                }
            }
        }
    };
}
