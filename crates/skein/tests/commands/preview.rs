//! What would be published, shown before anything is: to people, to programs, and with every fault at once.

use crate::installation::{Installation, Scene};
use serde_json::{Value, json};

const TEXT: &str = "Hi @alice.test and @nobody.test, see example.com/a (#rust)\n\n#rust";

fn facet(text: &str, shown: &str, kind: &str, value: &str) -> Value {
    let start = text.rfind(shown).unwrap();
    json!({"byteStart": start, "byteEnd": start + shown.len(), "type": kind, "value": value})
}

#[tokio::test]
async fn a_program_gets_the_records_that_will_be_written() {
    let scene = Scene::logged_in().await;
    let shown =
        scene.run(&["preview", TEXT, "--lang", "en", "--at", "in 2h", "--no-card", "--json"]).await.exits(0).json();
    let facets = [
        facet(TEXT, "@alice.test", "mention", &scene.alice.did),
        facet(TEXT, "example.com/a", "link", "https://example.com/a"),
        facet(TEXT, "#rust", "tag", "rust"),
    ];
    let part = json!({"text": TEXT, "graphemes": TEXT.len(), "bytes": TEXT.len(), "facets": facets});
    assert_eq!(shown["parts"], json!([part]));
    assert_eq!(shown["faults"], json!([]));
    assert_eq!(shown["warnings"][0]["code"], "mention_unresolved");
    let record = &shown["records"][0];
    assert_eq!((&record["collection"], &record["account"]), (&json!("app.bsky.feed.post"), &json!("alice.test")));
    assert_eq!(record["not_fixed"], json!(["/createdAt"]));
    assert_eq!((&record["value"]["text"], &record["value"]["langs"]), (&json!(TEXT), &json!(["en"])));
    assert_eq!(record["value"]["facets"][0]["features"][0]["did"], scene.alice.did);
    assert_eq!(scene.stored().await, 0, "a preview keeps nothing");
}

