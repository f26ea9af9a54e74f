//! The Merkle search tree of a repository: the way from its top to one key.
//!
//! A key's level is the number of leading zeros of its SHA-256, in pairs of bits. A node holds keys of one level, in order,
//! and between them links to nodes one level below. So every key has exactly one place, and a way that ends elsewhere
//! proves that the key is not there.

use std::collections::BTreeMap;

use ipld_core::ipld::Ipld;
use sha2::{Digest, Sha256};

use super::block::{self, BlockId};
use super::car::Blocks;
use super::{Piece, ProofError};

/// More than any collection and record key have: 317 + 1 + 512.
const KEY_MAX_BYTES: usize = 1_024;
const BITS_PER_LEVEL: u32 = 2;

type Rule = &'static str;

struct Node {
    /// Keys before the first entry.
    left: Option<BlockId>,
    entries: Vec<Entry>,
}

struct Entry {
    key: Vec<u8>,
    value: BlockId,
    /// Keys between this entry and the next one.
    right: Option<BlockId>,
}

/// What is known of a node before it is read.
struct Place {
    /// `None` at the top.
    level: Option<u32>,
    /// All keys are greater; the empty key stands for no bound.
    after: Vec<u8>,
    /// All keys are less.
    before: Option<Vec<u8>>,
}

/// The record that the tree has under a key; `None` if it provably has none.
pub(super) fn find(blocks: &Blocks, top: BlockId, key: &[u8]) -> Result<Option<BlockId>, ProofError> {
    let mut place = Place { level: None, after: Vec::new(), before: None };
    let mut id = top;
    loop {
        let broken = |rule| ProofError::Tree { cid: id.to_cid(), rule };
        let node = Node::read(blocks.get(id, Piece::Tree)?).map_err(broken)?;
        let level = node.check(&place).map_err(broken)?;
        let next = node.entries.partition_point(|entry| entry.key.as_slice() < key);
        if let Some(found) = node.entries.get(next).filter(|entry| entry.key == key) {
            return Ok(Some(found.value));
        }
        let last = next.checked_sub(1).and_then(|index| node.entries.get(index));
        let Some(below) = last.map_or(node.left, |entry| entry.right) else { return Ok(None) };
        let level_below =
            level.checked_sub(1).ok_or_else(|| broken("a node of the lowest level has others below it"))?;
        let before = node.entries.get(next).map(|entry| entry.key.clone()).or(place.before);
        let after = last.map_or(place.after, |entry| entry.key.clone());
        place = Place { level: Some(level_below), after, before };
        id = below;
    }
}

impl Node {
    fn read(bytes: &[u8]) -> Result<Self, Rule> {
        let fields = block::map(bytes).ok_or("it is no map in canonical DAG-CBOR")?;
        let left = link_or_null(&fields, "l")?;
        let Some(Ipld::List(listed)) = fields.get("e") else { return Err("it has no list of entries") };
        if fields.len() != 2 {
            return Err("it has fields that no node has");
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(listed.len());
        for item in listed {
            let before = entries.last().map_or(&[][..], |entry| &entry.key);
            let entry = Entry::read(item, before)?;
            if entry.key.as_slice() <= before {
                return Err("its keys are not in order");
            }
            entries.push(entry);
        }
        Ok(Self { left, entries })
    }

    /// The level of the node, if everything in it may stand at this place.
    fn check(&self, place: &Place) -> Result<u32, Rule> {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return match (place.level, self.left) {
                (Some(level), Some(_)) => Ok(level),
                (None, None) => Ok(0),
                (None, Some(_)) => Err("its top is an empty node with others below it"),
                (Some(_), None) => Err("a node below the top is empty"),
            };
        };
        let level = place.level.unwrap_or_else(|| level_of(&first.key));
        if self.entries.iter().any(|entry| level_of(&entry.key) != level) {
            return Err("a key stands at another level than its hash says");
        }
        let within = first.key > place.after && place.before.as_ref().is_none_or(|before| last.key < *before);
        if within { Ok(level) } else { Err("a key stands outside the keys around it") }
    }
}

impl Entry {
    fn read(item: &Ipld, before: &[u8]) -> Result<Self, Rule> {
        let Ipld::Map(fields) = item else { return Err("an entry is no map") };
        let (Some(Ipld::Integer(shared)), Some(Ipld::Bytes(rest))) = (fields.get("p"), fields.get("k")) else {
            return Err("an entry has no key");
        };
        let shared = usize::try_from(*shared).map_err(|_| "an entry shares a negative part with the key before it")?;
        let prefix = before.get(..shared).ok_or("an entry shares more with the key before it than that has")?;
        if shared + rest.len() > KEY_MAX_BYTES {
            return Err("a key is longer than any collection and record key");
        }
        if rest.first().is_some_and(|byte| before.get(shared) == Some(byte)) {
            return Err("an entry shares more with the key before it than it says");
        }
        let value = fields.get("v").and_then(BlockId::linked).ok_or("an entry links to no record")?;
        let right = link_or_null(fields, "t")?;
        if fields.len() != 4 {
            return Err("an entry has fields that no entry has");
        }
        Ok(Self { key: [prefix, rest].concat(), value, right })
    }
}

fn link_or_null(fields: &BTreeMap<String, Ipld>, name: &str) -> Result<Option<BlockId>, Rule> {
    match fields.get(name) {
        Some(Ipld::Null) => Ok(None),
        Some(link) => BlockId::linked(link).map(Some).ok_or("a link is no CID of version 1, DAG-CBOR and SHA-256"),
        None => Err("a link to the nodes below is missing"),
    }
}

/// How far up a key stands, from the bottom.
fn level_of(key: &[u8]) -> u32 {
    let mut zeros = 0;
    for byte in Sha256::digest(key) {
        zeros += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    zeros / BITS_PER_LEVEL
}

#[cfg(test)]
mod tests {
    use super::level_of;

    #[test]
    fn levels_are_those_of_the_specification() {
        // The examples of the repository specification and of its interoperability files (`mst/key_heights.json`).
        for (key, level) in [
            ("", 0),
            ("asdf", 0),
            ("blue", 1),
            ("2653ae71", 0),
            ("88bfafc7", 2),
            ("2a92d355", 4),
            ("884976f5", 6),
            ("app.bsky.feed.post/454397e440ec", 4),
            ("app.bsky.feed.post/9adeb165882c", 8),
        ] {
            assert_eq!(level_of(key.as_bytes()), level, "{key}");
        }
    }
}
