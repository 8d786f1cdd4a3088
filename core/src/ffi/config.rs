//! Settings as plain values, so that each language can name the few that differ from the defaults.
//!
//! The records are made of the declarations of the core: each setting of its builders is a field.

use std::collections::HashMap;
use std::time::Duration;

use crate::call::{self, call_options_declaration};
use crate::config::{self, config_builder_declaration};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::ffi::OAuthError;
use crate::ffi::crossing::{ToForeign, count};
use crate::ffi::retry_policy;
use crate::ffi::warnings;
use crate::host::Host;
use crate::retry_policy::RetryPolicy;
use crate::secret::Secret;
use crate::sources::{self, Sources};

/// A setting of one of the core's builders, as the tuple of its arguments. In other languages it is a field of a
/// record, and each value in the field becomes one call of the builder: none for an absent value, several for a list or
/// a map.
///
/// | setting | field | calls |
/// |---|---|---|
/// | `no_proxy()` | `bool` | one if it is true |
/// | `deadline(Duration)` | `Option<Duration>` | one if it is present |
/// | `root_certificates(Vec<u8>)` | `Vec<String>` | one for each item |
/// | `default_header(String, Secret)` | `HashMap<String, Secret>` | one for each entry |
pub(crate) trait Setting {
    type Foreign;
    type Arguments<'a>;

    /// Returns the arguments of each call of the builder that a field asks for.
    fn calls<'a>(name: &'static str, field: &'a Self::Foreign) -> Result<Vec<Self::Arguments<'a>>, Error>;
}

macro_rules! settings {
    ($(($($type:ty),*) as $foreign:ty { |$name:ident, $field:ident| $calls:expr })*) => {$(
        impl Setting for ($($type,)*) {
            type Foreign = $foreign;
            type Arguments<'a> = ($($type,)*);

            fn calls($name: &'static str, $field: &$foreign) -> Result<Vec<($($type,)*)>, Error> {
                $calls
            }
        }
    )*};
}

settings! {
    () as bool { |_name, is_set| Ok(if *is_set { vec![()] } else { Vec::new() }) }
    (Duration) as Option<Duration> { |_name, duration| Ok(duration.iter().map(|duration| (*duration,)).collect()) }
    (usize) as Option<i32> { |name, number| number.iter().map(|number| Ok((count(name, *number)?,))).collect() }
    (u64) as Option<i64> { |name, number| number.iter().map(|number| Ok((count(name, *number)?,))).collect() }
    (String) as Option<String> { |_name, string| Ok(string.iter().map(|string| (string.clone(),)).collect()) }
    (Secret) as Option<Secret> { |_name, secret| Ok(secret.iter().map(|secret| (secret.clone(),)).collect()) }
    (RetryPolicy) as Option<retry_policy::RetryPolicy> {
        |_name, policy| policy.iter().map(|policy| Ok((policy.to_core()?,))).collect()
    }
    (Vec<u8>) as Vec<String> {
        |_name, files| Ok(files.iter().map(|file| (file.clone().into_bytes(),)).collect())
    }
    (String, Secret) as HashMap<String, Secret> {
        |_name, headers| Ok(headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

impl Setting for (&'static str, &'static str) {
    type Foreign = HashMap<String, Secret>;
    type Arguments<'a> = (&'a str, &'a str);

    fn calls<'a>(_name: &'static str, headers: &'a Self::Foreign) -> Result<Vec<(&'a str, &'a str)>, Error> {
        Ok(headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect())
    }
}

/// Declares a record with a field for each setting of a builder, and the function that makes the calls of the builder.
macro_rules! settings_record {
    (
        $(#[$($attribute:tt)*])*
        $name:ident { $($(#[$($required_attribute:tt)*])* $required:ident: $required_type:ty,)* } for $builder:ty,
        [$($on_impl:tt)*] impl { $(
            setter $outcome:ident [$($documentation:tt)*] $setter:ident $field:ident
                ($($argument:ident: $type:ty),*; $($option:ident: $optional:ty),*) -> Self;
        )* }
    ) => {
        $(#[$($attribute)*])*
        #[derive(Clone, Debug, uniffi::Record)]
        pub(crate) struct $name {
            $($(#[$($required_attribute)*])* pub(super) $required: $required_type,)*
            $(
                $($documentation)*
                #[uniffi(default)]
                pub(super) $field: <($($type,)*) as Setting>::Foreign,
            )*
        }

        impl $name {
            #[allow(dead_code, reason = "not every record has required fields")]
            pub(super) fn new($($required: $required_type),*) -> Self {
                $name { $($required,)* $($field: Default::default(),)* }
            }

            fn set_all(&self, mut builder: $builder) -> Result<$builder, Error> {
                $(for ($($argument,)*) in <($($type,)*) as Setting>::calls(stringify!($field), &self.$field)? {
                    builder = settings_record!(@$outcome builder.$setter($($argument),*));
                })*
                Ok(builder)
            }
        }
    };
    (@plain $call:expr) => { $call };
    (@fallible $call:expr) => { $call? };
}

config_builder_declaration! { settings_record
    /// The settings of an API object: the service's address, the credentials, and the limits of a call.
    /// A setting that is absent has its default.
    Config {
        /// The host that calls and sign-ins are sent to.
        host: Host,
        /// The credentials to sign in with.
        credentials: Credentials,
    } for config::ConfigBuilder,
}

call_options_declaration! { settings_record
    /// Settings of one call, in place of those of the API object.
    #[derive(PartialEq, Eq)]
    CallOptions {} for call::CallOptions,
}

/// Finds settings in the environment and in the files of the vendor's tools. They can be changed before an API object
/// is created with them.
///
/// - `sources`: the places to look in, and settings that take precedence; every place by default.
///
/// Fails with `InvalidArgument` if no credentials are found, naming each place and the setting that it lacks, or if a
/// file can't be read. A risk, such as a file with a secret that other users can read, is reported as a warning, in the
/// way in which programs of this language expect warnings.
#[uniffi::export(default(sources = None))]
pub(crate) fn find_config(sources: Option<Sources>) -> Result<Config, OAuthError> {
    Ok(Config::find(&sources.unwrap_or_default())?)
}

impl Config {
    pub(super) fn find(sources: &Sources) -> Result<Self, Error> {
        let found = sources::find(sources)?;
        warnings::keep(found.warnings);
        Ok(Config {
            proxy: found.proxy,
            retry: found.retry.map(RetryPolicy::to_foreign),
            ..Config::new(found.host, found.credentials)
        })
    }

    pub(super) fn build(&self) -> Result<config::Config, Error> {
        // Of these two the builder uses the one that is set last, but the fields of a record have no order.
        if self.proxy.is_some() && self.no_proxy {
            return Err(Error::invalid_argument("no_proxy", "contradicts proxy; set one"));
        }
        self.set_all(config::Config::builder(self.host.clone(), self.credentials.clone()))?.build()
    }
}

impl CallOptions {
    pub(super) fn build(&self) -> Result<call::CallOptions, Error> {
        self.set_all(call::CallOptions::new())
    }
}
