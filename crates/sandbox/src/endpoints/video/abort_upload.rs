use serde_json::json;

use super::{UPLOADER, owned, upload_not_found};
use crate::network::Network;
use crate::xrpc::{Answer, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.abortUpload",
    verb: Verb::Post,
    auth: UPLOADER,
    input: Input::Json,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let id = request.text("jobId");
    owned(network.videos.upload(id), request.did())?;
    let upload = network.videos.upload_mut(id).ok_or_else(upload_not_found)?;
    upload.abort();
    Ok(Answer::json(json!({"jobId": id, "state": upload.state()})))
}
