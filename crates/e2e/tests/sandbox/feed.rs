//! `skein feed`: what somebody posted, newest first, page by page, by what it is.

use serde_json::{Value, json};

use crate::Scene;

impl Scene {
    async fn say(&self, arguments: &[&str]) {
        self.rig.run(&[&["post", "--no-card"], arguments].concat()).await.exits(0);
    }

    async fn feed(&self, arguments: &[&str]) -> Vec<Value> {
        let feed = self.rig.run(&[&["feed", "alice.test", "--json"], arguments].concat()).await.exits(0).json();
        feed["feed"].as_array().unwrap().clone()
    }

    async fn texts(&self, arguments: &[&str]) -> Vec<String> {
        self.feed(arguments).await.iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_feed_shows_posts_answers_and_reposts_by_what_is_asked_for() {
    let scene = Scene::set().await;
    scene.say(&["One"]).await;
    let first = scene.feed(&[]).await[0].clone();
    let (uri, cid) = (first["uri"].as_str().unwrap(), first["cid"].as_str().unwrap());
    scene.say(&["Two", "--reply-to", uri]).await;
    assert_eq!(scene.texts(&[]).await, ["Two", "One"]);
    assert_eq!(scene.texts(&["--only", "posts"]).await, ["One"]);
    assert_eq!(scene.texts(&["--only", "threads"]).await, ["Two", "One"], "the answer is to an own post");
    assert_eq!(scene.texts(&["--only", "media"]).await, [""; 0]);

    let record = json!({
        "$type": "app.bsky.feed.repost", "subject": {"uri": uri, "cid": cid}, "createdAt": "2026-01-01T00:00:00.000Z",
    });
    let (repo, record) = (format!("repo={}", scene.alice.did), format!("record={record}"));
    let call = ["call", "com.atproto.repo.createRecord", &repo, "collection=app.bsky.feed.repost", &record];
    scene.rig.run(&call).await.exits(0);
    let all = scene.feed(&[]).await;
    assert_eq!((&all[0]["text"], &all[0]["reason"]), (&json!("One"), &json!("reposted")));
    assert_eq!(all[0]["counts"]["reposts"], 1);
    assert_eq!(all.len(), 3);
}

#[tokio::test]
async fn a_named_cursor_walks_to_the_end_and_begins_anew() {
    let scene = Scene::set().await;
    for text in ["One", "Two", "Three"] {
        scene.say(&[text]).await;
    }
    let walk = ["--limit", "2", "--cursor-name", "walk"];
    assert_eq!(scene.texts(&walk).await, ["Three", "Two"]);
    assert_eq!(scene.texts(&walk).await, ["One"]);
    assert_eq!(scene.texts(&walk).await, [""; 0], "the end");
    assert_eq!(scene.texts(&walk).await, ["Three", "Two"], "anew");
    let rewound = [&walk[..], &["--rewind"]].concat();
    assert_eq!(scene.texts(&rewound).await, ["Three", "Two"]);
}

#[tokio::test]
async fn nobody_has_no_feed() {
    let scene = Scene::set().await;
    let refused = scene.rig.run(&["feed", "nobody.test"]).await.exits(1);
    assert!(refused.stderr.contains("Profile not found"), "{}", refused.stderr);
}
