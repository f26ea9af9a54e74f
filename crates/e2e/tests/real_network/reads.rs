//! Profiles, counts, feeds, threads and search.

use serde_json::{Value, json};

use crate::Scene;

/// One network for all of them: it takes long to start.
#[tokio::test]
async fn real_network_answers_what_the_command_line_reads() {
    let mut scene = Scene::set().await;
    scene.rig.login("alice.test", scene.network.pds_url(), &scene.alice.app_password).await.exits(0);
    let notes = scene.rig.file("notes.txt", "One goose\n---\nTwo geese\n---\nThree geese");
    let thread = scene.json(&["thread", &notes, "--ref", "geese"]).await;
    let records: Vec<Value> = thread["deliveries"][0]["receipt"]["records"].as_array().unwrap().clone();
    assert_eq!(records.len(), 3, "{thread:#}");
    let subject = json!({"uri": records[0]["uri"], "cid": records[0]["cid"]});
    scene.bob_writes("app.bsky.feed.like", json!({ "subject": subject })).await;
    scene.bob_writes("app.bsky.feed.repost", json!({ "subject": subject })).await;
    let reply = json!({"root": subject, "parent": subject});
    let answer = scene.bob_writes("app.bsky.feed.post", json!({"text": "Honk", "reply": reply})).await;
    scene.network.settle().await.unwrap();
    counts(&scene, &records).await;
    threads(&scene, &records, &answer).await;
    feeds(&scene).await;
    let found = scene.json(&["get", "app.bsky.feed.searchPosts", "q=geese", "--account", "alice.test"]).await;
    assert_eq!(found["posts"].as_array().unwrap().len(), 2, "{found:#}");
    profiles(&mut scene).await;
}

async fn counts(scene: &Scene, records: &[Value]) {
    let own = scene.json(&["counts", "ref:geese"]).await;
    let counted: Vec<&Value> = own["posts"].as_array().unwrap().iter().collect();
    assert_eq!(counted.len(), 3, "every part is counted");
    let expected = json!({"likes": 1, "reposts": 1, "replies": 2, "quotes": 0, "bookmarks": 0});
    assert_eq!((&counted[0]["uri"], &counted[0]["counts"]), (&records[0]["uri"], &expected));
    let page = page(&records[0]);
    let never = format!("at://{}/app.bsky.feed.post/3ke6kg3wk2222", scene.alice.did);
    let mixed = scene.json(&["counts", &page, &never, "last"]).await;
    assert_eq!((&mixed["posts"][0]["counts"], &mixed["posts"][1]["counts"]), (&expected, &Value::Null));
    assert_eq!(mixed["posts"].as_array().unwrap().len(), 5);
    // 27 posts are two calls.
    let before = asked(scene, "getPosts").await;
    let many: Vec<&str> = std::iter::repeat_n("last", 9).collect();
    let counted = scene.json(&[&["counts"], &many[..]].concat()).await;
    assert_eq!(counted["posts"].as_array().unwrap().len(), 27);
    assert_eq!(asked(scene, "getPosts").await, before + 2);
    let shown = scene.rig.run(&["counts", &page, &never]).await.exits(0).stdout;
    assert!(shown.contains("likes") && shown.contains("1 post is not shown"), "{shown}");
    let feed = format!("at://{}/app.bsky.feed.generator/x", scene.alice.did);
    let refused = scene.rig.run(&["counts", &feed, "--json"]).await.exits(2).json();
    assert_eq!(refused["errors"][0]["code"], "not_a_post");
    scene.rig.run(&["counts", "ref:nothing"]).await.exits(1);
    let nobodys = ["counts", "https://bsky.app/profile/nobody.test/post/3ke6kg3wk2222", "--json"];
    assert_eq!(scene.rig.run(&nobodys).await.exits(1).json()["errors"][0]["code"], "handle_not_found");
    scene.rig.run(&["post", "Later", "--at", "in 3 hours", "--ref", "later"]).await.exits(6);
    let unpublished = scene.rig.run(&["counts", "ref:later", "--json"]).await.exits(1).json();
    assert_eq!(unpublished["errors"][0]["code"], "not_published");
}

/// The address of a record of Alice's as people paste it.
fn page(record: &Value) -> String {
    format!("https://bsky.app/profile/alice.test/post/{}", record["uri"].as_str().unwrap().rsplit('/').next().unwrap())
}

async fn asked(scene: &Scene, method: &str) -> usize {
    scene.json(&["log", "--method", method, "--limit", "1000"]).await.as_array().unwrap().len()
}

