//! A small Bluesky network in one process, with faults to order.
//!
//! One server on 127.0.0.1 is PLC directory, PDS, `AppView` and video service at once. It answers as the reference PDS
//! does, faults included: a contract suite runs the same calls against both. Nothing leaves the machine; everything is
//! kept in memory; time and randomness are given from outside, so that a run can be repeated. A video is encoded by
//! being looked at: its job goes on with every `getJobStatus`, not with time, and what comes of it is a blob of its account.
//!
//! [`Sandbox::faults`] orders what goes wrong: lost answers, cut connections, requests that land late. Other processes
//! order the same over HTTP, with JSON:
//!
//! | call | does |
//! |---|---|
//! | `POST /sandbox/faults` `{"method": NSID or "*", "fault": "cut_after", "skip": 0, "times": 1}` | arms a [`Fault`] (`{"slow": {"ms": 250}}`) |
//! | `GET /sandbox/faults`, `DELETE /sandbox/faults` | what is armed and what fired; disarms all |
//! | `GET /sandbox/held?count=1&timeout_ms=30000` | waits until so many requests are held back |
//! | `POST /sandbox/release` (`{"count": 1}`), `DELETE /sandbox/held` | lets held requests go; forgets them |
//! | `POST /sandbox/accounts` `{"handle": "x.test"}` | makes a [`SandboxAccount`] |
//! | `POST /sandbox/account-state` `{"account", "state"}` | `active`, `deactivated` or `takendown` |
//! | `POST /sandbox/author-deletes`, `POST /sandbox/record-takedowns` `{"uri"}` | deletes or hides a record |
//! | `POST /sandbox/limits` | [`RateLimits`], or `null` for none |
//!
//! People look at what was posted at `/` and `/profile/HANDLE/post/RKEY`.

mod connection;
mod control;
mod endpoints;
mod faults;
mod http;
mod in_process;
mod network;
mod pages;
mod sandbox;
mod schema;
mod seeded;
mod xrpc;

pub use faults::{ArmedFault, Fault, FaultOrder, FaultReport, Faults, FiredFault, OrderError};
pub use in_process::InProcess;
pub use network::{AccountState, LoggedCommit, MadeRecord};
pub use sandbox::{RateLimits, Sandbox, SandboxAccount, SandboxError, SandboxOptions};
