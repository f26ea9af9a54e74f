//! `putRecord`: create-only, no-op, and the record that was expected.

use serde_json::{Value, json};
use skein_atproto::record::record_cid;

use crate::host::{Host, POST, merge, post};
use crate::wire::Answer;

pub(crate) const LIMITS: bool = false;
const RKEY: &str = "3m5aaaaaaaa32";

async fn put(host: &Host, label: &str, text: &str, more: &Value) -> Answer {
    let mut body = json!({"repo": host.did, "collection": POST, "rkey": RKEY, "record": post(text)});
    merge(&mut body, more);
    host.procedure(label, "com.atproto.repo.putRecord", Some(&host.token), &body).await
}

pub(crate) async fn case(host: &Host) {
    let first_head = host.head().await;
    let created = put(host, "create only", "one", &json!({"swapRecord": null})).await;
    let one = record_cid(&post("one")).unwrap();
    assert_eq!(created.text("/cid"), one.as_str());

    let head = host.head().await;
    let again = put(host, "same content", "one", &json!({"swapRecord": null})).await;
    assert!(again.ok().get("commit").is_none());
    assert_eq!(host.head().await, head, "no new commit");

    let refused = put(host, "other content", "two", &json!({"swapRecord": null})).await;
    refused.says(400, "InvalidSwap", &format!("Record was at {}", one.as_str()));
    put(host, "the record expected", "two", &json!({"swapRecord": one.as_str()})).await.ok();
    put(host, "no longer expected", "three", &json!({"swapRecord": one.as_str()})).await.is(400, "InvalidSwap");
    put(host, "whatever is there", "three", &json!({})).await.ok();
    put(host, "stale head", "four", &json!({"swapCommit": first_head})).await.is(400, "InvalidSwap");
    let missing = json!({"swapRecord": one.as_str(), "rkey": "3m5aaaaaaaa33"});
    put(host, "expected but missing", "five", &missing).await.says(400, "InvalidSwap", "Record was at null");
    put(host, "too long", &"x".repeat(301), &json!({})).await.is(400, "InvalidRequest");
    put(host, "no TID", "six", &json!({"rkey": "abc"})).await.is(400, "InvalidRequest");
    let keyless = json!({"repo": host.did, "collection": POST, "record": post("x")});
    host.procedure("no key", "com.atproto.repo.putRecord", Some(&host.token), &keyless).await.says(
        400,
        "InvalidRequest",
        "Missing required key \"rkey\" at $",
    );

    let profile = |name: &str| {
        json!({"collection": "app.bsky.actor.profile", "rkey": "self",
        "record": {"$type": "app.bsky.actor.profile", "displayName": name}})
    };
    put(host, "profile", "", &profile("Alice")).await.ok();
    put(host, "long name", "", &profile(&"x".repeat(65))).await.is(400, "InvalidRequest");
    let mut elsewhere = profile("Alice");
    elsewhere["rkey"] = json!("other");
    put(host, "profile elsewhere", "", &elsewhere).await.says(
        400,
        "InvalidRequest",
        "Invalid record key for app.bsky.actor.profile: Expected \"self\" (got \"other\") at $",
    );
}
