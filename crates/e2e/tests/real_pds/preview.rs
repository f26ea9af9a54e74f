//! The preview is the post: what is shown before and what the PDS keeps are the same bytes, but for what was declared.

use serde_json::Value;
use skein_atproto::record::record_cid;

use crate::Scene;
use crate::generated::{Seeded, Written, files};

const POSTS: usize = 200;

const STORIES: usize = 24;

/// What stories in Markdown are made of.
const MARKUP: [&str; 14] = [
    "Some *words* that **go** on ~~and on~~ for a while, ",
    "[a link with 🦋 in it](https://example.com/a_(b)) ",
    "[nowhere](mailto:a@b.c) ",
    "https://example.com/_kept_/as*it*is ",
    "@alice.test and @nobody.test ",
    "`#none` #tag ",
    "\n- one\n- two [three](http://example.org)\n\n",
    "\n> said\nsomebody\n\n",
    "\n\n## A heading\n",
    "नमस्ते. 👩\u{200d}👩\u{200d}👧\u{200d}👦! ",
    "<b>HTML</b> &amp; \\*stars\\* ",
    "\n```\ncode @bob.test\n```\n",
    "\n\n![alt](<PICTURE>)\n\n",
    "No space at all: 漢字かな。漢字かな。漢字かな。漢字かな。",
];

impl Scene {
    pub(crate) async fn record(&self, uri: &str) -> Value {
        let [.., collection, rkey] = uri.split('/').collect::<Vec<_>>()[..] else { panic!("{uri}") };
        let params = [("repo", &*self.alice.did), ("collection", collection), ("rkey", rkey)];
        let (status, found) = self.pds.xrpc_get("com.atproto.repo.getRecord", &params, None).await.unwrap();
        assert_eq!(status, 200, "{found}");
        found
    }
}

/// The value of a preview with what was declared open as it became.
pub(crate) fn fixed(shown: &Value, found: &Value) -> Value {
    let mut value = shown["value"].clone();
    for pointer in shown["not_fixed"].as_array().unwrap() {
        let pointer = pointer.as_str().unwrap();
        let is_of_gate = pointer == "/post" && shown["collection"] != "app.bsky.feed.post";
        let is_of_video = matches!(pointer, "/embed/video" | "/embed/media/video");
        let may_be_open = pointer == "/createdAt" || pointer.starts_with("/reply/") || is_of_gate || is_of_video;
        assert!(may_be_open, "{pointer} is not to be open");
        *value.pointer_mut(pointer).unwrap() = found.pointer(pointer).unwrap().clone();
    }
    value
}

