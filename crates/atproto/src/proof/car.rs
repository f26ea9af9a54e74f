//! CAR files of version 1: a header, then blocks, each with its length before it and its name in front.

use std::collections::BTreeMap;

use ipld_core::ipld::Ipld;

use super::block::{self, BlockId, CID_PREFIX, HASH_BYTES};
use super::{PROOF_MAX_BYTES, Piece, ProofError};

/// A way through a tree has a handful of blocks; a server may send more than it has to.
const BLOCKS_AT_MOST: usize = 4_096;
/// No record of the network is larger, and no node of a tree should be.
const BLOCK_MAX_BYTES: usize = 1_048_576;
const HEADER_MAX_BYTES: usize = 1_024;
/// Seven bits a byte: enough for every length below.
const VARINT_MAX_BYTES: usize = 4;
const CID_BYTES: usize = CID_PREFIX.len() + HASH_BYTES;

/// The blocks of a file, by name. Each has the hash that it is named by.
#[derive(Clone)]
pub(super) struct Blocks(BTreeMap<BlockId, Vec<u8>>);

impl Blocks {
    /// The content of a block.
    pub(super) fn get(&self, id: BlockId, piece: Piece) -> Result<&[u8], ProofError> {
        self.0.get(&id).map(Vec::as_slice).ok_or_else(|| ProofError::Missing { piece, cid: id.to_cid() })
    }
}

/// The root and the blocks of a file.
pub(super) fn read(car: &[u8]) -> Result<(BlockId, Blocks), ProofError> {
    if car.len() > PROOF_MAX_BYTES {
        return Err(ProofError::TooLarge { given_bytes: car.len() });
    }
    let mut reader = Reader { bytes: car, at: 0 };
    let header = reader.section(HEADER_MAX_BYTES)?;
    let root = root(header).map_err(|rule| ProofError::NotACar { at_byte: 0, rule })?;
    let mut blocks = BTreeMap::new();
    let mut count = 0;
    while reader.at < car.len() {
        count += 1;
        if count > BLOCKS_AT_MOST {
            return Err(reader.fault("there are more than 4096 blocks"));
        }
        let (id, content) = reader.block()?;
        blocks.insert(id, content.to_vec());
    }
    Ok((root, Blocks(blocks)))
}

fn root(header: &[u8]) -> Result<BlockId, &'static str> {
    let fields = block::map(header).ok_or("the header is no map in canonical DAG-CBOR")?;
    if fields.len() != 2 || fields.get("version") != Some(&Ipld::Integer(1)) {
        return Err("the header must hold version 1 and roots, and nothing else");
    }
    match fields.get("roots") {
        Some(Ipld::List(roots)) if roots.len() == 1 => {
            BlockId::linked(&roots[0]).ok_or("the root must be a CID of version 1, DAG-CBOR and SHA-256")
        }
        _ => Err("there must be exactly one root, the commit"),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, rule: &'static str) -> ProofError {
        ProofError::NotACar { at_byte: self.at, rule }
    }

    /// A length and what it measures.
    fn section(&mut self, most_bytes: usize) -> Result<&'a [u8], ProofError> {
        let length = self.length()?;
        if length > most_bytes {
            return Err(self.fault("a section is longer than any of a proof can be"));
        }
        let section = self.bytes[self.at..].get(..length).ok_or_else(|| self.fault("the file ends too early"))?;
        self.at += length;
        Ok(section)
    }

    /// An unsigned LEB128 number in its shortest form.
    fn length(&mut self) -> Result<usize, ProofError> {
        let mut length = 0_usize;
        for index in 0..VARINT_MAX_BYTES {
            let byte = *self.bytes.get(self.at + index).ok_or_else(|| self.fault("the file ends too early"))?;
            length |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                if byte == 0 {
                    return Err(self.fault("a length is zero or not in its shortest form"));
                }
                self.at += index + 1;
                return Ok(length);
            }
        }
        Err(self.fault("a section is longer than any of a proof can be"))
    }

    fn block(&mut self) -> Result<(BlockId, &'a [u8]), ProofError> {
        let start = self.at;
        let section = self.section(CID_BYTES + BLOCK_MAX_BYTES)?;
        let named = section.strip_prefix(&CID_PREFIX).and_then(|rest| rest.split_first_chunk::<HASH_BYTES>());
        let Some((hash, content)) = named else {
            let rule = "a block must be named by a CID of version 1, DAG-CBOR and SHA-256";
            return Err(ProofError::NotACar { at_byte: start, rule });
        };
        let id = BlockId(*hash);
        if BlockId::of(content) == id { Ok((id, content)) } else { Err(ProofError::Hash { cid: id.to_cid() }) }
    }
}
