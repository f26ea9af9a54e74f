use serde_json::{Value, json};

use super::post_views::{FoundPost, POST, find_post, post_view, profile_basic};
use crate::endpoints::repo::without_nulls;
use crate::network::{Account, AccountState, Network, Record, RecordPath};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb, no_extra_cost};

const REPOST: &str = "app.bsky.feed.repost";
const DEFAULT_LIMIT: u64 = 50;

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "app.bsky.feed.getAuthorFeed",
    verb: Verb::Get,
    auth: Auth::Open,
    input: Input::Parameters,
    costs: no_extra_cost,
    handler: handle,
};

/// A post, or one that the author reposted, and when that was seen.
struct Item<'a> {
    post: FoundPost<'a>,
    reposted: Option<&'a Record>,
    /// Newest last; also the cursor.
    place: (&'a str, &'a str),
}

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let account = network.open_account(request.text("actor")).filter(|account| account.state == AccountState::Active);
    let account = account.ok_or_else(|| Refusal::invalid("Profile not found"))?;
    let limit = usize::try_from(request.input["limit"].as_u64().unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let cursor = request.input["cursor"].as_str().and_then(|cursor| cursor.split_once('/'));
    let filter = request.input["filter"].as_str().unwrap_or("posts_with_replies");

    let records = account.repo.records().filter_map(|record| item(network, account, record));
    let mut items: Vec<Item<'_>> = records.filter(|item| passes(account, item, filter)).collect();
    items.sort_by(|one, other| other.place.cmp(&one.place));
    items.retain(|item| cursor.is_none_or(|cursor| item.place < cursor));
    items.truncate(limit);

    let next = items.last().map(|Item { place: (at, rkey), .. }| format!("{at}/{rkey}"));
    let feed: Vec<Value> = items.iter().map(|item| view(network, account, item)).collect();
    Ok(Answer::json(without_nulls(json!({"feed": feed, "cursor": next}))))
}

fn item<'a>(
    network: &'a Network,
    account: &'a Account,
    (path, record): (&'a RecordPath, &'a Record),
) -> Option<Item<'a>> {
    if !record.is_valid || record.is_taken_down {
        return None;
    }
    let place = (record.indexed_at.as_str(), path.rkey.as_str());
    match path.collection.as_str() {
        POST => Some(Item { post: FoundPost { account, path, record }, reposted: None, place }),
        REPOST => {
            let post = find_post(network, record.value["subject"]["uri"].as_str()?)?;
            Some(Item { post, reposted: Some(record), place })
        }
        _ => None,
    }
}

fn passes(account: &Account, item: &Item<'_>, filter: &str) -> bool {
    let value = &item.post.record.value;
    let media = if value["embed"]["media"].is_object() { &value["embed"]["media"] } else { &value["embed"] };
    let media = media["$type"].as_str().unwrap_or_default();
    let is_own = |place: &str| {
        let uri = value["reply"][place]["uri"].as_str().unwrap_or_default();
        uri.starts_with(&format!("at://{}/", account.did))
    };
    let answers = item.reposted.is_none() && value["reply"].is_object();
    match filter {
        "posts_no_replies" => !answers,
        "posts_and_author_threads" => !answers || (is_own("parent") && is_own("root")),
        "posts_with_media" => {
            item.reposted.is_none()
                && ["images", "gallery", "video"].iter().any(|kind| media == format!("app.bsky.embed.{kind}"))
        }
        "posts_with_video" => item.reposted.is_none() && media == "app.bsky.embed.video",
        _ => true,
    }
}

fn view(network: &Network, account: &Account, item: &Item<'_>) -> Value {
    let reason = item.reposted.map(|record| {
        json!({
            "$type": "app.bsky.feed.defs#reasonRepost",
            "by": profile_basic(network, account),
            "indexedAt": record.indexed_at,
        })
    });
    without_nulls(json!({"post": post_view(network, item.post), "reason": reason}))
}
