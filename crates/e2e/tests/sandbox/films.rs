//! Videos from the command line to the record: what goes out, and what is refused by name before anything is sent.

use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;
use skein_testkit::films::Film;
use skein_testkit::pictures::{gif, jpeg};

use crate::Scene;

pub(crate) const VTT: &[u8] = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHonk";

/// A little over two of the sandbox's parts of a million bytes.
pub(crate) fn film() -> Vec<u8> {
    Film { payload: vec![7; 2_300_000], ..Film::default() }.bytes()
}

impl Scene {
    pub(crate) fn only_embed(&self) -> Value {
        let mut embeds = self.embeds();
        assert_eq!(embeds.len(), 1, "{embeds:#?}");
        embeds.remove(0)
    }

    /// What the account's server keeps of a blob in a record.
    pub(crate) fn kept(&self, blob: &Value) -> Vec<u8> {
        self.sandbox.blob(&self.alice.did, blob["ref"]["$link"].as_str().unwrap()).unwrap().unwrap()
    }

    /// The codes and fields of a refusal.
    async fn refusals(&self, arguments: &[&str]) -> Vec<(String, String)> {
        let refused = self.rig.run(arguments).await.exits(3).json();
        let errors = refused["errors"].as_array().unwrap();
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        errors.iter().map(|fault| (text(fault, "code"), text(fault, "field"))).collect()
    }
}

#[tokio::test]
async fn a_video_goes_out_with_its_captions_and_is_forgotten_here() {
    let scene = Scene::set().await;
    let (bytes, file) = (film(), scene.rig.bytes("film.mp4", &film()));
    let en = format!("en={}", scene.rig.bytes("en.vtt", VTT));
    let pt = format!("pt-BR={}", scene.rig.bytes("pt.vtt", b"WEBVTT\n"));
    let posted = scene
        .rig
        .run(&["post", "Look", "--video", &file, "--alt", "Geese.", "--captions", &en, "--captions", &pt, "--json"])
        .await
        .exits(0)
        .json();
    assert_eq!((&posted["warnings"], &posted["status"]), (&json!([]), &json!("published")), "{posted:#}");
    let embed = scene.only_embed();
    assert_eq!((&embed["$type"], &embed["alt"]), (&json!("app.bsky.embed.video"), &json!("Geese.")));
    assert_eq!(embed["aspectRatio"], json!({"width": 64, "height": 48}));
    assert_eq!(embed.get("presentation"), None);
    assert_eq!(scene.kept(&embed["video"]), bytes);
    let langs: Vec<_> = embed["captions"].as_array().unwrap().iter().map(|track| &track["lang"]).collect();
    assert_eq!(langs, ["en", "pt-BR"]);
    assert_eq!(
        (scene.kept(&embed["captions"][0]["file"]), &embed["captions"][0]["file"]["mimeType"]),
        (VTT.to_vec(), &json!("text/vtt"))
    );
    assert_eq!(posted["deliveries"][0]["receipt"]["settled"], "answered", "the hash was computed before it was sent");
    let story = scene.story().await;
    assert!(story.contains("uploaded and encoded"), "{story}");
}

#[tokio::test]
async fn the_preview_marks_the_blob_and_the_rest_is_the_post() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film", &film());
    let quote = scene.post().await.exits(0).json()["deliveries"][0]["uri"].as_str().unwrap().to_owned();
    for (words, pointer) in [(&[][..], "/embed/video"), (&["--quote", &quote], "/embed/media/video")] {
        let arguments = |command: &'static str| [&[command, "Look", "--video", &file, "--json"], words].concat();
        let before = scene.rig.media_files();
        let shown = scene.rig.run(&arguments("preview")).await.exits(0).json();
        assert_eq!(shown["parts"][0]["video"]["duration_ms"], 2_000, "{shown:#}");
        assert_eq!(scene.rig.media_files(), before, "a preview keeps nothing");
        let record = &shown["records"][0];
        assert_eq!(record["not_fixed"], json!(["/createdAt", pointer]), "{record:#}");
        scene.rig.run(&arguments("post")).await.exits(0);
        let mut made = scene.sandbox.values(&scene.alice.did, "app.bsky.feed.post").unwrap().pop().unwrap();
        let mut value = record["value"].clone();
        for open in ["/createdAt", pointer] {
            *value.pointer_mut(open).unwrap() = made.pointer_mut(open).unwrap().take();
            *made.pointer_mut(open).unwrap() = value.pointer(open).unwrap().clone();
        }
        assert_eq!(value, made);
    }
    let offline = scene.rig.run(&["preview", "Look", "--video", &file, "--offline", "--json"]).await.exits(0).json();
    assert_eq!(offline["warnings"][0]["code"], "pictures_not_opened", "{offline:#}");
}

