//! The conversion of the core's own types: opaque types cross the boundary as objects, timestamps and durations as the
//! types of each language.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use uniffi::deps::anyhow::Context;
use uniffi::{FfiConverter, FfiConverterArc, Handle, Lift, Lower, MetadataBuffer, TypeId};

use crate::UniFfiTag;
use crate::credentials::authorization::authorization_request_declaration;
use crate::credentials::{
    Authorization, AuthorizationRequest, Credentials, Session, credentials_declaration,
};
use crate::error::Error;
use crate::ffi::OAuthError;
use crate::ffi::crossing::{Argument, FromForeign, ToForeign, count};
use crate::host::{Gateway, Host, host_declaration};
use crate::models::{ApiUsageClientQuery, Extra, Timestamp};
use crate::region::{Region, region_declaration};
use crate::secret::{Secret, secret_declaration};

uniffi::custom_type!(
    /// A point in time in the years 1 to 9999.
    Timestamp, SecondsSince1970, {
    lower: |timestamp| SecondsSince1970(timestamp),
    try_lift: |crossed| Ok(crossed.0),
});

uniffi::custom_type!(
    /// Fields by their names in JSON, each with its value as JSON.
    Extra, HashMap<String, String>, {
    lower: |extra| extra.iter().map(|(name, json)| (name.to_owned(), json.to_owned())).collect(),
    try_lift: |fields| Ok(Extra::from_json_of_fields(fields)),
});

/// A timestamp as seconds since 1970, rounded down, and the nanoseconds of that second. uniffi's form counts both away
/// from 1970, and so can't represent the last second before it.
///
/// A timestamp outside of the calendar is converted as well, because a function that can't fail may take it: the core's
/// checks refuse it by the name of the argument.
#[allow(unreachable_pub, reason = "uniffi names it in a public interface")]
pub struct SecondsSince1970(Timestamp);

// SAFETY: uniffi requires that both sides use the same encoding. `try_read` reads what `write` writes, an `i64` and a
// `u32`, with uniffi's functions for these types. The generator (`bindings/uniffi-bindgen`) makes the other languages
// read and write the same for uniffi's timestamp, which `TYPE_ID_META` declares.
unsafe impl FfiConverter<UniFfiTag> for SecondsSince1970 {
    uniffi::ffi_converter_rust_buffer_lift_and_lower!(UniFfiTag);

    fn write(SecondsSince1970(timestamp): Self, buffer: &mut Vec<u8>) {
        let (seconds, nanoseconds) = timestamp.to_parts();
        <i64 as FfiConverter<UniFfiTag>>::write(seconds, buffer);
        <u32 as FfiConverter<UniFfiTag>>::write(nanoseconds, buffer);
    }

    fn try_read(buffer: &mut &[u8]) -> uniffi::Result<Self> {
        let seconds = <i64 as FfiConverter<UniFfiTag>>::try_read(buffer)?;
        let nanoseconds = <u32 as FfiConverter<UniFfiTag>>::try_read(buffer)?;
        let timestamp = Timestamp::from_parts(seconds, nanoseconds);
        Ok(SecondsSince1970(timestamp.context("a timestamp has a second or more of nanoseconds")?))
    }

    const TYPE_ID_META: MetadataBuffer = <SystemTime as TypeId<UniFfiTag>>::TYPE_ID_META;
}

uniffi::derive_ffi_traits!(local SecondsSince1970);

/// Refuses a duration that exists in another language but not in Rust.
///
/// A duration crosses the boundary as seconds, rounded down, and the nanoseconds of that second, as a timestamp does.
/// uniffi reads the seconds as an unsigned number, so a negative duration becomes one with more seconds than an `i64`
/// holds. The generator marks a value that is not a number of seconds, such as Swift's `.nan` and `.infinity`.
pub(crate) fn check_duration(argument: &str, crossed: Duration) -> Result<(), Error> {
    const NOT_FINITE: (i64, u32) = (i64::MIN, 999_999_999);
    let (seconds, nanoseconds) = (crossed.as_secs().cast_signed(), crossed.subsec_nanos());
    if (seconds, nanoseconds) == NOT_FINITE {
        return Err(Error::invalid_argument(argument, "is not a finite number of seconds"));
    }
    if seconds < 0 {
        return Err(Error::invalid_argument(argument, "is negative"));
    }
    Ok(())
}

