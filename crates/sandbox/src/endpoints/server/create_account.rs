use serde_json::json;

use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.createAccount",
    verb: Verb::Post,
    auth: Auth::Open,
    input: Input::Json,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let email = request.text("email");
    if email.is_empty() {
        return Err(Refusal::invalid("Email is required"));
    }
    if !email.contains('@') {
        return Err(Refusal::invalid("This email address is not supported, please use a different email."));
    }
    let password = match request.input["password"].as_str() {
        Some(password) => password.to_owned(),
        None => network.new_password(),
    };
    let did = network.create_account(request.text("handle"), email, &password)?;
    let login = network.log_in(did.as_str(), &password, false)?;
    let session = network.open_session(&login);
    let account = network.account(did.as_str()).ok_or_else(Refusal::internal)?;
    Ok(Answer::json(json!({
        "handle": account.handle.as_str(),
        "did": did.as_str(),
        "didDoc": network.did_document(account),
        "accessJwt": session.access_jwt,
        "refreshJwt": session.refresh_jwt,
    })))
}
