//! Videos that the tests make themselves, described and refused.
// The attribute tells clippy that functions outside of test functions may unwrap too.
#![cfg(test)]

mod attachments;
mod described;
mod hostile;
mod refused;
