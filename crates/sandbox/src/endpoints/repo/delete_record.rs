use serde_json::json;

use super::put_record::check_swaps;
use super::{DELETE_POINTS, commit_body, record_path, write_charges};
use crate::network::{Network, Write};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.deleteRecord",
    verb: Verb::Post,
    auth: Auth::Session,
    input: Input::Json,
    costs: |network, request| write_charges(network, request, DELETE_POINTS),
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let did = network.writing_account(request.text("repo"), request.did())?;
    let path = record_path(&request.input)?;
    let account = network.account(did.as_str()).ok_or_else(Refusal::account_not_found)?;
    let Some(current) = account.repo.record(&path) else { return Ok(Answer::json(json!({}))) };
    let swap_commit = request.input["swapCommit"].as_str();
    let head = account.repo.head().cid.as_str();
    check_swaps(head, swap_commit, Some(&current.cid), request.input.get("swapRecord"))?;
    let commit = network.commit(&did, vec![Write::Delete(path)], swap_commit)?;
    Ok(Answer::json(json!({ "commit": commit_body(&commit) })))
}