/// Makes an object a field of a record by value, as Rust callers have it, instead of in an `Arc`.
macro_rules! by_value {
    ($($object:ident)*) => {$(
        // SAFETY: uniffi requires that both sides agree on the type. Each function calls the one that uniffi derives
        // for an `Arc` of the object, so the other language receives and passes a handle of the same kind.
        unsafe impl Lower<UniFfiTag> for $object {
            type FfiType = Handle;

            fn lower(object: Self) -> Handle {
                <Self as FfiConverterArc<UniFfiTag>>::lower(Arc::new(object))
            }

            fn write(object: Self, buffer: &mut Vec<u8>) {
                <Self as FfiConverterArc<UniFfiTag>>::write(Arc::new(object), buffer);
            }
        }

        unsafe impl Lift<UniFfiTag> for $object {
            type FfiType = Handle;

            fn try_lift(handle: Handle) -> uniffi::Result<Self> {
                <Self as FfiConverterArc<UniFfiTag>>::try_lift(handle).map(Arc::unwrap_or_clone)
            }

            fn try_read(buffer: &mut &[u8]) -> uniffi::Result<Self> {
                <Self as FfiConverterArc<UniFfiTag>>::try_read(buffer).map(Arc::unwrap_or_clone)
            }
        }
    )*};
}

by_value! { Credentials Host Secret }

/// Exports the constructors and methods of a type, in the form that other languages can call. The exported functions
/// have a prefix in Rust, because the core's functions of the same type have the names without it.
macro_rules! type_functions {
    ($type:ident [$($on_impl:tt)*] impl { $(
        $kind:ident $outcome:ident [$($documentation:tt)*] $function:ident $name:tt
            ($($argument:ident: $given:ty),*; $($option:ident: $optional:ty),*) -> $returned:ty;
    )* }) => {
        pastey::paste! { $(
            type_functions! { @$kind $outcome $type [$($documentation)*] $function [<foreign_ $function>] $name
                ($($argument: $given,)* $($option: $optional,)*) ($($option = None),*) $returned }
        )* }
    };
    (@constructor plain $type:ident [$($documentation:tt)*] $function:ident $foreign:ident $name:tt
        ($($argument:ident: $given:ty,)*) ($($default:tt)*) $returned:ty
    ) => {
        #[uniffi::export]
        impl $type {
            $($documentation)*
            #[uniffi::constructor(name = $name, default($($default)*))]
            fn $foreign($($argument: <$given as Argument>::Foreign),*) -> Self {
                $(let mut $argument = $argument;)*
                $type::$function($(<$given>::from_foreign(&mut $argument)),*)
            }
        }
    };
    (@constructor fallible $type:ident [$($documentation:tt)*] $function:ident $foreign:ident $name:tt
        ($($argument:ident: $given:ty,)*) ($($default:tt)*) $returned:ty
    ) => {
        #[uniffi::export]
        impl $type {
            $($documentation)*
            #[uniffi::constructor(name = $name, default($($default)*))]
            fn $foreign($($argument: <$given as Argument>::Foreign),*) -> Result<Self, OAuthError> {
                $(let mut $argument = $argument;)*
                Ok($type::$function($(<$given>::from_foreign(&mut $argument)),*)?)
            }
        }
    };
    (@method plain $type:ident [$($documentation:tt)*] $function:ident $foreign:ident $name:tt
        ($($argument:ident: $given:ty,)*) ($($default:tt)*) $returned:ty
    ) => {
        #[uniffi::export]
        impl $type {
            $($documentation)*
            #[uniffi::method(name = $name, default($($default)*))]
            fn $foreign(&self, $($argument: <$given as Argument>::Foreign),*) -> <$returned as ToForeign>::Foreign {
                $(let mut $argument = $argument;)*
                self.$function($(<$given>::from_foreign(&mut $argument)),*).to_foreign()
            }
        }
    };
    (@method fallible $type:ident [$($documentation:tt)*] $function:ident $foreign:ident $name:tt
        ($($argument:ident: $given:ty,)*) ($($default:tt)*) $returned:ty
    ) => {
        #[uniffi::export]
        impl $type {
            $($documentation)*
            #[uniffi::method(name = $name, default($($default)*))]
            fn $foreign(
                &self, $($argument: <$given as Argument>::Foreign),*
            ) -> Result<<$returned as ToForeign>::Foreign, OAuthError> {
                $(let mut $argument = $argument;)*
                Ok(self.$function($(<$given>::from_foreign(&mut $argument)),*)?.to_foreign())
            }
        }
    };
}

