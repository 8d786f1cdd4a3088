//! A client library for the 13 operations of Genesys Cloud (PureCloud) that manage OAuth clients. It enforces a
//! deadline on every call, never repeats a request that is unsafe to repeat, and never logs or loses a secret.
//!
//! ```no_run
//! use purecloud_oauth::{Config, Credentials, OAuthApi, Region};
//!
//! # async fn example() -> Result<(), purecloud_oauth::Error> {
//! let credentials = Credentials::client_credentials("a1b2c3d4-…", "the client's secret");
//! let api = OAuthApi::new(Config::builder(Region::EuCentral1, credentials).build()?);
//! for client in api.get_oauth_clients().await?.entities {
//!     println!("{} {}", client.id, client.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`OAuthApi`] has the operations; each returns a [`Call`], which takes options and is awaited.
//! - [`Config`] holds the host of the service ([`Host`], [`Region`], [`Gateway`]), the credentials to sign in with
//!   ([`Credentials`]), and the time limits and retries ([`RetryPolicy`]).
//! - [`Error`] has the kind of a failure, and says whether the service may have executed the request and whether a
//!   retry is worth it.
//! - [`Operation`] is the table of the API: verb, path, permissions and retry class of each operation.

#![cfg_attr(not(feature = "uniffi"), forbid(unsafe_code))]

#[cfg(feature = "uniffi")]
#[macro_use]
extern crate purecloud_oauth_macros;

mod api;
mod call;
mod certificates;
mod clock;
mod config;
mod credentials;
mod error;
#[cfg(feature = "uniffi")]
mod ffi;
mod headers;
mod host;
mod http_client;
mod metadata;
mod models;
mod operation;
mod path;
mod printable;
mod proxy;
mod region;
mod retry_policy;
mod secret;
mod shared;
mod sources;
mod transport;

pub use api::OAuthApi;
pub use call::{Call, CallOptions, Response};
pub use clock::{Clock, Wait};
pub use config::{Config, ConfigBuilder};
pub use credentials::{Authorization, AuthorizationRequest, Credentials, Session};
pub use error::{Error, ErrorKind};
pub use host::{Gateway, Host};
pub use metadata::{RateLimit, ResponseMetadata};
pub use models::*;
pub use operation::{Operation, Replay, Verb};
pub use region::Region;
pub use retry_policy::RetryPolicy;
pub use secret::Secret;
pub use sources::Sources;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!("purecloud_oauth");

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
