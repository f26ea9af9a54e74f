//! Preparing waits for nobody for long: what was found at submission goes out at its instant.

use skein_domain::outcome::Obstacle;
use skein_domain::ports::Connector;

use crate::host::{ALICE, BOB, Reply, Scene, post_of_bob};

/// What it would answer is refused; waiting for the end of a time-out would end in another try.
async fn a_reply_is_prepared_although(silent: &str) {
    let scene = Scene::set(7_200).await;
    let content = scene.content(Some(post_of_bob())).await;
    scene.host.order(silent, Reply::Never);
    let prepared = scene.connector.prepare(&scene.account, &content, scene.stamp()).await.unwrap();
    assert!(prepared.body.contains(&post_of_bob()), "{}", prepared.body);
}

#[tokio::test]
async fn the_server_of_the_post_that_is_answered_may_never_answer() {
    a_reply_is_prepared_although("getRecord").await;
}

#[tokio::test]
async fn the_directory_may_never_say_where_the_post_that_is_answered_is() {
    a_reply_is_prepared_although(BOB).await;
}

#[tokio::test]
async fn the_directory_may_never_say_where_the_account_lives() {
    a_reply_is_prepared_although(ALICE).await;
}

#[tokio::test]
async fn a_post_that_is_answered_and_gone_is_refused_when_its_server_says_so() {
    let scene = Scene::set(7_200).await;
    let content = scene.content(Some(post_of_bob())).await;
    let gone = r#"{"error":"RecordNotFound","message":"Could not locate record"}"#;
    scene.host.order("getRecord", Reply::Answer(400, gone.to_owned()));
    let obstacle = scene.connector.prepare(&scene.account, &content, scene.stamp()).await.unwrap_err();
    let Obstacle::Refused(fault) = obstacle else { panic!("{obstacle:?}") };
    assert_eq!(fault.code, "reply_target_missing");
}
