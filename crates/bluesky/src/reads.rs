//! Analytics reads: how posts fare, what an author posted, what was answered. All of it as an AppView shows it to nobody in
//! particular.
//!
//! What strangers write is read one by one: a post that cannot be read is told as [`Unreadable`], and hides no other.

mod raw;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use skein_atproto::syntax::{AtIdentifier, AtUri, Cid, Did};
use url::Url;

use crate::budget::{Budget, host_of};
use crate::xrpc::{Auth, CallError, XrpcClient};

/// The most posts of one `getPosts`.
pub const URIS_PER_CALL: usize = 25;

/// The most posts of one page of a feed.
pub const FEED_PAGE_MOST: u8 = 100;

/// The deepest answers that are asked for. The server takes up to 1,000; an answer of more levels is deeper JSON than is read.
pub const DEPTH_MOST: u16 = 50;

/// The most posts above that are asked for, for the same reason.
pub const PARENTS_MOST: u16 = 80;

/// How often a post was liked, reposted, answered, quoted and bookmarked. What a server does not count is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Likes.
    #[serde(rename = "likeCount")]
    pub likes: u64,
    /// Reposts, without quotes.
    #[serde(rename = "repostCount")]
    pub reposts: u64,
    /// Answers.
    #[serde(rename = "replyCount")]
    pub replies: u64,
    /// Posts that quote it.
    #[serde(rename = "quoteCount")]
    pub quotes: u64,
    /// Bookmarks, which are private; only their number is known.
    #[serde(rename = "bookmarkCount")]
    pub bookmarks: u64,
}

/// Whose post it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// What never changes.
    pub did: Did,
    /// As the AppView knows it; `handle.invalid` where it could not be verified.
    pub handle: String,
    /// May be empty.
    #[serde(default)]
    pub display_name: String,
}

/// A post as an AppView shows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "raw::Post")]
pub struct PostView {
    /// Where it is.
    pub uri: AtUri,
    /// The hash of its record.
    pub cid: Cid,
    /// Whose it is.
    pub author: Author,
    /// The record itself.
    pub record: Value,
    /// How it fares.
    pub counts: Counts,
    /// When the AppView first saw it, as it writes instants.
    pub indexed_at: String,
}

/// Which posts of an author to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FeedFilter {
    /// All, answers and reposts included.
    #[default]
    PostsWithReplies,
    /// No answers.
    PostsNoReplies,
    /// Only those with pictures or videos.
    PostsWithMedia,
    /// No answers to others; a thread of their own only where the page holds all of it, so that small pages hide its answers.
    PostsAndAuthorThreads,
    /// Only those with videos.
    PostsWithVideo,
}

impl FeedFilter {
    /// As the protocol spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PostsWithReplies => "posts_with_replies",
            Self::PostsNoReplies => "posts_no_replies",
            Self::PostsWithMedia => "posts_with_media",
            Self::PostsAndAuthorThreads => "posts_and_author_threads",
            Self::PostsWithVideo => "posts_with_video",
        }
    }
}

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "raw::Item")]
pub struct FeedItem {
    /// The post; somebody else's where it is a repost.
    pub post: PostView,
    /// What it answers, as the AppView says. `None` also where that cannot be read.
    pub reply: Option<Value>,
    /// Why it is there, where it is a repost or pinned. `None` also where that cannot be read.
    pub reason: Option<Value>,
}

/// A post that is there and cannot be read: it is of a kind that is not known here, or holds what no post may hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be read: {reason}", if uri.is_empty() { "a post" } else { uri.as_str() })]
pub struct Unreadable {
    /// Where it is; empty where even that could not be read.
    pub uri: String,
    /// Why, in words.
    pub reason: String,
}

/// A page of a feed, newest first.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "raw::Page")]
pub struct FeedPage {
    /// Its entries, each read on its own; a page may have fewer than were asked for, and still not be the last.
    pub feed: Vec<Result<FeedItem, Unreadable>>,
    /// Where the next page begins. `None` at the end.
    pub cursor: Option<String>,
}

/// A post among those around it.
#[derive(Clone, Debug, PartialEq)]
pub enum ThreadNode {
    /// It is there.
    Post(Box<ThreadPost>),
    /// It is gone, or was never there.
    NotFound(String),
    /// Its author and somebody else in the thread have blocked each other.
    Blocked(String),
    /// It is there, and cannot be read; what hangs on it is not read either.
    Unreadable(Unreadable),
}

