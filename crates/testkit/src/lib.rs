//! `MemoryLedger`, simulated time, seeded faults, a proxy that holds and cuts, and a real PDS.

pub mod proxy;
pub mod real_pds;
