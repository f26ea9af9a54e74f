//! A thread whose references carry CIDs computed before sending, with its gates, in one commit.

use serde_json::{Value, json};
use skein_atproto::record::record_cid;

use crate::host::{Host, POST, create_of, post_with};

pub(crate) const LIMITS: bool = false;
const KEYS: [&str; 5] = ["3m5aaaaaaaa22", "3m5aaaaaaaa23", "3m5aaaaaaaa24", "3m5aaaaaaaa25", "3m5aaaaaaaa26"];
const THREADGATE: &str = "app.bsky.feed.threadgate";
const POSTGATE: &str = "app.bsky.feed.postgate";

pub(crate) async fn case(host: &Host) {
    let mut writes = Vec::new();
    let mut expected: Vec<Value> = Vec::new();
    for (number, rkey) in KEYS.iter().enumerate() {
        let created_at = format!("2026-11-21T10:00:00.00{number}Z");
        let mut record = post_with(&json!({"text": format!("part {number} 👨‍👩‍👧‍👦"), "createdAt": created_at}));
        if let (Some(root), Some(parent)) = (expected.first(), expected.last()) {
            record["reply"] = json!({"root": root, "parent": parent});
        }
        expected.push(json!({"uri": host.uri(POST, rkey), "cid": record_cid(&record).unwrap().as_str()}));
        writes.push(create_of(POST, rkey, &record));
    }
    let root = &expected[0]["uri"];
    let rule = json!({"$type": format!("{THREADGATE}#mentionRule")});
    let created_at = "2026-11-21T10:00:00.000Z";
    let threadgate = json!({"$type": THREADGATE, "post": root, "createdAt": created_at, "allow": [rule]});
    let no_quotes = json!({"$type": format!("{POSTGATE}#disableRule")});
    let postgate = json!({"$type": POSTGATE, "post": root, "createdAt": created_at, "embeddingRules": [no_quotes]});
    for (collection, record) in [(THREADGATE, &threadgate), (POSTGATE, &postgate)] {
        expected.push(json!({"uri": host.uri(collection, KEYS[0]), "cid": record_cid(record).unwrap().as_str()}));
        writes.push(create_of(collection, KEYS[0], record));
    }

    let head = host.head().await;
    let answer = host.apply("thread", &writes, &json!({"validate": true, "swapCommit": head})).await;
    for (result, expected) in answer.ok()["results"].as_array().unwrap().iter().zip(&expected) {
        let found = json!({"uri": result["uri"], "cid": result["cid"]});
        assert_eq!(&found, expected);
        assert_eq!(result["$type"], "com.atproto.repo.applyWrites#createResult");
        assert_eq!(result["validationStatus"], "valid");
    }
    assert_eq!(answer.json["results"].as_array().unwrap().len(), 7);
    assert_eq!(answer.text("/commit/cid"), host.head().await, "one commit");
    for rkey in KEYS {
        host.record("each part", rkey).await.ok();
    }
    let twin = host.apply("again", &writes, &json!({"validate": true})).await;
    twin.is(500, "InternalServerError");
}
