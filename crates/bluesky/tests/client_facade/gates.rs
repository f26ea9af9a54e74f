//! Quotes, labels and gates, as records.

use serde_json::{Value, json};
use skein_bluesky::AtUri;
use skein_bluesky::client::{ClientError, MayAnswer, Post, PostError};

use crate::house::{House, image};
use crate::network::{DID, Reply, refusal};

const CID: &str = "bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";
const LIST: &str = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.graph.list/x";
const POST: &str = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3ke6kg3wk2222";

fn kept(uri: &str, value: &Value) -> Reply {
    Reply::Json(200, json!({"uri": uri, "cid": CID, "value": value}))
}

fn post() -> Value {
    json!({"$type": "app.bsky.feed.post", "text": "x", "createdAt": "2026-01-01T00:00:00Z"})
}

#[tokio::test]
async fn a_quote_stands_alone_or_beside_pictures_and_labels_are_the_authors() {
    let house = House::new().await;
    house.network.order("getRecord", kept(POST, &post()));
    house.network.order("getRecord", kept(POST, &post()));
    house.takes(b"png");
    let quoting = Post::new("").quote(POST).labels(["porn", "!no-unauthenticated"]);
    let beside =
        Post::new("See").quote("https://bsky.app/profile/alice.test/post/3ke6kg3wk2222").image(image(b"png", "A"));
    house.client.thread([quoting, beside]).await.unwrap();
    let writes = house.writes();
    let record = json!({"$type": "app.bsky.embed.record", "record": {"uri": POST, "cid": CID}});
    assert_eq!(writes[0]["value"]["embed"], record);
    let labels = json!({"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}, {"val": "!no-unauthenticated"}]});
    assert_eq!(writes[0]["value"]["labels"], labels);
    assert!(writes[1]["value"].get("labels").is_none());
    let embed = &writes[1]["value"]["embed"];
    assert_eq!((&embed["$type"], &embed["record"]), (&json!("app.bsky.embed.recordWithMedia"), &record));
    assert_eq!(embed["media"]["$type"], "app.bsky.embed.images");
}

#[tokio::test]
async fn what_its_author_does_not_let_be_quoted_is_not() {
    let house = House::new().await;
    let bob = "did:plc:bob22222222222222222222a";
    let uri = format!("at://{bob}/app.bsky.feed.post/3ke6kg3wk2222");
    let service =
        json!({"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": house.network.pds()});
    let document = json!({"id": bob, "alsoKnownAs": ["at://bob.test"], "service": [service]});
    let gate =
        json!({"$type": "app.bsky.feed.postgate", "embeddingRules": [{"$type": "app.bsky.feed.postgate#disableRule"}]});
    house.network.order("plc", Reply::Json(200, document.clone()));
    house.network.order("getRecord", kept(&uri, &post()));
    house.network.order("getRecord", kept(&uri, &gate));
    let error = house.client.post(Post::new("See").quote(&uri)).await.unwrap_err();
    assert!(matches!(error, ClientError::NotToBeQuoted { .. }), "{error:?}");
    assert_eq!(house.network.count("applyWrites"), 0);
    house.network.order("plc", Reply::Json(200, document));
    house.network.order("getRecord", kept(&uri, &post()));
    house.network.order("getRecord", refusal(400, "RecordNotFound", "none"));
    house.client.post(Post::new("See").quote(&uri)).await.unwrap();
    let asked: Vec<String> = house.network.seen("getRecord").into_iter().map(|seen| seen.query).collect();
    assert!(asked[1].contains("app.bsky.feed.postgate") && asked[1].contains("rkey=3ke6kg3wk2222"), "{asked:?}");
}

#[tokio::test]
async fn gates_are_written_with_their_posts() {
    let house = House::new().await;
    // Named by handle, and written by DID.
    let list = AtUri::parse("at://alice.test/app.bsky.graph.list/x").unwrap();
    house.network.order("getRecord", kept(LIST, &json!({"$type": "app.bsky.graph.list", "name": "Friends"})));
    let who = [MayAnswer::Mentioned, MayAnswer::Followers, MayAnswer::Following, MayAnswer::Listed(list)];
    let receipts =
        house.client.thread([Post::new("one").answered_by(who), Post::new("two").no_quotes()]).await.unwrap();
    let writes = house.writes();
    let collections: Vec<&str> = writes.iter().map(|write| write["collection"].as_str().unwrap()).collect();
    let post = "app.bsky.feed.post";
    assert_eq!(collections, [post, post, "app.bsky.feed.threadgate", "app.bsky.feed.postgate"]);
    assert_eq!((&writes[2]["rkey"], &writes[3]["rkey"]), (&writes[0]["rkey"], &writes[1]["rkey"]));
    assert_eq!(writes[2]["value"]["post"], receipts[0].uri.as_str());
    assert_eq!(writes[2]["value"]["createdAt"], writes[0]["value"]["createdAt"]);
    let allow = json!([
        {"$type": "app.bsky.feed.threadgate#mentionRule"},
        {"$type": "app.bsky.feed.threadgate#followerRule"},
        {"$type": "app.bsky.feed.threadgate#followingRule"},
        {"$type": "app.bsky.feed.threadgate#listRule", "list": LIST},
    ]);
    assert_eq!(writes[2]["value"]["allow"], allow);
    assert_eq!(writes[3]["value"]["embeddingRules"], json!([{"$type": "app.bsky.feed.postgate#disableRule"}]));
    let rkey = writes[0]["rkey"].as_str().unwrap();
    assert_eq!(
        receipts[0].gates.iter().map(AtUri::as_str).collect::<Vec<_>>(),
        [format!("at://{DID}/app.bsky.feed.threadgate/{rkey}")]
    );
    assert!(receipts[1].gates[0].as_str().contains("/app.bsky.feed.postgate/"));
}

#[tokio::test]
async fn nobody_may_answer_where_no_rule_stands() {
    let house = House::new().await;
    house.client.post(Post::new("one").answered_by([]).no_quotes()).await.unwrap();
    let writes = house.writes();
    assert_eq!((writes.len(), &writes[1]["value"]["allow"]), (3, &json!([])));
}

#[tokio::test]
async fn only_lists_that_are_there_tell_who_may_answer() {
    let house = House::new().await;
    let listed = |uri: &str| Post::new("one").answered_by([MayAnswer::Listed(AtUri::parse(uri).unwrap())]);
    let before = house.network.total();
    for uri in [POST, "at://alice.test", "at://alice.test/app.bsky.graph.list"] {
        let error = house.client.post(listed(uri)).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::Post { error: PostError::NoList { given }, .. } if given == uri),
            "{error:?}"
        );
    }
    assert_eq!(house.network.total(), before, "nobody is asked");
    house.network.order("getRecord", refusal(400, "RecordNotFound", "none"));
    let error = house.client.post(listed(LIST)).await.unwrap_err();
    assert!(matches!(&error, ClientError::NoSuchList { uri } if uri.as_str() == LIST), "{error:?}");
    assert_eq!(house.network.count("applyWrites"), 0);
}

#[tokio::test]
async fn a_post_is_deleted_with_its_gates_and_other_records_alone() {
    let house = House::new().await;
    house.client.delete(POST).await.unwrap();
    house.client.delete(LIST).await.unwrap();
    let asked = house.network.seen("deleteRecord").into_iter().map(|seen| {
        let input: Value = serde_json::from_slice(&seen.body).unwrap();
        format!("{} {}", input["collection"].as_str().unwrap(), input["rkey"].as_str().unwrap())
    });
    let expected = [
        "app.bsky.feed.post 3ke6kg3wk2222",
        "app.bsky.feed.threadgate 3ke6kg3wk2222",
        "app.bsky.feed.postgate 3ke6kg3wk2222",
        "app.bsky.graph.list x",
    ];
    assert_eq!(asked.collect::<Vec<_>>(), expected);
}
