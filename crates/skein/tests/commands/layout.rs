//! Posts written in Markdown, long texts cut into threads, links shown short.

use crate::installation::{Installation, Scene};
use serde_json::{Value, json};

fn texts(parts: &Value) -> Vec<&str> {
    parts.as_array().unwrap().iter().map(|part| part["text"].as_str().unwrap()).collect()
}

fn codes<'a>(told: &'a Value, field: &str) -> Vec<(&'a str, &'a str)> {
    let told = told.as_array().unwrap().iter();
    told.map(|told| (told[field].as_str().unwrap(), told["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn markdown_is_posted_as_its_words_and_links() {
    let scene = Scene::logged_in().await;
    let text = "# News\n**Read** [the notes](https://example.com/notes), [write](mailto:me@example.com) @alice.test";
    let shown = scene.run(&["preview", text, "--markdown", "--no-card", "--json"]).await.exits(0).json();
    let words = "News\nRead the notes, write @alice.test";
    assert_eq!(texts(&shown["parts"]), [words]);
    let link = json!({"byteStart": 10, "byteEnd": 19, "type": "link", "value": "https://example.com/notes"});
    let mention = json!({"byteStart": 27, "byteEnd": 38, "type": "mention", "value": scene.alice.did});
    assert_eq!(shown["parts"][0]["facets"], json!([link, mention]));
    assert_eq!(codes(&shown["warnings"], "field"), [("parts[0].text", "link_not_web")]);
    let posted = scene.run(&["post", text, "--markdown", "--no-card", "--json"]).await.exits(0).json();
    assert_eq!((texts(&posted["parts"]), &posted["warnings"]), (vec![words], &shown["warnings"]));
    scene.run(&["preview", text]).await.exits(0).says("**Read** [the notes]");
    scene.run(&["preview", text, "--markdown"]).await.exits(0).says("Note: `mailto:me@example.com` is no address");
}

#[tokio::test]
async fn a_long_text_is_cut_into_a_thread() {
    let scene = Scene::logged_in().await;
    let text = format!("{}.\n\n{}.", ["word"; 50].join(" "), ["more"; 90].join(" "));
    scene.run(&["post", &text]).await.exits(3).says("more than Bluesky takes");
    let posted = scene.run(&["post", &text, "--split", "--numbering", "--json"]).await.exits(0).json();
    let parts = texts(&posted["parts"]);
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[0], format!("{}. (1/3)", ["word"; 50].join(" ")), "a paragraph stays whole");
    assert!(parts.iter().all(|part| part.len() <= 300) && parts[2].ends_with("more. (3/3)"), "{parts:?}");
    assert_eq!(posted["deliveries"][0]["records"].as_array().unwrap().len(), 3);
    scene.run(&["queue", "show", "last"]).await.exits(0).says("\n  3  more more");
    let plain = scene.run(&["preview", &text, "--split", "--json"]).await.exits(0).json();
    assert_eq!(texts(&plain["parts"]).join("\n\n").replacen("more\n\nmore", "more more", 1), text);
}

#[tokio::test]
async fn parts_of_a_thread_are_cut_each_by_itself() {
    let skein = Installation::alone();
    let file = skein.data.path().join("thread.md");
    std::fs::write(&file, format!("{}\n---\n*short*\n\n![A cat](cat.png)\n", "*long* ".repeat(80))).unwrap();
    let arguments =
        ["preview", "--thread", file.to_str().unwrap(), "--markdown", "--split", "--numbering", "--offline", "--json"];
    let shown = skein.run(&arguments).await.exits(0).json();
    let parts = texts(&shown["parts"]);
    assert_eq!((parts.len(), parts[2]), (3, "short (3/3)"));
    assert_eq!(codes(&shown["warnings"], "field"), [("parts[2].media", "pictures_not_opened")]);
}

#[tokio::test]
async fn links_are_shown_short_and_lead_to_the_whole_address() {
    let skein = Installation::alone();
    let address = format!("https://example.com/{}", "x".repeat(300));
    skein.run(&["preview", &address, "--offline"]).await.exits(3).says("more than Bluesky takes");
    skein.run(&["preview", &address, "--offline", "--split"]).await.exits(3).says("is never cut");
    let shown = skein.run(&["preview", &address, "--offline", "--shorten", "--json"]).await.exits(0).json();
    assert_eq!(texts(&shown["parts"]), ["example.com/xxxxxxxxxxxx..."]);
    assert_eq!(shown["parts"][0]["facets"][0]["value"], address);
}

#[tokio::test]
async fn a_program_asks_for_the_same_in_a_body() {
    let skein = Installation::alone();
    let lines = [
        json!({"text": "[a](https://a.com)", "format": "markdown"}),
        json!({"text": "word ".repeat(100), "thread": [{"text": "end"}], "split": true, "numbering": true}),
        json!({"text": "https://example.com/a/very/long/path", "shorten": true}),
        json!({"text": "word ".repeat(100), "thread": [{"text": 5}], "split": true}),
        json!({"text": "hi", "format": "html", "numbering": true}),
    ];
    let input = lines.map(|line| line.to_string()).join("\n");
    let ran = skein.run_with(&["preview", "--lines", "--offline"], &[], &input).await.exits(0);
    let shown: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown[0]["parts"][0]["text"], "a");
    assert_eq!(shown[0]["parts"][0]["facets"][0]["value"], "https://a.com");
    assert_eq!(texts(&shown[1]["parts"])[2], "end (3/3)");
    assert_eq!(texts(&shown[2]["parts"]), ["example.com/a/very/long/..."]);
    assert_eq!(
        (codes(&shown[3]["faults"], "field"), shown[3]["parts"].as_array().unwrap().len()),
        (vec![("thread[0].text", "wrong_type")], 3)
    );
    let expected = [("format", "unknown_format"), ("numbering", "numbering_without_split")];
    assert_eq!(codes(&shown[4]["faults"], "field"), expected);
}

#[tokio::test]
async fn options_that_do_not_go_together_are_a_usage_error() {
    let skein = Installation::alone();
    for arguments in
        [&["post", "hi", "--numbering"][..], &["preview", "--lines", "--markdown"], &["preview", "--lines", "--split"]]
    {
        skein.run(arguments).await.exits(2);
    }
}
