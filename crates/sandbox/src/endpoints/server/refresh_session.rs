use super::session_body;
use crate::network::{AccountState, Network};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.refreshSession",
    verb: Verb::Post,
    auth: Auth::Refresh,
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let no_user = || Refusal::invalid(format!("Could not find user info for account: {}", request.did()));
    let account = network.account(request.did()).ok_or_else(no_user)?;
    if account.state == AccountState::Takendown {
        return Err(Refusal::takedown());
    }
    let did = account.did.clone();
    let token_id = request.claims.as_ref().and_then(|claims| claims.jti.as_deref());
    let session = network.refresh(&did, token_id.ok_or_else(Refusal::unauthenticated)?)?;
    let account = network.account(did.as_str()).ok_or_else(no_user)?;
    Ok(Answer::json(session_body(network, account, Some(&session))))
}
