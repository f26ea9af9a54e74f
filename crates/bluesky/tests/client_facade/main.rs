//! The client that most programs use, against a small network in this process that behaves as told.
// The attribute tells clippy that helpers outside of test functions may unwrap too.
#![cfg(test)]

mod beneath;
mod gates;
mod house;
#[expect(dead_code, reason = "shared with the tests of the layers beneath, which use the rest of it")]
#[path = "../client/network.rs"]
mod network;
mod posting;
mod profiles;
mod reading;
mod real_pds;
mod refused;
mod sessions;
