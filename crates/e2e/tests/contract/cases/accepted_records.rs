//! What the reference accepts though it may look wrong: a client must check it itself.

use serde_json::{Value, json};
use skein_atproto::record::record_cid;

use crate::host::{Host, POST, post_with};

pub(crate) const LIMITS: bool = false;
const ELSEWHERE: &str = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3m5aaaaaaaa22";
const CID: &str = "bafyreieawtmh7hwfrqpamqkodza5r62bbfhsepe2iyustgxhgbhi6b2lfi";

pub(crate) async fn case(host: &Host) {
    let dangling = json!({"uri": ELSEWHERE, "cid": CID});
    let link = json!({"$type": "app.bsky.richtext.facet#link", "uri": "https://x.com"});
    let cases: Vec<(&str, Value)> = vec![
        ("nothing but a text", json!({})),
        ("empty text", json!({"text": ""})),
        ("300 graphemes of many bytes", json!({"text": "👨‍👩‍👧‍👦".repeat(120)})),
        ("an offset", json!({"createdAt": "2026-11-21T10:00:00+02:00"})),
        ("microseconds", json!({"createdAt": "2026-11-21T10:00:00.123456Z"})),
        ("a reply to nothing", json!({"reply": {"root": dangling, "parent": dangling}})),
        ("a quote of nothing", json!({"embed": {"$type": "app.bsky.embed.record", "record": dangling}})),
        ("no pictures", json!({"embed": {"$type": "app.bsky.embed.images", "images": []}})),
        ("an unknown embed", json!({"embed": {"$type": "com.example.embed", "x": 1}})),
        (
            "a facet beyond the text",
            json!({"facets": [{"index": {"byteStart": 0, "byteEnd": 99}, "features": [link]}]}),
        ),
        ("a facet of nothing", json!({"facets": [{"index": {"byteStart": 2, "byteEnd": 1}, "features": []}]})),
        (
            "unknown labels",
            json!({"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "strange"}]}}),
        ),
        ("a label type nobody knows", json!({"labels": {"$type": "com.example.labels", "values": [{}]}})),
        ("three languages", json!({"langs": ["en", "pt-BR", "zh-Hant-TW"]})),
        ("eight tags", json!({"tags": ["a", "b", "c", "d", "e", "f", "g", "h"]})),
        ("more than the lexicon knows", json!({"x": [null, true, -3, {"y": "z"}]})),
        (
            "a card",
            json!({"embed": {"$type": "app.bsky.embed.external",
                "external": {"uri": "mailto:a@example.com", "title": "", "description": ""}}}),
        ),
    ];
    for (label, more) in cases {
        let record = post_with(&more);
        let answer = host.create(label, &record, &json!({"validate": true})).await;
        assert_eq!(answer.text("/cid"), record_cid(&record).unwrap().as_str(), "{label}");
    }
    // Whole numbers are whole, however they are written.
    let written = host.create("1.0", &post_with(&json!({"x": 1.0})), &json!({})).await;
    assert_eq!(written.text("/cid"), record_cid(&post_with(&json!({"x": 1}))).unwrap().as_str());
    let gate = json!({"$type": "app.bsky.feed.threadgate", "post": host.uri(POST, "3m5aaaaaaaa22"),
        "createdAt": "2026-11-21T10:00:00.000Z"});
    let elsewhere = json!({"collection": "app.bsky.feed.threadgate", "rkey": "3m5aaaaaaaa99".replace("99", "33")});
    host.create("a gate with another key", &gate, &elsewhere).await.ok();
}
