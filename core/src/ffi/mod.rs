//! The interface for other languages.
//!
//! Models are exported where they are defined. Everything else is made of the core's declarations, which the attribute
//! `exported` hands over (see the crate `purecloud-oauth-macros`): the two classes that have the operations, the
//! settings as records, the constructors and methods of the other types, the response metadata and the error. So each
//! is written and documented once, in the core. This module also has the runtime that executes the calls, and the
//! conversions that are faster than uniffi's.
//!
//! # An example
//!
//! `#[exported(host_declaration)]` on `impl Host` in `host.rs` defines a macro, which `values.rs` calls:
//!
//! ```ignore
//! host_declaration!(type_functions Host);
//! // becomes
//! type_functions! { Host [] impl {
//!     constructor fallible [#[doc = " Returns the host for …"]] domain "domain" (domain: &str;) -> Self;
//!     method plain [#[doc = " Returns the base URL …"]] api_url "api_url" (;) -> &str;
//! } }
//! // becomes
//! #[uniffi::export]
//! impl Host {
//!     /// Returns the host for …
//!     #[uniffi::constructor(name = "domain", default())]
//!     fn foreign_domain(domain: String) -> Result<Self, OAuthError> {
//!         Ok(Host::domain(<&str>::from_foreign(&domain))?)
//!     }
//! }
//! ```

mod api;
mod call_state;
mod config;
mod crossing;
mod deferred;
#[cfg(unix)]
mod descriptor;
mod era;
mod error;
mod fault;
mod jvm;
mod lowered;
mod python;
mod response;
mod retry_policy;
mod runtime;
#[cfg(test)]
mod tests;
mod values;
mod warnings;
mod watchdog;

pub(crate) use crossing::ToForeign;
pub(crate) use deferred::Deferred;
pub(crate) use error::OAuthError;
#[cfg(test)]
pub(crate) use lowered::tests::assert_other_languages_read_the_same;
pub(crate) use lowered::{Lowered, Shape, ShapeField, Shaped};
pub(crate) use response::{ForeignReturn, ResponseMetadata, response_record};
pub(crate) use values::check_duration;
