//! An emulator of the OAuth API of Genesys Cloud (PureCloud), on loopback.
//!
//! It is a real HTTP server with the service's rules and state: clients, secrets, roles, tokens that expire, usage
//! queries that take some time to complete. Failures are injected with a [`Fault`].
//!
//! Start one with [`Emulator::start`] or [`Emulator::builder`]; the program `purecloud-oauth-emulator` does the same
//! for other languages. Ids, secrets and tokens are generated from the seed: they look real and protect nothing.

mod authorizations;
mod body;
mod call;
mod clients;
mod clock;
mod connection;
mod control;
mod emulator;
mod endpoint;
mod errors;
mod fault;
mod fields;
mod generator;
mod negotiation;
mod organization;
mod permissions;
mod rate_limit;
mod record;
mod response;
mod scopes;
mod seed;
mod service;
mod sign_in;
mod tls;
mod usage;

pub use clock::Clock;
pub use emulator::{ClientCredentials, Emulator, EmulatorBuilder, StartError};
pub use endpoint::{Endpoint, UnknownEndpoint};
pub use fault::Fault;
pub use record::ReceivedRequest;
