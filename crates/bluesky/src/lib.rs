//! A Bluesky client that remembers: sessions, identity, repository writes.
#![doc = include_str!("../README.md")]

pub mod blob;
pub mod budget;
pub mod calls;
pub mod client;
pub mod cursor;
pub mod environment;
pub mod identity;
pub mod journal;
pub mod profile;
#[cfg(test)]
mod properties;
pub mod reads;
pub mod repo;
pub mod service_auth;
pub mod session;
pub mod sync;
pub mod video;
pub mod xrpc;

pub use client::Client;
pub use environment::Environment;
pub use skein_atproto::syntax::{AtIdentifier, AtUri, Did, Handle};
