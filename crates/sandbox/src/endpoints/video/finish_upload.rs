use serde_json::json;

use super::{UPLOADER, owned, received};
use crate::network::Network;
use crate::xrpc::{Answer, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.finishUpload",
    verb: Verb::Post,
    auth: UPLOADER,
    input: Input::Json,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let id = request.text("jobId");
    let upload = owned(network.videos.upload(id), request.did())?;
    upload.check_open(network.now()).or_else(|refusal| upload.completed_job.as_ref().map(|_| ()).ok_or(refusal))?;
    let job = if let Some(job) = upload.completed_job.clone() {
        job
    } else {
        let bytes = upload.whole()?;
        let job = network.take_video(received(request, bytes))?.id;
        network.videos.complete(id, &job);
        job
    };
    let status = network.videos.status(&job).ok_or_else(Refusal::internal)?;
    Ok(Answer::json(json!({"completedJobId": job, "jobStatus": status})))
}
