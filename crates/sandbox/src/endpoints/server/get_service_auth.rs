use serde_json::json;
use skein_atproto::syntax::Did;

use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

const HOUR_S: i64 = 3_600;
const MINUTE_S: i64 = 60;

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
    if Did::parse(audience.split('#').next().unwrap_or("")).is_err() {
        return Err(Refusal::invalid("aud must be a valid DID"));
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
    Ok(Answer::json(json!({"token": network.mint_for_service(request.did(), audience, method, expires_s)})))
}
