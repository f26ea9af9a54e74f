//! `MemoryLedger`, simulated time, seeded faults, a proxy that holds and cuts, a storm of cuts, a real PDS, a whole real
//! network, and an object store.

pub mod cutter;
pub mod fake_connector;
pub mod films;
pub mod ledger_suite;
mod listening;
pub mod media_suite;
pub mod memory_ledger;
pub mod memory_media;
pub mod memory_originals;
pub mod outbox_suite;
pub mod pictures;
pub mod postgres;
pub mod proxy;
pub mod real_network;
pub mod real_pds;
pub mod redis;
pub mod s3;
pub mod samples;
pub mod seeded_entropy;
mod server;
pub mod sim_clock;
pub mod site;
pub mod smtp;

pub use fake_connector::{FakeConnector, SendOrder};
pub use memory_ledger::MemoryLedger;
pub use memory_media::MemoryMedia;
pub use memory_originals::MemoryOriginals;
pub use samples::Samples;
pub use seeded_entropy::SeededEntropy;
pub use sim_clock::SimClock;
pub use site::Site;
