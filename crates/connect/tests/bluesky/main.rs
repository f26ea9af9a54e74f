//! The connector for Bluesky against a small host in this process that answers as told.
// The attribute tells clippy that functions outside of tests may unwrap too.
#![cfg(test)]

mod budget;
mod cards;
mod chained;
mod host;
mod preparing;
mod unnamed;
