use serde_json::{Value, json};

use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.listAppPasswords",
    verb: Verb::Get,
    auth: Auth::Session,
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = network.account(request.did()).ok_or_else(Refusal::account_not_found)?;
    let newest_first = account.app_passwords.iter().rev();
    let passwords: Vec<Value> = newest_first
        .map(|one| json!({"name": one.name, "createdAt": one.created_at, "privileged": one.privileged}))
        .collect();
    Ok(Answer::json(json!({ "passwords": passwords })))
}
