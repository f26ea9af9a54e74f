//! What the reference refuses, with the words and the path that it gives.

use serde_json::{Value, json};

use crate::host::{Host, post_with};

pub(crate) const LIMITS: bool = false;

fn facet(feature: &Value) -> Value {
    json!({"facets": [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}]})
}

fn labels(values: &Value) -> Value {
    json!({"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": values}})
}

fn texts() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("graphemes", json!({"text": "a".repeat(301)}), "grapheme too big (maximum 300, got 301) at $.record.text"),
        ("bytes", json!({"text": "é".repeat(1501)}), "string too big (maximum 3000, got 3002) at $.record.text"),
        ("a number", json!({"text": 5}), "Expected string value type (got 5) at $.record.text"),
        ("null", json!({"text": null}), "Expected string value type (got null) at $.record.text"),
        (
            "no zone",
            json!({"createdAt": "2026-11-21T10:00:00"}),
            "Invalid datetime (got \"2026-11-21T10:00:00\") at $.record.createdAt",
        ),
        ("words", json!({"createdAt": "yesterday"}), "Invalid datetime (got \"yesterday\") at $.record.createdAt"),
        (
            "small t",
            json!({"createdAt": "2026-11-21t10:00:00Z"}),
            "Invalid datetime (got \"2026-11-21t10:00:00Z\") at $.record.createdAt",
        ),
        (
            "minus zero",
            json!({"createdAt": "2026-11-21T10:00:00-00:00"}),
            "Invalid datetime (got \"2026-11-21T10:00:00-00:00\") at $.record.createdAt",
        ),
        (
            "four languages",
            json!({"langs": ["en", "de", "fr", "es"]}),
            "array too big (maximum 3, got 4) at $.record.langs",
        ),
        ("no language", json!({"langs": ["not a lang"]}), "Invalid language (got \"not a lang\") at $.record.langs[0]"),
        ("EN", json!({"langs": ["EN"]}), "Invalid language (got \"EN\") at $.record.langs[0]"),
        (
            "nine tags",
            json!({"tags": ["1", "2", "3", "4", "5", "6", "7", "8", "9"]}),
            "array too big (maximum 8, got 9) at $.record.tags",
        ),
        ("long tag", json!({"tags": ["a".repeat(65)]}), "grapheme too big (maximum 64, got 65) at $.record.tags[0]"),
        ("large tag", json!({"tags": ["é".repeat(321)]}), "string too big (maximum 640, got 642) at $.record.tags[0]"),
    ]
}

fn parts() -> Vec<(&'static str, Value, &'static str)> {
    let many: Vec<Value> = (0..11).map(|number| json!({"val": number.to_string()})).collect();
    let uri = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3m5aaaaaaaa22";
    let cid = "bafyreieawtmh7hwfrqpamqkodza5r62bbfhsepe2iyustgxhgbhi6b2lfi";
    let good = json!({"uri": uri, "cid": cid});
    vec![
        ("eleven labels", labels(&json!(many)), "array too big (maximum 10, got 11) at $.record.labels.values"),
        (
            "long label",
            labels(&json!([{"val": "x".repeat(129)}])),
            "string too big (maximum 128, got 129) at $.record.labels.values[0].val",
        ),
        ("label without value", labels(&json!([{}])), "Missing required key \"val\" at $.record.labels.values[0]"),
        (
            "labels without type",
            json!({"labels": {"values": []}}),
            "Expected an object which includes the \"$type\" property value type (got {\"values\": ...}) at $.record.labels",
        ),
        ("no parent", json!({"reply": {"root": good}}), "Missing required key \"parent\" at $.record.reply"),
        (
            "no at-uri",
            json!({"reply": {"root": {"uri": "https://x.com", "cid": cid}, "parent": good}}),
            "Invalid at-uri (got \"https://x.com\") at $.record.reply.root.uri",
        ),
        (
            "no CID",
            json!({"reply": {"root": {"uri": uri, "cid": "nope"}, "parent": good}}),
            "Invalid CID string (got \"nope\") at $.record.reply.root.cid",
        ),
        ("facets", json!({"facets": {}}), "Expected array value type (got {}) at $.record.facets"),
        (
            "before the text",
            json!({"facets": [{"index": {"byteStart": -1, "byteEnd": 1}, "features": []}]}),
            "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart",
        ),
        (
            "no uri",
            facet(&json!({"$type": "app.bsky.richtext.facet#link", "uri": "x"})),
            "Invalid uri (got \"x\") at $.record.facets[0].features[0].uri",
        ),
        (
            "no DID",
            facet(&json!({"$type": "app.bsky.richtext.facet#mention", "did": ""})),
            "Invalid DID (got \"\") at $.record.facets[0].features[0].did",
        ),
        (
            "feature without type",
            facet(&json!({"uri": "https://x.com"})),
            "Expected an object which includes the \"$type\" property value type (got {\"uri\": ...}) at $.record.facets[0].features[0]",
        ),
        (
            "card without title",
            json!({"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://x.com", "description": ""}}}),
            "Missing required key \"title\" at $.record.embed.external",
        ),
    ]
}

pub(crate) async fn case(host: &Host) {
    let head = host.head().await;
    for (label, more, fault) in texts().into_iter().chain(parts()) {
        let message = format!("Invalid app.bsky.feed.post record: {fault}");
        host.create(label, &post_with(&more), &json!({"validate": true})).await.says(400, "InvalidRequest", &message);
    }
    for (label, missing) in [("no text", "text"), ("no time", "createdAt")] {
        let mut record = post_with(&json!({}));
        record.as_object_mut().unwrap().shift_remove(missing);
        let message = format!("Invalid app.bsky.feed.post record: Missing required key \"{missing}\" at $.record");
        host.create(label, &record, &json!({})).await.says(400, "InvalidRequest", &message);
    }
    let fraction = "Expected one of null, boolean, integer, string, cid, bytes, array or object value type (got 1.5) at $.record.x";
    for validate in [true, false] {
        let more = json!({"validate": validate});
        host.create("fraction", &post_with(&json!({"x": 1.5})), &more).await.says(400, "InvalidRequest", fraction);
    }
    let inexact = post_with(&json!({"x": 9_007_199_254_740_993_i64}));
    host.create("inexact", &inexact, &json!({})).await.is(500, "InternalServerError");
    host.create("null", &Value::Null, &json!({})).await.is(400, "InvalidRequest");
    host.create("a text", &json!("x"), &json!({})).await.is(400, "InvalidRequest");
    let rules = vec![json!({"$type": "app.bsky.feed.threadgate#mentionRule"}); 6];
    let gate = json!({"$type": "app.bsky.feed.threadgate", "createdAt": "2026-11-21T10:00:00.000Z", "allow": rules,
        "post": "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3m5aaaaaaaa22"});
    host.create("six rules", &gate, &json!({"collection": "app.bsky.feed.threadgate"})).await.is(400, "InvalidRequest");
    assert_eq!(host.head().await, head, "nothing was written");
}
