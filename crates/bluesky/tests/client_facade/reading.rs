//! Any method, the HTTP side of its answer, and lists that go on where they were left.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use skein_bluesky::client::ClientError;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::reads::{FeedFilter, ThreadNode};

use crate::house::{House, builder};
use crate::network::{DID, HANDLE, Network, Reply, refusal};

const TIMELINE: &str = "app.bsky.feed.getTimeline";

#[derive(Deserialize)]
struct Profile {
    handle: String,
}

fn page(cursor: Option<&str>) -> Reply {
    Reply::Json(200, json!({"feed": [], "cursor": cursor}))
}

fn asked(network: &Network) -> Vec<String> {
    network.seen("getTimeline").into_iter().map(|seen| seen.query).collect()
}

#[tokio::test]
async fn nobody_asks_the_app_view_and_an_account_its_own_server() {
    let (network, journal) = (Network::start().await, Arc::new(MemoryJournal::new()));
    let nobody = builder(&network, &journal).anonymous().unwrap();
    let headers = vec![
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("ratelimit-limit", "3000".to_owned()),
        ("ratelimit-remaining", "2999".to_owned()),
    ];
    network.order("getProfile", Reply::With(200, headers, r#"{"handle":"bsky.app"}"#.to_owned()));
    let answer = nobody.get("app.bsky.actor.getProfile", &[("actor", "bsky.app")]).await.unwrap();
    assert_eq!(answer["handle"], "bsky.app");
    assert_eq!(answer.decode::<Profile>().unwrap().handle, "bsky.app");
    assert_eq!((answer.http.status, answer.http.url.host_str()), (200, Some("127.0.0.1")));
    assert_eq!(answer.http.url.query(), Some("actor=bsky.app"));
    assert_eq!(answer.http.headers.rate_limit.as_ref().unwrap().remaining, Some(2_999));
    assert!(answer.http.call.is_some());
    assert_eq!(network.seen("getProfile")[0].token, None);
    let house = House::new().await;
    let answer = house.client.get("app.bsky.actor.getProfile", &[("actor", "bsky.app")]).await.unwrap();
    assert_eq!(answer.http.url.host_str(), Some("localhost"));
    assert!(house.network.seen("getProfile")[0].token.is_some());
}

#[tokio::test]
async fn a_refusal_names_its_row_of_the_log() {
    let house = House::new().await;
    house.network.order("searchPosts", refusal(400, "InvalidRequest", "Params must have the property \"q\""));
    let error = house.client.get("app.bsky.feed.searchPosts", &[]).await.unwrap_err();
    assert!(error.to_string().contains("InvalidRequest"), "{error}");
    assert!(error.call().unwrap().starts_with("call_"));
    assert!(!error.is_transient());
}

#[tokio::test]
async fn what_is_no_json_comes_as_bytes_and_broken_json_is_an_error() {
    let house = House::new().await;
    let car = vec![("content-type", "application/vnd.ipld.car".to_owned())];
    house.network.order("getRepo", Reply::With(200, car, "{car".to_owned()));
    let answer = house.client.get("com.atproto.sync.getRepo", &[]).await.unwrap();
    assert!(answer.is_null());
    assert_eq!(answer.bytes().as_ref(), b"{car");
    let json = vec![("content-type", "application/json".to_owned())];
    house.network.order("getRepo", Reply::With(200, json, "{car".to_owned()));
    assert!(house.client.get("com.atproto.sync.getRepo", &[]).await.is_err());
}

#[tokio::test]
async fn a_procedure_takes_json_and_bytes() {
    let house = House::new().await;
    let input = json!({"priority": false});
    let answer = house.client.call("app.bsky.notification.putPreferences", input.clone()).await.unwrap();
    assert_eq!(answer["welcome"], true);
    assert_eq!(house.network.seen("putPreferences")[0].body, input.to_string());
    house.client.call_bytes("com.atproto.repo.importRepo", "application/vnd.ipld.car", &b"car"[..]).await.unwrap();
    let seen = &house.network.seen("importRepo")[0];
    assert_eq!(
        (seen.headers["content-type"].to_str().unwrap(), &seen.body[..]),
        ("application/vnd.ipld.car", &b"car"[..])
    );
}

#[tokio::test]
async fn another_service_is_reached_through_the_account_s_server() {
    let house = House::new().await;
    let service = "did:web:api.bsky.chat#bsky_chat";
    let chat = house.client.through(service).unwrap();
    chat.get("chat.bsky.convo.listConvos", &[]).await.unwrap();
    chat.call("chat.bsky.convo.updateRead", json!({})).await.unwrap();
    house.client.get("chat.bsky.convo.getLog", &[]).await.unwrap();
    for call in ["listConvos", "updateRead"] {
        assert_eq!(house.network.seen(call)[0].headers["atproto-proxy"], service);
    }
    assert!(house.network.seen("getLog")[0].headers.get("atproto-proxy").is_none());
    assert!(house.client.through("bsky_chat").is_err());
}

#[tokio::test]
async fn a_page_that_was_not_taken_comes_again() {
    let house = House::new().await;
    let home = || house.client.get(TIMELINE, &[("limit", "5")]).cursor("home");
    for cursor in [Some("two"), Some("two"), Some("three"), None, Some("two")] {
        house.network.order("getTimeline", page(cursor));
    }
    drop(home().await.unwrap());
    home().await.unwrap().taken().await.unwrap();
    home().await.unwrap().taken().await.unwrap();
    let last = home().await.unwrap();
    assert!(last.is_last());
    last.taken().await.unwrap();
    home().await.unwrap().taken().await.unwrap();
    house.network.order("getTimeline", page(None));
    home().rewind().await.unwrap().taken().await.unwrap();
    let expected = ["limit=5", "limit=5", "limit=5&cursor=two", "limit=5&cursor=three", "limit=5", "limit=5"];
    assert_eq!(asked(&house.network), expected);
}

#[tokio::test]
async fn names_accounts_and_methods_have_cursors_of_their_own() {
    let house = House::new().await;
    for _ in 0..3 {
        house.network.order("getTimeline", page(Some("two")));
    }
    house.client.get(TIMELINE, &[]).cursor("a").await.unwrap().taken().await.unwrap();
    house.client.get(TIMELINE, &[]).cursor("b").await.unwrap().taken().await.unwrap();
    let nobody = builder(&house.network, &house.journal).anonymous().unwrap();
    nobody.get(TIMELINE, &[]).cursor("a").await.unwrap().taken().await.unwrap();
    assert_eq!(asked(&house.network), ["", "", ""]);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_end() {
    let house = House::new().await;
    for cursor in [Some("two"), None] {
        house.network.order("getTimeline", page(cursor));
    }
    let mut pages = house.client.get(TIMELINE, &[]).pages("home").await.unwrap();
    let mut read = 0;
    while let Some(page) = pages.next().await.unwrap() {
        assert!(page["feed"].is_array());
        page.taken().await.unwrap();
        read += 1;
    }
    assert_eq!((read, asked(&house.network)), (2, vec![String::new(), "cursor=two".to_owned()]));
    let error = house.client.get("no method", &[]).pages("x").await.unwrap_err();
    assert!(matches!(error, ClientError::Method(_)), "{error:?}");
}

#[tokio::test]
async fn posts_that_are_named_by_handle_are_asked_for_by_did_and_each_handle_once() {
    let house = House::new().await;
    let counted = |number: u32| {
        let uri = format!("at://{DID}/app.bsky.feed.post/3ke6kg3wk222{number}");
        let cid = "bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";
        let author = json!({"did": DID, "handle": HANDLE});
        json!({"uri": uri, "cid": cid, "author": author, "record": {}, "likeCount": number, "indexedAt": "x"})
    };
    house.network.order("getPosts", Reply::Json(200, json!({"posts": [counted(3), counted(2)]})));
    let before = house.network.count("resolveHandle");
    let pages = ["2", "3", "4"].map(|key| format!("https://bsky.app/profile/alice.test/post/3ke6kg3wk222{key}"));
    let counts = house.client.counts(&pages).await.unwrap();
    assert_eq!(
        counts.iter().map(|counts| counts.map(|counts| counts.likes)).collect::<Vec<_>>(),
        [Some(2), Some(3), None]
    );
    assert_eq!(house.network.count("resolveHandle"), before + 1);
    let asked = &house.network.seen("getPosts")[0];
    assert!(!asked.query.contains(HANDLE) && asked.query.matches("uris=").count() == 3, "{}", asked.query);
    assert_eq!(asked.token, None, "what is public is read as nobody");

    let before = house.network.total();
    let error = house.client.counts(&["hello"]).await.unwrap_err();
    assert!(matches!(error, ClientError::Address(_)), "{error:?}");
    assert_eq!(house.network.total(), before);
    let error =
        house.client.conversation("https://bsky.app/profile/nobody.test/post/3ke6kg3wk2222", 1, 1).await.unwrap_err();
    assert!(matches!(error, ClientError::Lookup(_)), "{error:?}");
    house.network.order("getPostThread", refusal(400, "NotFound", "Post not found"));
    let uri = format!("at://{DID}/app.bsky.feed.post/3ke6kg3wk2222");
    assert_eq!(house.client.conversation(&uri, 1, 1).await.unwrap(), ThreadNode::NotFound(uri));
    house.network.order("getAuthorFeed", Reply::Json(200, json!({"feed": [], "cursor": "next"})));
    let page = house.client.author_feed(HANDLE, FeedFilter::PostsWithMedia, Some("here"), 5).await.unwrap();
    assert_eq!(page.cursor.as_deref(), Some("next"));
    let query = &house.network.seen("getAuthorFeed")[0].query;
    assert!(
        query.contains("cursor=here") && query.contains("posts_with_media") && query.contains("limit=5"),
        "{query}"
    );
}
