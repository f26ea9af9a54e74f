//! Proofs that a record is in a repository, checked without asking the repository's server.
//!
//! `com.atproto.sync.getRecord` answers with a CAR file: the latest commit, the nodes of the repository's tree (a Merkle search
//! tree) on the way to one record, and the record. Every block is named by its hash and the commit is signed, so whoever has
//! the account's public key can tell that the account's repository held this very record at this revision. What is not
//! proven: that it is still there now, and when it was first written (`createdAt` and the revision are the word of whoever
//! made them).

mod block;
mod car;
mod commit;
mod error;
mod key;
mod tree;

use serde_json::Value;

use crate::record::from_dag_cbor;
use crate::syntax::{Cid, Did, Nsid, RecordKey, Tid};
use block::BlockId;
use car::Blocks;
use commit::Commit;

pub use error::{Piece, ProofError, SignatureFault};
pub use key::PublicKey;

/// The largest proof that is read, in bytes.
pub const PROOF_MAX_BYTES: usize = 5_000_000;

/// A proof whose blocks have the hashes that they are named by, and whose commit can be read. Nothing else is checked yet:
/// see [`Proof::verify`].
#[derive(Clone)]
pub struct Proof {
    blocks: Blocks,
    commit_id: BlockId,
    commit: Commit,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof")
            .field("did", &self.commit.did)
            .field("rev", &self.commit.rev)
            .field("commit", &self.commit_id)
            .finish_non_exhaustive()
    }
}

/// What a proof proves: this record was in this account's repository at this commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Whose repository it is.
    pub did: Did,
    /// The revision of the commit; its time is by the clock of the account's server.
    pub rev: Tid,
    /// The commit whose signature was checked. It is the latest one when the proof was made, not the one that wrote the record.
    pub commit: Cid,
    /// The hash of the record, computed here.
    pub record: Cid,
    /// The record.
    pub value: Value,
}

/// What a proof of absence proves: no such record was in this account's repository at this commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAbsence {
    /// Whose repository it is.
    pub did: Did,
    /// The revision of the commit.
    pub rev: Tid,
    /// The commit whose signature was checked.
    pub commit: Cid,
}

impl Proof {
    /// Reads a CAR file, as `com.atproto.sync.getRecord` answers it. Every block's hash is checked here.
    ///
    /// # Errors
    /// More than [`PROOF_MAX_BYTES`], no CAR of version 1 with one root, a block that is not what its name says, or a root that
    /// is no commit of version 3.
    pub fn read(car: &[u8]) -> Result<Self, ProofError> {
        let (commit_id, blocks) = car::read(car)?;
        let commit = Commit::read(commit_id, blocks.get(commit_id, Piece::Commit)?)?;
        Ok(Self { blocks, commit_id, commit })
    }

    /// Whose repository it says to be; unproven until verified.
    pub fn did(&self) -> &Did {
        &self.commit.did
    }

    /// The revision that it says to be; unproven until verified.
    pub fn rev(&self) -> &Tid {
        &self.commit.rev
    }

    /// Checks that the commit is of this account, signed with this key, and leads to this record.
    ///
    /// The key must come from whoever is asked to vouch for the account: its DID document.
    ///
    /// # Errors
    /// What does not hold. [`ProofError::NotInCommit`] is itself proven: the record was not in the repository at this commit.
    pub fn verify(
        &self,
        did: &Did,
        key: &PublicKey,
        collection: &Nsid,
        rkey: &RecordKey,
    ) -> Result<Verified, ProofError> {
        let path = format!("{collection}/{rkey}");
        let Some(record) = self.signed_entry(did, key, &path)? else {
            return Err(ProofError::NotInCommit { path, rev: self.commit.rev.clone() });
        };
        let bytes = self.blocks.get(record, Piece::Record)?;
        let value = from_dag_cbor(bytes)
            .map_err(|source| ProofError::Record { cid: record.to_cid(), reason: source.to_string() })?;
        Ok(Verified {
            did: self.commit.did.clone(),
            rev: self.commit.rev.clone(),
            commit: self.commit_id.to_cid(),
            record: record.to_cid(),
            value,
        })
    }

    /// Checks that the commit is of this account, signed with this key, and that its tree has no such record.
    ///
    /// # Errors
    /// What does not hold; [`ProofError::InCommit`] if the record is there.
    pub fn verify_absence(
        &self,
        did: &Did,
        key: &PublicKey,
        collection: &Nsid,
        rkey: &RecordKey,
    ) -> Result<VerifiedAbsence, ProofError> {
        let path = format!("{collection}/{rkey}");
        if let Some(record) = self.signed_entry(did, key, &path)? {
            return Err(ProofError::InCommit { path, cid: record.to_cid() });
        }
        let Commit { did, rev, .. } = &self.commit;
        Ok(VerifiedAbsence { did: did.clone(), rev: rev.clone(), commit: self.commit_id.to_cid() })
    }

    fn signed_entry(&self, did: &Did, key: &PublicKey, path: &str) -> Result<Option<BlockId>, ProofError> {
        if self.commit.did != *did {
            return Err(ProofError::OtherAccount { asked: did.clone(), found: self.commit.did.clone() });
        }
        key.verify(&self.commit.unsigned, &self.commit.signature).map_err(|fault| ProofError::Signature {
            did: did.clone(),
            key: key.as_str().to_owned(),
            fault,
        })?;
        tree::find(&self.blocks, self.commit.data, path.as_bytes())
    }
}
