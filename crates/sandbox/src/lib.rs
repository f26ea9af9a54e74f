//! A small Bluesky network in one process, with faults to order.
//!
//! One server on 127.0.0.1 is PLC directory, PDS and `AppView` at once. It answers as the reference PDS does, faults
//! included: a contract suite runs the same calls against both. Nothing leaves the machine; everything is kept in
//! memory; time and randomness are given from outside, so that a run can be repeated.
//!
//! [`Sandbox::faults`] orders what goes wrong: lost answers, cut connections, requests that land late. Other processes
//! order the same at `/sandbox/faults`. People look at what was posted at `/`.

mod connection;
mod control;
mod endpoints;
mod faults;
mod http;
mod network;
mod pages;
mod sandbox;
mod schema;
mod seeded;
mod xrpc;

pub use faults::{ArmedFault, Fault, FaultOrder, FaultReport, Faults, FiredFault, OrderError};
pub use network::AccountState;
pub use sandbox::{RateLimits, Sandbox, SandboxAccount, SandboxError, SandboxOptions};
