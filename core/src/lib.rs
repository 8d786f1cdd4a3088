//! The OAuth API of Genesys Cloud (PureCloud): its 13 operations, under the documentation's names,
//! by a client that waits no longer than it is told to, sends nothing twice that must not be, and
//! never loses or shows a secret.
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
//! - [`Config`] says where the service is ([`Host`], [`Region`], [`Gateway`]), how to sign in
//!   ([`Credentials`]) and how patient to be ([`RetryPolicy`]).
//! - [`Error`] says what went wrong, whether the service may have acted, and whether to try again.
//! - [`Operation`] is the table of the API: verb, path, permissions, and whether it may be repeated.

#![cfg_attr(not(feature = "uniffi"), forbid(unsafe_code))]

mod api;
mod call;
mod certificates;
mod clock;
mod config;
mod connections;
mod credentials;
mod error;
#[cfg(feature = "uniffi")]
mod ffi;
mod headers;
mod metadata;
mod models;
mod operation;
mod path;
mod printable;
mod proxy;
mod region;
mod secret;
mod service;
mod sources;
mod transport;

pub use api::OAuthApi;
pub use call::{Call, CallOptions, Response};
pub use clock::{Clock, Wait};
pub use config::{Config, ConfigBuilder, RetryPolicy};
pub use credentials::{Authorization, AuthorizationRequest, Credentials, Session};
pub use error::{Error, ErrorKind};
pub use metadata::{RateLimit, ResponseMetadata};
pub use models::*;
pub use operation::{Operation, Replay, Verb};
pub use region::{Gateway, Host, Region};
pub use secret::Secret;
pub use sources::Sources;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!("purecloud_oauth");

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
