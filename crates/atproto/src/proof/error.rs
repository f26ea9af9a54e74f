//! Why a proof does not hold, in words for people.

use super::PROOF_MAX_BYTES;
use crate::syntax::{Cid, Did, Tid};

/// What a block of a proof is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// The signed commit.
    Commit,
    /// A node of the repository's tree.
    Tree,
    /// The record itself.
    Record,
}

impl std::fmt::Display for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Commit => "the signed commit",
            Self::Tree => "a node of the repository's tree",
            Self::Record => "the record",
        })
    }
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// It has another form than the protocol's.
    #[error("it is not a signature of 64 bytes")]
    Form,
    /// The other of two forms of the same signature, which the protocol forbids so that there is only one.
    #[error("it is not in the low-S form that the protocol demands")]
    HighS,
    /// It was made with another key, or of something else.
    #[error("it was made with another key, or the commit was changed after it was signed")]
    Wrong,
}

/// Why a proof does not hold. Each variant names the first thing that does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Larger than any proof.
    #[error("a proof may have at most {PROOF_MAX_BYTES} bytes; this one has {given_bytes}")]
    TooLarge {
        /// The size that was found.
        given_bytes: usize,
    },
    /// The file itself cannot be read.
    #[error("this is not a CAR file of version 1: at byte {at_byte}, {rule}")]
    NotACar {
        /// Where in the file.
        at_byte: usize,
        /// The rule broken.
        rule: &'static str,
    },
    /// A block was changed, or stands under a wrong name.
    #[error("the block {cid} does not hold: its content has another hash")]
    Hash {
        /// The name that the block stands under.
        cid: Cid,
    },
    /// The proof is not whole.
    #[error("the proof is not whole: {piece} is missing ({cid})")]
    Missing {
        /// What the block would be for.
        piece: Piece,
        /// Its hash, as named by what leads to it.
        cid: Cid,
    },
    /// The root is no commit.
    #[error("{cid} is not a commit of a repository: {rule}")]
    Commit {
        /// The hash of the block.
        cid: Cid,
        /// The rule broken.
        rule: &'static str,
    },
    /// A node of the tree breaks the tree's rules.
    #[error("the repository's tree does not hold at {cid}: {rule}")]
    Tree {
        /// The hash of the node.
        cid: Cid,
        /// The rule broken.
        rule: &'static str,
    },
    /// The record is proven, and is none of the protocol's data model.
    #[error("the record {cid} cannot be read: {reason}")]
    Record {
        /// The hash of the record.
        cid: Cid,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else's repository.
    #[error("this is the repository of {found}, not of {asked}")]
    OtherAccount {
        /// The account that was asked for.
        asked: Did,
        /// The account that the commit names.
        found: Did,
    },
    /// The signature does not hold.
    #[error("the signature of the commit does not hold with the key {key} of {did}: {fault}")]
    Signature {
        /// The account.
        did: Did,
        /// The key that was tried, as a `did:key`.
        key: String,
        /// Why it does not hold.
        fault: SignatureFault,
    },
    /// Signed and whole, and the record is not there.
    #[error("{path} is not in the repository at the signed revision {rev}")]
    NotInCommit {
        /// Collection and record key.
        path: String,
        /// The revision of the commit.
        rev: Tid,
    },
    /// Absence was to be proven, and the record is there.
    #[error("{path} is in the repository: {cid}")]
    InCommit {
        /// Collection and record key.
        path: String,
        /// The hash of the record.
        cid: Cid,
    },
}
