//! `deleteRecord`, and that a deleted key is free again.

use serde_json::{Value, json};

use crate::host::{Host, POST, merge, post};
use crate::wire::Answer;

pub(crate) const LIMITS: bool = false;
const RKEY: &str = "3m5aaaaaaaa22";

async fn delete(host: &Host, label: &str, more: &Value) -> Answer {
    let mut body = json!({"repo": host.did, "collection": POST, "rkey": RKEY});
    merge(&mut body, more);
    host.procedure(label, "com.atproto.repo.deleteRecord", Some(&host.token), &body).await
}

pub(crate) async fn case(host: &Host) {
    let empty_head = host.head().await;
    host.create("create", &post("hi"), &json!({"rkey": RKEY})).await.ok();
    delete(host, "stale head", &json!({"swapCommit": empty_head})).await.is(400, "InvalidSwap");
    delete(host, "another record", &json!({"swapRecord": empty_head})).await.is(400, "InvalidSwap");
    let deleted = delete(host, "delete", &json!({})).await;
    assert_eq!(deleted.text("/commit/cid"), host.head().await);
    let head = host.head().await;
    assert_eq!(delete(host, "missing", &json!({})).await.ok(), &json!({}));
    delete(host, "missing, stale head", &json!({"swapCommit": empty_head})).await.ok();
    assert_eq!(host.head().await, head, "no commit for nothing");
    host.record("gone", RKEY).await.is(400, "RecordNotFound");
    delete(host, "no TID", &json!({"rkey": "abc"})).await.ok();
    delete(host, "bad key", &json!({"rkey": "a/b"})).await.is(400, "InvalidRequest");
    host.create("comes back", &post("hi"), &json!({"rkey": RKEY})).await.ok();
    host.record("there again", RKEY).await.ok();
}
