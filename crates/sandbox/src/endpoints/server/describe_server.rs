use serde_json::json;

use crate::network::{HANDLE_DOMAIN, Network, SERVICE_DID};
use crate::xrpc::{Answer, Auth, BLOB_MAX_BYTES, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.server.describeServer",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

#[expect(clippy::unnecessary_wraps, reason = "every handler has the same type")]
fn handle(_: &mut Network, _: &Request) -> Result<Answer, Refusal> {
    Ok(Answer::json(json!({
        "did": SERVICE_DID,
        "availableUserDomains": [HANDLE_DOMAIN],
        "inviteCodeRequired": false,
        "blobUploadLimit": BLOB_MAX_BYTES,
        "links": {},
        "contact": {},
    })))
}
