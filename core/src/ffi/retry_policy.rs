//! The retry policy as a record, in which each value may be absent.

use std::time::Duration;

use crate::error::Error;
use crate::ffi::crossing::{ToForeign, count};
use crate::retry_policy::{self, retry_policy_declaration};

macro_rules! policy_record {
    ([$($documentation:tt)*] struct { $([$($on_field:tt)*] ($($default:ident)?) $field:ident: $type:ty;)* }) => {
        $($documentation)*
        #[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
        pub(crate) struct RetryPolicy {
            $(
                $($on_field)*
                #[uniffi(default)]
                pub(super) $field: Option<<$type as ToForeign>::Foreign>,
            )*
        }

        impl ToForeign for retry_policy::RetryPolicy {
            type Foreign = RetryPolicy;

            fn to_foreign(self) -> RetryPolicy {
                RetryPolicy { $($field: Some(self.$field.to_foreign()),)* }
            }
        }

        impl RetryPolicy {
            pub(super) fn to_core(&self) -> Result<retry_policy::RetryPolicy, Error> {
                let mut policy = retry_policy::RetryPolicy::default();
                $(if let Some(value) = self.$field {
                    policy.$field = PolicyValue::from_value(concat!("retry.", stringify!($field)), value)?;
                })*
                Ok(policy)
            }
        }
    };
}

/// A value of a retry policy.
trait PolicyValue: ToForeign + Sized {
    fn from_value(name: &'static str, value: Self::Foreign) -> Result<Self, Error>;
}

impl PolicyValue for u32 {
    fn from_value(name: &'static str, value: i32) -> Result<Self, Error> {
        count(name, value)
    }
}

impl PolicyValue for Duration {
    fn from_value(_name: &'static str, value: Duration) -> Result<Self, Error> {
        Ok(value)
    }
}

retry_policy_declaration!(policy_record);
