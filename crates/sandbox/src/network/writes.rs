//! From a record as it was sent to a commit: type, key, lexicon, CID, blobs.

use serde_json::{Map, Value};
use skein_atproto::record::record_cid;
use skein_atproto::syntax::{Did, Nsid, RecordKey, Tid};

use super::{AccountState, Commit, Network, Record, RecordPath, RepoFault, Write};
use crate::schema::{BlobRef, Step, lexicons};
use crate::xrpc::Refusal;

/// A record that somebody wants stored.
pub(crate) struct Draft<'a> {
    pub(crate) collection: &'a str,
    /// The server makes one up if there is none.
    pub(crate) rkey: Option<&'a str>,
    pub(crate) record: &'a Value,
    /// `true` demands a known type, `false` skips the check.
    pub(crate) validate: Option<bool>,
    /// Where the record stands in the request, for messages.
    pub(crate) path: Vec<Step>,
}

/// A record ready to be stored.
pub(crate) struct Prepared {
    pub(crate) path: RecordPath,
    pub(crate) record: Record,
    /// `valid`, `unknown`, or nothing if it was not checked.
    pub(crate) validation_status: Option<&'static str>,
}

impl Network {
    /// The account that a write is for, if the token is its own and it may write.
    ///
    /// # Errors
    /// 403 `AccountNotFound`, 401 `AccountTakedown`, `AccountDeactivated` or `AuthenticationRequired`.
    pub(crate) fn writing_account(&self, repo: &str, token_did: &str) -> Result<Did, Refusal> {
        let account = self.account(repo).ok_or_else(Refusal::account_not_found)?;
        match account.state {
            AccountState::Takendown => Err(Refusal::takedown()),
            AccountState::Deactivated => Err(Refusal::deactivated()),
            AccountState::Active if account.did.as_str() != token_did => Err(Refusal::unauthenticated()),
            AccountState::Active => Ok(account.did.clone()),
        }
    }

    /// Checks a record and computes its CID.
    ///
    /// # Errors
    /// 400 `InvalidRequest` with the path of the first fault.
    pub(crate) fn prepare(&mut self, draft: &Draft<'_>) -> Result<Prepared, Refusal> {
        let collection = Nsid::parse(draft.collection).map_err(|error| Refusal::invalid(error.to_string()))?;
        let value = with_type(draft.record, &collection)?;
        let rkey = draft.rkey.map_or_else(|| self.next_tid(), str::to_owned);
        let checked = check_lexicon(&collection, &rkey, &value, &draft.path);
        let known = lexicons().record(collection.as_str()).is_some();
        let validation_status = match (draft.validate, known) {
            (Some(false), _) => None,
            (Some(true), false) => return Err(Refusal::invalid(format!("Unknown lexicon type: {collection}"))),
            (None, false) => Some("unknown"),
            (_, true) => {
                checked.clone()?;
                Some("valid")
            }
        };
        let rkey = RecordKey::parse(&rkey).map_err(|error| Refusal::invalid(error.to_string()))?;
        let cid = record_cid(&value).map_err(|error| Refusal::invalid(error.to_string()))?;
        let record =
            Record { cid, value, indexed_at: self.now_text(), is_valid: checked.is_ok(), is_taken_down: false };
        Ok(Prepared { path: RecordPath { collection, rkey }, record, validation_status })
    }

    /// Stores all of it in one commit, or nothing.
    ///
    /// # Errors
    /// 400 `InvalidSwap`, `BlobNotFound`, `InvalidSize`, `InvalidMimeType`; 500 for a key that is in use or missing.
    pub(crate) fn commit(
        &mut self,
        did: &Did,
        writes: Vec<Write>,
        swap_commit: Option<&str>,
    ) -> Result<Commit, Refusal> {
        let rev = self.next_tid();
        let line = self.log_line(did, &writes);
        let account = self.accounts.get_mut(did).ok_or_else(Refusal::account_not_found)?;
        account.repo.check(&writes, swap_commit).map_err(|fault| match fault {
            RepoFault::CommitSwap(head) => Refusal::commit_swap(head.as_str()),
            RepoFault::Inconsistent => Refusal::internal(),
        })?;
        let stored: Vec<Value> = writes
            .iter()
            .filter_map(|write| match write {
                Write::Create(_, record) | Write::Update(_, record) => Some(record.value.clone()),
                Write::Delete(_) => None,
            })
            .collect();
        stored.iter().try_for_each(|record| account.check_blobs(record))?;
        let replaced: Vec<String> = writes
            .iter()
            .filter_map(|write| account.repo.record(write.path()))
            .flat_map(|record| BlobRef::all_in(&record.value).into_iter().map(|blob| blob.cid.to_owned()))
            .collect();
        let commit = account.repo.apply(writes, rev)?;
        for record in &stored {
            account.make_blobs_permanent(record);
        }
        account.drop_unused_blobs(&replaced);
        self.note_commit(line);
        Ok(commit)
    }
}

fn with_type(record: &Value, collection: &Nsid) -> Result<Value, Refusal> {
    let Value::Object(members) = record else {
        return Err(Refusal::invalid("a record must be a JSON object"));
    };
    match members.get("$type") {
        Some(given) if given.as_str() == Some(collection.as_str()) => Ok(record.clone()),
        Some(given) => {
            let given = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
            Err(Refusal::invalid(format!("Invalid $type: expected {collection}, got {given}")))
        }
        None => {
            let mut typed = Map::new();
            typed.insert("$type".to_owned(), Value::from(collection.as_str()));
            typed.extend(members.clone());
            Ok(Value::Object(typed))
        }
    }
}

/// Key and record against the lexicon; fine if the type is unknown.
fn check_lexicon(collection: &Nsid, rkey: &str, record: &Value, path: &[Step]) -> Result<(), Refusal> {
    let Some((key, schema)) = lexicons().record(collection.as_str()) else { return Ok(()) };
    let shown = Value::from(rkey);
    let key_fault = match key.strip_prefix("literal:") {
        Some(literal) if rkey != literal => Some(format!("Expected {} (got {shown})", Value::from(literal))),
        None if key == "tid" && Tid::parse(rkey).is_err() => Some(format!("Invalid TID string (got {shown})")),
        _ => None,
    };
    if let Some(fault) = key_fault {
        return Err(Refusal::invalid(format!("Invalid record key for {collection}: {fault} at $")));
    }
    schema
        .check(record, &mut path.to_vec())
        .map_err(|issue| Refusal::invalid(format!("Invalid {collection} record: {issue}")))
}
