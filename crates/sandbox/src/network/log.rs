//! What was committed, whatever became of it since: the measure of "never twice".

use jiff::Timestamp;
use serde_json::Value;
use skein_atproto::syntax::Did;

use super::{Network, RecordPath, Write};

const COMMITS_MAX: usize = 10_000;

/// One commit that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedCommit {
    /// When, by the clock of the sandbox.
    pub at: Timestamp,
    /// In whose repository.
    pub did: String,
    /// What it made or changed, in the order of the writes.
    pub made: Vec<MadeRecord>,
    /// The addresses of what it deleted.
    pub deleted: Vec<String>,
}

/// A record as a commit left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeRecord {
    /// Its address.
    pub uri: String,
    /// Its hash.
    pub cid: String,
    /// What it says.
    pub value: Value,
}

impl Network {
    /// What a commit of these writes will be logged as.
    pub(super) fn log_line(&self, did: &Did, writes: &[Write]) -> LoggedCommit {
        let uri = |path: &RecordPath| format!("at://{did}/{path}");
        let mut line =
            LoggedCommit { at: self.now(), did: did.as_str().to_owned(), made: Vec::new(), deleted: Vec::new() };
        for write in writes {
            match write {
                Write::Create(path, record) | Write::Update(path, record) => {
                    let (cid, value) = (record.cid.as_str().to_owned(), record.value.clone());
                    line.made.push(MadeRecord { uri: uri(path), cid, value });
                }
                Write::Delete(path) => line.deleted.push(uri(path)),
            }
        }
        line
    }

    pub(super) fn note_commit(&mut self, line: LoggedCommit) {
        if self.log.len() >= COMMITS_MAX {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }
}
