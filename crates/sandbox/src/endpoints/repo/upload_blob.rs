use serde_json::json;

use crate::network::{Charge, Network, Window};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb};

const PER_DAY: Window = Window { name: "upload-day", points: 1_000, seconds: 86_400 };

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.uploadBlob",
    verb: Verb::Post,
    auth: Auth::SessionInGoodStanding,
    input: Input::Blob,
    costs: |_, _| vec![Charge { window: PER_DAY, key: String::new(), points: 1 }],
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = network.account_mut(request.did()).ok_or_else(Refusal::account_not_found)?;
    let blob = account.keep_blob(request.bytes.clone(), &request.content_type)?;
    Ok(Answer::json(json!({ "blob": blob })))
}
