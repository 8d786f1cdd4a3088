//! Response metadata in types that every language has, and the return types of the operations.

use std::time::Duration;

use crate::ffi::Deferred;
use crate::ffi::crossing::ToForeign;
use crate::metadata::{self, RateLimit, response_metadata_declaration};
use crate::transport::Returned;

/// Declares a record with the fields of a structure that the core returns.
macro_rules! structure_record {
    (
        $name:ident
        [$($documentation:tt)*] struct { $([$($on_field:tt)*] ($($default:ident)?) $field:ident: $type:ty;)* }
    ) => {
        $($documentation)*
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
        pub(crate) struct $name {
            $(
                $($on_field)*
                $(#[uniffi($default)])?
                pub(crate) $field: <$type as ToForeign>::Foreign,
            )*
        }

        impl ToForeign for metadata::$name {
            type Foreign = $name;

            fn to_foreign(self) -> $name {
                $name { $($field: self.$field.to_foreign(),)* }
            }
        }

        impl ToForeign for &metadata::$name {
            type Foreign = $name;

            fn to_foreign(self) -> $name {
                self.clone().to_foreign()
            }
        }
    };
}

response_metadata_declaration!(structure_record ResponseMetadata);

/// The record of the rate limit, in a module of its own, because this one imports the core's type of the same name.
mod rate_limit {
    use std::time::Duration;

    use crate::ffi::crossing::ToForeign;
    use crate::metadata::{self, rate_limit_declaration};

    rate_limit_declaration!(structure_record RateLimit);
}

/// A return type of an operation, in the forms that other languages receive: the value, and a record of the value and
/// the metadata. The interface has no generic types, so each operation has a record of its own. Asynchronous functions
/// return the deferred forms.
pub(crate) trait ForeignReturn {
    type Lowered: Returned + Send + 'static;
    type Response;
    type Deferred;
    type DeferredResponse;

    fn response(value: Self::Lowered, metadata: metadata::ResponseMetadata) -> Self::Response;

    fn deferred(value: Self::Lowered) -> Self::Deferred;

    fn deferred_response(response: Self::Response) -> Self::DeferredResponse;
}

/// Declares the record that an operation returns together with its metadata.
macro_rules! response_record {
    ($(#[$($attribute:tt)*])* $name:ident $($value:ident)?) => {
        $(#[$($attribute)*])*
        #[derive(Clone, Debug, PartialEq, uniffi::Record)]
        pub(crate) struct $name {
            $(
                /// The result of the operation.
                pub(crate) value: $value,
            )?
            /// Status, correlation id, rate limit, number of attempts and elapsed time.
            pub(crate) metadata: $crate::ffi::ResponseMetadata,
        }

        $(
            impl $crate::ffi::ForeignReturn for $value {
                type Lowered = $crate::ffi::Lowered<$value>;
                type Response = $crate::ffi::Lowered<$name>;
                type Deferred = $crate::ffi::Deferred<Self::Lowered>;
                type DeferredResponse = $crate::ffi::Deferred<Self::Response>;

                fn response(value: Self::Lowered, metadata: $crate::ResponseMetadata) -> Self::Response {
                    value.with_metadata($crate::ffi::ToForeign::to_foreign(metadata))
                }

                fn deferred(value: Self::Lowered) -> Self::Deferred {
                    $crate::ffi::Deferred(value)
                }

                fn deferred_response(response: Self::Response) -> Self::DeferredResponse {
                    $crate::ffi::Deferred(response)
                }
            }
        )?
    };
}

pub(crate) use response_record;

response_record! {
    /// The response metadata of an operation that returns no value.
    EmptyResponse
}

impl ForeignReturn for () {
    type Lowered = ();
    type Response = EmptyResponse;
    type Deferred = ();
    type DeferredResponse = Deferred<EmptyResponse>;

    fn response((): (), metadata: metadata::ResponseMetadata) -> EmptyResponse {
        EmptyResponse { metadata: metadata.to_foreign() }
    }

    fn deferred((): ()) {}

    fn deferred_response(response: EmptyResponse) -> Deferred<EmptyResponse> {
        Deferred(response)
    }
}
