use super::{UPLOADER, owned, status_of};
use crate::network::Network;
use crate::xrpc::{Answer, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.getUploadStatus",
    verb: Verb::Get,
    auth: UPLOADER,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let upload = owned(network.videos.upload(request.text("jobId")), request.did())?;
    let mut status = status_of(upload);
    if let Some(job) = upload.completed_job.as_deref().and_then(|job| network.videos.status(job)) {
        status["jobStatus"] = job;
    }
    Ok(Answer::json(status))
}
