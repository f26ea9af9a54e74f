use super::{UPLOADER, check_type, received};
use crate::network::Network;
use crate::xrpc::{Answer, Body, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.uploadVideo",
    verb: Verb::Post,
    auth: UPLOADER,
    input: Input::Video,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    check_type(&request.content_type)?;
    if request.parameter("did") != request.did() {
        return Err(Refusal::new(401, "BadJwtIssuer", "the token is not of the account that did names"));
    }
    let taken = network.take_video(received(request, request.bytes.clone()))?;
    let mut status = network.videos.status(&taken.id).ok_or_else(Refusal::internal)?;
    if !taken.is_known {
        return Ok(Answer::json(status));
    }
    // As clients report it: a conflict that carries the job, without its blob.
    if let Some(status) = status.as_object_mut() {
        status.shift_remove("blob");
        status.insert("error".to_owned(), "already_exists".into());
        status.insert("message".to_owned(), "Video already processed".into());
    }
    Ok(Answer::new(409, Body::Json(status)))
}
