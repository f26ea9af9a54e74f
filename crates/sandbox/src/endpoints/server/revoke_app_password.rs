use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.revokeAppPassword",
    verb: Verb::Post,
    auth: Auth::Session,
    input: Input::Json,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = network.account_mut(request.did()).ok_or_else(Refusal::account_not_found)?;
    account.revoke_app_password(request.text("name"));
    Ok(Answer::empty())
}
