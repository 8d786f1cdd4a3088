//! The error that other languages catch, made of the declarations of the core's error.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, ErrorKind, error_declaration, error_kind_declaration};
use crate::ffi::crossing::ToForeign;
use crate::metadata::ResponseMetadata;
use crate::models::{Detail, ErrorBody};

/// Declares the details. The first function of the core's declaration is `text`, which every error has.
macro_rules! details {
    ([$($on_impl:tt)*] impl {
        method plain [$($on_text:tt)*] text $text_name:literal (;) -> String;
        $(method plain [$($documentation:tt)*] $field:ident $name:literal (;) -> $type:ty;)*
    }) => {
        /// The details of an operation that failed.
        #[derive(Clone, Debug, PartialEq, uniffi::Record)]
        #[uniffi(name = "Failure")]
        pub(crate) struct ErrorDetails {
            $($on_text)*
            pub(crate) text: String,
            $(
                $($documentation)*
                #[uniffi(default)]
                pub(crate) $field: <$type as ToForeign>::Foreign,
            )*
        }

        impl From<&Error> for ErrorDetails {
            fn from(error: &Error) -> Self {
                ErrorDetails { text: error.text(), $($field: error.$field().to_foreign(),)* }
            }
        }
    };
}

error_declaration!(details);

impl fmt::Display for ErrorDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

macro_rules! kinds {
    ([$($on_enum:tt)*] enum { $([$($documentation:tt)*] $kind:ident;)* }) => {
        /// The error of an operation: its kind, to decide by, and its details.
        #[derive(Clone, Debug, PartialEq, thiserror::Error, uniffi::Error)]
        pub(crate) enum OAuthError {
            $(
                $($documentation)*
                #[error("{failure}")]
                $kind {
                    /// The details of the failure.
                    failure: Box<ErrorDetails>,
                },
            )*
        }

        impl From<Error> for OAuthError {
            fn from(error: Error) -> Self {
                let failure = Box::new(ErrorDetails::from(&error));
                match error.kind() {
                    $(ErrorKind::$kind => OAuthError::$kind { failure },)*
                }
            }
        }
    };
}

error_kind_declaration!(kinds);
