//! Proofs for strangers: a receipt with the signed proof of every record in one file, and the check of such a file.

mod check;
mod file;
mod gather;
mod vouch;

pub(crate) use check::{CheckedAccount, CheckedRecord, check};
pub(crate) use file::{ProofFile, read, write};
pub(crate) use gather::gather;
pub(crate) use vouch::{KeyStanding, Vouched, vouch};

#[cfg(test)]
pub(crate) mod samples;
