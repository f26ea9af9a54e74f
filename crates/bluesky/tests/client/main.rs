//! The client against a small network in this process that behaves as told.
// The attribute tells clippy that helpers outside of test functions may unwrap too.
#![cfg(test)]

mod budget;
mod calls;
mod cursors;
mod identity;
mod log;
mod login;
mod moving;
mod names;
mod network;
mod reads;
mod ready;
mod real_pds;
mod refresh;
mod retries;
mod unnamed;
