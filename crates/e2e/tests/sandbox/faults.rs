//! One write, one fault, one outcome.

use skein_sandbox::{AccountState, Fault, FaultOrder};

use crate::{APPLY_WRITES, Scene, delivery};

/// The fault is survived: one record, and a receipt that says how it was settled after how many requests.
async fn ends_published(fault: Fault, settled: &str, attempts: u64, words: &[&str]) {
    let scene = Scene::with(fault).await;
    let post = scene.post().await.exits(0).json();
    assert_eq!(post["status"], "published", "{post:#}");
    let receipt = &delivery(&post)["receipt"];
    assert_eq!((&receipt["settled"], receipt["attempts"].as_u64()), (&settled.into(), Some(attempts)), "{post:#}");
    assert_eq!(scene.records(), 1);
    assert_eq!(scene.sandbox.faults().report().fired.len(), 1, "the fault was met");
    let story = scene.story().await;
    for word in words {
        assert!(story.contains(word), "the story does not say `{word}`:\n{story}");
    }
}

#[tokio::test]
async fn rate_limit_waits_for_its_reset_and_publishes() {
    ends_published(Fault::RateLimited { reset_after_s: 2 }, "answered", 2, &["Not processed by the platform"]).await;
}

#[tokio::test]
async fn rate_limit_that_outlasts_the_command_is_kept_with_its_wake_up() {
    let scene = Scene::with(Fault::RateLimited { reset_after_s: 1_200 }).await;
    let post = scene.post().await.exits(6).json();
    let delivery = delivery(&post);
    assert_eq!(delivery["state"], "ready", "{post:#}");
    assert!(delivery["wake_at"].is_string() && delivery["reason"].as_str().unwrap().contains("429"), "{post:#}");
    assert_eq!(scene.records(), 0);
}

#[tokio::test]
async fn server_error_before_the_write_is_settled_and_sent_again() {
    ends_published(Fault::ServerErrorBefore, "answered", 2, &["answer was lost", "leave again under the same fence"])
        .await;
}

#[tokio::test]
async fn server_error_after_the_write_is_found() {
    ends_published(Fault::ServerErrorAfter, "looked_up", 1, &["answer was lost", "Published once"]).await;
}

#[tokio::test]
async fn bad_gateway_before_the_write_is_settled_and_sent_again() {
    ends_published(Fault::BadGatewayBefore, "answered", 2, &["answer was lost"]).await;
}

#[tokio::test]
async fn bad_gateway_after_the_write_is_found() {
    ends_published(Fault::BadGatewayAfter, "looked_up", 1, &["Published once"]).await;
}

#[tokio::test]
async fn cable_cut_before_the_write_is_settled_and_sent_again() {
    ends_published(Fault::CutBefore, "answered", 2, &["answer was lost"]).await;
}

#[tokio::test]
async fn cable_cut_after_the_write_is_found() {
    ends_published(Fault::CutAfter, "looked_up", 1, &["answer was lost", "Published once"]).await;
}

#[tokio::test]
async fn garbled_answer_is_found() {
    ends_published(Fault::Garbled, "looked_up", 1, &["Published once"]).await;
}

#[tokio::test]
async fn empty_answer_is_found() {
    ends_published(Fault::EmptyAnswer, "looked_up", 1, &["Published once"]).await;
}

#[tokio::test]
async fn slow_answer_is_waited_for() {
    ends_published(Fault::Slow { ms: 1_500 }, "answered", 1, &["Published"]).await;
}

#[tokio::test]
async fn expired_token_is_refreshed_within_the_same_request() {
    ends_published(Fault::ExpiredToken, "answered", 1, &["Published"]).await;
}

#[tokio::test]
async fn moved_head_is_read_again() {
    ends_published(Fault::InvalidSwap, "answered", 2, &["Something else was written"]).await;
}

#[tokio::test]
async fn blob_that_is_gone_is_prepared_again() {
    ends_published(Fault::BlobNotFound, "answered", 2, &["upload was gone"]).await;
}

#[tokio::test]
async fn revoked_password_blocks_the_account_and_keeps_the_post() {
    let scene = Scene::with(Fault::RevokedPassword).await;
    let ran = scene.post().await.exits(4);
    let post = ran.json();
    assert_eq!(delivery(&post)["state"], "blocked", "{post:#}");
    assert_eq!(delivery(&post)["error"]["code"], "needs_login", "{post:#}");
    assert_eq!(scene.records(), 0);

    let second = scene.post().await.exits(4).json();
    assert_eq!(delivery(&second)["state"], "blocked", "the account is known to be lost");
    scene.rig.login("alice.test", scene.sandbox.url(), &scene.alice.app_password).await.exits(0);
    let mut serve = scene.rig.serve(&[]);
    serve.reaches("published").await;
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 2, "the login let both go");
}

#[tokio::test]
async fn deactivated_account_blocks_and_says_so() {
    let scene = Scene::set().await;
    scene.sandbox.set_account_state(&scene.alice.did, AccountState::Deactivated).unwrap();
    let post = scene.post().await.exits(4).json();
    assert_eq!(delivery(&post)["state"], "blocked", "{post:#}");
}

#[tokio::test]
async fn record_that_the_platform_refuses_fails_with_its_words() {
    let scene = Scene::set().await;
    // The sandbox, like the reference server, refuses what breaks the lexicon; four languages pass only if nobody checks.
    let refused = scene.rig.run(&["post", "x", "--lang", "en", "--lang", "de", "--lang", "fr", "--lang", "it"]).await;
    refused.exits(3);
    assert_eq!(scene.records(), 0);
}

#[tokio::test]
async fn five_lost_answers_in_a_row_ask_a_person() {
    let scene = Scene::set().await;
    scene.order(FaultOrder::new(APPLY_WRITES, Fault::CutBefore).times(6));
    let post = scene.post().await.exits(5).json();
    assert_eq!(delivery(&post)["state"], "needs_review", "{post:#}");
    assert_eq!(delivery(&post)["error"]["code"], "resends_spent", "{post:#}");
    scene.rig.run(&["queue", "review", "last", "--resend"]).await;
    let mut serve = scene.rig.serve(&[]);
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn host_that_ignores_the_fence_still_gets_one_post() {
    let scene = Scene::set().await;
    scene.order(FaultOrder::new(APPLY_WRITES, Fault::CutAfter));
    scene.order(FaultOrder::new(APPLY_WRITES, Fault::SwapIgnored).times(10));
    scene.post().await.exits(0);
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn reply_to_what_does_not_exist_is_refused_beside_every_other_fault() {
    let scene = Scene::set().await;
    let target = format!("at://{}/app.bsky.feed.post/3ke6kg3wk2222", scene.alice.did);
    let refused = scene.rig.run(&["post", " ", "--reply-to", &target, "--json"]).await.exits(3).json();
    let codes: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["empty_text", "reply_target_missing"]);
    assert_eq!(scene.rig.run(&["queue", "list", "--all", "--json"]).await.exits(0).json(), serde_json::json!([]));
}

#[tokio::test]
async fn empty_reference_means_no_post_at_all() {
    let scene = Scene::set().await;
    scene.rig.run(&["post", "the only one", "--at", "in 2h"]).await.exits(6);
    scene.rig.run(&["queue", "cancel", ""]).await.exits(1);
    assert_eq!(scene.rig.run(&["queue", "show", "last", "--json"]).await.exits(0).json()["status"], "scheduled");
}
