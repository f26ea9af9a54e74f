//! What stands beside a text: quotes, labels, tags, languages and gates, from the command line to the records.

use serde_json::{Value, json};
use skein_e2e::rig::Ran;
use skein_sandbox::Fault;
use skein_testkit::pictures::jpeg;

use crate::{Scene, delivery};

const POST: &str = "app.bsky.feed.post";
const THREADGATE: &str = "app.bsky.feed.threadgate";
const POSTGATE: &str = "app.bsky.feed.postgate";

/// The scene, with somebody else on the network who uses the same installation.
async fn with_bob() -> Scene {
    let scene = Scene::set().await;
    let bob = scene.sandbox.create_account("bob.test").unwrap();
    scene.rig.login("bob.test", scene.sandbox.url(), &bob.app_password).await.exits(0);
    scene
}

impl Scene {
    fn values_of(&self, handle: &str, collection: &str) -> Vec<Value> {
        self.sandbox.values(handle, collection).unwrap()
    }

    /// Bob posts; the address and the hash of it.
    async fn bob_posts(&self, options: &[&str]) -> (String, String) {
        let command = [&["post", "Bob's words", "--account", "bob.test", "--json"][..], options].concat();
        let posted = self.rig.run(&command).await.exits(0).json();
        let record = &delivery(&posted)["records"][0];
        (record["uri"].as_str().unwrap().to_owned(), record["cid"].as_str().unwrap().to_owned())
    }

    /// Bob writes a record of any kind.
    async fn bob_writes(&self, record: &Value) -> String {
        let body =
            json!({"repo": "bob.test", "collection": record["$type"], "rkey": "3ke6kg3wk2222", "record": record});
        let file = self.rig.file("record.json", &body.to_string());
        let call = ["call", "com.atproto.repo.createRecord", "--body", &file, "--account", "bob.test", "--json"];
        self.rig.run(&call).await.exits(0).json()["uri"].as_str().unwrap().to_owned()
    }

    async fn alice(&self, words: &[&str]) -> Ran {
        self.rig.run(&[words, &["--account", "alice.test", "--json"]].concat()).await
    }
}

