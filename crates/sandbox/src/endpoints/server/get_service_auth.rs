use serde_json::json;
use skein_atproto::syntax::Did;

use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

const HOUR_S: i64 = 3_600;
const MINUTE_S: i64 = 60;
const METHODS_IN_USE: [&str; 2] = ["did:plc:", "did:web:"];
/// What only the account itself may do; of the reference's list, what the sandbox answers.
const PROTECTED: [&str; 6] = [
    "com.atproto.server.activateAccount",
    "com.atproto.server.createAppPassword",
    "com.atproto.server.deactivateAccount",
    "com.atproto.server.getSession",
    "com.atproto.server.listAppPasswords",
    "com.atproto.server.revokeAppPassword",
];

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.getServiceAuth",
    verb: Verb::Get,
    auth: Auth::SessionInGoodStanding,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let audience = request.text("aud");
    let did = audience.split('#').next().unwrap_or("");
    if Did::parse(did).is_err() || !METHODS_IN_USE.iter().any(|method| did.starts_with(method)) {
        return Err(Refusal::invalid("aud must be a valid atproto DID or did#serviceId reference"));
    }
    let method = request.input["lxm"].as_str();
    let now_s = network.now().as_second();
    let bad = |message: &str| Err(Refusal::new(400, "BadExpiration", message));
    let expires_s = request.input["exp"].as_i64().unwrap_or(now_s + MINUTE_S);
    match expires_s - now_s {
        left if left < 0 => return bad("expiration is in past"),
        left if left > HOUR_S => {
            return bad("cannot request a token with an expiration more than an hour in the future");
        }
        left if left > MINUTE_S && method.is_none() => {
            return bad("cannot request a method-less token with an expiration more than a minute in the future");
        }
        _ => {}
    }
    if let Some(method) = method.filter(|method| PROTECTED.contains(method)) {
        let message = format!("cannot request a service auth token for the following protected method: {method}");
        return Err(Refusal::invalid(message));
    }
    Ok(Answer::json(json!({"token": network.mint_for_service(request.did(), audience, method, expires_s)})))
}