async fn threads(scene: &Scene, records: &[Value], answer: &str) {
    let told = scene.json(&["show", "ref:geese"]).await;
    assert_eq!((&told["text"], &told["author"]["handle"]), (&json!("One goose"), &json!("alice.test")));
    let mut answers: Vec<&str> =
        told["replies"].as_array().unwrap().iter().map(|reply| reply["text"].as_str().unwrap()).collect();
    answers.sort_unstable();
    assert_eq!(answers, ["Honk", "Two geese"]);
    let below = scene.json(&["show", answer, "--depth", "0"]).await;
    assert_eq!((&below["text"], &below["parent"]["uri"]), (&json!("Honk"), &records[0]["uri"]));
    let alone = scene.json(&["show", answer, "--parents", "0"]).await;
    assert_eq!(alone["parent"], Value::Null);
    let shown = scene.rig.run(&["show", &page(&records[1])]).await.exits(0).stdout;
    let places = ["One goose", "Two geese", "  Three geese"].map(|text| shown.find(text).unwrap());
    assert!(places.is_sorted() && !shown.contains("Honk"), "{shown}");
    let never = format!("at://{}/app.bsky.feed.post/3ke6kg3wk2222", scene.alice.did);
    let gone = scene.rig.run(&["show", &never, "--json"]).await.exits(1).json();
    assert_eq!(gone["errors"][0]["code"], "post_not_shown");
}

async fn feeds(scene: &Scene) {
    let texts = |feed: &Value| {
        let posts = feed["feed"].as_array().unwrap();
        posts.iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = scene.json(&["feed"]).await;
    assert_eq!(texts(&own), ["Three geese", "Two geese", "One goose"], "{own:#}");
    assert_eq!(own["feed"][2]["counts"]["likes"], 1);
    assert_eq!(texts(&scene.json(&["feed", "alice.test", "--only", "posts"]).await), ["One goose"]);
    assert_eq!(texts(&scene.json(&["feed", "--only", "threads"]).await).len(), 3);
    let part = scene.json(&["feed", "--only", "threads", "--limit", "2"]).await;
    assert_eq!(texts(&part), ["One goose"], "answers of a thread that no page holds whole are left out: {part:#}");
    assert_eq!(texts(&scene.json(&["feed", "--only", "media"]).await), [""; 0]);
    let bobs = scene.json(&["feed", "@bob.test"]).await;
    let reasons = |feed: &Value| {
        let reasons = feed["feed"].as_array().unwrap().iter().map(|post| post["reason"].clone());
        reasons.filter(|reason| !reason.is_null()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&bobs), ["reposted"], "{bobs:#}");
    let mut read = Vec::new();
    for _ in 0..2 {
        read.extend(texts(&scene.json(&["feed", "alice.test", "--limit", "2", "--cursor-name", "cron"]).await));
    }
    assert_eq!(read, ["Three geese", "Two geese", "One goose"]);
    let rewound = scene.json(&["feed", "alice.test", "--limit", "2", "--cursor-name", "cron", "--rewind"]).await;
    assert_eq!(texts(&rewound), ["Three geese", "Two geese"]);
    // A name is remembered for each account by itself.
    let other = scene.json(&["feed", "bob.test", "--limit", "2", "--cursor-name", "cron"]).await;
    assert_eq!(reasons(&other), ["reposted"], "{other:#}");
    let shown = scene.rig.run(&["feed", "alice.test", "--limit", "2"]).await.exits(0).stdout;
    assert!(shown.contains("Two geese") && shown.ends_with("There is more.\n"), "{shown}");
}

async fn profiles(scene: &mut Scene) {
    let seen = scene.json(&["profile", "bob.test"]).await;
    assert_eq!((&seen["did"], &seen["is_kept"]), (&json!(scene.bob.did), &json!(false)));
    // Bob takes another name, and somebody else his.
    let other = scene.network.create_account("carol.test").await.unwrap();
    for (account, handle) in [(&scene.bob, "robert.test"), (&other, "bob.test")] {
        let token = scene.network.access_token(account).await.unwrap();
        let renamed = json!({ "handle": handle });
        let told = scene.network.xrpc_post("com.atproto.identity.updateHandle", &renamed, Some(&token)).await.unwrap();
        assert_eq!(told.0, 200, "{told:?}");
    }
    scene.network.settle().await.unwrap();
    assert_eq!(scene.json(&["profile", "bob.test"]).await["did"], scene.bob.did.as_str(), "from memory");
    let moved = scene.json(&["profile", "bob.test", "--refresh"]).await;
    assert_eq!((&moved["did"], &moved["handle_was_of"]), (&json!(other.did), &json!(scene.bob.did)));
    let told = scene.rig.run(&["profile", &scene.bob.did, "--refresh"]).await.exits(0).stdout;
    assert!(told.contains("@robert.test"), "{told}");

    scene.network.deactivate(&other).await.unwrap();
    scene.network.settle().await.unwrap();
    for expected in ["was deactivated by its owner", "Remembered from"] {
        let refresh: &[&str] = if expected.starts_with("was") { &["--refresh"] } else { &[] };
        let gone = scene.rig.run(&[&["profile", "bob.test"], refresh].concat()).await.exits(1);
        assert!(gone.stderr.contains(expected), "{gone:?}");
    }
    let never = scene.rig.run(&["profile", "nobody.test", "--json"]).await.exits(1).json();
    assert_eq!(never["errors"][0]["code"], "account_not_found", "{never:#}");
}
