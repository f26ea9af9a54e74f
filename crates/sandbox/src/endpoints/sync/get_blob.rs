use super::readable_account;
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Body, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.sync.getBlob",
    verb: Verb::Get,
    auth: Auth::Optional,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = readable_account(network, request.text("did"), request)?;
    let not_found = || Refusal::new(400, "BlobNotFound", "Blob not found");
    let blob = account.blobs.get(request.text("cid")).ok_or_else(not_found)?;
    let answer = Answer::new(200, Body::Bytes(blob.mime_type.clone(), blob.bytes.clone()));
    // What somebody uploaded must never run as a page of the sandbox.
    Ok(answer
        .with_header(("x-content-type-options", "nosniff".to_owned()))
        .with_header(("content-security-policy", "default-src 'none'; sandbox".to_owned())))
}
