//! The budget, against a network that counts: whole threads wait, nothing is refused, nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;
use serde_json::Value;
use skein_sandbox::{RateLimits, SandboxOptions};

use crate::{Scene, delivery, options};

/// How much of the sandbox's hour is left after the first write, in seconds.
const LEFT_S: i64 = 15;

/// A sandbox whose clock can be moved, and whose windows so end when a test wants.
struct Clocked {
    scene: Scene,
    behind_s: Arc<AtomicI64>,
}

impl Clocked {
    async fn set(points_per_hour: u64) -> Self {
        let behind_s = Arc::new(AtomicI64::new(3_600 - LEFT_S));
        let (real, behind) = (options(), Arc::clone(&behind_s));
        let clock = Arc::clone(&real.clock);
        let clock = Arc::new(move || clock() - SignedDuration::from_secs(behind.load(Ordering::SeqCst)));
        let scene = Scene::set_with(SandboxOptions { clock, ..real }).await;
        let limits = RateLimits { write_points_per_hour: points_per_hour, write_points_per_day: 35_000 };
        scene.sandbox.set_rate_limits(Some(limits));
        Self { scene, behind_s }
    }

    /// One write opens the hour, which ends a few seconds from now.
    async fn first_write(&self) {
        self.scene.post().await.exits(0);
        self.behind_s.store(0, Ordering::SeqCst);
    }

    async fn hour(&self) -> Value {
        let limits = self.scene.rig.run(&["limits", "--json"]).await.exits(0).json();
        assert_eq!(limits["accounts"].as_array().unwrap().len(), 1, "{limits:#}");
        assert_eq!(limits["accounts"][0]["enforced"], true, "{limits:#}");
        limits["accounts"][0]["limits"][0].clone()
    }
}

#[tokio::test]
async fn a_thread_of_200_that_does_not_fit_waits_and_goes_out_whole() {
    let clocked = Clocked::set(602).await;
    let scene = &clocked.scene;
    clocked.first_write().await;
    let hour = clocked.hour().await;
    assert_eq!((&hour["name"], &hour["unit"]), (&"writes_per_hour".into(), &"points".into()));
    assert_eq!((hour["limit"].as_u64(), hour["used"].as_u64(), hour["left"].as_u64()), (Some(602), Some(3), Some(599)));

    let parts: Vec<String> = (1..=200).map(|part| format!("Part {part}")).collect();
    let file = scene.rig.file("thread.txt", &parts.join("\n---\n"));
    let ran = scene.rig.run(&["thread", &file, "--json"]).await;
    if ran.code == Some(6) {
        let mut serve = scene.rig.serve(&[]);
        serve.reaches("published").await;
        serve.end().await;
    }
    let post = scene.rig.run(&["queue", "show", "last", "--json"]).await.exits(0).json();
    assert_eq!(post["status"], "published", "{post:#}");
    assert_eq!(delivery(&post)["receipt"]["attempts"], 1, "one request, and no refused one before it");
    assert_eq!(scene.records(), 201);
    let story = scene.story().await;
    assert!(story.contains("RateLimitExceeded") && story.contains("it fits at"), "{story}");
    let refused = scene.rig.run(&["log", "--failed", "--json"]).await.exits(0).json();
    assert_eq!(refused, serde_json::json!([]), "the server never had to refuse");
    assert_eq!(clocked.hour().await["used"], 600);
}

#[tokio::test]
async fn what_does_not_fit_for_long_is_kept_with_its_wake_up_and_later_posts_wait_behind_it() {
    let scene = Scene::set().await;
    scene.sandbox.set_rate_limits(Some(RateLimits { write_points_per_hour: 6, write_points_per_day: 35_000 }));
    scene.post().await.exits(0);
    scene.post().await.exits(0);
    let first = scene.post().await.exits(6).json();
    let kept = delivery(&first);
    assert_eq!(kept["state"], "ready", "{first:#}");
    assert!(kept["wake_at"].is_string() && kept["reason"].as_str().unwrap().contains("RateLimitExceeded"), "{first:#}");
    let second = scene.post().await.exits(6).json();
    assert!(delivery(&second)["reason"].as_str().unwrap().contains("posts leave in order"), "{second:#}");
    assert_eq!(scene.records(), 2);
    let told = scene.rig.run(&["limits"]).await.exits(0).stdout;
    assert!(told.contains("6 of 6 used") && told.contains("0 left"), "{told}");
    let refused =
        scene.rig.run(&["call", "com.atproto.repo.deleteRecord", "collection=x.y.z", "rkey=a", "--json"]).await;
    let refused = refused.exits(1).json();
    assert_eq!(refused["errors"][0]["code"], "rate_limited", "{refused:#}");
    assert!(refused["errors"][0]["retry_at"].is_string(), "{refused:#}");
    assert_eq!(scene.rig.run(&["log", "--failed", "--json"]).await.exits(0).json(), serde_json::json!([]));
}
