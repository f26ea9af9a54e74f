//! `com.atproto.repo.*`: records and blobs.

pub(super) mod apply_writes;
pub(super) mod create_record;
pub(super) mod delete_record;
pub(super) mod describe_repo;
pub(super) mod get_record;
pub(super) mod list_records;
pub(super) mod put_record;
pub(super) mod upload_blob;

use serde_json::{Map, Value, json};
use skein_atproto::syntax::{Did, Nsid, RecordKey};

use crate::network::{Charge, Commit, Network, RecordPath};
use crate::xrpc::{Refusal, Request};

const CREATE_POINTS: u64 = 3;
const UPDATE_POINTS: u64 = 2;
const DELETE_POINTS: u64 = 1;

fn write_charges(network: &Network, request: &Request, points: u64) -> Vec<Charge> {
    let windows = network.budget.write_windows();
    let charge = |window| Charge { window, key: request.did().to_owned(), points };
    windows.map(|windows| windows.map(charge).to_vec()).unwrap_or_default()
}

/// The path that an input names; its parts were checked by the schema.
fn record_path(input: &Value) -> Result<RecordPath, Refusal> {
    let part = |key: &str| input[key].as_str().unwrap_or("");
    let invalid = |error: skein_atproto::syntax::SyntaxError| Refusal::invalid(error.to_string());
    Ok(RecordPath {
        collection: Nsid::parse(part("collection")).map_err(invalid)?,
        rkey: RecordKey::parse(part("rkey")).map_err(invalid)?,
    })
}

fn uri_of(did: &Did, path: &RecordPath) -> String {
    format!("at://{did}/{path}")
}

fn commit_body(commit: &Commit) -> Value {
    json!({"cid": commit.cid.as_str(), "rev": commit.rev})
}

/// An object without the fields that are null: the reference leaves out what it does not have.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, member)| !member.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}
