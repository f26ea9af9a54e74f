use serde_json::json;

use super::readable_account;
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.sync.getLatestCommit",
    verb: Verb::Get,
    auth: Auth::Optional,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let head = readable_account(network, request.text("did"), request)?.repo.head();
    Ok(Answer::json(json!({"cid": head.cid.as_str(), "rev": head.rev})))
}