/// Code and field of every fault.
fn told(refused: &Value) -> Vec<(&str, &str)> {
    let faults = refused["errors"].as_array().unwrap().iter();
    faults.map(|fault| (fault["code"].as_str().unwrap(), fault["field"].as_str().unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_quote_is_a_record_alone_and_a_record_with_media_beside_pictures() {
    let scene = with_bob().await;
    let (uri, cid) = scene.bob_posts(&[]).await;
    let picture = scene.rig.bytes("picture.jpg", &jpeg(64, 48, 1, None));
    let web = format!("{}/profile/bob.test/post/{}", scene.sandbox.url(), uri.rsplit('/').next().unwrap());
    scene.alice(&["post", "", "--quote", &uri]).await.exits(0);
    scene.alice(&["post", "Look", "--quote", &web, "--image", &picture, "--alt", "A test"]).await.exits(0);
    let thread = scene.rig.file("thread.txt", "One\n---\nTwo");
    let shown = scene.alice(&["preview", "--thread", &thread, "--quote", "last"]).await.exits(0).json();
    scene.alice(&["thread", &thread, "--quote", "last"]).await.exits(0);

    let values = scene.values_of("alice.test", POST);
    let quote = json!({"$type": "app.bsky.embed.record", "record": {"uri": uri, "cid": cid}});
    assert_eq!((&values[0]["embed"], &values[0]["text"]), (&quote, &json!("")));
    let embed = &values[1]["embed"];
    assert_eq!((&embed["$type"], &embed["record"]), (&json!("app.bsky.embed.recordWithMedia"), &quote));
    assert_eq!(embed["media"]["images"][0]["alt"], "A test");
    let own = scene.sandbox.records("alice.test", POST).unwrap()[1].clone();
    assert_eq!(values[2]["embed"]["record"]["uri"], own, "the first part of the own post before");
    assert_eq!(values[2]["embed"], shown["records"][0]["value"]["embed"]);
    assert!(values[3].get("embed").is_none(), "a quote is of the first part");
}

#[tokio::test]
async fn what_cannot_be_quoted_is_refused_and_what_is_no_post_but_a_list_can_be() {
    let scene = with_bob().await;
    let (closed, _) = scene.bob_posts(&["--no-quotes"]).await;
    let (gone, _) = scene.bob_posts(&[]).await;
    scene.sandbox.delete_as_author(&gone).unwrap();
    let list = json!({"$type": "app.bsky.graph.list", "name": "Friends", "purpose": "app.bsky.graph.defs#curatelist",
        "createdAt": "2026-11-01T00:00:00Z"});
    let list = scene.bob_writes(&list).await;
    for (quoted, code) in [(&*closed, "quote_disabled"), (&gone, "quote_missing"), ("nonsense", "quote_unreadable")] {
        let refused = scene.alice(&["post", "Look", "--quote", quoted]).await.exits(3).json();
        assert_eq!(told(&refused), [(code, "quote")], "{refused:#}");
    }
    scene.alice(&["post", "Look", "--quote", &list]).await.exits(0);
    let own = scene.rig.run(&["post", "Myself", "--account", "bob.test", "--quote", &closed, "--json"]).await;
    own.exits(0);
    let values = scene.values_of("alice.test", POST);
    assert_eq!(values.len(), 1);
    assert_eq!(values[0]["embed"]["record"]["uri"], list);
}

#[tokio::test]
async fn a_quote_that_no_longer_holds_when_it_is_prepared_is_not_sent_and_a_person_is_told() {
    let scene = with_bob().await;
    let (uri, _) = scene.bob_posts(&[]).await;
    let gate = json!({"$type": POSTGATE, "post": uri, "createdAt": "2026-11-01T00:00:00Z",
        "embeddingRules": [{"$type": "app.bsky.feed.postgate#disableRule"}]});
    let rkey = uri.rsplit('/').next().unwrap().to_owned();
    scene.alice(&["post", "Look", "--quote", &uri, "--at", "in 5m"]).await.exits(6);
    let body = json!({"repo": "bob.test", "collection": POSTGATE, "rkey": rkey, "record": gate});
    let file = scene.rig.file("gate.json", &body.to_string());
    let call = ["call", "com.atproto.repo.createRecord", "--body", &file, "--account", "bob.test", "--json"];
    scene.rig.run(&call).await.exits(0);
    scene.rig.run(&["queue", "move", "last", "in 10s"]).await.exits(0);
    scene.rig.run(&["work", "--once"]).await.exits(0);
    let story = scene.story().await;
    assert!(story.contains("Not sent: The author of this post does not let it be quoted."), "{story}");
    assert_eq!(scene.records(), 0);

    let (uri, _) = scene.bob_posts(&[]).await;
    scene.alice(&["post", "Look", "--quote", &uri, "--at", "in 5m"]).await.exits(6);
    scene.sandbox.delete_as_author(&uri).unwrap();
    scene.rig.run(&["queue", "move", "last", "in 10s"]).await.exits(0);
    scene.rig.run(&["work", "--once"]).await.exits(0);
    let story = scene.story().await;
    assert!(story.contains("Not sent: What this quotes does not exist."), "{story}");
    assert_eq!(scene.records(), 0);
}

#[tokio::test]
async fn labels_tags_and_a_guessed_language_stand_in_the_records() {
    let scene = Scene::set().await;
    let words = "The quick brown fox jumps over the lazy dog, and then it goes home to sleep.";
    let thread = scene.rig.file("thread.txt", &format!("{words}\n---\nTwo"));
    let options =
        ["--label", "porn", "--label", "!no-unauthenticated", "--tag", "rust", "--tag", "two words", "--lang", "auto"];
    scene.alice(&[&["thread", &thread][..], &options].concat()).await.exits(0);
    let values = scene.values_of("alice.test", POST);
    let labels = json!([{"val": "porn"}, {"val": "!no-unauthenticated"}]);
    for value in &values {
        assert_eq!((&value["labels"]["values"], &value["langs"]), (&labels, &json!(["en"])), "{value:#}");
    }
    assert_eq!(values[0]["tags"], json!(["rust", "two words"]));
    assert!(values[1].get("tags").is_none());
    let unsure = scene.alice(&["post", "ok", "--lang", "auto"]).await.exits(0).json();
    assert_eq!(unsure["warnings"][0]["code"], "lang_not_guessed");
    assert!(scene.values_of("alice.test", POST)[2].get("langs").is_none());
}

#[tokio::test]
async fn gates_are_written_with_their_posts_and_previewed() {
    let scene = Scene::set().await;
    let thread = scene.rig.file("thread.txt", "One\n---\nTwo");
    let options = ["--reply-gate", "mentioned,followers", "--no-quotes"];
    let shown = scene.alice(&[&["preview", "--thread", &thread][..], &options].concat()).await.exits(0).json();
    let posted = scene.alice(&[&["thread", &thread][..], &options].concat()).await.exits(0).json();
    let records = delivery(&posted)["records"].as_array().unwrap();
    let shown = shown["records"].as_array().unwrap();
    assert_eq!((records.len(), shown.len()), (5, 5), "{posted:#}");
    let collections: Vec<_> = shown.iter().map(|record| record["collection"].as_str().unwrap()).collect();
    assert_eq!(collections, [POST, POST, THREADGATE, POSTGATE, POSTGATE]);
    assert_eq!(shown[2]["not_fixed"], json!(["/createdAt", "/post"]));

    let posts = scene.sandbox.records("alice.test", POST).unwrap();
    let gate = &scene.values_of("alice.test", THREADGATE)[0];
    assert_eq!((&gate["post"], &gate["allow"]), (&json!(posts[0]), &shown[2]["value"]["allow"]));
    let quotes = scene.values_of("alice.test", POSTGATE);
    assert_eq!(quotes.iter().map(|gate| gate["post"].as_str().unwrap()).collect::<Vec<_>>(), posts);
    let receipt = scene.rig.run(&["receipt", "last"]).await.exits(0).stdout;
    for label in ["part 1", "part 2", "replies", "quotes"] {
        assert!(receipt.contains(label), "{receipt}");
    }

    scene.alice(&["post", "An answer", "--reply-to", "last", "--no-quotes"]).await.exits(0);
    let answer = &scene.values_of("alice.test", POST)[2];
    assert_eq!(answer["reply"]["parent"]["uri"], posts[1], "the last part, not a gate");
    scene.alice(&["post", "Nobody", "--reply-gate", "nobody"]).await.exits(0);
    assert_eq!(scene.values_of("alice.test", THREADGATE)[1]["allow"], json!([]));
}

#[tokio::test]
async fn a_list_may_say_who_answers_if_it_is_there() {
    let scene = with_bob().await;
    let list = json!({"$type": "app.bsky.graph.list", "name": "Friends", "purpose": "app.bsky.graph.defs#curatelist",
        "createdAt": "2026-11-01T00:00:00Z"});
    let list = scene.bob_writes(&list).await;
    let web = format!("https://bsky.app/profile/bob.test/lists/{}", list.rsplit('/').next().unwrap());
    scene.alice(&["post", "Friends", "--reply-gate", &format!("{web},followers")]).await.exits(0);
    let allow = json!([
        {"$type": "app.bsky.feed.threadgate#listRule", "list": list}, {"$type": "app.bsky.feed.threadgate#followerRule"},
    ]);
    assert_eq!(scene.values_of("alice.test", THREADGATE)[0]["allow"], allow);
    let gone = list.replace("3ke6kg3wk2222", "3ke6kg3wk2223");
    let refused = scene.alice(&["post", "Friends", "--reply-gate", &format!("followers,{gone}")]).await.exits(3).json();
    assert_eq!(told(&refused), [("reply_gate_list_missing", "reply_gate[1]")]);
}

#[tokio::test]
async fn gates_are_settled_with_their_posts() {
    let gated = ["post", "Hello", "--reply-gate", "nobody", "--no-quotes", "--json"];
    for (fault, settled) in
        [(Fault::CutAfter, "looked_up"), (Fault::CutBefore, "answered"), (Fault::ServerErrorAfter, "looked_up")]
    {
        let scene = Scene::with(fault.clone()).await;
        let posted = scene.rig.run(&gated).await.exits(0).json();
        let receipt = &delivery(&posted)["receipt"];
        assert_eq!(
            (&receipt["settled"], receipt["records"].as_array().unwrap().len()),
            (&json!(settled), 3),
            "{fault:?}"
        );
        for collection in [POST, THREADGATE, POSTGATE] {
            assert_eq!(scene.values_of("alice.test", collection).len(), 1, "{fault:?} {collection}");
        }
    }
}

#[tokio::test]
async fn every_fault_of_what_stands_beside_is_told_at_once() {
    let scene = Scene::set().await;
    let (nine, tag) = (["--tag", "a"].repeat(8), ["--tag", "#rust"]);
    let options = [
        &["post", "Hi", "--quote", "nonsense", "--label", "gore"][..],
        &nine,
        &tag,
        &["--reply-gate", "friends", "--reply-to", "at://did:plc:abc123/app.bsky.feed.post/3ke6kg3wk2222"],
    ];
    let refused = scene.alice(&options.concat()).await.exits(3).json();
    let expected = [
        ("label_unknown", "content_labels[0]"),
        ("too_many_tags", "record_tags"),
        ("tag_with_hash", "record_tags[8]"),
        ("quote_unreadable", "quote"),
        ("reply_gate_unknown", "reply_gate[0]"),
        ("gate_on_reply", "reply_gate"),
    ];
    let told = told(&refused);
    assert_eq!(told[..6], expected, "{refused:#}");
    let parts = vec!["a"; 100].join("\n---\n");
    let thread = scene.rig.file("thread.txt", &parts);
    let refused = scene.alice(&["thread", &thread, "--no-quotes", "--reply-gate", "nobody"]).await.exits(3).json();
    let fault = &refused["errors"][0];
    assert_eq!((&fault["limit"], &fault["given"]), (&json!("200 writes"), &json!("201 writes")), "{refused:#}");
    assert_eq!(scene.records(), 0);
}
