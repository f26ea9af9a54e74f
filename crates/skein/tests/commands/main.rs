//! The command line as people and programs meet it: real processes, a sandbox for a network, nothing else reachable.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails the test")]

mod backup;
mod calls;
mod demo;
mod doctor;
mod engine;
mod installation;
mod keys;
mod layout;
mod login;
mod output;
mod posting;
mod preview;
mod preview_lines;
mod queue;
mod refusals;
mod system;
mod verify;
