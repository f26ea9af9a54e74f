use serde_json::{Value, json};

use super::{uri_of, without_nulls};
use crate::network::{Network, Record, RecordPath};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

const DEFAULT_LIMIT: u64 = 50;

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.listRecords",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let repo = request.text("repo");
    let not_found = || Refusal::invalid(format!("Could not find repo: {repo}"));
    let account = network.open_account(repo).ok_or_else(not_found)?;
    let limit = usize::try_from(request.input["limit"].as_u64().unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let reverse = request.input["reverse"].as_bool().unwrap_or(false);
    let cursor = request.input["cursor"].as_str();
    let wanted = |(path, record): &(&RecordPath, &Record)| {
        let after_cursor =
            cursor.is_none_or(|cursor| if reverse { path.rkey.as_str() > cursor } else { path.rkey.as_str() < cursor });
        path.collection.as_str() == request.text("collection") && !record.is_taken_down && after_cursor
    };
    let in_collection = account.repo.records().filter(wanted);
    // Newest first, unless the call asks for the reverse.
    let page: Vec<(&RecordPath, &Record)> =
        if reverse { in_collection.take(limit).collect() } else { in_collection.rev().take(limit).collect() };
    let records: Vec<Value> = page
        .iter()
        .map(|(path, record)| {
            json!({"uri": uri_of(&account.did, path), "cid": record.cid.as_str(), "value": record.value})
        })
        .collect();
    let cursor = page.last().map(|(path, _)| path.rkey.as_str());
    Ok(Answer::json(without_nulls(json!({"records": records, "cursor": cursor}))))
}
