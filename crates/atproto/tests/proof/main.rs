//! Proofs: those of the reference implementation, those built here to break one rule each, and any bytes at all.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read must fail its test")]

mod any_bytes;
mod keys;
mod reference;
mod repository;
mod rules;
