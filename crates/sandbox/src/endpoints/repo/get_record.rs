use serde_json::json;

use super::{record_path, uri_of};
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.getRecord",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    // A PDS passes reads of repositories that are not open here on to its AppView; the sandbox has none for those.
    let account = network.open_account(request.text("repo")).ok_or_else(Refusal::upstream)?;
    let path = record_path(&request.input)?;
    let uri = uri_of(&account.did, &path);
    let wanted = request.input["cid"].as_str();
    let record = account
        .repo
        .record(&path)
        .filter(|record| !record.is_taken_down && wanted.is_none_or(|cid| cid == record.cid.as_str()))
        .ok_or_else(|| Refusal::new(400, "RecordNotFound", format!("Could not locate record: {uri}")))?;
    Ok(Answer::json(json!({"uri": uri, "cid": record.cid.as_str(), "value": record.value})))
}
