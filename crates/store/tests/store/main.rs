//! What is particular to this store: opening, several processes on one file, the schema's own defence, sessions.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

mod budget;
mod calls;
mod constraints;
mod opening;
mod profiles;
mod races;
mod scene;
mod sessions;
