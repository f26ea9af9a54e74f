use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skein_atproto::record::record_cid;
use skein_atproto::syntax::{Cid, Did, Nsid, RecordKey};

use crate::xrpc::Refusal;

/// Where a record is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordPath {
    pub(crate) collection: Nsid,
    pub(crate) rkey: RecordKey,
}

impl fmt::Display for RecordPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.collection, self.rkey)
    }
}

/// A stored record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) cid: Cid,
    pub(crate) value: Value,
    pub(crate) indexed_at: String,
    /// Keeps to its lexicon; the `AppView` shows no others.
    pub(crate) is_valid: bool,
    /// Removed by the host: cannot be read, but its key stays in use.
    pub(crate) is_taken_down: bool,
}

/// The head of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) cid: Cid,
    pub(crate) rev: String,
}

/// One change, checked and ready.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    Create(RecordPath, Record),
    Update(RecordPath, Record),
    Delete(RecordPath),
}

impl Write {
    pub(crate) const fn path(&self) -> &RecordPath {
        match self {
            Self::Create(path, _) | Self::Update(path, _) | Self::Delete(path) => path,
        }
    }
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RepoFault {
    /// The head is another one; here it is.
    CommitSwap(Cid),
    /// A key in use was to be created, or a missing one changed: the reference PDS answers a plain 500.
    Inconsistent,
}

/// The records of one account and the chain of its commits.
#[derive(Debug)]
pub(crate) struct Repo {
    did: Did,
    records: BTreeMap<RecordPath, Record>,
    /// Stands for the set of records in the commit. The reference keeps a search tree of hashes; here it is the XOR of
    /// the hash of every path with its CID, which a write changes without looking at the other records.
    digest: [u8; 32],
    head: Commit,
}

impl Repo {
    pub(crate) fn new(did: &Did, rev: String) -> Result<Self, Refusal> {
        let digest = [0; 32];
        let head = commit(did, digest, rev)?;
        Ok(Self { did: did.clone(), records: BTreeMap::new(), digest, head })
    }

    pub(crate) const fn head(&self) -> &Commit {
        &self.head
    }

    pub(crate) fn record(&self, path: &RecordPath) -> Option<&Record> {
        self.records.get(path)
    }

    /// Records in the order of their paths.
    pub(crate) fn records(&self) -> impl DoubleEndedIterator<Item = (&RecordPath, &Record)> {
        self.records.iter()
    }

    /// Hides a record as its host would. Returns whether it was there.
    pub(crate) fn take_down(&mut self, path: &RecordPath) -> bool {
        self.records.get_mut(path).map(|record| record.is_taken_down = true).is_some()
    }

    /// Would these writes go through? The order of the checks is that of the reference PDS.
    pub(crate) fn check(&self, writes: &[Write], swap_commit: Option<&str>) -> Result<(), RepoFault> {
        if swap_commit.is_some_and(|expected| expected != self.head.cid.as_str()) {
            return Err(RepoFault::CommitSwap(self.head.cid.clone()));
        }
        let mut present: BTreeMap<&RecordPath, bool> = BTreeMap::new();
        for write in writes {
            let path = write.path();
            let was_there = *present.get(path).unwrap_or(&self.records.contains_key(path));
            if was_there == matches!(write, Write::Create(..)) {
                return Err(RepoFault::Inconsistent);
            }
            present.insert(path, !matches!(write, Write::Delete(_)));
        }
        Ok(())
    }

    /// Makes one commit of writes that [`Self::check`] found good.
    pub(crate) fn apply(&mut self, writes: Vec<Write>, rev: String) -> Result<Commit, Refusal> {
        for write in writes {
            match write {
                Write::Create(path, record) | Write::Update(path, record) => {
                    self.toggle(&path, &record.cid);
                    if let Some(before) = self.records.insert(path.clone(), record) {
                        self.toggle(&path, &before.cid);
                    }
                }
                Write::Delete(path) => {
                    if let Some(before) = self.records.remove(&path) {
                        self.toggle(&path, &before.cid);
                    }
                }
            }
        }
        self.head = commit(&self.did, self.digest, rev)?;
        Ok(self.head.clone())
    }

    fn toggle(&mut self, path: &RecordPath, cid: &Cid) {
        let hash = Sha256::digest(format!("{path} {cid}").as_bytes());
        self.digest.iter_mut().zip(hash).for_each(|(kept, changed)| *kept ^= changed);
    }
}

fn commit(did: &Did, digest: [u8; 32], rev: String) -> Result<Commit, Refusal> {
    let encode = |value: &Value| record_cid(value).map_err(|error| Refusal::broken(&error));
    let data = encode(&json!({"records": {"$bytes": data_encoding::BASE64_NOPAD.encode(&digest)}}))?;
    let unsigned =
        json!({"did": did.as_str(), "version": 3, "data": {"$link": data.as_str()}, "rev": rev, "prev": null});
    Ok(Commit { cid: encode(&unsigned)?, rev })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did() -> Did {
        Did::parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").unwrap()
    }

    fn path(rkey: &str) -> RecordPath {
        RecordPath { collection: Nsid::parse("app.bsky.feed.post").unwrap(), rkey: RecordKey::parse(rkey).unwrap() }
    }

    fn record(text: &str) -> Record {
        let value = json!({"text": text});
        let cid = record_cid(&value).unwrap();
        Record { cid, value, indexed_at: String::new(), is_valid: true, is_taken_down: false }
    }

    #[test]
    fn a_commit_stands_for_its_set_of_records() {
        let rev = || "3m5aaaaaaaa22".to_owned();
        let (mut one, mut other) = (Repo::new(&did(), rev()).unwrap(), Repo::new(&did(), rev()).unwrap());
        let empty = one.head().clone();
        let (a, b) = (Write::Create(path("a"), record("a")), Write::Create(path("b"), record("b")));
        one.apply(vec![a.clone(), b.clone()], rev()).unwrap();
        assert_ne!(one.head(), &empty);
        other.apply(vec![b], rev()).unwrap();
        assert_ne!(one.head(), other.head());
        other.apply(vec![a], rev()).unwrap();
        assert_eq!(one.head(), other.head());
        one.apply(vec![Write::Update(path("a"), record("c"))], rev()).unwrap();
        one.apply(vec![Write::Delete(path("a")), Write::Delete(path("b"))], rev()).unwrap();
        assert_eq!(one.head(), &empty);
    }

    #[test]
    fn writes_are_checked_against_each_other_in_their_order() {
        let repo = Repo::new(&did(), "3m5aaaaaaaa22".to_owned()).unwrap();
        let create = || Write::Create(path("a"), record("a"));
        let delete = || Write::Delete(path("a"));
        assert_eq!(repo.check(&[create(), delete(), create()], None), Ok(()));
        assert_eq!(repo.check(&[create(), create()], None), Err(RepoFault::Inconsistent));
        assert_eq!(repo.check(&[delete()], None), Err(RepoFault::Inconsistent));
        assert_eq!(repo.check(&[Write::Update(path("a"), record("a"))], None), Err(RepoFault::Inconsistent));
        assert_eq!(repo.check(&[], Some(repo.head().cid.as_str())), Ok(()));
        assert_eq!(repo.check(&[], Some("bafyother")), Err(RepoFault::CommitSwap(repo.head().cid.clone())));
    }
}
