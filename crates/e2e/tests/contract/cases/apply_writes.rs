//! `applyWrites`: all or nothing, and the bounds of one call.

use serde_json::{Value, json};

use crate::host::{Host, POST, create_of, delete_of, post, post_with, update_of};

pub(crate) const LIMITS: bool = false;

pub(crate) async fn case(host: &Host) {
    host.apply("two", &[create("22", "a"), create("23", "b")], &json!({})).await.ok();
    let mixed = [create("24", "c"), update_of(&rkey("23"), &post("d")), delete_of(&rkey("22"))];
    let mixed = host.apply("of every kind", &mixed, &json!({})).await;
    assert_eq!(mixed.json["results"][2], json!({"$type": "com.atproto.repo.applyWrites#deleteResult"}));
    nothing_is_written_if_one_write_is_bad(host).await;
    commits_that_change_nothing(host).await;
    bounds(host).await;
    malformed(host).await;
}

fn rkey(end: &str) -> String {
    format!("3m5aaaaaaaa{end}")
}

fn create(end: &str, text: &str) -> Value {
    create_of(POST, &rkey(end), &post(text))
}

async fn nothing_is_written_if_one_write_is_bad(host: &Host) {
    let head = host.head().await;
    let good = create("27", "good");
    let unprocessed = "InternalServerError";
    let cases = [
        ("key in use", create("24", "x"), 500, unprocessed, "Internal Server Error"),
        ("key twice", create("27", "x"), 500, unprocessed, "Internal Server Error"),
        ("update of nothing", update_of(&rkey("32"), &post("x")), 500, unprocessed, "Internal Server Error"),
        ("delete of nothing", delete_of(&rkey("32")), 500, unprocessed, "Internal Server Error"),
        (
            "too long",
            create("32", &"x".repeat(301)),
            400,
            "InvalidRequest",
            "Invalid app.bsky.feed.post record: grapheme too big (maximum 300, got 301) at $.writes[1].record.text",
        ),
        (
            "bad key",
            create_of(POST, "a/b", &post("x")),
            400,
            "InvalidRequest",
            "Invalid record key (got \"a/b\") at $.writes[1].rkey",
        ),
        (
            "no TID",
            create_of(POST, "abc", &post("x")),
            400,
            "InvalidRequest",
            "Invalid record key for app.bsky.feed.post: Invalid TID string (got \"abc\") at $",
        ),
        (
            "fraction",
            create_of(POST, &rkey("32"), &post_with(&json!({"x": 1.5}))),
            400,
            "InvalidRequest",
            "Expected one of null, boolean, integer, string, cid, bytes, array or object value type (got 1.5) at $.writes[1].value.x",
        ),
    ];
    for (label, bad, status, error, message) in cases {
        host.apply(label, &[good.clone(), bad], &json!({})).await.says(status, error, message);
        assert_eq!(host.head().await, head, "{label}");
        host.record("good was not written", &rkey("27")).await.is(400, "RecordNotFound");
    }
}

async fn commits_that_change_nothing(host: &Host) {
    for (label, writes) in [
        ("no writes", vec![]),
        ("update with the same", vec![update_of(&rkey("23"), &post("d"))]),
        ("create and delete", vec![create("27", "x"), delete_of(&rkey("27"))]),
    ] {
        let head = host.head().await;
        let answer = host.apply(label, &writes, &json!({})).await;
        assert_ne!(answer.text("/commit/cid"), head, "{label} makes a commit");
    }
}

async fn bounds(host: &Host) {
    let key = |index: usize| {
        let letters = b"234567abcdefghijklmnopqrstuvwxyz";
        format!("3m5bbbbbbbb{}{}", char::from(letters[index / 32]), char::from(letters[index % 32]))
    };
    let many: Vec<Value> = (0..201).map(|index| create_of(POST, &key(index), &post("x"))).collect();
    host.apply("201 writes", &many, &json!({})).await.says(400, "InvalidRequest", "Too many writes. Max: 200");
    let all = host.apply("200 writes", &many[..200], &json!({})).await;
    assert_eq!(all.ok()["results"].as_array().unwrap().len(), 200);
    let large = create_of(POST, &rkey("32"), &post_with(&json!({"x": "y".repeat(1_000_000)})));
    host.apply("over a million bytes", &[large], &json!({})).await.says(
        413,
        "PayloadTooLargeError",
        "request entity too large",
    );
}

async fn malformed(host: &Host) {
    let keyless = json!({"$type": "com.atproto.repo.applyWrites#create", "collection": POST, "value": post("x")});
    host.apply("no key", std::slice::from_ref(&keyless), &json!({})).await.ok();
    let kind = |kind: Value| {
        let mut write = keyless.clone();
        write["$type"] = kind;
        [write]
    };
    host.apply("update without key", &kind(json!("com.atproto.repo.applyWrites#update")), &json!({})).await.says(
        400,
        "InvalidRequest",
        "Missing required key \"rkey\" at $.writes[0]",
    );
    host.apply("unknown kind", &kind(json!("com.atproto.repo.applyWrites#nope")), &json!({}))
        .await
        .is(400, "InvalidRequest");
    host.apply("no kind", &[json!({"collection": POST, "value": post("x")})], &json!({}))
        .await
        .is(400, "InvalidRequest");
    host.apply("no NSID", &[create_of("nope", &rkey("32"), &post("x"))], &json!({})).await.is(400, "InvalidRequest");
    host.apply("not an array", &[], &json!({"writes": {}})).await.is(400, "InvalidRequest");
    let thing = create_of("com.example.thing", "x", &json!({"a": 1}));
    host.apply("unknown type", std::slice::from_ref(&thing), &json!({})).await.ok();
    host.apply("unknown type, to be checked", &[thing], &json!({"validate": true})).await.is(400, "InvalidRequest");
    let nobody = json!({"repo": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"});
    host.apply("no such repository", &[create("32", "x")], &nobody).await.is(403, "AccountNotFound");
}
