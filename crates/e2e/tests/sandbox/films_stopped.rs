//! Videos that come through pipes, commands that are stopped before their post is kept, and what is refused before `--fix`.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use skein_testkit::Site;
use skein_testkit::films::Film;
use skein_testkit::pictures::jpeg;

use crate::Scene;
use crate::films::film;

impl Scene {
    fn pipe(&self, name: &str) -> String {
        let path = self.rig.bytes(name, b"");
        std::fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// Starts a command that reads from a pipe, and presses Ctrl-C while it does.
    async fn stopped_at(&self, pipe: &str, arguments: &[&str]) {
        let command = self.rig.start(arguments);
        let path = pipe.to_owned();
        // Opening a pipe waits for who reads from it.
        let open = tokio::task::spawn_blocking(move || OpenOptions::new().write(true).open(path).unwrap());
        let writer = open.await.unwrap();
        let ran = command.interrupted().await.exits(1);
        drop(writer);
        assert_eq!(ran.json()["errors"][0]["code"], "interrupted", "{ran:#?}");
        let kept = self.rig.run(&["queue", "list", "--all", "--json"]).await.exits(0).stdout;
        assert!(!kept.contains("post_"), "{kept}");
        assert_eq!(self.records(), 0);
    }

    async fn refused_before_encoding(&self, arguments: &[&str], code: i32) -> Value {
        let refused = self.rig.run_with(arguments, &[("PATH", "/nowhere")], "").await.exits(code).json();
        refused["errors"][0].clone()
    }
}

#[tokio::test]
async fn ctrl_c_keeps_nothing_wherever_a_submission_is() {
    let scene = Scene::set().await;
    let (film, pipe) = (scene.rig.bytes("film.mp4", &film()), scene.pipe("pipe"));
    let captions = format!("en={pipe}");
    for arguments in [
        &["post", "Look", "--video", &pipe, "--fix", "--json"][..],
        &["post", "Look", "--video", &film, "--captions", &captions, "--fix", "--json"],
        &["post", "Look", "--image", &pipe, "--json"],
        &["preview", "Look", "--video", &pipe, "--fix", "--json"],
    ] {
        scene.stopped_at(&pipe, arguments).await;
    }
}

#[tokio::test]
async fn ctrl_c_after_a_fix_stops_the_upload_and_says_that_the_post_is_kept() {
    let scene = Scene::set().await;
    let film = scene.rig.bytes("film.mp4", &film());
    scene.order(skein_sandbox::FaultOrder::new("app.bsky.video.uploadPart", skein_sandbox::Fault::HoldRequest));
    let command = scene.rig.start(&["post", "Look", "--video", &film, "--fix", "--json"]);
    scene.sandbox.faults().wait_until_held(1).await;
    let ran = command.interrupted().await.exits(6);
    assert_eq!(ran.json()["errors"][0]["code"], "interrupted", "{ran:#?}");
    assert_eq!(scene.records(), 0);
}

#[tokio::test]
async fn what_is_wrong_without_its_video_is_told_before_it_is_encoded() {
    let scene = Scene::set().await;
    let hevc = scene.rig.bytes("new.mp4", &Film { codec: Some(*b"hvc1"), ..Film::default() }.bytes());
    let good = scene.rig.bytes("film.mp4", &film());
    let long = "x".repeat(301);
    let post = |words: &[&'static str]| [&["post", "Look", "--video", &hevc, "--fix", "--json"], words].concat();
    let too_long = ["post", &long, "--video", &hevc, "--fix", "--json"];
    assert_eq!(scene.refused_before_encoding(&too_long, 3).await["code"], "too_many_graphemes");
    assert_eq!(scene.refused_before_encoding(&post(&["--account", "bob.test"]), 3).await["field"], "accounts");
    assert_eq!(scene.refused_before_encoding(&post(&["--at", "some day"]), 3).await["field"], "scheduled_at");
    scene.rig.run(&["post", "Mine", "--ref", "mine", "--video", &good, "--at", "in 1h"]).await.exits(6);
    assert_eq!(scene.refused_before_encoding(&post(&["--ref", "mine"]), 1).await["code"], "ref_taken");
    let preview = ["preview", &long, "--video", &hevc, "--fix", "--json"];
    let shown = scene.rig.run_with(&preview, &[("PATH", "/nowhere")], "").await.exits(3).json();
    assert_eq!(shown["faults"][0]["code"], "too_many_graphemes", "{shown:#}");
}

#[tokio::test]
async fn pictures_and_videos_come_through_pipes() {
    let scene = Scene::set().await;
    scene.rig.bytes("cat.jpg", &jpeg(40, 30, 1, None));
    scene.rig.bytes("film.mp4", &film());
    for line in [
        "cat cat.jpg | skein post Look --image /dev/stdin",
        "cat film.mp4 | skein post Look --video /dev/stdin --fix",
        "skein post Look --image /dev/stdin < cat.jpg",
    ] {
        scene.rig.shell(line, &[]).await.exits(0);
    }
    let embeds = scene.embeds();
    assert_eq!(embeds[0], embeds[2]);
    assert_eq!(scene.kept(&embeds[1]["video"]), film());
    let unfinished = Path::new(&scene.rig.file("here", "")).with_file_name("data").join("media/00");
    let left = std::fs::read_dir(unfinished).unwrap();
    assert!(left.into_iter().all(|entry| entry.unwrap().path().extension().is_none()), "copies go away");
}

#[tokio::test]
async fn captions_are_fetched_no_further_than_their_limit() {
    let (scene, site) = (Scene::set().await, Site::start().await.unwrap());
    let film = scene.rig.bytes("film.mp4", &film());
    let captions = format!("en={}", site.endless("/en.vtt"));
    let refused = scene.rig.run(&["post", "Look", "--video", &film, "--captions", &captions, "--json"]).await.exits(3);
    let fault = refused.json()["errors"][0].clone();
    assert_eq!((&fault["code"], &fault["limit"]), (&json!("captions_too_large"), &json!("20000 bytes")), "{fault:#}");
    assert_eq!((&fault["field"], &fault["given"]), (&json!("parts[0].media[0].captions[0]"), &json!("more")));
}

#[tokio::test]
async fn an_offline_preview_does_not_pass_over_fix() {
    let scene = Scene::set().await;
    let film = scene.rig.bytes("film.mp4", &film());
    let refused = scene.rig.run(&["preview", "Look", "--video", &film, "--offline", "--fix"]).await.exits(2);
    assert!(refused.stderr.contains("--offline") && refused.stderr.contains("--fix"), "{refused:#?}");
}
