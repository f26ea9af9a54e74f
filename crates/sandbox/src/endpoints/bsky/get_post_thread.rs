use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::post_views::{FoundPost, ancestors, find_post, post_view, replies_by_parent};
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

const DEFAULT_DEPTH: u64 = 6;
const DEFAULT_PARENT_HEIGHT: u64 = 80;
/// Deeper answers are cut off, whatever the call asks for: the JSON would nest too deep to read.
const DEPTH_MAX: u64 = 100;

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.feed.getPostThread",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let uri = request.text("uri");
    let not_found = || Refusal::new(400, "NotFound", format!("Post not found: {uri}"));
    let post = find_post(network, uri).ok_or_else(not_found)?;
    let number = |key: &str, default: u64| request.input[key].as_u64().unwrap_or(default).min(DEPTH_MAX);
    let height = usize::try_from(number("parentHeight", DEFAULT_PARENT_HEIGHT)).unwrap_or(0);
    let replies = replies_by_parent(network);
    let mut thread = with_replies(network, post, &replies, number("depth", DEFAULT_DEPTH));
    // From the top down, each post becomes the parent of the next.
    let mut parent: Option<Value> = None;
    for ancestor in ancestors(network, post, height) {
        let mut view = node(network, ancestor);
        attach(&mut view, parent.take());
        parent = Some(view);
    }
    attach(&mut thread, parent);
    Ok(Answer::json(json!({ "thread": thread })))
}

fn node(network: &Network, post: FoundPost<'_>) -> Value {
    json!({"$type": "app.bsky.feed.defs#threadViewPost", "post": post_view(network, post), "threadContext": {}})
}

fn attach(view: &mut Value, parent: Option<Value>) {
    if let Some(parent) = parent {
        view["parent"] = parent;
    }
}

fn with_replies(
    network: &Network,
    post: FoundPost<'_>,
    replies: &BTreeMap<String, Vec<FoundPost<'_>>>,
    depth: u64,
) -> Value {
    let mut view = node(network, post);
    if depth > 0 {
        let below = replies.get(&post.uri()).map_or(&[][..], Vec::as_slice).iter();
        let below: Vec<Value> = below.map(|reply| with_replies(network, *reply, replies, depth - 1)).collect();
        view["replies"] = Value::Array(below);
    }
    view
}
