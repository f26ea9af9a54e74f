use serde_json::json;

use crate::faults::Fault;
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.video.getUploadLimits",
    verb: Verb::Get,
    auth: Auth::Service(&["app.bsky.video.getUploadLimits"]),
    input: Input::Nothing,
    costs: no_extra_cost,
    handler: handle,
};

#[expect(clippy::unnecessary_wraps, reason = "the shape of every handler")]
fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let left = network.videos.left_today(request.did());
    let is_over = request.fault == Some(Fault::VideoLimitReached) || left.videos == 0 || left.bytes == 0;
    Ok(Answer::json(if is_over {
        json!({
            "canUpload": false,
            "remainingDailyVideos": 0,
            "remainingDailyBytes": left.bytes,
            "message": "You have reached your daily limit of videos",
            "error": "daily_limit",
        })
    } else {
        json!({"canUpload": true, "remainingDailyVideos": left.videos, "remainingDailyBytes": left.bytes})
    }))
}
