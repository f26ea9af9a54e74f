use serde_json::{Value, json};

use super::post_views::{find_post, post_view};
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.feed.getPosts",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

/// What is missing is left out without a word.
#[expect(clippy::unnecessary_wraps, reason = "every handler has the same type")]
fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let uris = request.input["uris"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    let posts: Vec<Value> =
        uris.filter_map(|uri| find_post(network, uri)).map(|post| post_view(network, post)).collect();
    Ok(Answer::json(json!({ "posts": posts })))
}
