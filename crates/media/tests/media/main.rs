//! Pictures that the tests make themselves, fitted.
// The attribute tells clippy that functions outside of test functions may unwrap too.
#![cfg(test)]

mod damaged;
mod formats;
mod inputs;
mod limits;
mod memory;
mod metadata;
mod outputs;
mod passing;
mod refused;
mod upright;
