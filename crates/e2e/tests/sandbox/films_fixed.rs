//! `--fix`: videos that are encoded again before they are submitted. And videos from the web, which are not held in memory.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use skein_testkit::Site;

use crate::Scene;
use crate::films::{VTT, film};

/// An MPEG-4 film of a second, 101 x 57 px.
fn old_film(path: &str) {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=s=101x57:r=30:d=1"])
        .args(["-c:v", "mpeg4", "-f", "mp4"])
        .arg(format!("file:{path}"))
        .status()
        .expect("ffmpeg is missing: `cargo xtask test --install` installs it, --fast leaves these tests out");
    assert!(made.success());
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

impl Scene {
    fn is_encoded(&self, embed: &Value) {
        let kept = self.kept(&embed["video"]);
        assert!(contains(&kept, b"avc1") && !contains(&kept, b"mp4v"));
        assert_eq!(embed["aspectRatio"], json!({"width": 100, "height": 56}));
    }
}

#[tokio::test]
async fn real_ffmpeg_fixes_what_is_refused_and_leaves_the_original_alone() {
    let scene = Scene::set().await;
    let path = scene.rig.bytes("old film.mp4", b"");
    old_film(&path);
    let before = std::fs::read(&path).unwrap();
    let refused = scene.rig.run(&["post", "Look", "--video", &path, "--json"]).await.exits(3).json();
    assert_eq!(refused["errors"][0]["code"], "video_codec_not_taken", "{refused:#}");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("--fix"));
    let ran = scene.rig.run(&["post", "Look", "--video", &path, "--alt", "A test.", "--fix", "--json"]).await.exits(0);
    let told: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("encoded again")).collect();
    assert_eq!(told.len(), 1, "one line when it is done, where nobody looks: {ran:#?}");
    assert_eq!(ran.json()["parts"][0]["media"][0]["source"], path.as_str(), "it is called as it was named");
    scene.is_encoded(&scene.only_embed());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let folder = Path::new(&path).parent().unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.join("data/media/00")).unwrap().collect();
    assert!(left.iter().all(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part")));
}

#[tokio::test]
async fn real_ffmpeg_fixes_the_videos_of_a_thread_in_markdown_and_of_a_preview() {
    let scene = Scene::set().await;
    let path = scene.rig.bytes("old.mp4", b"");
    old_film(&path);
    scene.rig.bytes("good.mp4", &film());
    let file = scene.rig.file("thread.md", "One ![A](old.mp4)\n---\nTwo ![B](good.mp4)");
    let shown = scene.rig.run(&["preview", "--thread", &file, "--markdown", "--fix", "--json"]).await.exits(0).json();
    assert_eq!(shown["parts"][0]["video"]["width"], 100, "{shown:#}");
    scene.rig.run(&["thread", &file, "--markdown", "--fix"]).await.exits(0);
    let embeds = scene.embeds();
    scene.is_encoded(&embeds[0]);
    assert_eq!(scene.kept(&embeds[1]["video"]), film(), "what needs no fixing is sent as it is");
}

#[tokio::test]
async fn without_ffmpeg_nothing_is_stored_and_it_is_told_what_to_install() {
    let scene = Scene::set().await;
    let hevc = skein_testkit::films::Film { codec: Some(*b"hvc1"), ..Default::default() };
    let path = scene.rig.bytes("new.mp4", &hevc.bytes());
    let arguments = ["post", "Look", "--video", &path, "--fix", "--json"];
    let refused = scene.rig.run_with(&arguments, &[("PATH", "/nowhere")], "").await.exits(3).json();
    let fault = &refused["errors"][0];
    assert_eq!((&fault["code"], &fault["field"]), (&json!("video_not_fixed"), &json!("parts[0].media[0]")));
    assert!(fault["message"].as_str().unwrap().contains("install ffmpeg"), "{refused:#}");
    assert_eq!((scene.records(), scene.rig.media_files()), (0, 0));
}

#[tokio::test]
async fn a_video_and_its_captions_come_from_the_web() {
    let (scene, site) = (Scene::set().await, Site::start().await.unwrap());
    let (video, vtt) = (site.file("/film", "video/mp4", &film()), site.file("/a.vtt", "text/vtt", VTT));
    let captions = format!("en={vtt}?key=secret");
    let posted = scene
        .rig
        .run(&["post", "Look", "--video", &format!("{video}?key=secret"), "--captions", &captions, "--json"])
        .await
        .exits(0)
        .json();
    assert!(!posted.to_string().contains("secret"), "{posted:#}");
    let embed = scene.only_embed();
    assert_eq!(scene.kept(&embed["video"]), film());
    assert_eq!(scene.kept(&embed["captions"][0]["file"]), VTT);
    let log = scene.rig.run(&["log", "--json"]).await.exits(0).stdout;
    assert!(log.contains(&film().len().to_string()) && !log.contains("secret"), "{log}");
    let gone = scene.rig.run(&["post", "Look", "--video", &site.url("/none"), "--json"]).await.exits(3).json();
    assert_eq!(gone["errors"][0]["code"], "file_not_fetched", "{gone:#}");
}
