//! `OAuthApi` against the emulator of the service: all of its promises, over real connections.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test stops where it fails")]

mod cases;
mod certificates;
mod configuration;
mod connections;
mod failure_table;
mod grants;
mod operations;
mod secrecy;
mod sign_in;
mod transport;
mod world;
