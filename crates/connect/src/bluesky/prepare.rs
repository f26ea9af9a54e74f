//! Freezing: instants, addresses, hashes and the exact bytes of the one call that publishes a whole thread.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_atproto::record::{Post, ReplyRef, StrongRef};
use skein_atproto::syntax::{AtUri, Datetime, Did, Nsid, RecordKey, Tid};
use skein_domain::ports::Stamp;
use skein_domain::{Account, Fault, Prepared, RecordRef};

use super::content::{Content, PartContent};
use super::unreadable;

/// Between the createdAt of two parts: the least that every reader of the network tells apart.
const STEP_MS: i64 = 1;

/// Makes the final bytes. Pure: the same content and stamp make the same bytes.
pub(crate) fn freeze(account: &Account, content: &Content, stamp: Stamp) -> Result<Prepared, Fault> {
    let did = Did::parse(&account.identity).map_err(|error| unreadable("DID", error))?;
    let mut writes = Vec::with_capacity(content.parts.len());
    let mut made: Vec<StrongRef> = Vec::with_capacity(content.parts.len());
    let mut created_at = stamp.first_created_at;
    for (index, part) in content.parts.iter().enumerate() {
        if index > 0 {
            created_at = step(created_at)?;
        }
        let record = record_of(part, content, &made, created_at);
        let rkey = rkey_of(created_at, stamp.clock_id)?;
        let uri = AtUri::record(&did, &post_collection()?, &rkey);
        let cid = record.cid().map_err(|error| unreadable("record", error))?;
        writes.push(create(&rkey, &record.to_value()));
        made.push(StrongRef { uri, cid });
    }
    let body = json!({"repo": did, "validate": true, "writes": writes});
    Ok(Prepared {
        body: body.to_string(),
        records: made.iter().map(|part| RecordRef { uri: part.uri.to_string(), cid: part.cid.to_string() }).collect(),
        first_created_at: stamp.first_created_at,
        last_created_at: created_at,
        frozen_at: stamp.frozen_at,
    })
}

fn record_of(part: &PartContent, content: &Content, made: &[StrongRef], created_at: Timestamp) -> Post {
    let mut record = Post::new(&part.text, Datetime::from_timestamp(created_at));
    record.facets.clone_from(&part.facets);
    record.langs.clone_from(&content.langs);
    record.reply = match made {
        [] => content.reply.clone(),
        [first, .., last] | [first @ last] => {
            let root = content.reply.as_ref().map_or(first, |reply| &reply.root);
            Some(ReplyRef { root: root.clone(), parent: last.clone() })
        }
    };
    record
}

fn create(rkey: &RecordKey, record: &Value) -> Value {
    json!({
        "$type": "com.atproto.repo.applyWrites#create",
        "collection": Post::NSID,
        "rkey": rkey,
        "value": record,
    })
}

fn step(at: Timestamp) -> Result<Timestamp, Fault> {
    at.checked_add(SignedDuration::from_millis(STEP_MS)).map_err(|error| unreadable("time", error))
}

fn rkey_of(at: Timestamp, clock_id: u16) -> Result<RecordKey, Fault> {
    let micros = u64::try_from(at.as_microsecond()).map_err(|error| unreadable("time", error))?;
    let tid = Tid::from_micros(micros, clock_id).map_err(|error| unreadable("time", error))?;
    RecordKey::parse(tid.as_str()).map_err(|error| unreadable("record key", error))
}

pub(crate) fn post_collection() -> Result<Nsid, Fault> {
    Nsid::parse(Post::NSID).map_err(|error| unreadable("collection", error))
}
