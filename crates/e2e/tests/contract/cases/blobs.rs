//! Uploads, and records that refer to them.

use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;

use crate::host::{Host, post_with};

pub(crate) const LIMITS: bool = false;
/// A PNG of one pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdacd\xf8\xcf\
    P\x0f\0\x03\x86\x01\x80Z4}k\0\0\0\0IEND\xaeB`\x82";

fn pictures(blob: &Value, count: usize) -> Value {
    let picture = json!({"alt": "", "image": blob});
    post_with(&json!({"embed": {"$type": "app.bsky.embed.images", "images": vec![picture; count]}}))
}

fn with(blob: &Value, key: &str, value: Value) -> Value {
    let mut changed = blob.clone();
    changed[key] = value;
    changed
}

pub(crate) async fn case(host: &Host) {
    let first = host.upload("a picture", Some("image/png"), PNG).await;
    let blob = first.ok()["blob"].clone();
    assert_eq!(blob["ref"]["$link"], cid_of_blob(PNG).as_str());
    assert_eq!((&blob["mimeType"], &blob["size"]), (&json!("image/png"), &json!(PNG.len())));
    assert_eq!(host.upload("sent as text", Some("text/plain"), PNG).await.ok()["blob"], blob, "the type is sniffed");
    let captions = host.upload("captions", Some("text/vtt; charset=utf-8"), b"WEBVTT\n").await;
    assert_eq!(captions.text("/blob/mimeType"), "text/vtt");
    host.upload("no type", None, PNG).await.is(400, "InvalidRequest");
    host.procedure("nobody", "com.atproto.repo.uploadBlob", None, &json!({})).await.is(401, "AuthMissing");

    in_records(host, &blob).await;

    let gone = host.upload("to be deleted", Some("image/png"), b"not really a picture").await.ok()["blob"].clone();
    let rkey = json!({"rkey": "3m5aaaaaaaa22"});
    host.create("in use", &pictures(&gone, 1), &rkey).await.ok();
    let target = json!({"repo": host.did, "collection": "app.bsky.feed.post", "rkey": "3m5aaaaaaaa22"});
    host.procedure("delete", "com.atproto.repo.deleteRecord", Some(&host.token), &target).await.ok();
    host.create("gone with its record", &pictures(&gone, 1), &rkey).await.is(400, "BlobNotFound");
}

async fn in_records(host: &Host, blob: &Value) {
    let record_fault = "Invalid app.bsky.feed.post record: ";
    let missing = cid_of_blob(b"never uploaded");
    let cases = [
        (
            "five pictures",
            pictures(blob, 5),
            "InvalidRequest",
            "array too big (maximum 4, got 5) at $.record.embed.images",
        ),
        (
            "too large",
            pictures(&with(blob, "size", json!(2_000_001)), 1),
            "InvalidRequest",
            "blob too big (maximum 2000000, got 2000001) at $.record.embed.images[0].image",
        ),
        (
            "no picture",
            pictures(&with(blob, "mimeType", json!("text/plain")), 1),
            "InvalidRequest",
            "Expected \"image/*\" (got \"text/plain\") at $.record.embed.images[0].image.mimeType",
        ),
        (
            "no blob",
            pictures(&json!({"a": 1}), 1),
            "InvalidRequest",
            "Expected blob value type (got {\"a\": ...}) at $.record.embed.images[0].image",
        ),
        ("size", pictures(&with(blob, "size", json!(7)), 1), "InvalidSize", ""),
        ("type", pictures(&with(blob, "mimeType", json!("image/jpeg")), 1), "InvalidMimeType", ""),
        ("unknown", pictures(&with(blob, "ref", json!({"$link": missing.as_str()})), 1), "BlobNotFound", ""),
    ];
    for (label, record, error, fault) in cases {
        let answer = host.create(label, &record, &json!({})).await;
        answer.is(400, error);
        assert!(fault.is_empty() || answer.message() == format!("{record_fault}{fault}"), "{answer:?}");
    }
    let mut no_alt = pictures(blob, 1);
    no_alt["embed"]["images"][0].as_object_mut().unwrap().shift_remove("alt");
    host.create("no alt", &no_alt, &json!({})).await.is(400, "InvalidRequest");
    let mut flat = pictures(blob, 1);
    flat["embed"]["images"][0]["aspectRatio"] = json!({"width": 0, "height": 1});
    host.create("flat", &flat, &json!({})).await.is(400, "InvalidRequest");
    let video = post_with(&json!({"embed": {"$type": "app.bsky.embed.video", "video": blob}}));
    host.create("a picture as video", &video, &json!({})).await.is(400, "InvalidRequest");
    host.create("one picture", &pictures(blob, 1), &json!({"validate": true})).await.ok();
    let item = json!({"$type": "app.bsky.embed.gallery#image", "image": blob, "alt": "", "aspectRatio": {"width": 1, "height": 1}});
    let gallery = post_with(&json!({"embed": {"$type": "app.bsky.embed.gallery", "items": [item]}}));
    host.create("a gallery", &gallery, &json!({"validate": true})).await.ok();
}
