use serde_json::json;

use super::{UPLOADER, owned, upload_not_found};
use crate::faults::Fault;
use crate::network::Network;
use crate::xrpc::{Answer, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.uploadPart",
    verb: Verb::Post,
    auth: UPLOADER,
    input: Input::Video,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let id = request.parameter("jobId");
    let now = network.now();
    owned(network.videos.upload(&id), request.did())?.check_open(now)?;
    let number: u32 = request.parameter("partNumber").parse().unwrap_or(0);
    let upload = network.videos.upload_mut(&id).ok_or_else(upload_not_found)?;
    upload.check_part(number, request.bytes.len())?;
    if request.fault != Some(Fault::PartLost) {
        upload.keep_part(number, request.bytes.clone());
    }
    Ok(Answer::json(json!({"partNumber": number, "sizeBytes": request.bytes.len()})))
}
