use std::collections::BTreeSet;

use serde_json::json;

use crate::endpoints::sync::readable_account;
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.describeRepo",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = readable_account(network, request.text("repo"), request)?;
    let collections: BTreeSet<&str> = account.repo.records().map(|(path, _)| path.collection.as_str()).collect();
    Ok(Answer::json(json!({
        "handle": account.handle.as_str(),
        "did": account.did.as_str(),
        "didDoc": network.did_document(account),
        "collections": collections,
        "handleIsCorrect": true,
    })))
}
