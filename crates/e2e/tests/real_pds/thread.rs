//! A thread scheduled by one command goes out at its instant, once, in one commit, with a receipt.

use serde_json::Value;

use crate::Scene;

const THREAD: &str = "\
First of five: a link https://example.com/notes and a #tag
---
Second, for @bob.test and for nobody at @nobody.test
---
Third: example.org/path (in brackets: https://example.com/a) and https://example.com/a_(b)
---
Fourth 👨‍👩‍👧‍👦 with #emoji and a cashtag $SKEIN
---
Fifth and last.";

#[tokio::test]
async fn real_pds_takes_a_five_part_thread_in_one_commit_at_its_instant() {
    let scene = Scene::set().await;
    let bob = scene.pds.create_account("bob.test").await.unwrap();
    let file = scene.rig.file("thread.txt", THREAD);

    let kept = scene.rig.run(&["thread", &file, "--at", "in 10s", "--no-card", "--json"]).await.exits(6).json();
    assert_eq!(kept["status"], "scheduled");
    assert_eq!(kept["warnings"][0]["code"], "mention_unresolved", "{kept:#}");

    let mut serve = scene.rig.serve(&[]);
    serve.reaches("published").await;
    let receipt = scene.rig.run(&["receipt", "last", "--json"]).await.exits(0).json();
    assert_eq!(scene.proxy.count("applyWrites"), 1);
    assert_eq!(receipt["commit"].as_str().unwrap(), scene.repository().head().await, "one commit, and it is the head");
    assert_eq!(receipt["settled"], "answered");
    assert!(receipt["lateness_ms"].as_i64().unwrap() >= 0, "{receipt:#}");

    let posts = scene.repository().posts().await;
    same_records(&receipt, &posts);
    rightly_linked(&posts);
    facets_are_bytes(&posts, &bob.did);

    let told = scene.rig.run(&["queue", "show", "last"]).await.exits(0).stdout;
    for words in ["Prepared", "Armed", "Published", "published"] {
        assert!(told.contains(words), "`queue show` does not say {words}:\n{told}");
    }
    serve.end().await;
}

fn same_records(receipt: &Value, posts: &[Value]) {
    let named: Vec<_> =
        receipt["records"].as_array().unwrap().iter().map(|record| (&record["uri"], &record["cid"])).collect();
    let found: Vec<_> = posts.iter().map(|post| (&post["uri"], &post["cid"])).collect();
    assert_eq!(named.len(), 5);
    assert_eq!(named, found);
}

fn rightly_linked(posts: &[Value]) {
    let mut before = String::new();
    for (index, post) in posts.iter().enumerate() {
        let created_at = post["value"]["createdAt"].as_str().unwrap().to_owned();
        assert!(created_at > before, "createdAt rises: {created_at} after {before}");
        before = created_at;
        let reply = &post["value"]["reply"];
        if index == 0 {
            assert!(reply.is_null());
        } else {
            for (end, target) in [("root", &posts[0]), ("parent", &posts[index - 1])] {
                assert_eq!(
                    (&reply[end]["uri"], &reply[end]["cid"]),
                    (&target["uri"], &target["cid"]),
                    "{end} of {index}"
                );
            }
        }
    }
}

/// Each facet's bytes are the words that it is about.
fn facets_are_bytes(posts: &[Value], bob: &str) {
    let mut seen = Vec::new();
    for post in posts {
        let text = post["value"]["text"].as_str().unwrap();
        for facet in post["value"]["facets"].as_array().into_iter().flatten() {
            let at = |end: &str| usize::try_from(facet["index"][end].as_u64().unwrap()).unwrap();
            let feature = &facet["features"][0];
            let target = ["uri", "tag", "did"].iter().find_map(|key| feature[key].as_str()).unwrap();
            seen.push((text[at("byteStart")..at("byteEnd")].to_owned(), target.to_owned()));
        }
    }
    let expected = [
        ("https://example.com/notes", "https://example.com/notes"),
        ("#tag", "tag"),
        ("@bob.test", bob),
        ("example.org/path", "https://example.org/path"),
        ("https://example.com/a", "https://example.com/a"),
        ("https://example.com/a_(b)", "https://example.com/a_(b)"),
        ("#emoji", "emoji"),
        ("$SKEIN", "$SKEIN"),
    ];
    let expected: Vec<_> = expected.iter().map(|(text, target)| ((*text).to_owned(), (*target).to_owned())).collect();
    assert_eq!(seen, expected);
}