#[tokio::test]
async fn people_see_counts_facets_notes_and_records() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["preview", TEXT]).await.exits(0);
    for words in [
        "  Hi @alice.test and @nobody.test",
        &format!("  {0} of 300 characters, {0} bytes\n", TEXT.len()),
        &format!("  mention  @alice.test → {}\n", scene.alice.did),
        "  link     example.com/a → https://example.com/a\n",
        "  tag      #rust → rust\n",
        "Note: No account is called @nobody.test",
        "Record in app.bsky.feed.post of @alice.test\nNot yet fixed, until the post is prepared: /createdAt\n{\n  \"$type\"",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` is not said: {ran:#?}");
    }
    assert!(ran.stderr.is_empty(), "{ran:#?}");
}

#[tokio::test]
async fn a_thread_and_an_answer_say_what_is_not_fixed() {
    let scene = Scene::logged_in().await;
    let posted = scene.run(&["post", "first", "--json"]).await.exits(0).json();
    let target = &posted["deliveries"][0]["records"][0];
    let preview = |arguments: &'static [&'static str]| {
        let scene = &scene;
        async move { scene.skein.run_with(arguments, &[], "one\n---\ntwo\n").await.exits(0).json() }
    };
    let thread = preview(&["preview", "--thread", "-", "--json"]).await;
    let own = ["/createdAt", "/reply/root/uri", "/reply/root/cid", "/reply/parent/uri", "/reply/parent/cid"];
    assert_eq!(thread["records"][0]["not_fixed"], json!(["/createdAt"]));
    assert_eq!(thread["records"][1]["not_fixed"], json!(own));
    let answer = preview(&["preview", "--thread", "-", "--reply-to", "last", "--json"]).await;
    assert_eq!(answer["records"][0]["value"]["reply"]["parent"], *target);
    assert_eq!(answer["records"][1]["value"]["reply"]["root"], *target);
    assert_eq!(answer["records"][1]["not_fixed"], json!(["/createdAt", "/reply/parent/uri", "/reply/parent/cid"]));
}

#[tokio::test]
async fn every_fault_is_told_at_once_beside_the_parts() {
    let scene = Scene::logged_in().await;
    let text = format!("fine #tag\n---\n{}\n---\n\n---\nend", "é".repeat(301));
    let faulty = ["--at", "2020-01-01 10:00", "--account", "nobody.test", "--lang", "no language", "--reply-to", "x"];
    let arguments = [&["preview", "--thread", "-", "--json"][..], &faulty].concat();
    let shown = scene.skein.run_with(&arguments, &[], &text).await.exits(3).json();
    let told: Vec<_> =
        shown["faults"].as_array().unwrap().iter().map(|f| (&f["part"], f["code"].as_str().unwrap())).collect();
    let expected = [
        (&Value::Null, "time_past"),
        (&Value::Null, "account_unknown"),
        (&json!(1), "too_many_graphemes"),
        (&json!(2), "empty_text"),
        (&Value::Null, "lang_invalid"),
        (&Value::Null, "reply_to_unreadable"),
    ];
    assert_eq!(told, expected);
    let long = json!({
        "part": 1, "field": "parts[1].text", "code": "too_many_graphemes", "limit": "300 graphemes", "given": "301 graphemes",
        "message": "Part 2 of 4 has 301 characters, 1 more than Bluesky takes.",
    });
    assert_eq!(shown["faults"][2], long);
    assert_eq!(shown["records"], Value::Null);
    assert_eq!(shown["parts"][0]["facets"][0]["value"], "tag");
    assert_eq!((&shown["parts"][1]["graphemes"], &shown["parts"][1]["bytes"]), (&json!(301), &json!(602)));
    let arguments = [&["preview", "--thread", "-"][..], &faulty].concat();
    let ran = scene.skein.run_with(&arguments, &[], &text).await.exits(3).says("for 6 reasons").says("Part 2 of 4\n");
    assert!(ran.stdout.contains("  301 of 300 characters, 602 bytes\n"), "{ran:#?}");
}

#[tokio::test]
async fn without_an_account_the_parts_are_shown_and_the_fault_says_what_to_do() {
    let scene = Scene::new().await;
    let shown = scene.run(&["preview", "hi @bob.test", "--json"]).await.exits(3).json();
    assert_eq!(shown["faults"][0]["code"], "account_missing");
    assert_eq!(shown["parts"][0]["facets"][0]["value"], "bob.test", "nobody could be asked");
    scene.run(&["preview", "hi"]).await.exits(3).says("skein login HANDLE").says("2 of 300 characters");
}

#[tokio::test]
async fn offline_needs_no_folder_no_key_and_no_network() {
    let skein = Installation::alone();
    let data = skein.data.path().join("none");
    let environment =
        [("SKEIN_DATA", data.to_str().unwrap()), ("SKEIN_DATABASE_URL", "no database"), ("SKEIN_MASTER_KEY", "no key")];
    let ran = skein.run_with(&["preview", TEXT, "--offline", "--json"], &environment, "").await.exits(0);
    let shown = ran.json();
    assert_eq!(shown["records"], Value::Null);
    assert_eq!((&shown["faults"], &shown["warnings"]), (&json!([]), &json!([])));
    let values: Vec<_> =
        shown["parts"][0]["facets"].as_array().unwrap().iter().map(|f| f["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["alice.test", "nobody.test", "https://example.com/a", "rust"]);
    skein.run_with(&["preview", "hi", "--offline"], &environment, "").await.exits(0).says("there are no records");
    skein.run_with(&["preview", "--lines", "--offline"], &environment, "{}\n").await.exits(0).says("empty_text");
    let late = ["preview", "hi", "--offline", "--at", "2020-01-01 10:00"];
    skein.run_with(&late, &environment, "").await.exits(3).says("where    --at");
    assert_eq!(std::fs::read_dir(skein.data.path()).unwrap().count(), 0, "something was stored");
}

#[tokio::test]
async fn what_cannot_be_previewed_together_is_a_usage_error() {
    let skein = Installation::alone();
    for arguments in [&["preview"][..], &["preview", "hi", "--lines"], &["preview", "--lines", "--at", "9am"]] {
        skein.run(arguments).await.exits(2);
    }
}