/// A post with what it answers and what answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadPost {
    /// The post.
    pub post: PostView,
    /// What it answers, as far up as was asked for.
    pub parent: Option<ThreadNode>,
    /// Its answers, as deep as was asked for, in the order of the AppView.
    pub replies: Vec<ThreadNode>,
}

/// The counts of these posts, in their order, asked in calls of [`URIS_PER_CALL`], one after the other. `None` for those that the
/// AppView does not show: deleted, taken down, or not seen yet. What the posts hold is not
/// read. With a budget each call waits to be asked until it fits.
///
/// # Errors
/// Those of the first call that failed; what was read until then is lost.
pub async fn counts(
    xrpc: &XrpcClient,
    appview: &Url,
    budget: Option<&Budget>,
    uris: &[AtUri],
) -> Result<Vec<Option<Counts>>, CallError> {
    #[derive(Deserialize)]
    struct Posts {
        posts: Vec<Box<RawValue>>,
    }
    let mut counts = Vec::with_capacity(uris.len());
    for chunk in uris.chunks(URIS_PER_CALL) {
        if let Some(budget) = budget {
            budget.check_calls(&host_of(appview)).await?;
        }
        let params: Vec<_> = chunk.iter().map(|uri| ("uris", uri.as_str())).collect();
        let answer = xrpc.get(appview, "app.bsky.feed.getPosts", &params, Auth::None).await?;
        let Posts { posts } = answer.json()?;
        let mut found = HashMap::new();
        // One that cannot be read is as one that is not shown.
        for post in posts.iter().filter_map(|post| raw::Counted::read(post)) {
            // The answer names authors by DID, also where a handle was asked for.
            found.insert(address(&post.author.handle.to_ascii_lowercase(), &post.uri), post.counts);
            found.insert(post.uri.as_str().to_owned(), post.counts);
        }
        counts.extend(chunk.iter().map(|uri| match uri.authority() {
            AtIdentifier::Did(_) => found.get(uri.as_str()).copied(),
            AtIdentifier::Handle(handle) => found.get(&address(&handle.as_str().to_ascii_lowercase(), uri)).copied(),
        }));
    }
    Ok(counts)
}

/// The same place in the repository of `authority`.
fn address(authority: &str, uri: &AtUri) -> String {
    let path = uri.as_str().splitn(4, '/').nth(3).unwrap_or_default();
    format!("at://{authority}/{path}")
}

/// A page of what an author posted. `limit` is brought into 1 to [`FEED_PAGE_MOST`].
pub async fn author_feed(
    xrpc: &XrpcClient,
    appview: &Url,
    actor: &str,
    filter: FeedFilter,
    cursor: Option<&str>,
    limit: u8,
) -> Result<FeedPage, CallError> {
    let limit = limit.clamp(1, FEED_PAGE_MOST).to_string();
    let mut params = vec![("actor", actor), ("filter", filter.as_str()), ("limit", &limit)];
    params.extend(cursor.map(|cursor| ("cursor", cursor)));
    xrpc.get(appview, "app.bsky.feed.getAuthorFeed", &params, Auth::None).await?.json()
}

/// A post with its answers down to `depth` and what it answers up to `parent_height`, at most [`DEPTH_MOST`] and [`PARENTS_MOST`].
/// A post that is gone is [`ThreadNode::NotFound`].
pub async fn thread(
    xrpc: &XrpcClient,
    appview: &Url,
    uri: &AtUri,
    depth: u16,
    parent_height: u16,
) -> Result<ThreadNode, CallError> {
    let (depth, height) = (depth.min(DEPTH_MOST).to_string(), parent_height.min(PARENTS_MOST).to_string());
    let params = [("uri", uri.as_str()), ("depth", &depth), ("parentHeight", &height)];
    let response = match xrpc.get(appview, "app.bsky.feed.getPostThread", &params, Auth::None).await {
        Ok(response) => response,
        Err(error) if error.is_named("NotFound") => return Ok(ThreadNode::NotFound(uri.as_str().to_owned())),
        Err(error) => return Err(error),
    };
    let raw::Thread { thread } = response.json()?;
    Ok(raw::node(&thread, DEPTH_MOST + PARENTS_MOST))
}
