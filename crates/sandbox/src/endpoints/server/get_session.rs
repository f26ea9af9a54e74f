use super::session_body;
use crate::network::{AccountState, Network};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.getSession",
    verb: Verb::Get,
    auth: Auth::Session,
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = network.account(request.did()).filter(|account| account.state != AccountState::Takendown);
    let no_user = || Refusal::invalid(format!("Could not find user info for account: {}", request.did()));
    Ok(Answer::json(session_body(network, account.ok_or_else(no_user)?, None)))
}
