//! Answers without the name of an error, from whatever stands between: nothing ends for good because of them.

use serde_json::json;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{Connector, FenceFrom};
use skein_domain::{Evidence, Finding, Outcome};

use crate::host::{Reply, Scene, post_of_bob};

const STATUSES: [u16; 17] = [400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 415, 418, 422, 451, 500, 502, 503];

const BODIES: [&str; 6] = [
    "",
    "<!DOCTYPE html><title>403 Forbidden</title><h1>Forbidden</h1>",
    "{}",
    r#"{"message":"no"}"#,
    r#"{"error":"","message":"no"}"#,
    r#"["AccountTakedown"]"#,
];

fn unnamed() -> impl Iterator<Item = (u16, &'static str, Reply)> {
    STATUSES.into_iter().flat_map(|status| BODIES.map(|body| (status, body, Reply::Answer(status, body.to_owned()))))
}

async fn sent(scene: &Scene, reply: Reply) -> Outcome {
    let prepared = scene.prepared().await;
    let step = scene
        .connector
        .arm(&scene.account, &prepared, FenceFrom::Platform)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    scene.host.order("applyWrites", reply);
    step.send().await
}

#[tokio::test]
async fn a_write_that_gets_one_is_looked_up() {
    let scene = Scene::set(7_200).await;
    for (status, body, reply) in unnamed() {
        let outcome = sent(&scene, reply).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{status} {body}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_write_that_got_one_about_the_request_itself_is_refused() {
    let scene = Scene::set(7_200).await;
    for status in [411, 413, 431] {
        let outcome = sent(&scene, Reply::Answer(status, String::new())).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_write_that_is_refused_by_name_is_refused() {
    let scene = Scene::set(7_200).await;
    for status in [400, 401, 403, 404, 405, 415, 422] {
        let outcome = sent(&scene, Reply::Answer(status, json!({"error": "InvalidRequest"}).to_string())).await;
        let for_good = matches!(outcome, Outcome::Rejected(_) | Outcome::AuthLost(_));
        assert!(for_good, "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn arming_that_gets_one_is_tried_again() {
    let scene = Scene::set(7_200).await;
    let prepared = scene.prepared().await;
    for (status, body, reply) in unnamed() {
        scene.host.order("getLatestCommit", reply);
        let Err(obstacle) = scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await else {
            panic!("{status} {body}: it is armed")
        };
        assert!(matches!(obstacle, Obstacle::Retry { .. }), "{status} {body}: {obstacle:?}");
    }
}

#[tokio::test]
async fn a_look_that_gets_one_settles_nothing() {
    let scene = Scene::set(7_200).await;
    let prepared = scene.prepared().await;
    let step = scene
        .connector
        .arm(&scene.account, &prepared, FenceFrom::Platform)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    let evidence = Evidence::first(scene.stamp().frozen_at, step.fence().clone());
    for (status, body, reply) in unnamed() {
        for call in ["getLatestCommit", "getRecord"] {
            scene.host.order(call, reply.clone());
            let finding = scene.connector.witness(&scene.account, &prepared, &evidence).await;
            assert!(matches!(finding, Finding::Inconclusive(_)), "{call} {status} {body}: {finding:?}");
        }
    }
}

#[tokio::test]
async fn a_refresh_that_gets_one_while_preparing_is_tried_again() {
    let scene = Scene::set(20).await;
    let content = scene.content(None).await;
    for (status, body, reply) in unnamed() {
        // A server error is asked for a second time at once.
        for _ in 0..if status < 500 { 1 } else { 2 } {
            scene.host.order("refreshSession", reply.clone());
        }
        let obstacle = scene.connector.prepare(&scene.account, &content, scene.stamp()).await.unwrap_err();
        assert!(matches!(obstacle, Obstacle::Retry { .. }), "{status} {body}: {obstacle:?}");
    }
}

#[tokio::test]
async fn a_post_that_is_answered_is_not_gone_because_of_one() {
    let scene = Scene::set(7_200).await;
    let content = scene.content(Some(post_of_bob())).await;
    for (status, body, reply) in unnamed() {
        scene.host.order("getRecord", reply);
        // It was there at submission, and somebody else's trouble must not make an answer late.
        let prepared = scene.connector.prepare(&scene.account, &content, scene.stamp()).await;
        assert!(prepared.is_ok(), "{status} {body}: {prepared:?}");
    }
}
