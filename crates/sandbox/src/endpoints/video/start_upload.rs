use serde_json::json;

use super::{UPLOADER, check_type};
use crate::network::{Network, PART_BYTES};
use crate::xrpc::{Answer, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.startUpload",
    verb: Verb::Post,
    auth: UPLOADER,
    input: Input::Json,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    check_type(request.text("mimeType"))?;
    let size = request.input["sizeBytes"].as_u64().unwrap_or(0);
    let upload = network.open_upload(request.did(), size)?;
    Ok(Answer::json(json!({
        "jobId": upload.id,
        "partSizeBytes": PART_BYTES,
        "partCount": upload.part_count(),
        "expiresAt": upload.expires_at,
    })))
}
