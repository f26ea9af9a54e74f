//! `createRecord`: CIDs computed beforehand, keys in use, types, and whose repository it is.

use serde_json::json;
use skein_atproto::record::record_cid;

use crate::host::{Host, POST, post};

pub(crate) const LIMITS: bool = false;
const RKEY: &str = "3m5aaaaaaaa22";

pub(crate) async fn case(host: &Host) {
    let record = post("hi");
    let expected = record_cid(&record).unwrap();
    let created = host.create("own key", &record, &json!({"rkey": RKEY, "validate": true})).await;
    assert_eq!(created.text("/cid"), expected.as_str());
    assert_eq!(created.text("/uri"), host.uri(POST, RKEY));
    assert_eq!(created.text("/commit/cid"), host.head().await);
    assert_eq!(created.text("/validationStatus"), "valid");

    let head = host.head().await;
    host.create("same key, same record", &record, &json!({"rkey": RKEY})).await.is(500, "InternalServerError");
    host.create("same key, another", &post("other"), &json!({"rkey": RKEY})).await.is(500, "InternalServerError");
    assert_eq!(host.head().await, head, "nothing was written");
    assert_eq!(host.record("the first is still there", RKEY).await.text("/value/text"), "hi");

    host.create("no key", &record, &json!({})).await.ok();
    host.create("by handle", &record, &json!({"repo": host.handle})).await.ok();
    host.create("a time to come", &record, &json!({"rkey": "3zzzzzzzzzz22"})).await.ok();
    let unchecked = host.create("unchecked", &post(&"x".repeat(301)), &json!({"validate": false})).await;
    assert!(unchecked.ok().get("validationStatus").is_none());

    let thing = json!({"$type": "com.example.thing", "a": 1});
    let unknown = host.create("unknown type", &thing, &json!({"collection": "com.example.thing", "rkey": "any"})).await;
    assert_eq!(unknown.text("/validationStatus"), "unknown");
    host.create("unknown type, to be checked", &thing, &json!({"collection": "com.example.thing", "validate": true}))
        .await
        .says(400, "InvalidRequest", "Unknown lexicon type: com.example.thing");
    host.create("another type", &json!({"$type": "app.bsky.feed.like"}), &json!({})).await.says(
        400,
        "InvalidRequest",
        "Invalid $type: expected app.bsky.feed.post, got app.bsky.feed.like",
    );
    let typeless = host.create("no type", &json!({"text": "hi", "createdAt": record["createdAt"]}), &json!({})).await;
    assert_eq!(typeless.text("/cid"), expected.as_str(), "the type is filled in");

    for (label, rkey, message) in [
        ("no TID", "abc", "Invalid record key for app.bsky.feed.post: Invalid TID string (got \"abc\") at $"),
        ("slash", "a/b", "Invalid record key (got \"a/b\") at $.rkey"),
        ("dots", "..", "Invalid record key (got \"..\") at $.rkey"),
        ("empty", "", "Invalid record key (got \"\") at $.rkey"),
    ] {
        host.create(label, &record, &json!({"rkey": rkey})).await.says(400, "InvalidRequest", message);
    }
    host.create("long key", &record, &json!({"rkey": "a".repeat(513)})).await.is(400, "InvalidRequest");
    host.create("no such repository", &record, &json!({"repo": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}))
        .await
        .is(403, "AccountNotFound");
    host.create("no repository", &record, &json!({"repo": "!!"})).await.is(400, "InvalidRequest");
    host.create("no collection", &record, &json!({"collection": "nope"})).await.is(400, "InvalidRequest");
}
