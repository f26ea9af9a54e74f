//! Posts as an `AppView` shows them: with their authors and counts, and only those that keep to the lexicon.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use skein_atproto::syntax::{AtUri, Did};

use crate::network::{Account, AccountState, Network, Record, RecordPath};

pub(crate) const POST: &str = "app.bsky.feed.post";
const PROFILE: &str = "app.bsky.actor.profile";

/// A post with its author.
#[derive(Clone, Copy)]
pub(crate) struct FoundPost<'a> {
    pub(crate) account: &'a Account,
    pub(crate) path: &'a RecordPath,
    pub(crate) record: &'a Record,
}

impl FoundPost<'_> {
    pub(crate) fn uri(&self) -> String {
        format!("at://{}/{}", self.account.did, self.path)
    }

    /// The URI of what this post answers.
    pub(crate) fn parent_uri(&self) -> Option<&str> {
        self.record.value["reply"]["parent"]["uri"].as_str()
    }
}

/// Every post that can be seen, in the order of accounts and keys.
pub(crate) fn visible_posts(network: &Network) -> impl Iterator<Item = FoundPost<'_>> {
    let open = network.accounts().filter(|account| account.state == AccountState::Active);
    open.flat_map(|account| {
        let shown = account
            .repo
            .records()
            .filter(|(path, record)| path.collection.as_str() == POST && record.is_valid && !record.is_taken_down);
        shown.map(move |(path, record)| FoundPost { account, path, record })
    })
}

/// One post, by the URI of its author's handle or DID.
pub(crate) fn find_post<'a>(network: &'a Network, uri: &str) -> Option<FoundPost<'a>> {
    let uri = AtUri::parse(uri).ok()?;
    let account = network.open_account(uri.authority().as_str())?;
    let wanted = RecordPath { collection: uri.collection()?, rkey: uri.rkey()? };
    let (path, record) = account.repo.records().find(|(path, _)| **path == wanted)?;
    let shown = path.collection.as_str() == POST && record.is_valid && !record.is_taken_down;
    shown.then_some(FoundPost { account, path, record })
}

/// What a post answers, from the first post of the thread down to its parent. Ends where a post is missing, and where
/// posts that answer each other in a circle would begin anew.
pub(crate) fn ancestors<'a>(network: &'a Network, post: FoundPost<'a>, at_most: usize) -> Vec<FoundPost<'a>> {
    let mut chain = Vec::new();
    let mut seen = BTreeSet::from([post.uri()]);
    let mut next = post.parent_uri().and_then(|uri| find_post(network, uri));
    while let Some(parent) = next.filter(|parent| chain.len() < at_most && seen.insert(parent.uri())) {
        chain.push(parent);
        next = parent.parent_uri().and_then(|uri| find_post(network, uri));
    }
    chain.reverse();
    chain
}

/// Direct answers to each post, oldest key first.
pub(crate) fn replies_by_parent(network: &Network) -> BTreeMap<String, Vec<FoundPost<'_>>> {
    let mut replies: BTreeMap<String, Vec<FoundPost<'_>>> = BTreeMap::new();
    for post in visible_posts(network) {
        if let Some(parent) = post.parent_uri() {
            replies.entry(parent.to_owned()).or_default().push(post);
        }
    }
    for posts in replies.values_mut() {
        posts.sort_by(|a, b| a.path.rkey.cmp(&b.path.rkey));
    }
    replies
}

/// The author as it stands beside a post.
pub(crate) fn profile_basic(network: &Network, account: &Account) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("did".to_owned(), account.did.as_str().into());
    view.insert("handle".to_owned(), account.handle.as_str().into());
    if let Some(name) = profile_record(network, &account.did).and_then(|profile| profile["displayName"].as_str()) {
        view.insert("displayName".to_owned(), name.into());
    }
    view.insert("labels".to_owned(), self_labels(network, account).into());
    view.insert("createdAt".to_owned(), account.created_at.as_str().into());
    view
}

/// What an account says of itself in its profile record, as labels.
fn self_labels(network: &Network, account: &Account) -> Vec<Value> {
    let values = profile_record(network, &account.did).and_then(|profile| profile["labels"]["values"].as_array());
    let label = |value: &Value| {
        json!({
            "src": account.did.as_str(),
            "uri": format!("at://{}/{PROFILE}/self", account.did),
            "val": value["val"],
            "cts": account.created_at.as_str(),
        })
    };
    values.into_iter().flatten().map(label).collect()
}

/// The profile record of an account.
pub(crate) fn profile_record<'a>(network: &'a Network, did: &Did) -> Option<&'a Value> {
    let account = network.account(did.as_str())?;
    account.repo.records().find(|(path, _)| path.collection.as_str() == PROFILE).map(|(_, record)| &record.value)
}

/// `app.bsky.feed.defs#postView`, the counts taken from all repositories.
pub(crate) fn post_view(network: &Network, post: FoundPost<'_>) -> Value {
    let uri = post.uri();
    let counts = counts_of(network, &uri);
    json!({
        "uri": uri,
        "cid": post.record.cid.as_str(),
        "author": profile_basic(network, post.account),
        "record": post.record.value,
        "bookmarkCount": 0,
        "replyCount": counts.replies,
        "repostCount": counts.reposts,
        "likeCount": counts.likes,
        "quoteCount": counts.quotes,
        "indexedAt": post.record.indexed_at,
        "labels": [],
    })
}

#[derive(Default)]
struct Counts {
    replies: usize,
    reposts: usize,
    likes: usize,
    quotes: usize,
}

fn counts_of(network: &Network, uri: &str) -> Counts {
    let mut counts = Counts::default();
    let open = network.accounts().filter(|account| account.state == AccountState::Active);
    for (path, record) in open.flat_map(|account| account.repo.records()) {
        let value = &record.value;
        let is = |value: &Value| value["uri"].as_str() == Some(uri);
        match path.collection.as_str() {
            "app.bsky.feed.like" => counts.likes += usize::from(is(&value["subject"])),
            "app.bsky.feed.repost" => counts.reposts += usize::from(is(&value["subject"])),
            POST => {
                counts.replies += usize::from(is(&value["reply"]["parent"]));
                let quoted = &value["embed"]["record"];
                counts.quotes += usize::from(is(quoted) || is(&quoted["record"]));
            }
            _ => {}
        }
    }
    counts
}
