use serde_json::json;

use crate::network::{HANDLE_DOMAIN, Network};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.identity.resolveHandle",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let handle = request.text("handle").to_ascii_lowercase();
    if let Some(account) = network.open_account(&handle) {
        return Ok(Answer::json(json!({"did": account.did.as_str()})));
    }
    // The name of an error that the server is sure of; for other domains it can only say that it found nothing.
    let error = if handle.ends_with(HANDLE_DOMAIN) { "HandleNotFound" } else { "InvalidRequest" };
    Err(Refusal::new(400, error, "Unable to resolve handle"))
}
