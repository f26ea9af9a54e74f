//! The client against small servers that behave badly.
// The attribute tells clippy that helpers outside of test functions may unwrap too.
#![cfg(test)]

mod dns;
mod never_sent;
mod redirects;
mod servers;
