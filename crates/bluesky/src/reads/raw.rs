//! How an AppView writes posts. Each stands as the text that came until it is read by itself, so that JSON that is nested too
//! deep, or of another shape, breaks no more than the post that holds it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use skein_atproto::syntax::{AtUri, Cid};

use super::{Author, Counts, FeedItem, FeedPage, PostView, ThreadNode, ThreadPost, Unreadable};

/// The most bytes of an address that is told of a post that cannot be read.
const URI_MAX_BYTES: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Post {
    uri: AtUri,
    cid: Cid,
    author: Author,
    record: Box<RawValue>,
    #[serde(default)]
    like_count: u64,
    #[serde(default)]
    repost_count: u64,
    #[serde(default)]
    reply_count: u64,
    #[serde(default)]
    quote_count: u64,
    #[serde(default)]
    bookmark_count: u64,
    indexed_at: String,
}

impl TryFrom<Post> for PostView {
    type Error = serde_json::Error;

    fn try_from(post: Post) -> Result<Self, Self::Error> {
        let Post { uri, cid, author, record, indexed_at, .. } = post;
        let counts = Counts {
            likes: post.like_count,
            reposts: post.repost_count,
            replies: post.reply_count,
            quotes: post.quote_count,
            bookmarks: post.bookmark_count,
        };
        Ok(Self { uri, cid, author, record: serde_json::from_str(record.get())?, counts, indexed_at })
    }
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) handle: String,
}

/// As much of a post as its counts need.
#[derive(Deserialize)]
pub(super) struct Counted {
    pub(super) uri: AtUri,
    pub(super) author: Named,
    /// Read on their own: together with the rest, serde would build a tree of the whole post first, however deep.
    #[serde(skip)]
    pub(super) counts: Counts,
}

impl Counted {
    pub(super) fn read(post: &RawValue) -> Option<Self> {
        let read: Self = serde_json::from_str(post.get()).ok()?;
        Some(Self { counts: serde_json::from_str(post.get()).ok()?, ..read })
    }
}

#[derive(Deserialize)]
pub(super) struct Item {
    post: Box<RawValue>,
    reply: Option<Box<RawValue>>,
    reason: Option<Box<RawValue>>,
}

impl TryFrom<Item> for FeedItem {
    type Error = serde_json::Error;

    fn try_from(item: Item) -> Result<Self, Self::Error> {
        let post = serde_json::from_str(item.post.get())?;
        let told =
            |value: Option<Box<RawValue>>| value.and_then(|value| serde_json::from_str::<Value>(value.get()).ok());
        Ok(Self { post, reply: told(item.reply), reason: told(item.reason) })
    }
}

#[derive(Deserialize)]
pub(super) struct Page {
    feed: Vec<Box<RawValue>>,
    cursor: Option<String>,
}

impl From<Page> for FeedPage {
    fn from(page: Page) -> Self {
        let read = |item: &RawValue| {
            serde_json::from_str(item.get()).map_err(|error| {
                let post = serde_json::from_str::<Item>(item.get()).ok().map(|item| item.post);
                unreadable(post.as_deref().unwrap_or(item), &error.to_string())
            })
        };
        Self { feed: page.feed.iter().map(|item| read(item)).collect(), cursor: page.cursor }
    }
}

#[derive(Deserialize)]
pub(super) struct Thread {
    pub(super) thread: Box<RawValue>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "$type")]
    kind: String,
    uri: Option<String>,
    post: Option<Box<RawValue>>,
    parent: Option<Box<RawValue>>,
    replies: Option<Box<RawValue>>,
}

/// Reads a node and all that hangs on it, at most `levels` deep: the text that came has no such bound.
pub(super) fn node(value: &RawValue, levels: u16) -> ThreadNode {
    let Node { kind, uri, post, parent, replies } = match serde_json::from_str(value.get()) {
        Ok(node) => node,
        Err(error) => return ThreadNode::Unreadable(unreadable(value, &error.to_string())),
    };
    let uri = uri.unwrap_or_default();
    match kind.as_str() {
        "app.bsky.feed.defs#threadViewPost" => {}
        "app.bsky.feed.defs#notFoundPost" => return ThreadNode::NotFound(uri),
        "app.bsky.feed.defs#blockedPost" => return ThreadNode::Blocked(uri),
        _ => {
            let kind: String = kind.chars().take(100).collect();
            let reason = format!("`{kind}` is no kind of post that is known here");
            return ThreadNode::Unreadable(unreadable(value, &reason));
        }
    }
    let Some(left) = levels.checked_sub(1) else {
        return ThreadNode::Unreadable(unreadable(
            post.as_deref().unwrap_or(value),
            "it stands deeper than was asked for",
        ));
    };
    let Some(post) = post else { return ThreadNode::Unreadable(unreadable(value, "it holds no post")) };
    let read = match serde_json::from_str(post.get()) {
        Ok(read) => read,
        Err(error) => return ThreadNode::Unreadable(unreadable(&post, &error.to_string())),
    };
    let replies = replies.and_then(|replies| serde_json::from_str::<Vec<Box<RawValue>>>(replies.get()).ok());
    let replies = replies.unwrap_or_default().iter().map(|reply| node(reply, left)).collect();
    ThreadNode::Post(Box::new(ThreadPost { post: read, parent: parent.map(|parent| node(&parent, left)), replies }))
}

fn unreadable(post: &RawValue, reason: &str) -> Unreadable {
    #[derive(Deserialize)]
    struct Placed {
        uri: String,
    }
    let placed = serde_json::from_str::<Placed>(post.get()).ok().map(|placed| placed.uri);
    let uri = placed.filter(|uri| uri.len() <= URI_MAX_BYTES).unwrap_or_default();
    Unreadable { uri, reason: crate::xrpc::bounded(reason) }
}
