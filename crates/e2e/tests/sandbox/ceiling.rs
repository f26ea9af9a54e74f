//! What an operator lets accounts write, at the command line.

use serde_json::json;
use skein_sandbox::RateLimits;

use crate::{Scene, delivery};

impl Scene {
    /// An installation under a ceiling.
    async fn under(points_per_hour: &str) -> Self {
        let mut scene = Self::set().await;
        scene.rig = scene.rig.with_variable("SKEIN_POINTS_PER_HOUR", points_per_hour);
        scene
    }
}

#[tokio::test]
async fn an_operators_ceiling_holds_on_every_host_and_says_whose_it_is_and_when_it_fits() {
    let scene = Scene::under("6").await;
    scene.post_with(&[], 0).await;
    scene.sandbox.set_rate_limits(Some(RateLimits { write_points_per_hour: 5_000, write_points_per_day: 35_000 }));
    scene.post_with(&[], 0).await;
    let third = scene.post_with(&[], 6).await;
    let kept = delivery(&third);
    let reason = kept["reason"].as_str().unwrap();
    assert!(reason.contains("that the operator lets") && reason.contains("it fits at"), "{third:#}");
    let fourth = scene.post_with(&[], 6).await;
    let reason = delivery(&fourth)["reason"].as_str().unwrap();
    assert!(reason.contains("the operator's ceiling") && reason.contains("posts leave in order"), "{fourth:#}");
    assert_eq!(scene.records(), 2);

    let limits = scene.rig.run(&["limits", "--json"]).await.exits(0).json();
    let gauges = limits["accounts"][0]["limits"].as_array().unwrap();
    let gauge = gauges.iter().find(|gauge| gauge["name"] == "ceiling_per_hour").unwrap();
    assert_eq!((gauge["limit"].as_u64(), gauge["used"].as_u64(), gauge["left"].as_u64()), (Some(6), Some(6), Some(0)));
    assert_eq!(gauges[0]["limit"], 5_000, "the server's own limit is the server's: {limits:#}");
    let told = scene.story().await;
    assert!(told.contains("looked at again at") && told.contains("the operator's ceiling"), "{told}");
}

#[tokio::test]
async fn a_thread_that_no_ceiling_will_ever_hold_is_refused_before_it_is_stored() {
    let scene = Scene::under("6").await;
    let file = scene.rig.file("thread.txt", "One\n---\nTwo\n---\nThree");
    let refused = scene.rig.run(&["thread", &file, "--json"]).await.exits(3).json();
    let fault = &refused["errors"][0];
    assert_eq!(
        (&fault["code"], &fault["limit"], &fault["given"]),
        (&json!("over_ceiling"), &json!("6 points"), &json!("9 points"))
    );
    scene.rig.run_with(&["limits"], &[("SKEIN_POINTS_PER_HOUR", "2")], "").await.exits(2);
    let queue = scene.rig.run(&["queue", "list", "--all", "--json"]).await.exits(0).json();
    assert_eq!(queue, json!([]));
}
