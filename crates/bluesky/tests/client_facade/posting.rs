//! What is written, and what is said about it.

use serde_json::{Value, json};
use skein_atproto::record::record_cid;
use skein_bluesky::client::{ClientError, Post};

use crate::house::{House, image};
use crate::network::{DID, HANDLE, NOW_S, Reply, refusal};

fn link(uri: &str, start: usize, end: usize) -> Value {
    let feature = json!({"$type": "app.bsky.richtext.facet#link", "uri": uri});
    json!({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
}

#[tokio::test]
async fn a_post_has_the_address_and_the_hash_that_were_computed_here() {
    let house = House::new().await;
    let receipt = house.client.post(Post::new("Hello").langs(["en", "pt-BR"]).tags(["rust"])).await.unwrap();
    let writes = house.writes();
    let record = &writes[0]["value"];
    assert_eq!(receipt.cid, record_cid(record).unwrap());
    assert_eq!(receipt.uri.as_str(), format!("at://{DID}/app.bsky.feed.post/{}", writes[0]["rkey"].as_str().unwrap()));
    assert_eq!((&record["langs"], &record["tags"]), (&json!(["en", "pt-BR"]), &json!(["rust"])));
    assert_eq!((receipt.http.status, receipt.warnings.len()), (200, 0));
}

#[tokio::test]
async fn a_thread_is_one_commit_whose_parts_answer_each_other() {
    let house = House::new().await;
    let receipts = house.client.thread(["one", "two", "three"].map(Post::new)).await.unwrap();
    let writes = house.writes();
    let of = |index: usize| json!({"uri": receipts[index].uri.as_str(), "cid": receipts[index].cid.as_str()});
    assert_eq!(writes[0]["value"].get("reply"), None);
    assert_eq!(writes[1]["value"]["reply"], json!({"root": of(0), "parent": of(0)}));
    assert_eq!(writes[2]["value"]["reply"], json!({"root": of(0), "parent": of(1)}));
    let times: Vec<_> = writes.iter().map(|write| write["value"]["createdAt"].as_str().unwrap()).collect();
    let millis: Vec<_> = times.iter().map(|time| &time[20..]).collect();
    assert_eq!(millis, ["000Z", "001Z", "002Z"]);
}

#[tokio::test]
async fn keys_grow_also_while_the_clock_stands() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.extend(house.client.thread([Post::new("a"), Post::new("b")]).await.unwrap().into_iter().map(|r| r.uri));
    }
    assert!(keys.is_sorted_by(|a, b| a.as_str() < b.as_str()), "{keys:?}");
}

#[tokio::test]
async fn a_record_that_the_server_changed_is_told() {
    let house = House::new().await;
    let other = record_cid(&json!({"text": "other"})).unwrap();
    house.network.order("applyWrites", Reply::Json(200, json!({"results": [{"cid": other.as_str()}]})));
    let error = house.client.post(Post::new("Hello")).await.unwrap_err();
    assert!(matches!(&error, ClientError::Changed { found, .. } if *found == other), "{error:?}");
}

#[tokio::test]
async fn a_lost_answer_says_where_to_look() {
    let house = House::new().await;
    let html = Reply::With(502, vec![], "<html>".to_owned());
    for reply in [Reply::Lost, html, Reply::Json(200, json!({"results": 7}))] {
        house.network.order("applyWrites", reply);
        let error = house.client.post(Post::new("Hello")).await.unwrap_err();
        let ClientError::MayBePosted { uri, .. } = &error else { panic!("{error:?}") };
        assert!(error.to_string().contains(&format!("look for {uri}")), "{error}");
    }
    house.network.order("applyWrites", refusal(400, "InvalidRequest", "no"));
    assert!(matches!(house.client.post(Post::new("Hello")).await.unwrap_err(), ClientError::Session(_)));
    assert_eq!(house.network.count("applyWrites"), 4, "nothing is sent twice");
}

#[tokio::test]
async fn an_ended_token_is_renewed_and_the_same_record_written() {
    let house = House::new().await;
    house.network.end_access_tokens();
    let receipt = house.client.post(Post::new("Hello")).await.unwrap();
    let bodies: Vec<_> = house.network.seen("applyWrites").into_iter().map(|seen| seen.body).collect();
    assert_eq!((bodies.len(), &bodies[0]), (2, &bodies[1]));
    assert!(String::from_utf8_lossy(&bodies[0]).contains(receipt.uri.as_str().rsplit('/').next().unwrap()));
}

