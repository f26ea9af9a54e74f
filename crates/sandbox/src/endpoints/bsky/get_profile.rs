use serde_json::{Value, json};

use super::post_views::{POST, profile_basic, profile_record};
use crate::network::Network;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.actor.getProfile",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let not_found = || Refusal::invalid("Profile not found");
    let account = network.open_account(request.text("actor")).ok_or_else(not_found)?;
    let posts = account.repo.records().filter(|(path, _)| path.collection.as_str() == POST).count();
    let mut profile = profile_basic(network, account);
    if let Some(about) = profile_record(network, &account.did).and_then(|record| record["description"].as_str()) {
        profile.insert("description".to_owned(), about.into());
    }
    for (key, count) in [("followersCount", 0), ("followsCount", 0), ("postsCount", posts)] {
        profile.insert(key.to_owned(), json!(count));
    }
    profile.insert("indexedAt".to_owned(), account.created_at.as_str().into());
    Ok(Answer::json(Value::Object(profile)))
}
