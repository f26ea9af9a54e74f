//! Analytics reads: counts, feeds and threads.

use serde_json::{Value, json};
use skein_atproto::syntax::AtUri;
use skein_bluesky::reads::{self, Counts, FeedFilter, ThreadNode};
use skein_bluesky::xrpc::{CallError, XrpcClient};
use skein_net::AllowPrivate;

use crate::network::{DID, HANDLE, Network, Reply, http, refusal};

const CID: &str = "bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";

fn client(network: &Network) -> XrpcClient {
    XrpcClient::new(http(AllowPrivate::None)).allowing(&network.shared())
}

fn uri(authority: &str, number: usize) -> AtUri {
    AtUri::parse(&format!("at://{authority}/app.bsky.feed.post/post{number}")).unwrap()
}

fn view(number: usize) -> Value {
    json!({
        "uri": uri(DID, number).as_str(), "cid": CID, "author": {"did": DID, "handle": HANDLE},
        "record": {"$type": "app.bsky.feed.post", "text": format!("Number {number}")},
        "likeCount": number, "repostCount": 2, "replyCount": 3, "quoteCount": 4, "bookmarkCount": 5,
        "indexedAt": "2026-11-21T08:00:00.000Z", "labels": [],
    })
}

fn posts(numbers: impl Iterator<Item = usize>) -> Reply {
    Reply::Json(200, json!({"posts": numbers.map(view).collect::<Vec<_>>()}))
}

fn likes(counts: &[Option<Counts>]) -> Vec<Option<u64>> {
    counts.iter().map(|counts| counts.map(|counts| counts.likes)).collect()
}

#[tokio::test]
async fn counts_are_asked_for_by_twenty_five_and_come_in_order() {
    let network = Network::start().await;
    // The first answer comes in another order, and without number 7.
    network.order("getPosts", posts((0..25).rev().filter(|number| *number != 7)));
    network.order("getPosts", posts(25..26));
    let uris: Vec<AtUri> = (0..26).map(|number| uri(DID, number)).collect();
    let counts = reads::counts(&client(&network), &network.shared(), None, &uris).await.unwrap();
    let expected: Vec<_> = (0..26).map(|number| (number != 7).then_some(number)).collect();
    assert_eq!(likes(&counts), expected);
    assert_eq!(counts[1], Some(Counts { likes: 1, reposts: 2, replies: 3, quotes: 4, bookmarks: 5 }));
    let asked: Vec<usize> = network.seen("getPosts").iter().map(|seen| seen.query.matches("uris=").count()).collect();
    assert_eq!(asked, [25, 1]);
}

#[tokio::test]
async fn nothing_is_asked_for_no_posts() {
    let network = Network::start().await;
    assert!(reads::counts(&client(&network), &network.shared(), None, &[]).await.unwrap().is_empty());
    assert_eq!(network.total(), 0);
}

#[tokio::test]
async fn a_post_named_by_handle_or_twice_is_found() {
    let network = Network::start().await;
    network.order("getPosts", posts(3..4));
    let other_key = AtUri::parse(&uri(DID, 3).as_str().replace("post3", "POST3")).unwrap();
    let uris = [uri(HANDLE, 3), uri(&HANDLE.to_uppercase(), 3), uri(DID, 3), uri("bob.test", 3), other_key];
    let counts = reads::counts(&client(&network), &network.shared(), None, &uris).await.unwrap();
    assert_eq!(likes(&counts), [Some(3), Some(3), Some(3), None, None]);
}