#[tokio::test]
async fn links_tags_and_mentions_are_found_and_strangers_stay_text() {
    let house = House::new().await;
    let receipt = house.client.post(Post::new("@alice.test @nobody.test #tag https://example.com")).await.unwrap();
    let facets = house.record()["facets"].clone();
    let kinds: Vec<_> = facets.as_array().unwrap().iter().map(|facet| facet["features"][0].clone()).collect();
    let expected = [
        json!({"$type": "app.bsky.richtext.facet#mention", "did": DID}),
        json!({"$type": "app.bsky.richtext.facet#tag", "tag": "tag"}),
        json!({"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com"}),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(receipt.warnings, ["@nobody.test is no account that can be found, so it is no mention"]);
}

#[tokio::test]
async fn a_mention_that_cannot_be_looked_up_keeps_the_post_back() {
    let house = House::new().await;
    house.network.order("resolveHandle", Reply::With(502, vec![], "<html>".to_owned()));
    let error = house.client.post(Post::new("@alice.test")).await.unwrap_err();
    assert!(matches!(&error, ClientError::Identity(_)) && error.is_transient(), "{error:?}");
    assert_eq!(house.network.count("applyWrites"), 0);
}

#[tokio::test]
async fn markdown_becomes_links() {
    let house = House::new().await;
    let text = "Click [here](https://bsky.app/) to *go*, or [write](mailto:a@b.c)";
    let receipt = house.client.post(Post::markdown(text)).await.unwrap();
    let record = house.record();
    assert_eq!(record["text"], "Click here to go, or write");
    assert_eq!(record["facets"], json!([link("https://bsky.app/", 6, 10)]));
    assert!(receipt.warnings[0].contains("mailto:a@b.c"), "{:?}", receipt.warnings);
}

#[tokio::test]
async fn a_link_by_its_place_stands_beside_what_is_found_and_over_it() {
    let house = House::new().await;
    let post = Post::new("  Click here, or example.org and example.com").facet(8, 12, "https://bsky.app/");
    house.client.post(post.facet(17, 28, "https://other.example/")).await.unwrap();
    let record = house.record();
    assert_eq!(record["text"], "  Click here, or example.org and example.com", "places count, so nothing moves");
    let expected =
        [link("https://bsky.app/", 8, 12), link("https://other.example/", 17, 28), link("https://example.com", 33, 44)];
    assert_eq!(record["facets"], json!(expected));
}

#[tokio::test]
async fn an_answer_finds_parent_and_root() {
    let house = House::new().await;
    let root = json!({"uri": format!("at://{DID}/app.bsky.feed.post/3ke6kg3wk2222"), "cid": record_cid(&json!({})).unwrap().as_str()});
    let parent = json!({
        "$type": "app.bsky.feed.post", "text": "hm", "createdAt": "2026-01-01T00:00:00.000Z",
        "reply": {"root": root, "parent": root},
    });
    let uri = format!("at://{DID}/app.bsky.feed.post/3ke6kg3wk2223");
    let cid = record_cid(&parent).unwrap();
    let found = json!({"uri": uri, "cid": cid.as_str(), "value": parent});
    house.network.order("getRecord", Reply::Json(200, found));
    let page = format!("https://bsky.app/profile/{HANDLE}/post/3ke6kg3wk2223");
    house.client.thread([Post::new("π").reply_to(page), Post::new("more")]).await.unwrap();
    let writes = house.writes();
    assert_eq!(writes[0]["value"]["reply"], json!({"root": root, "parent": {"uri": uri, "cid": cid.as_str()}}));
    assert_eq!(writes[1]["value"]["reply"]["root"], root);
}

#[tokio::test]
async fn what_is_answered_must_be_there() {
    let house = House::new().await;
    house.network.order("getRecord", refusal(400, "RecordNotFound", "gone"));
    let uri = format!("at://{DID}/app.bsky.feed.post/3ke6kg3wk2223");
    house.takes(b"a");
    let post = Post::new("π").reply_to(uri.as_str()).image(image(b"a", ""));
    let error = house.client.post(post).await.unwrap_err();
    assert!(matches!(&error, ClientError::NoSuchPost { uri: gone } if gone.as_str() == uri), "{error:?}");
    assert_eq!((house.network.count("applyWrites"), house.network.count("uploadBlob")), (0, 0));
}

#[tokio::test]
async fn the_instant_is_that_of_the_clock() {
    let house = House::new().await;
    house.client.post(Post::new("now")).await.unwrap();
    let at: jiff::Timestamp = house.record()["createdAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(at.as_second(), NOW_S);
}
