use crate::network::{AccountState, Network};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.activateAccount",
    verb: Verb::Post,
    auth: Auth::MainPassword,
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = network.account_mut(request.did()).ok_or_else(Refusal::account_not_found)?;
    account.set_state(AccountState::Active);
    Ok(Answer::empty())
}