secret_declaration!(type_functions Secret);
credentials_declaration!(type_functions Credentials);
authorization_request_declaration!(type_functions AuthorizationRequest);
host_declaration!(type_functions Host);
region_declaration!(type_functions Region);

#[uniffi::export]
impl Host {
    /// Returns the host of a region.
    #[uniffi::constructor(name = "region")]
    fn from_region(region: Region) -> Self {
        region.into()
    }

    /// Returns the host that a setting or a command line names: a region, a domain, or a base URL with its protocol,
    /// such as `eu_central_1` (or `eu-central-1`), `mypurecloud.de` or `https://api.mypurecloud.de`.
    ///
    /// Fails with `InvalidArgument` if the name is none of these.
    #[uniffi::constructor(name = "named")]
    fn from_name(name: String) -> Result<Self, OAuthError> {
        Ok(name.parse()?)
    }

    /// Returns the host for a gateway in front of the service. Calls go to
    /// `protocol://host:port/path_params_api/api/v2/…`, sign-ins to
    /// `protocol://host:port/path_params_login/oauth/token`. The arguments have the names of the settings of the
    /// vendor's SDKs.
    ///
    /// - `host`: its host name or IP address.
    /// - `protocol`: `https`, or `http` to loopback.
    /// - `port`: the default port of the protocol if absent.
    /// - `path_params_login`: the path in front of `/oauth/token`, if any.
    /// - `path_params_api`: the path in front of `/api/v2`, if any.
    ///
    /// Fails with `InvalidArgument` and the name of the part that is invalid, such as `gateway.port`; plain `http` to
    /// another machine is refused as `gateway.protocol`.
    #[uniffi::constructor(
        name = "gateway",
        default(protocol = "https", port = None, path_params_login = "", path_params_api = "")
    )]
    fn from_gateway(
        host: String,
        protocol: String,
        port: Option<i32>,
        path_params_login: String,
        path_params_api: String,
    ) -> Result<Self, OAuthError> {
        let port = port.map(|port| count("gateway.port", port)).transpose()?;
        Ok(Host::gateway(&Gateway { host, protocol, port, path_params_login, path_params_api })?)
    }
}

/// Returns the interval of a usage query, from one timestamp up to another, to the second.
///
/// Fails with `InvalidArgument` if a timestamp is outside the years 1 to 9999, or the end is not after the start.
#[uniffi::export]
pub(super) fn usage_interval(start: Timestamp, end: Timestamp) -> Result<String, OAuthError> {
    start.check("start")?;
    end.check("end")?;
    if start.to_parts().0 >= end.to_parts().0 {
        return Err(Error::invalid_argument("start", "is not before end, to the second").into());
    }
    Ok(ApiUsageClientQuery::between(start, end).interval)
}
