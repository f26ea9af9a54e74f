//! Preparing waits for nobody for long: what was found at submission goes out at its instant.

use serde_json::json;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::Connector;

use crate::host::{ALICE, BOB, HEAD, Reply, Scene, found_post, post_of_bob};

const NOT_FOUND: &str = r#"{"error":"RecordNotFound","message":"Could not locate record"}"#;

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
    scene.host.order("getRecord", Reply::Answer(400, NOT_FOUND.to_owned()));
    let obstacle = scene.connector.prepare(&scene.account, &content, scene.stamp()).await.unwrap_err();
    let Obstacle::Refused(fault) = obstacle else { panic!("{obstacle:?}") };
    assert_eq!(fault.code, "reply_target_missing");
}

/// The code with which a quote is refused at preparation after such answers, the first about the post, the second about its gate.
async fn quote_is_refused(answers: &[(u16, String)]) -> String {
    let scene = Scene::set(7_200).await;
    let content = scene.quoting().await.unwrap();
    for (status, body) in answers {
        scene.host.order("getRecord", Reply::Answer(*status, body.clone()));
    }
    let obstacle = scene.connector.prepare(&scene.account, &content, scene.stamp()).await.unwrap_err();
    let Obstacle::Refused(fault) = obstacle else { panic!("{obstacle:?}") };
    assert_eq!(fault.field.as_deref(), Some("quote"));
    fault.code
}

fn gate(rule: &str) -> String {
    let gate = json!({"$type": "app.bsky.feed.postgate", "embeddingRules": [{"$type": rule}]});
    json!({"uri": post_of_bob().replace("feed.post", "feed.postgate"), "value": gate}).to_string()
}

#[tokio::test]
async fn a_quote_that_no_longer_holds_is_refused() {
    let disabled = "app.bsky.feed.postgate#disableRule";
    let other = HEAD.replace("2rxk3", "2rxk4");
    assert_eq!(quote_is_refused(&[(400, NOT_FOUND.to_owned())]).await, "quote_missing");
    assert_eq!(quote_is_refused(&[(200, found_post(&other).to_string())]).await, "quote_changed");
    assert_eq!(quote_is_refused(&[(200, found_post(HEAD).to_string()), (200, gate(disabled))]).await, "quote_disabled");
}

#[tokio::test]
async fn a_quote_is_prepared_although_its_server_never_answers_or_its_gate_has_other_rules() {
    for silent in ["getRecord", BOB] {
        let scene = Scene::set(7_200).await;
        let content = scene.quoting().await.unwrap();
        scene.host.order(silent, Reply::Never);
        let prepared = scene.connector.prepare(&scene.account, &content, scene.stamp()).await.unwrap();
        assert!(prepared.body.contains(&post_of_bob()), "{}", prepared.body);
    }
    let scene = Scene::set(7_200).await;
    scene.host.order("getRecord", Reply::Answer(200, found_post(HEAD).to_string()));
    scene.host.order("getRecord", Reply::Answer(200, gate("com.example.otherRule")));
    scene.quoting().await.unwrap();
}

#[tokio::test]
async fn a_gate_that_cannot_be_asked_for_keeps_a_quote_from_being_submitted() {
    let scene = Scene::set(7_200).await;
    let trouble = r#"{"error":"InternalServerError","message":"Internal Server Error"}"#;
    scene.host.order("getRecord", Reply::Answer(200, found_post(HEAD).to_string()));
    for _again in 0..5 {
        scene.host.order("getRecord", Reply::Answer(500, trouble.to_owned()));
    }
    let faults = scene.quoting().await.unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| (fault.code.as_str(), fault.retryable)).collect();
    assert_eq!(told, [("quote_unasked", true)]);
}
