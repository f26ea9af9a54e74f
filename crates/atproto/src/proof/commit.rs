//! Commits of version 3: who, which revision, which tree, and a signature over the rest.

use ipld_core::ipld::Ipld;

use super::ProofError;
use super::block::{self, BlockId};
use crate::syntax::{Did, Tid};

const VERSION: i128 = 3;

/// A commit that can be read; its signature is not checked yet.
#[derive(Clone)]
pub(super) struct Commit {
    /// Whose repository.
    pub(super) did: Did,
    /// The revision.
    pub(super) rev: Tid,
    /// The top of the tree.
    pub(super) data: BlockId,
    /// As it stands there.
    pub(super) signature: Vec<u8>,
    /// The exact bytes that were signed: the commit without its signature.
    pub(super) unsigned: Vec<u8>,
}

impl Commit {
    pub(super) fn read(id: BlockId, bytes: &[u8]) -> Result<Self, ProofError> {
        Self::from_bytes(bytes).map_err(|rule| ProofError::Commit { cid: id.to_cid(), rule })
    }

    /// Fields that version 3 does not have are covered by the signature like the others, and mean nothing here.
    fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut fields = block::map(bytes).ok_or("it is no map in canonical DAG-CBOR")?;
        let Some(Ipld::Bytes(signature)) = fields.remove("sig") else {
            return Err("it has no signature");
        };
        if fields.get("version") != Some(&Ipld::Integer(VERSION)) {
            return Err("it is not of version 3");
        }
        let text = |name: &str| match fields.get(name) {
            Some(Ipld::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let did = text("did").and_then(|did| Did::parse(did).ok()).ok_or("it names no DID")?;
        let rev = text("rev").and_then(|rev| Tid::parse(rev).ok()).ok_or("its revision is no TID")?;
        let data = fields.get("data").and_then(BlockId::linked).ok_or("it links to no tree")?;
        match fields.get("prev") {
            Some(Ipld::Null | Ipld::Link(_)) => {}
            _ => return Err("it says neither which commit came before nor that none is named"),
        }
        let unsigned = serde_ipld_dagcbor::to_vec(&Ipld::Map(fields)).map_err(|_| "it cannot be written again")?;
        Ok(Self { did, rev, data, signature, unsigned })
    }
}
