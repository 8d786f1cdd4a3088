//! Tests of the emulator through an HTTP client.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clients;
mod contract;
mod control;
mod faults;
mod program;
mod session;
mod sign_in;
mod usage;