#[tokio::test]
async fn real_pds_keeps_the_records_that_were_previewed() {
    let scene = Scene::set().await;
    scene.pds.create_account("bob.test").await.unwrap();
    let mut seeded = Seeded(20_261_201);
    let files = files(&scene.rig);
    let mut answered = Vec::new();
    let (mut records, mut facets, mut replies, mut images, mut galleries) = (0, 0, 0, 0, 0);
    let (mut quotes, mut labels, mut tags, mut gates) = (0, 0, 0, 0);
    for number in 0..POSTS {
        let written = Written::generate(&mut seeded, number, &answered, &files);
        let (preview, post) = match written.parts {
            1 => (&["preview", "-"][..], &["post", "-"][..]),
            _ => (&["preview", "--thread", "-"][..], &["thread", "-"][..]),
        };
        let shown = scene.rig.run_with(&written.arguments(preview), &[], &written.input).await.exits(0).json();
        let posted = scene.rig.run_with(&written.arguments(post), &[], &written.input).await.exits(0).json();
        assert_eq!(shown["warnings"], posted["warnings"]);
        let shown = shown["records"].as_array().unwrap();
        let made = posted["deliveries"][0]["records"].as_array().unwrap();
        let all = written.parts + written.gates;
        assert_eq!((shown.len(), made.len()), (all, all));
        for (shown, made) in shown.iter().zip(made).skip(written.parts) {
            let found = scene.record(made["uri"].as_str().unwrap()).await;
            assert_eq!(fixed(shown, &found["value"]), found["value"]);
            assert_eq!((&found["uri"], &found["cid"]), (&made["uri"], &made["cid"]));
            gates += 1;
        }
        for ((shown, made), pictures) in shown.iter().zip(made).zip(written.pictures) {
            let found = scene.record(made["uri"].as_str().unwrap()).await;
            let value = fixed(shown, &found["value"]);
            assert_eq!(value, found["value"]);
            assert_eq!(record_cid(&value).unwrap().as_str(), found["cid"].as_str().unwrap(), "{value:#}");
            records += 1;
            facets += value["facets"].as_array().map_or(0, Vec::len);
            let is_quote = value["embed"]["record"].is_object();
            quotes += usize::from(is_quote);
            labels += usize::from(value["labels"].is_object());
            tags += value["tags"].as_array().map_or(0, Vec::len);
            let media = if is_quote { &value["embed"]["media"] } else { &value["embed"] };
            let [in_images, in_gallery] = ["images", "items"].map(|list| media[list].as_array().map_or(0, Vec::len));
            assert_eq!((in_images, in_gallery), if pictures > 4 { (0, pictures) } else { (pictures, 0) });
            images += usize::from(in_images > 0);
            galleries += usize::from(in_gallery > 0);
            replies += usize::from(value["reply"].is_object());
            answered.push(found["uri"].as_str().unwrap().to_owned());
        }
    }
    let made = format!("{records} records, {facets} facets, {replies} replies, {images} images, {galleries} galleries");
    assert!(records > 400 && facets > 700 && replies > 250 && images > 100 && galleries > 80, "{made}");
    let beside = format!("{quotes} quotes, {labels} labels, {tags} tags, {gates} gates");
    assert!(quotes > 40 && labels > 80 && tags > 40 && gates > 100, "{beside}");
}

#[tokio::test]
async fn real_pds_keeps_stories_in_markdown_as_they_were_previewed() {
    let scene = Scene::set().await;
    let mut seeded = Seeded(20_261_121);
    let files = files(&scene.rig);
    let (mut records, mut links, mut pictures) = (0, 0, 0);
    for number in 0..STORIES {
        let mut text = format!("Story {number}: ");
        for _ in 0..6 + seeded.below(30) {
            let piece = MARKUP[seeded.below(MARKUP.len())];
            text.push_str(&piece.replace("PICTURE", &files[seeded.below(files.len())]));
        }
        let options =
            [&["--markdown", "--split", "--json"][..], [&["--numbering"][..], &["--shorten"], &[]][number % 3]]
                .concat();
        let preview = [&["preview", "-"][..], &options].concat();
        let shown = scene.rig.run_with(&preview, &[], &text).await.exits(0).json();
        let post = [&["post", "-"][..], &options].concat();
        let posted = scene.rig.run_with(&post, &[], &text).await.exits(0).json();
        assert_eq!(shown["warnings"], posted["warnings"]);
        let shown = shown["records"].as_array().unwrap();
        let made = posted["deliveries"][0]["records"].as_array().unwrap();
        assert_eq!(shown.len(), made.len());
        for (shown, made) in shown.iter().zip(made) {
            let found = scene.record(made["uri"].as_str().unwrap()).await;
            assert_eq!(fixed(shown, &found["value"]), found["value"]);
            assert_eq!(record_cid(&found["value"]).unwrap().as_str(), found["cid"].as_str().unwrap());
            records += 1;
            links += found["value"]["facets"].as_array().map_or(0, Vec::len);
            pictures += usize::from(found["value"]["embed"].is_object());
        }
    }
    assert!(
        records > 40 && links > 100 && pictures > 15,
        "{records} records, {links} facets, {pictures} with pictures"
    );
}
