//! What happens to videos on their way: faults of the service, crashes, limits, two processes.

use std::time::Duration;

use serde_json::json;
use skein_sandbox::{Fault, FaultOrder};

use crate::Scene;
use crate::films::film;

impl Scene {
    fn order_video(&self, method: &str, fault: Fault, times: u32) {
        self.order(FaultOrder::new(format!("app.bsky.video.{method}"), fault).times(times));
    }

    /// How many calls of a method came in that faults were ordered for.
    fn calls_of(&self, method: &str) -> usize {
        let name = format!("app.bsky.video.{method}");
        self.sandbox.faults().report().fired.iter().filter(|fired| fired.method == name).count()
    }

    fn count_calls(&self, method: &str) {
        self.order_video(method, Fault::Slow { ms: 0 }, 1_000);
    }

    /// Waits until the engine has made its first call of a method.
    async fn sees(&self, method: &str) {
        let seen = async {
            while self.calls_of(method) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), seen).await.unwrap();
    }

    async fn state(&self) -> String {
        let shown = self.rig.run(&["queue", "show", "last", "--json"]).await.exits(0).json();
        shown["deliveries"][0]["state"].as_str().unwrap_or_else(|| panic!("{shown:#}")).to_owned()
    }
}

#[tokio::test]
async fn a_video_that_cannot_be_encoded_fails_with_words_and_can_be_tried_again() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("finishUpload", Fault::VideoFails { code: "encoding_failure".to_owned() }, 1);
    let failed = scene.rig.run(&["post", "Look", "--video", &file, "--json"]).await.exits(1).json();
    let error = &failed["deliveries"][0]["error"];
    assert_eq!(error["code"], "video_not_encoded", "{failed:#}");
    assert!(error["message"].as_str().unwrap().contains("encode it again as H.264"), "{failed:#}");
    assert_eq!(scene.records(), 0);
    scene.rig.run(&["queue", "retry", "last"]).await;
    scene.rig.run(&["work", "--once"]).await.exits(0);
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
}

#[tokio::test]
async fn a_job_that_fails_in_passing_is_done_again() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("finishUpload", Fault::VideoFails { code: "pds_upload_failure".to_owned() }, 1);
    scene.rig.run(&["post", "Look", "--video", &file]).await.exits(0);
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
}

#[tokio::test]
async fn faults_on_the_way_make_no_second_post() {
    for (method, fault) in [
        ("startUpload", Fault::ServerErrorBefore),
        ("uploadPart", Fault::PartLost),
        ("finishUpload", Fault::Garbled),
        ("getJobStatus", Fault::BadGatewayAfter),
        ("startUpload", Fault::NotImplemented),
    ] {
        let scene = Scene::set().await;
        let file = scene.rig.bytes("film.mp4", &film());
        scene.order_video(method, fault.clone(), 1);
        scene.rig.run(&["post", "Look", "--video", &file]).await.exits(0);
        assert_eq!(scene.kept(&scene.only_embed()["video"]), film(), "{method} {fault:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_asked_too_often_says_when_and_is_waited_for() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    for method in ["getUploadLimits", "startUpload", "finishUpload"] {
        scene.order_video(method, Fault::RateLimited { reset_after_s: 2 }, 1);
    }
    scene.rig.run(&["post", "Look", "--video", &file]).await.exits(0);
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
    assert_eq!(scene.sandbox.faults().report().fired.len(), 3);
}

#[tokio::test]
async fn a_video_that_the_service_has_is_not_encoded_again() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("startUpload", Fault::NotImplemented, 1);
    scene.order_video("uploadVideo", Fault::VideoExists, 1);
    scene.rig.run(&["post", "Look", "--video", &file]).await.exits(0);
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
    scene.count_calls("startUpload");
    scene.rig.run(&["post", "Again", "--video", &file]).await.exits(0);
    assert_eq!((scene.calls_of("startUpload"), scene.records()), (1, 2), "what was encoded a moment ago is relied on");
}

#[tokio::test]
async fn a_blob_that_the_server_lost_is_brought_again() {
    let scene = Scene::with(Fault::BlobNotFound).await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.count_calls("finishUpload");
    scene.rig.run(&["post", "Look", "--video", &file]).await.exits(0);
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
    assert_eq!(scene.calls_of("finishUpload"), 2, "what is lost is forgotten and asked for again");
}

#[tokio::test]
async fn a_used_up_day_waits_with_its_reason() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("getUploadLimits", Fault::VideoLimitReached, 1);
    scene.rig.run(&["post", "Look", "--video", &file, "--at", "in 10m"]).await.exits(6);
    scene.rig.run(&["work", "--once"]).await.exits(0);
    let shown = scene.rig.run(&["queue", "show", "last", "--json"]).await.exits(0).json();
    let delivery = &shown["deliveries"][0];
    assert_eq!(delivery["state"], "scheduled", "{shown:#}");
    let story = scene.story().await;
    assert!(story.contains("daily limit of videos") && story.contains("0 videos"), "{story}");
}

