use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.deleteSession",
    verb: Verb::Post,
    auth: Auth::RefreshEvenExpired,
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

#[expect(clippy::unnecessary_wraps, reason = "every handler has the same type")]
fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    if let Some(token_id) = request.claims.as_ref().and_then(|claims| claims.jti.as_deref()) {
        network.end_session(request.did(), token_id);
    }
    Ok(Answer::empty())
}
