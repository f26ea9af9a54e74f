//! What the sandbox promises about itself: repeatable, bounded, and gone when it is stopped.

use crate::wire::{APPLY_WRITES, Stage};
use serde_json::json;
use skein_sandbox::{RateLimits, Sandbox, SandboxOptions};

#[tokio::test]
async fn the_same_seed_and_calls_give_the_same_network() {
    let (one, same, other) = (Stage::with_seed(7).await, Stage::with_seed(7).await, Stage::with_seed(8).await);
    assert_eq!(one.alice, same.alice);
    assert_eq!(one.token, same.token);
    assert_ne!(one.alice, other.alice);
    let first = one.publish("3m5aaaaaaaa22", "hi").await.json();
    assert_eq!(first, same.publish("3m5aaaaaaaa22", "hi").await.json());
    assert_eq!(first["commit"]["cid"], one.head().await);
}

#[tokio::test]
async fn revisions_grow_though_the_clock_stands_still_or_goes_back() {
    let stage = Stage::set().await;
    let mut last = String::new();
    for (rkey, passing) in
        [("3m5aaaaaaaa22", 0), ("3m5aaaaaaaa23", 0), ("3m5aaaaaaaa24", -3_600), ("3m5aaaaaaaa25", 60)]
    {
        stage.pass(passing);
        let rev = stage.publish(rkey, "hi").await.json()["commit"]["rev"].as_str().unwrap().to_owned();
        assert!(rev > last, "{rev} after {last}");
        last = rev;
    }
}

#[tokio::test]
async fn an_access_token_runs_out_after_two_hours() {
    let stage = Stage::set().await;
    stage.pass(7_199);
    assert_eq!(stage.publish("3m5aaaaaaaa22", "hi").await.status, 200);
    stage.pass(1);
    let answer = stage.publish("3m5aaaaaaaa23", "hi").await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("ExpiredToken")));
}

#[tokio::test]
async fn limits_count_every_write_and_a_call_too_big_burns_the_rest() {
    let stage = Stage::set().await;
    stage.sandbox.set_rate_limits(Some(RateLimits { write_points_per_hour: 10, write_points_per_day: 1_000 }));
    let first = stage.publish("3m5aaaaaaaa22", "hi").await;
    assert_eq!((first.status, first.header("ratelimit-remaining")), (200, Some("7")));
    assert_eq!(first.header("ratelimit-reset"), Some((crate::wire::START_S + 3_600).to_string().as_str()));
    // A refused write costs its points as well.
    let refused = stage.publish("3m5aaaaaaaa23", &"x".repeat(301)).await;
    assert_eq!((refused.status, refused.header("ratelimit-remaining")), (400, Some("4")));
    let mut two = stage.writes("3m5aaaaaaaa24", "hi");
    let another = stage.writes("3m5aaaaaaaa25", "hi")["writes"][0].clone();
    two["writes"].as_array_mut().unwrap().push(another);
    let path = format!("/xrpc/{APPLY_WRITES}");
    let too_big = stage.post(&path, Some(&stage.token), &two).await;
    assert_eq!((too_big.status, too_big.header("retry-after")), (429, Some("3600")));
    assert!(!stage.is_there("3m5aaaaaaaa24").await);
    assert_eq!(stage.publish("3m5aaaaaaaa26", "hi").await.status, 429, "nothing is left");
    stage.pass(3_600);
    assert_eq!(stage.publish("3m5aaaaaaaa26", "hi").await.status, 200);
}

#[tokio::test]
async fn the_thirty_first_login_in_five_minutes_is_refused() {
    let stage = Stage::set().await;
    assert_eq!(stage.post("/sandbox/limits", None, &json!(RateLimits::BLUESKY)).await.status, 200);
    let login = json!({"identifier": stage.alice.handle, "password": stage.alice.app_password});
    for _ in 0..30 {
        assert_eq!(stage.post("/xrpc/com.atproto.server.createSession", None, &login).await.status, 200);
    }
    assert_eq!(stage.post("/xrpc/com.atproto.server.createSession", None, &login).await.status, 429);
    assert_eq!(stage.post("/sandbox/limits", None, &json!(null)).await.status, 200);
    assert_eq!(stage.post("/xrpc/com.atproto.server.createSession", None, &login).await.status, 200);
}

#[tokio::test]
async fn what_breaks_the_lexicon_is_stored_unchecked_but_not_shown() {
    let stage = Stage::set().await;
    let mut writes = stage.writes("3m5aaaaaaaa22", &"x".repeat(301));
    writes["validate"] = json!(false);
    let written = stage.post(&format!("/xrpc/{APPLY_WRITES}"), Some(&stage.token), &writes).await.json();
    assert!(written["results"][0].get("validationStatus").is_none());
    assert!(stage.is_there("3m5aaaaaaaa22").await);
    let uri = written["results"][0]["uri"].as_str().unwrap();
    assert_eq!(stage.get(&format!("/xrpc/app.bsky.feed.getPosts?uris={uri}")).await.json(), json!({"posts": []}));
}

#[tokio::test]
async fn a_stopped_sandbox_frees_its_port_and_a_taken_port_is_named() {
    let stage = Stage::set().await;
    let port: u16 = stage.sandbox.url().rsplit(':').next().unwrap().parse().unwrap();
    let clock = std::sync::Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
    let options = || SandboxOptions { port, clock: clock.clone(), seed: 1 };
    let refused = Sandbox::start(options()).await.unwrap_err().to_string();
    assert!(refused.starts_with(&format!("the sandbox cannot listen on 127.0.0.1:{port}: ")), "{refused}");
    stage.sandbox.shutdown().await;
    assert_eq!(Sandbox::start(options()).await.unwrap().url(), format!("http://localhost:{port}"));
}
