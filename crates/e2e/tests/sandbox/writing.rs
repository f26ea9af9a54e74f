//! Markdown, cuts and short links: what is previewed is what the network keeps.

use serde_json::Value;
use skein_testkit::pictures::{PngKind, jpeg, png};

use crate::Scene;

const SOURCE: &str = "# A *long* story 🦋\r\nby @alice.test and @nobody.test, see [the **notes** 🪿](https://example.com/notes_(1)?a=b#c) and \
<https://example.com/a/very/long/path/indeed>:\r\n\r\n- one #tag\r\n- two `#none`\r\n  1. deep\r\n\r\n> Said\r\n> somebody \\*once\\*\r\n\r\n\
![A cat](cat.png)\r\n\r\nSENTENCES\r\n\r\n![Two dogs](<two dogs.jpg>)\r\n\r\nThe end of it, and a [link of several words that stay together](http://example.org).";

/// The members of a record that are no matter of time.
fn written(record: &Value) -> [&Value; 3] {
    ["text", "facets", "embed"].map(|name| &record[name])
}

#[tokio::test]
async fn a_story_in_markdown_goes_out_as_it_was_previewed() {
    for options in [&["--split", "--numbering", "--shorten"][..], &["--split"]] {
        let scene = Scene::set().await;
        scene.rig.bytes("cat.png", &png(30, 20, 1, PngKind::Opaque));
        scene.rig.bytes("two dogs.jpg", &jpeg(20, 30, 2, None));
        let sentences = "It went on, and on, and on, ünd so wéiter. Then it did not. ".repeat(12);
        let story = format!("{}\n---\nA second *part*.", SOURCE.replace("SENTENCES", &sentences));
        let file = scene.rig.file("story.md", &story);
        let with = |first: &[&'static str]| [first, &[file.as_str(), "--markdown", "--json"], options].concat();
        let shown = scene.rig.run(&with(&["preview", "--thread"])).await.exits(0).json();
        let posted = scene.rig.run(&with(&["thread"])).await.exits(0).json();

        let values = scene.sandbox.values(&scene.alice.did, "app.bsky.feed.post").unwrap();
        let records = shown["records"].as_array().unwrap();
        assert_eq!((values.len(), records.len()), (5, 5), "{shown:#}");
        for (index, (value, record)) in values.iter().zip(records).enumerate() {
            assert_eq!(written(value), written(&record["value"]), "part {index}");
            assert_eq!(value["text"], shown["parts"][index]["text"]);
            assert_eq!(value["text"], posted["parts"][index]["text"]);
        }
        assert_eq!(posted["warnings"], shown["warnings"]);
        assert_eq!(shown["warnings"][0]["code"], "mention_unresolved");
        let alts: Vec<_> = values.iter().filter_map(|value| value["embed"]["images"][0]["alt"].as_str()).collect();
        assert_eq!(alts, ["A cat", "Two dogs"]);
    }
}

#[tokio::test]
async fn a_picture_that_markdown_names_and_nobody_has_is_refused_by_name() {
    let scene = Scene::set().await;
    let refused = scene.rig.run(&["post", "Look: ![a](nowhere.png)", "--markdown", "--json"]).await.exits(3).json();
    let fault = &refused["errors"][0];
    assert_eq!((fault["code"].as_str(), fault["field"].as_str()), (Some("file_unreadable"), Some("parts[0].media[0]")));
    assert!(fault["message"].as_str().unwrap().starts_with("nowhere.png: "), "{fault:#}");
    assert_eq!(scene.records(), 0);
}
