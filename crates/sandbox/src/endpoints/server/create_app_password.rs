use serde_json::json;

use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.createAppPassword",
    verb: Verb::Post,
    auth: Auth::MainPassword,
    input: Input::Json,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let did = network.account(request.did()).ok_or_else(Refusal::account_not_found)?.did.clone();
    let privileged = request.input["privileged"].as_bool().unwrap_or(false);
    let made = network.create_app_password(&did, request.text("name"), privileged)?;
    Ok(Answer::json(json!({
        "name": made.name,
        "password": made.password,
        "createdAt": made.created_at,
        "privileged": made.privileged,
    })))
}
