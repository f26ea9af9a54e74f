//! Pictures of every kind, from the command line to the record; and those that are refused, by name.

use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;
use skein_sandbox::{Fault, FaultOrder};
use skein_testkit::pictures::{HIDDEN, PngKind, bomb, cmyk_jpeg, gif, jpeg, png};

use crate::Scene;

const UPLOAD: &str = "com.atproto.repo.uploadBlob";

impl Scene {
    /// The value of the one post.
    fn only_record(&self) -> Value {
        let mut values = self.values();
        assert_eq!(values.len(), 1);
        values.remove(0)
    }

    /// The values of all posts, oldest first.
    fn values(&self) -> Vec<Value> {
        self.sandbox.values(&self.alice.did, "app.bsky.feed.post").unwrap()
    }

    /// The hash of the one picture of the one post, and its bytes as they were uploaded.
    fn only_blob(&self) -> (String, Vec<u8>) {
        let record = self.only_record();
        let cid = record["embed"]["images"][0]["image"]["ref"]["$link"].as_str().unwrap();
        (cid.to_owned(), self.sandbox.blob(&self.alice.did, cid).unwrap().unwrap())
    }

    /// Posts one picture, and returns what the record says of it.
    async fn post_picture(&self, name: &str, bytes: &[u8]) -> Value {
        let file = self.rig.bytes(name, bytes);
        self.rig.run(&["post", "Look", "--image", &file, "--alt", "A test."]).await.exits(0);
        let embed = self.only_record()["embed"].clone();
        assert_eq!(embed["$type"], "app.bsky.embed.images", "{embed:#}");
        embed["images"][0].clone()
    }
}

/// Posts a picture and compares type and shape of what went out.
async fn goes_out_as(bytes: &[u8], mime: &str, width: u32, height: u32) -> Scene {
    let scene = Scene::set().await;
    let image = scene.post_picture("picture", bytes).await;
    assert_eq!(image["image"]["mimeType"], mime);
    assert_eq!(image["aspectRatio"], json!({"width": width, "height": height}));
    assert_eq!(image["alt"], "A test.");
    scene
}

#[tokio::test]
async fn a_clean_jpeg_goes_out_byte_for_byte() {
    let bytes = jpeg(64, 48, 1, None);
    let scene = goes_out_as(&bytes, "image/jpeg", 64, 48).await;
    let (cid, uploaded) = scene.only_blob();
    assert_eq!(cid, cid_of_blob(&bytes).as_str());
    assert_eq!(uploaded, bytes);
}

#[tokio::test]
async fn a_turned_jpeg_stands_upright_and_tells_no_place() {
    for orientation in 1..=8 {
        let (width, height) = if orientation < 5 { (64, 48) } else { (48, 64) };
        let scene = goes_out_as(&jpeg(64, 48, 1, Some(orientation)), "image/jpeg", width, height).await;
        let (_, uploaded) = scene.only_blob();
        assert!(!uploaded.windows(HIDDEN.len()).any(|bytes| bytes == HIDDEN.as_bytes()), "{orientation}");
    }
}

#[tokio::test]
async fn pictures_for_print_deep_ones_transparent_ones_and_still_gifs_go_out() {
    goes_out_as(&cmyk_jpeg(64, 48, 1), "image/jpeg", 64, 48).await;
    goes_out_as(&png(64, 48, 1, PngKind::Alpha), "image/png", 64, 48).await;
    goes_out_as(&png(64, 48, 1, PngKind::Opaque), "image/png", 64, 48).await;
    goes_out_as(&png(64, 48, 1, PngKind::Deep), "image/png", 64, 48).await;
    goes_out_as(&gif(64, 48, 1), "image/png", 64, 48).await;
    goes_out_as(&jpeg(4_400, 22, 1, None), "image/jpeg", 4_000, 20).await;
}