#[tokio::test]
async fn what_is_not_counted_is_zero_and_nonsense_is_malformed() {
    let network = Network::start().await;
    let mut bare = view(1);
    for name in ["likeCount", "repostCount", "replyCount", "quoteCount", "bookmarkCount"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    network.order("getPosts", Reply::Json(200, json!({"posts": [bare]})));
    let counts = reads::counts(&client(&network), &network.shared(), None, &[uri(DID, 1)]).await.unwrap();
    assert_eq!(counts, [Some(Counts::default())]);
    for nonsense in [json!({}), json!({"posts": {}}), json!([])] {
        network.order("getPosts", Reply::Json(200, nonsense.clone()));
        let error = reads::counts(&client(&network), &network.shared(), None, &[uri(DID, 1)]).await.unwrap_err();
        assert!(matches!(error, CallError::Malformed { .. }), "{nonsense}: {error:?}");
    }
}

#[tokio::test]
async fn an_author_feed_is_read_page_by_page() {
    let network = Network::start().await;
    let repost = json!({"post": view(1), "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}});
    network.order("getAuthorFeed", Reply::Json(200, json!({"feed": [{"post": view(2)}, repost], "cursor": "next"})));
    network.order("getAuthorFeed", Reply::Json(200, json!({"feed": []})));
    let (client, appview) = (client(&network), network.shared());
    let filter = FeedFilter::PostsAndAuthorThreads;
    let first = reads::author_feed(&client, &appview, HANDLE, filter, None, 30).await.unwrap();
    assert_eq!(first.feed.iter().flatten().map(|item| item.post.counts.likes).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(first.feed.iter().flatten().map(|item| item.reason.is_some()).collect::<Vec<_>>(), [false, true]);
    assert_eq!(first.feed[0].as_ref().unwrap().post.record["text"], "Number 2");
    let last = reads::author_feed(&client, &appview, HANDLE, filter, first.cursor.as_deref(), 255).await.unwrap();
    assert_eq!((last.feed.len(), last.cursor), (0, None));
    let queries: Vec<String> = network.seen("getAuthorFeed").into_iter().map(|seen| seen.query).collect();
    let asked = format!("actor={HANDLE}&filter=posts_and_author_threads");
    assert_eq!(queries, [format!("{asked}&limit=30"), format!("{asked}&limit=100&cursor=next")]);
}

#[tokio::test]
async fn a_thread_is_read_up_and_down() {
    let network = Network::start().await;
    let kind = |name: &str| format!("app.bsky.feed.defs#{name}");
    let gone = json!({"$type": kind("notFoundPost"), "uri": uri(DID, 9).as_str(), "notFound": true});
    let blocked = json!({"$type": kind("blockedPost"), "uri": uri(DID, 8).as_str(), "blocked": true, "author": {}});
    let deeper = json!({"$type": kind("threadViewPost"), "post": view(5)});
    let thread = json!({
        "$type": kind("threadViewPost"),
        "post": view(2),
        "parent": {"$type": kind("threadViewPost"), "post": view(1), "parent": gone},
        "replies": [{"$type": kind("threadViewPost"), "post": view(4), "replies": [deeper]}, blocked],
    });
    network.order("getPostThread", Reply::Json(200, json!({"thread": thread})));
    let read = reads::thread(&client(&network), &network.shared(), &uri(DID, 2), 6, 1_000).await.unwrap();
    let ThreadNode::Post(post) = read else { panic!("{read:?}") };
    assert_eq!(post.post.counts.likes, 2);
    let Some(ThreadNode::Post(parent)) = &post.parent else { panic!("{post:?}") };
    assert_eq!(parent.parent, Some(ThreadNode::NotFound(uri(DID, 9).as_str().to_owned())));
    let ThreadNode::Post(reply) = &post.replies[0] else { panic!("{post:?}") };
    let ThreadNode::Post(deeper) = &reply.replies[0] else { panic!("{reply:?}") };
    assert_eq!((reply.post.counts.likes, deeper.post.counts.likes), (4, 5));
    assert_eq!(post.replies[1], ThreadNode::Blocked(uri(DID, 8).as_str().to_owned()));
    let query = &network.seen("getPostThread")[0].query;
    assert!(query.ends_with("&depth=6&parentHeight=80"), "{query}");
}

#[tokio::test]
async fn the_deepest_thread_that_is_asked_for_can_be_read() {
    let network = Network::start().await;
    let kind = "app.bsky.feed.defs#threadViewPost";
    let mut down = json!({"$type": kind, "post": view(0)});
    for _ in 0..reads::DEPTH_MOST {
        down = json!({"$type": kind, "post": view(0), "replies": [down]});
    }
    let mut up = json!({"$type": kind, "post": view(0)});
    for _ in 1..reads::PARENTS_MOST {
        up = json!({"$type": kind, "post": view(0), "parent": up});
    }
    down["parent"] = up;
    network.order("getPostThread", Reply::Json(200, json!({"thread": down})));
    let read = reads::thread(&client(&network), &network.shared(), &uri(DID, 0), u16::MAX, u16::MAX).await.unwrap();
    let (mut levels, mut node) = (0, &read);
    while let ThreadNode::Post(post) = node
        && let Some(reply) = post.replies.first()
    {
        (levels, node) = (levels + 1, reply);
    }
    assert_eq!(levels, reads::DEPTH_MOST);
}

#[tokio::test]
async fn a_thread_that_is_gone_is_an_answer_and_nonsense_is_malformed() {
    let network = Network::start().await;
    let (client, appview, uri) = (client(&network), network.shared(), uri(DID, 1));
    network.order("getPostThread", refusal(400, "NotFound", "Post not found"));
    let gone = reads::thread(&client, &appview, &uri, 1, 1).await.unwrap();
    assert_eq!(gone, ThreadNode::NotFound(uri.as_str().to_owned()));
    for nonsense in [json!({}), json!({"threads": {}}), json!([])] {
        network.order("getPostThread", Reply::Json(200, nonsense.clone()));
        let error = reads::thread(&client, &appview, &uri, 1, 1).await.unwrap_err();
        assert!(matches!(error, CallError::Malformed { .. }), "{nonsense}: {error:?}");
    }
}

/// JSON that is nested deeper than is read, as text: no value of that depth can be made.
fn deep() -> String {
    format!("{}1{}", "[".repeat(200), "]".repeat(200))
}

/// A view whose record, or whose embed as the AppView shows it, is nested too deep.
fn deep_view(number: usize, member: &str) -> String {
    let mut bad = view(number);
    bad[member] = json!("DEEP");
    bad.to_string().replace("\"DEEP\"", &deep())
}

fn text(body: String) -> Reply {
    Reply::With(200, vec![("content-type", "application/json".to_owned())], body)
}

#[tokio::test]
async fn a_post_that_cannot_be_read_hides_no_other_in_a_feed() {
    let network = Network::start().await;
    let (bad, embed, odd) = (deep_view(1, "record"), deep_view(2, "embed"), json!({"post": {"uri": "at://odd"}}));
    let body = format!(
        r#"{{"feed": [{{"post": {bad}}}, {{"post": {embed}, "reply": {}}}, {odd}, 7, {{"post": {}}}], "cursor": "next"}}"#,
        deep(),
        view(3)
    );
    network.order("getAuthorFeed", text(body));
    let filter = FeedFilter::default();
    let page = reads::author_feed(&client(&network), &network.shared(), HANDLE, filter, None, 30).await.unwrap();
    let read: Vec<_> = page.feed.iter().map(|item| item.as_ref().ok().map(|item| item.post.counts.likes)).collect();
    assert_eq!(read, [None, Some(2), None, None, Some(3)]);
    let told: Vec<&str> = page.feed.iter().filter_map(|item| Some(item.as_ref().err()?.uri.as_str())).collect();
    assert_eq!(told, [uri(DID, 1).as_str(), "at://odd", ""]);
    let first = page.feed[0].as_ref().unwrap_err().to_string();
    assert!(first.contains("post1 cannot be read: recursion limit"), "{first}");
    assert_eq!(page.cursor.as_deref(), Some("next"));
}

#[tokio::test]
async fn counts_do_not_depend_on_what_the_posts_hold() {
    let network = Network::start().await;
    let posts = format!(r#"{{"posts": [{}, {}, {{"uri": 1}}, 7]}}"#, deep_view(1, "record"), deep_view(2, "embed"));
    network.order("getPosts", text(posts));
    let uris = [uri(DID, 1), uri(DID, 2), uri(DID, 3)];
    let counts = reads::counts(&client(&network), &network.shared(), None, &uris).await.unwrap();
    assert_eq!(likes(&counts), [Some(1), Some(2), None]);
}

#[tokio::test]
async fn a_post_that_cannot_be_read_hides_no_other_in_a_thread() {
    let network = Network::start().await;
    let kind = "app.bsky.feed.defs#threadViewPost";
    let bad = format!(r#"{{"$type": "{kind}", "post": {}}}"#, deep_view(1, "record"));
    let later = json!({"$type": "app.bsky.feed.defs#pollPost", "uri": "at://poll"});
    let good = json!({"$type": kind, "post": view(3), "replies": "none"});
    let empty = json!({"$type": kind});
    let body = format!(
        r#"{{"thread": {{"$type": "{kind}", "post": {}, "parent": {later}, "replies": [{bad}, {later}, 7, {empty}, {good}]}}}}"#,
        view(2)
    );
    network.order("getPostThread", text(body));
    let read = reads::thread(&client(&network), &network.shared(), &uri(DID, 2), 6, 6).await.unwrap();
    let ThreadNode::Post(post) = read else { panic!("{read:?}") };
    let told = |node: &ThreadNode| match node {
        ThreadNode::Unreadable(post) => post.uri.clone(),
        ThreadNode::Post(post) => format!("{} likes", post.post.counts.likes),
        other => panic!("{other:?}"),
    };
    let replies: Vec<String> = post.replies.iter().map(told).collect();
    assert_eq!(replies, [uri(DID, 1).as_str(), "at://poll", "", "", "3 likes"]);
    assert_eq!(post.parent.as_ref().map(told).as_deref(), Some("at://poll"));
}

#[tokio::test]
async fn a_thread_that_is_deeper_than_was_asked_for_is_read_to_a_bound() {
    let network = Network::start().await;
    let open = format!(r#"{{"$type": "app.bsky.feed.defs#threadViewPost", "post": {}, "parent": "#, view(1));
    let levels = 1_000;
    network.order("getPostThread", text(format!(r#"{{"thread": {}null{}}}"#, open.repeat(levels), "}".repeat(levels))));
    let read = reads::thread(&client(&network), &network.shared(), &uri(DID, 1), 6, 6).await.unwrap();
    let (mut read_levels, mut node) = (0, &read);
    while let ThreadNode::Post(post) = node
        && let Some(parent) = &post.parent
    {
        (read_levels, node) = (read_levels + 1, parent);
    }
    assert_eq!(read_levels, usize::from(reads::DEPTH_MOST + reads::PARENTS_MOST));
    assert!(matches!(node, ThreadNode::Unreadable(post) if post.uri == uri(DID, 1).as_str()), "{node:?}");
}
