use super::session_body;
use crate::network::{Charge, Network, Window};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb};

const PER_DAY: Window = Window { name: "session-day", points: 300, seconds: 86_400 };
const PER_FIVE_MINUTES: Window = Window { name: "session-five-minutes", points: 30, seconds: 300 };

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.createSession",
    verb: Verb::Post,
    auth: Auth::Open,
    input: Input::Json,
    costs,
    handler: handle,
};

fn costs(_: &Network, request: &Request) -> Vec<Charge> {
    let key = request.text("identifier").to_owned();
    [PER_DAY, PER_FIVE_MINUTES].map(|window| Charge { window, key: key.clone(), points: 1 }).to_vec()
}

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let allow_takendown = request.input["allowTakendown"].as_bool().unwrap_or(false);
    let login = network.log_in(request.text("identifier"), request.text("password"), allow_takendown)?;
    let session = network.open_session(&login);
    let account = network.account(login.did.as_str()).ok_or_else(Refusal::internal)?;
    Ok(Answer::json(session_body(network, account, Some(&session))))
}
