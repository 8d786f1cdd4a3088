//! How an operation is declared: once, for Rust and for every other language.

/// Declares operations of a resource. What stands behind the semicolon may be left out.
///
/// Each becomes a function of the client that returns a `Call`. In the interface definition it becomes, with
/// the same documentation, a function of the asynchronous and one of the blocking client, which take the
/// call's options as well; and beside each the one that returns the answer's metadata too.
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

    (@exported $module:ident $client:ident $returned:ident $response:ident $(
        [$($async:tt)?] [$($await:tt)*] [$($meta:tt)*]
        $name:ident($($argument:ident: $type:ty),*; $($option:ident: $option_type:ty),*) -> $value:ty
    )*) => {
        mod $module {
            #[allow(unused_imports, reason = "which models the operations of a resource take and return")]
            use $crate::models::*;
            use $crate::ffi::{Answer, Argument, CallOptions, Lent, OAuthError, $client};

            pastey::paste! {
                #[uniffi::export]
                impl $client {
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

                        /// The same operation, which returns what is known of the answer as well: status,
                        /// correlation id, rate limit, attempts made and time taken.
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
