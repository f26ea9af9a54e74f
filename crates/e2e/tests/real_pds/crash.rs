//! Killed at the worst moments: always one thread, or a question to a person that says why; never two, never a revived one.

use std::os::unix::process::ExitStatusExt;

use serde_json::Value;
use skein_e2e::kill_ledger::KILL_AT;
use skein_testkit::proxy::{Order, Rule};

use crate::Scene;

const THREAD: &str = "One\n---\nTwo\n---\nThree";

impl Scene {
    async fn schedule(&self) {
        let file = self.rig.file("thread.txt", THREAD);
        self.rig.run(&["thread", &file, "--at", "in 1s"]).await.exits(6);
    }

    /// An engine that is killed at a write of the ledger.
    async fn killed_at(&self, point: &str) {
        let status = self.rig.serve(&[(KILL_AT, point)]).dies().await;
        assert_eq!(status.signal(), Some(9), "the engine was to be killed at {point}");
    }

    /// A new engine, until the delivery comes to this state.
    async fn goes_on_to(&self, state: &str) {
        let mut serve = self.rig.serve(&[]);
        serve.reaches(state).await;
        serve.end().await;
    }

    async fn one_thread(&self) -> Value {
        let posts = self.repository().posts().await;
        let texts: Vec<_> = posts.iter().map(|post| post["value"]["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["One", "Two", "Three"]);
        let receipt = self.rig.run(&["receipt", "last", "--json"]).await.exits(0).json();
        for (record, post) in receipt["records"].as_array().unwrap().iter().zip(&posts) {
            assert_eq!((&record["uri"], &record["cid"]), (&post["uri"], &post["cid"]));
        }
        receipt
    }

    async fn asks_a_person(&self, code: &str) {
        let shown = self.rig.run(&["queue", "show", "last", "--json"]).await.json();
        assert_eq!(shown["status"], "needs_attention", "{shown:#}");
        assert_eq!(shown["errors"][0]["code"], code, "{shown:#}");
        let told = self.rig.run(&["queue", "show", "last"]).await.stdout;
        assert!(told.contains("may have been published and deleted"), "{told}");
    }

    /// An engine is killed while its request is held on the way; the request is in the air.
    async fn killed_with_the_request_in_the_air(&self) -> Order {
        let held = self.proxy.hold_request("applyWrites");
        self.schedule().await;
        let serve = self.rig.serve(&[]);
        held.arrived().await.unwrap();
        serve.kill().await;
        held
    }
}

/// Lets the held request go and waits for the server's answer to it.
async fn lands(held: &Order) -> Option<u16> {
    held.release();
    held.done().await.unwrap()
}

async fn killed_and_still_one_thread(point: &str, settled: &str) {
    let scene = Scene::set().await;
    scene.schedule().await;
    scene.killed_at(point).await;
    scene.goes_on_to("published").await;
    assert_eq!(scene.one_thread().await["settled"], settled);
}

#[tokio::test]
async fn real_pds_has_one_thread_when_killed_after_the_claim() {
    killed_and_still_one_thread("after:claimed", "answered").await;
}

#[tokio::test]
async fn real_pds_has_one_thread_when_killed_after_the_freeze() {
    killed_and_still_one_thread("after:frozen", "answered").await;
}

#[tokio::test]
async fn real_pds_has_one_thread_when_killed_after_arming() {
    killed_and_still_one_thread("after:armed", "answered").await;
}

#[tokio::test]
async fn real_pds_has_one_thread_when_killed_before_the_answer_was_settled() {
    killed_and_still_one_thread("before:published", "looked_up").await;
}

#[tokio::test]
async fn real_pds_has_one_thread_when_killed_after_the_request_left() {
    let scene = Scene::set().await;
    let held = scene.killed_with_the_request_in_the_air().await;
    assert_eq!(lands(&held).await, Some(200));
    scene.goes_on_to("published").await;
    assert_eq!(scene.one_thread().await["settled"], "looked_up");
    assert_eq!(scene.proxy.count("applyWrites"), 1);
}

#[tokio::test]
async fn real_pds_lets_in_one_of_two_when_the_first_is_held_while_the_witness_looks() {
    let scene = Scene::set().await;
    let held = scene.killed_with_the_request_in_the_air().await;
    scene.goes_on_to("published").await;
    scene.one_thread().await;
    assert_eq!(lands(&held).await, Some(400), "the fence refuses the first request");
    assert_eq!(scene.one_thread().await["attempts"], 2);
}

#[tokio::test]
async fn real_pds_revives_nothing_when_the_author_deletes_and_the_held_request_lands() {
    let scene = Scene::set().await;
    let held = scene.killed_with_the_request_in_the_air().await;
    scene.goes_on_to("published").await;
    scene.one_thread().await;
    scene.repository().delete_all().await;
    assert_eq!(lands(&held).await, Some(400), "the fence refuses the first request");
    assert_eq!(scene.repository().posts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn real_pds_revives_nothing_when_the_author_deletes_before_the_witness_looks() {
    let scene = Scene::set().await;
    let held = scene.killed_with_the_request_in_the_air().await;
    assert_eq!(lands(&held).await, Some(200));
    scene.repository().delete_all().await;
    scene.goes_on_to("needs_review").await;
    scene.asks_a_person("head_moved_unseen").await;
    assert_eq!(scene.repository().posts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn real_pds_revives_nothing_when_the_author_deletes_before_the_answer_was_settled() {
    let scene = Scene::set().await;
    scene.schedule().await;
    scene.killed_at("before:published").await;
    scene.one_thread_without_receipt().await;
    scene.repository().delete_all().await;
    scene.goes_on_to("needs_review").await;
    scene.asks_a_person("head_moved_unseen").await;
    assert_eq!(scene.repository().posts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn real_pds_gets_the_same_bytes_again_when_a_person_says_so() {
    let scene = Scene::set().await;
    let held = scene.killed_with_the_request_in_the_air().await;
    assert_eq!(lands(&held).await, Some(200));
    let published = scene.repository().posts().await;
    scene.repository().delete_all().await;
    scene.goes_on_to("needs_review").await;
    scene.rig.run(&["queue", "review", "last", "--resend"]).await;
    scene.goes_on_to("published").await;
    assert_eq!(scene.repository().posts().await, published, "the same addresses, bytes and hashes");
}

#[tokio::test]
async fn real_pds_refuses_a_held_request_after_a_person_gave_it_up() {
    let scene = Scene::set().await;
    let held = scene.killed_with_the_request_in_the_air().await;
    for _ in 0..5 {
        scene.proxy.order(Rule::cut_before_forward("applyWrites"));
    }
    scene.goes_on_to("needs_review").await;
    scene.rig.run(&["queue", "review", "last", "--give-up"]).await;
    assert_eq!(lands(&held).await, Some(400), "giving up moved the head");
    assert_eq!(scene.repository().posts().await, Vec::<Value>::new());
    scene.rig.run(&["queue", "retry", "last"]).await;
    scene.goes_on_to("published").await;
    scene.one_thread().await;
}

impl Scene {
    async fn one_thread_without_receipt(&self) {
        assert_eq!(self.repository().posts().await.len(), 3, "the request was answered before the kill");
        self.rig.run(&["receipt", "last"]).await.exits(1);
    }
}