#[tokio::test]
async fn a_command_does_not_wait_for_another_day() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("getUploadLimits", Fault::VideoLimitReached, 1);
    let kept = scene.rig.run(&["post", "Look", "--video", &file, "--json"]).await.exits(6).json();
    assert_eq!(kept["deliveries"][0]["state"], "scheduled", "{kept:#}");
    assert!(kept["deliveries"][0]["reason"].to_string().contains("daily limit of videos"), "{kept:#}");
}

#[tokio::test]
async fn a_video_is_brought_ahead_and_its_post_waits_for_its_time() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.rig.run(&["post", "Look", "--video", &file, "--at", "in 15m"]).await.exits(6);
    scene.rig.run(&["work", "--once"]).await.exits(0);
    assert_eq!((scene.state().await.as_str(), scene.records()), ("scheduled", 0));
    assert!(scene.story().await.contains("it waits for its time"));
    scene.count_calls("startUpload");
    // A text that is due before it is not dated after it.
    scene.post().await.exits(0);
    scene.rig.run(&["queue", "move", "last", "in 1s"]).await;
    assert_eq!(scene.calls_of("startUpload"), 0);
}

#[tokio::test]
async fn a_crash_while_a_video_is_encoded_costs_no_second_job_and_no_second_post() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("finishUpload", Fault::VideoSlow { looks: 2 }, 1);
    scene.count_calls("getJobStatus");
    scene.count_calls("startUpload");
    scene.rig.run(&["post", "Look", "--video", &file, "--at", "in 5m"]).await.exits(6);
    let engine = scene.rig.serve(&[]);
    scene.sees("getJobStatus").await;
    engine.kill().await;
    scene.rig.run(&["queue", "move", "last", "in 1s"]).await.exits(0);
    let mut engine = scene.rig.serve(&[]);
    engine.reaches("published").await;
    engine.end().await;
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
    assert_eq!((scene.calls_of("startUpload"), scene.calls_of("finishUpload")), (1, 1));
}

#[tokio::test]
async fn a_crash_while_parts_are_sent_goes_on_with_the_same_upload() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.count_calls("startUpload");
    scene.order(FaultOrder::new("app.bsky.video.uploadPart", Fault::HoldRequest).skip(1));
    scene.rig.run(&["post", "Look", "--video", &file, "--at", "in 5m"]).await.exits(6);
    let engine = scene.rig.serve(&[]);
    scene.sees("uploadPart").await;
    engine.kill().await;
    scene.rig.run(&["queue", "move", "last", "in 1s"]).await.exits(0);
    let mut engine = scene.rig.serve(&[]);
    engine.reaches("published").await;
    engine.end().await;
    assert_eq!(scene.kept(&scene.only_embed()["video"]), film());
    assert_eq!(scene.calls_of("startUpload"), 1, "the upload that was begun is the one that was finished");
}

#[tokio::test]
async fn a_post_that_is_canceled_while_its_video_goes_up_stays_canceled() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("uploadPart", Fault::HoldRequest, 1);
    scene.rig.run(&["post", "Look", "--video", &file, "--at", "in 5m"]).await.exits(6);
    let engine = scene.rig.serve(&[]);
    scene.sees("uploadPart").await;
    scene.rig.run(&["queue", "cancel", "last"]).await.exits(0);
    engine.end().await;
    assert_eq!((scene.state().await.as_str(), scene.records()), ("canceled", 0));
}

#[tokio::test]
async fn one_film_on_two_accounts_is_encoded_for_each() {
    let scene = Scene::set().await;
    let bob = scene.sandbox.create_account("bob.test").unwrap();
    scene.rig.login("bob.test", scene.sandbox.url(), &bob.app_password).await.exits(0);
    let file = scene.rig.bytes("film.mp4", &film());
    let arguments = ["post", "Look", "--video", &file, "--account", "alice.test", "--account", "bob.test", "--json"];
    let posted = scene.rig.run(&arguments).await.exits(0).json();
    assert_eq!(posted["platforms"], json!({"bluesky": "published"}), "{posted:#}");
    for did in [&scene.alice.did, &bob.did] {
        let embed = scene.sandbox.values(did, "app.bsky.feed.post").unwrap().remove(0)["embed"].take();
        let cid = embed["video"]["ref"]["$link"].as_str().unwrap();
        assert_eq!(scene.sandbox.blob(did, cid).unwrap().unwrap(), film());
    }
}

#[tokio::test]
async fn two_engines_upload_a_film_once() {
    let scene = Scene::set().await;
    let file = scene.rig.bytes("film.mp4", &film());
    scene.order_video("finishUpload", Fault::VideoSlow { looks: 2 }, 1);
    scene.count_calls("startUpload");
    scene.rig.run(&["post", "One", "--video", &file, "--at", "in 2s"]).await.exits(6);
    let mut first = scene.rig.serve(&[]);
    let second = scene.rig.run(&["post", "Two", "--video", &file]).await;
    second.exits(0);
    first.reaches("published").await;
    first.end().await;
    assert_eq!((scene.calls_of("startUpload"), scene.records()), (1, 2));
}