#[tokio::test]
async fn five_pictures_are_a_gallery_and_eleven_are_too_many() {
    let scene = Scene::set().await;
    let files: Vec<_> =
        (0..11_u8).map(|n| scene.rig.bytes(&format!("{n}.jpg"), &jpeg(40, 30, n.into(), None))).collect();
    let with = |count: usize| -> Vec<&str> {
        ["post", "", "--json"].into_iter().chain(files[..count].iter().flat_map(|file| ["--image", file])).collect()
    };
    let refused = scene.rig.run(&with(11)).await.exits(3).json();
    let fault = &refused["errors"][0];
    assert_eq!(
        (&fault["code"], &fault["field"]),
        (&json!("too_many_pictures"), &json!("parts[0].media")),
        "{refused:#}"
    );
    assert_eq!((&fault["limit"], &fault["given"]), (&json!("10 pictures"), &json!("11 pictures")));
    assert_eq!(scene.rig.media_files(), 0);
    let posted = scene.rig.run(&with(5)).await.exits(0).json();
    assert_eq!(posted["warnings"][0]["code"], "alt_missing", "{posted:#}");
    let embed = scene.only_record()["embed"].clone();
    assert_eq!(embed["$type"], "app.bsky.embed.gallery", "{embed:#}");
    let items = embed["items"].as_array().unwrap();
    assert_eq!(items.len(), 5);
    for item in items {
        assert_eq!(item["$type"], "app.bsky.embed.gallery#image");
        assert_eq!(item["aspectRatio"], json!({"width": 40, "height": 30}));
    }
}

#[tokio::test]
async fn pictures_of_a_thread_are_written_in_its_parts() {
    let scene = Scene::set().await;
    scene.rig.bytes("cat.png", &png(30, 20, 1, PngKind::Opaque));
    scene.rig.bytes("two dogs.jpg", &jpeg(20, 30, 2, None));
    let file = scene.rig.file("thread.md", "One\n\n![A cat](cat.png)\n---\n![Two dogs](<two dogs.jpg>)\n---\nThree");
    let posted = scene.rig.run(&["thread", &file, "--json"]).await.exits(0).json();
    assert_eq!(posted["parts"][0]["media"][0]["alt"], "A cat", "{posted:#}");
    let values = scene.values();
    let texts: Vec<_> = values.iter().map(|value| value["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["One", "", "Three"]);
    assert_eq!(values[0]["embed"]["images"][0]["alt"], "A cat");
    assert_eq!(values[1]["embed"]["images"][0]["alt"], "Two dogs");
    assert!(values[2].get("embed").is_none());
}

#[tokio::test]
async fn what_is_no_picture_is_refused_by_name_all_at_once() {
    let scene = Scene::set().await;
    let whole = jpeg(64, 48, 1, None);
    let files = [
        ("empty.jpg", vec![], "picture_empty"),
        ("words.png", b"These are words.".to_vec(), "picture_format_unknown"),
        ("cut.jpg", whole[..whole.len() / 2].to_vec(), "picture_truncated"),
        ("bomb.png", bomb(), "picture_too_many_pixels"),
        ("moves.gif", gif(10, 10, 2), "video_not_alone"),
        ("page.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "picture_format_not_taken"),
    ];
    let mut arguments = vec!["post".to_owned(), "Look".to_owned(), "--json".to_owned()];
    for (name, bytes, _) in &files {
        arguments.extend(["--image".to_owned(), scene.rig.bytes(name, bytes)]);
    }
    arguments.extend(["--image".to_owned(), "/nowhere/cat.png".to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let refused = scene.rig.run(&arguments).await.exits(3).json();
    let told: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    let expected: Vec<_> = files.iter().map(|(_, _, code)| *code).chain(["file_unreadable"]).collect();
    assert_eq!(told, expected, "{refused:#}");
    assert_eq!((scene.records(), scene.rig.media_files()), (0, 0));
}

#[tokio::test]
async fn a_blob_that_is_gone_is_uploaded_again() {
    let scene = Scene::with(Fault::BlobNotFound).await;
    scene.post_picture("picture", &jpeg(64, 48, 1, None)).await;
    let story = scene.story().await;
    assert!(story.contains("upload"), "{story}");
    assert_eq!(scene.sandbox.faults().report().fired.len(), 1);
}

#[tokio::test]
async fn an_upload_that_fails_is_tried_again() {
    for fault in [Fault::ServerErrorBefore, Fault::ServerErrorAfter, Fault::CutBefore, Fault::CutAfter] {
        let scene = Scene::set().await;
        scene.order(FaultOrder::new(UPLOAD, fault.clone()));
        scene.post_picture("picture", &jpeg(64, 48, 1, None)).await;
        assert_eq!(scene.sandbox.faults().report().fired.len(), 1, "{fault:?}");
    }
}
