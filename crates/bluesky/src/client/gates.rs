//! Gates: records beside the posts that say who may answer the thread and who may quote its parts.
//!
//! Each stands under the key of its post: a threadgate of the first part for the whole thread, a postgate for each part that
//! must not be quoted.

use serde_json::{Value, json};
use skein_atproto::record::{StrongRef, record_cid};
use skein_atproto::syntax::{AtUri, Datetime, Did, Nsid, RecordKey};

use super::error::{ClientError, PostError};
use super::post::{MayAnswer, Post};
use super::publish::Write;

pub(super) const THREADGATE: &str = "app.bsky.feed.threadgate";
pub(super) const POSTGATE: &str = "app.bsky.feed.postgate";
pub(super) const DISABLE_RULE: &str = "app.bsky.feed.postgate#disableRule";
pub(super) const LIST: &str = "app.bsky.graph.list";

/// How many records besides the post itself.
pub(super) fn count(post: &Post) -> usize {
    usize::from(post.answered_by.is_some()) + usize::from(post.no_quotes)
}

/// The gates of a post that was written there and then. `allowed` is who may answer it, lists by DID.
pub(super) fn of_post(
    me: &Did,
    post: &Post,
    allowed: Option<&[MayAnswer]>,
    uri: &AtUri,
    rkey: &RecordKey,
    at: &Datetime,
) -> Result<Vec<Write>, ClientError> {
    let mut writes = Vec::new();
    if let Some(who) = allowed.filter(|_| post.answered_by.is_some()) {
        let allow: Vec<Value> = who.iter().map(rule).collect();
        let gate = json!({"$type": THREADGATE, "post": uri, "allow": allow, "createdAt": at});
        writes.push(write(me, THREADGATE, rkey, gate)?);
    }
    if post.no_quotes {
        let rules = [json!({"$type": DISABLE_RULE})];
        let gate = json!({"$type": POSTGATE, "post": uri, "embeddingRules": rules, "createdAt": at});
        writes.push(write(me, POSTGATE, rkey, gate)?);
    }
    Ok(writes)
}

fn rule(who: &MayAnswer) -> Value {
    match who {
        MayAnswer::Mentioned => json!({"$type": "app.bsky.feed.threadgate#mentionRule"}),
        MayAnswer::Followers => json!({"$type": "app.bsky.feed.threadgate#followerRule"}),
        MayAnswer::Following => json!({"$type": "app.bsky.feed.threadgate#followingRule"}),
        MayAnswer::Listed(list) => json!({"$type": "app.bsky.feed.threadgate#listRule", "list": list}),
    }
}

fn write(me: &Did, collection: &str, rkey: &RecordKey, record: Value) -> Result<Write, ClientError> {
    let collection = Nsid::parse(collection).map_err(ClientError::Method)?;
    let cid = record_cid(&record).map_err(|error| ClientError::Post { part: 1, error: PostError::Record(error) })?;
    let uri = AtUri::record(me, &collection, rkey);
    Ok(Write { reference: StrongRef { uri, cid }, collection, rkey: rkey.clone(), record })
}