#[tokio::test]
async fn a_gif_that_moves_becomes_a_video_and_one_that_does_not_a_picture() {
    let scene = Scene::set().await;
    let (moving, still) = (gif(40, 30, 3), gif(40, 30, 1));
    for (name, bytes) in [("moving.gif", &moving), ("still.gif", &still)] {
        let file = scene.rig.bytes(name, bytes);
        scene.rig.run(&["post", "Look", "--image", &file, "--alt", "A goose."]).await.exits(0);
    }
    let embeds = scene.embeds();
    assert_eq!((&embeds[0]["$type"], &embeds[0]["presentation"]), (&json!("app.bsky.embed.video"), &json!("gif")));
    assert_eq!((&embeds[0]["video"]["mimeType"], &embeds[0]["alt"]), (&json!("video/mp4"), &json!("A goose.")));
    assert_eq!(embeds[0]["aspectRatio"], json!({"width": 40, "height": 30}));
    assert!(scene.kept(&embeds[0]["video"]).ends_with(&moving), "it was sent as it is");
    assert_eq!(
        (&embeds[1]["$type"], &embeds[1]["images"][0]["image"]["mimeType"]),
        (&json!("app.bsky.embed.images"), &json!("image/png"))
    );
}

#[tokio::test]
async fn parts_of_a_thread_have_videos_of_their_own() {
    let scene = Scene::set().await;
    scene.rig.bytes("film.bin", &film());
    scene.rig.bytes("cat.jpg", &jpeg(40, 30, 1, None));
    let text = "One\n\n![Geese](film.bin)\n---\n![A cat](cat.jpg)\n---\n![Geese again](film.bin)";
    let file = scene.rig.file("thread.md", text);
    scene.rig.run(&["thread", &file, "--json"]).await.exits(0);
    scene.rig.run(&["thread", &file, "--markdown", "--json"]).await.exits(0);
    let embeds = scene.embeds();
    assert_eq!(embeds[..3], embeds[3..], "Markdown or not");
    let kinds: Vec<_> = embeds[..3].iter().map(|embed| embed["$type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["app.bsky.embed.video", "app.bsky.embed.images", "app.bsky.embed.video"]);
    assert_eq!((&embeds[0]["alt"], &embeds[2]["alt"]), (&json!("Geese"), &json!("Geese again")));
    assert_eq!(embeds[0]["video"], embeds[2]["video"], "one file is encoded once");
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused_by_name_and_with_its_cure() {
    let whole = Film::default().bytes();
    let cut = whole[..whole.len() - 40].to_vec();
    let files = [
        ("cut.mp4", cut, "video_truncated", "copy or download it again"),
        ("new.mp4", Film { codec: Some(*b"hvc1"), ..Film::default() }.bytes(), "video_codec_not_taken", "--fix"),
        (
            "odd.mp4",
            Film { times: vec![(10, 512), (1, 100), (20, 700), (9, 30)], ..Film::default() }.bytes(),
            "video_timing_irregular",
            "--fix",
        ),
        ("old.mov", b"OggS............".to_vec(), "video_format_not_taken", "--fix"),
        ("thin.mp4", Film { width: 640, height: 20, ..Film::default() }.bytes(), "video_aspect_ratio", "crop it"),
    ];
    let scene = Scene::set().await;
    for (name, bytes, code, cure) in files {
        let file = scene.rig.bytes(name, &bytes);
        let refused = scene.rig.run(&["post", "Look", "--video", &file, "--json"]).await.exits(3).json();
        let fault = &refused["errors"][0];
        assert_eq!((&fault["code"], &fault["field"]), (&json!(code), &json!("parts[0].media[0]")), "{refused:#}");
        assert!(fault["message"].as_str().unwrap().contains(cure), "{refused:#}");
        assert!(fault["given"].is_string(), "{refused:#}");
    }
    assert_eq!((scene.records(), scene.rig.media_files()), (0, 0));
}

#[tokio::test]
async fn a_video_stands_alone_and_captions_are_checked() {
    let scene = Scene::set().await;
    let (film, cat) = (scene.rig.bytes("film", &film()), scene.rig.bytes("cat", &jpeg(40, 30, 1, None)));
    let told = |code: &str, field: &str| vec![(code.to_owned(), field.to_owned())];
    let refused = scene.refusals(&["post", "x", "--image", &cat, "--video", &film, "--json"]).await;
    assert_eq!(refused, told("video_not_alone", "parts[0].media[1]"));
    let vtt = scene.rig.bytes("a.vtt", VTT);
    let srt = scene.rig.bytes("a.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHonk");
    let long = scene.rig.bytes("long.vtt", &[VTT, "x".repeat(20_000).as_bytes()].concat());
    let (en, de, fr) = (format!("en={vtt}"), format!("de={srt}"), format!("fr={long}"));
    let refused = scene.refusals(&["post", "x", "--image", &cat, "--captions", &en, "--json"]).await;
    assert_eq!(refused, told("captions_without_video", "parts[0].media[0].captions"));
    let refused =
        scene.refusals(&["post", "x", "--video", &film, "--captions", &en, "--captions", &de, "--json"]).await;
    assert_eq!(refused, told("captions_not_vtt", "parts[0].media[0].captions[1]"));
    let refused = scene.refusals(&["post", "x", "--video", &film, "--captions", &fr, "--json"]).await;
    assert_eq!(refused, told("captions_too_large", "parts[0].media[0].captions[0]"));
    let twice = format!("en={vtt}");
    let refused =
        scene.refusals(&["post", "x", "--video", &film, "--captions", &en, "--captions", &twice, "--json"]).await;
    assert_eq!(refused, told("caption_lang_twice", "parts[0].media[0].captions[1].lang"));
    let line =
        json!({"text": "x", "media": [{"url": film, "captions": [{"lang": "english!", "url": vtt}]}]}).to_string();
    let shown = scene.rig.run_with(&["preview", "--lines"], &[], &line).await.exits(0).json();
    let codes: Vec<_> = shown["faults"].as_array().unwrap().iter().map(|fault| &fault["code"]).collect();
    assert_eq!(codes, ["caption_lang_invalid"], "{shown:#}");
    assert_eq!((scene.records(), scene.rig.media_files()), (0, 1), "the picture that stood before a fault is swept");
}

#[tokio::test]
async fn a_body_in_json_names_its_video_and_its_captions() {
    let scene = Scene::set().await;
    let (film, vtt) = (scene.rig.bytes("film", &film()), scene.rig.bytes("a.vtt", VTT));
    let media = json!({"url": film, "alt": "Geese.", "captions": [{"lang": "en", "url": vtt}]});
    let line = json!({"text": "Look", "media": [media]}).to_string();
    let shown = scene.rig.run_with(&["preview", "--lines"], &[], &line).await.exits(0).json();
    let embed = &shown["records"][0]["value"]["embed"];
    assert_eq!((&embed["$type"], &embed["alt"]), (&json!("app.bsky.embed.video"), &json!("Geese.")), "{shown:#}");
    let track = &embed["captions"][0]["file"];
    assert_eq!((&track["ref"]["$link"], &track["size"]), (&json!(cid_of_blob(VTT)), &json!(VTT.len())));
    assert_eq!(shown["parts"][0]["video"]["captions"], json!([{"lang": "en", "bytes": VTT.len()}]));
}
