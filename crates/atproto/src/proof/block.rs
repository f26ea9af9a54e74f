//! The blocks of a repository: named by the SHA-256 of their canonical DAG-CBOR.

use std::collections::BTreeMap;
use std::fmt;

use ipld_core::cid::Version;
use ipld_core::ipld::Ipld;
use sha2::{Digest, Sha256};

use crate::record::cid_of_cbor_hash;
use crate::syntax::Cid;

/// A CID of version 1, DAG-CBOR, SHA-256, 32 bytes: what every block of a repository has.
pub(super) const CID_PREFIX: [u8; 4] = [0x01, 0x71, 0x12, 0x20];
/// Bytes of a hash.
pub(super) const HASH_BYTES: usize = 32;
const CODEC_DAG_CBOR: u64 = 0x71;
const HASH_SHA2_256: u64 = 0x12;

/// The name of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BlockId(pub(super) [u8; HASH_BYTES]);

impl BlockId {
    /// The name that these bytes have.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The name that a link gives, if it is of the kind that repositories use.
    pub(super) fn linked(value: &Ipld) -> Option<Self> {
        let Ipld::Link(cid) = value else { return None };
        let hash = cid.hash();
        let usual = cid.version() == Version::V1 && cid.codec() == CODEC_DAG_CBOR && hash.code() == HASH_SHA2_256;
        if usual { hash.digest().try_into().ok().map(Self) } else { None }
    }

    /// The name as text.
    pub(super) fn to_cid(self) -> Cid {
        cid_of_cbor_hash(&self.0)
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_cid().as_str())
    }
}

/// The map in a block, if the block is canonical DAG-CBOR: two readers then see the same.
pub(super) fn map(bytes: &[u8]) -> Option<BTreeMap<String, Ipld>> {
    let ipld: Ipld = serde_ipld_dagcbor::from_slice(bytes).ok()?;
    if serde_ipld_dagcbor::to_vec(&ipld).ok()? != bytes {
        return None;
    }
    match ipld {
        Ipld::Map(fields) => Some(fields),
        _ => None,
    }
}
