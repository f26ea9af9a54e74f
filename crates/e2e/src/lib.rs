//! Tests that cross processes: a real PDS, crashes, the sandbox's faults.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this crate is tests only; what cannot be set up fails them"
)]

pub mod desk;
pub mod disk;
pub mod kill_ledger;
pub mod rig;
pub mod submission;
pub mod watcher;
