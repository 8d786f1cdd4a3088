//! The interface definition: what callers from other languages need and Rust callers don't.
//!
//! The models are exported where they are defined, the operations where they are written (`api/`). Here are
//! the two clients that carry the operations, settings as one value, the error, and the runtime that the
//! work is done on.

mod api;
mod argument;
mod config;
mod deferred;
#[cfg(unix)]
mod descriptor;
mod era;
mod error;
mod jvm;
mod lowered;
mod python;
mod response;
mod runtime;
#[cfg(test)]
mod tests;
mod values;
mod warnings;
mod watchdog;

pub(crate) use api::{BlockingOAuthApi, OAuthApi};
pub(crate) use argument::{Argument, Lent};
pub(crate) use config::CallOptions;
pub(crate) use deferred::Deferred;
pub(crate) use error::{Failure, OAuthError};
#[cfg(test)]
pub(crate) use lowered::tests::assert_other_languages_read_the_same;
pub(crate) use lowered::{Lowered, Shape, ShapeField, Shaped};
pub(crate) use response::{Answer, ResponseMetadata};
pub(crate) use values::check_duration;
