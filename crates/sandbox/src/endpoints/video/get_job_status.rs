use serde_json::json;

use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.getJobStatus",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

/// Needs no token, and moves the job on.
fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let id = request.text("jobId");
    network.look_at_video(id)?;
    let status = network.videos.status(id).ok_or_else(|| Refusal::invalid("Job not found"))?;
    Ok(Answer::json(json!({ "jobStatus": status })))
}
