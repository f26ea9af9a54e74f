use serde_json::{Value, json};
use skein_atproto::syntax::Cid;

use super::{UPDATE_POINTS, commit_body, record_path, uri_of, without_nulls, write_charges};
use crate::network::{Draft, Network, Write};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.putRecord",
    verb: Verb::Post,
    auth: Auth::Session,
    input: Input::Records,
    costs: |network, request| write_charges(network, request, UPDATE_POINTS),
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let did = network.writing_account(request.text("repo"), request.did())?;
    let path = record_path(&request.input)?;
    let prepared = network.prepare(&Draft {
        collection: path.collection.as_str(),
        rkey: Some(path.rkey.as_str()),
        record: &request.input["record"],
        validate: request.input["validate"].as_bool(),
        path: vec!["record".into()],
    })?;
    let account = network.account(did.as_str()).ok_or_else(Refusal::account_not_found)?;
    let current = account.repo.record(&path).map(|record| record.cid.clone());
    let (uri, cid) = (uri_of(&did, &path), prepared.record.cid.clone());
    let commit = if current.as_ref() == Some(&cid) {
        None
    } else {
        let swap_commit = request.input["swapCommit"].as_str();
        check_swaps(account.repo.head().cid.as_str(), swap_commit, current.as_ref(), request.input.get("swapRecord"))?;
        let write = if current.is_some() { Write::Update } else { Write::Create }(path, prepared.record);
        Some(network.commit(&did, vec![write], swap_commit)?)
    };
    Ok(Answer::json(without_nulls(json!({
        "uri": uri,
        "cid": cid.as_str(),
        "commit": commit.as_ref().map(commit_body),
        "validationStatus": prepared.validation_status,
    }))))
}

/// `swapRecord` is the CID that is expected, or null for a key that must be free; the head is compared first.
pub(super) fn check_swaps(
    head: &str,
    swap_commit: Option<&str>,
    current: Option<&Cid>,
    swap_record: Option<&Value>,
) -> Result<(), Refusal> {
    if swap_commit.is_some_and(|expected| expected != head) {
        return Err(Refusal::commit_swap(head));
    }
    let as_expected = swap_record.is_none_or(|expected| expected.as_str() == current.map(Cid::as_str));
    if as_expected {
        return Ok(());
    }
    let found = current.map_or("null", Cid::as_str);
    Err(Refusal::new(400, "InvalidSwap", format!("Record was at {found}")))
}
