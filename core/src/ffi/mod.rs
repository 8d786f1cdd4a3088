//! The interface for other languages.
//!
//! Models are exported where they are defined, and operations where they are written (`api/`). This module has the
//! parts that only other languages need: the two API objects that have the operations, the settings as one value, the
//! error, and the runtime that executes the calls.

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
