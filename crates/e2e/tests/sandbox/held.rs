//! Requests and answers that are held back while the process that waits for them is killed.

use skein_sandbox::Fault;

use crate::{Scene, delivery};

impl Scene {
    /// A process is killed while its call is held, and the next one goes on.
    async fn killed_while_held_and_published_by_the_next(&self) {
        self.rig.run(&["post", "Hello", "--at", "in 1s"]).await.exits(6);
        let serve = self.rig.serve(&[]);
        self.sandbox.faults().wait_until_held(1).await;
        serve.kill().await;
        let mut serve = self.rig.serve(&[]);
        serve.reaches("published").await;
        serve.end().await;
    }
}

#[tokio::test]
async fn answer_that_comes_late_is_still_the_answer() {
    let scene = Scene::with(Fault::HoldAnswer).await;
    let (post, ()) = tokio::join!(scene.post(), async {
        scene.sandbox.faults().wait_until_held(1).await;
        scene.sandbox.faults().release(1).await;
    });
    let post = post.exits(0).json();
    assert_eq!(delivery(&post)["receipt"]["settled"], "answered", "{post:#}");
}

#[tokio::test]
async fn answer_to_a_killed_process_is_looked_up() {
    let scene = Scene::with(Fault::HoldAnswer).await;
    scene.killed_while_held_and_published_by_the_next().await;
    scene.sandbox.faults().release(1).await;
    assert_eq!(scene.records(), 1);
    assert!(scene.story().await.contains("Published once"));
}

#[tokio::test]
async fn request_of_a_killed_process_that_lands_late_is_refused_by_the_fence() {
    let scene = Scene::with(Fault::HoldRequest).await;
    scene.killed_while_held_and_published_by_the_next().await;
    assert_eq!(scene.records(), 1);
    scene.sandbox.faults().release(1).await;
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn request_that_lands_after_the_author_deleted_brings_nothing_back() {
    let scene = Scene::with(Fault::HoldRequest).await;
    scene.killed_while_held_and_published_by_the_next().await;
    let receipt = scene.rig.run(&["receipt", "last", "--json"]).await.exits(0).json();
    scene.sandbox.delete_as_author(receipt["records"][0]["uri"].as_str().unwrap()).unwrap();
    scene.sandbox.faults().release(1).await;
    assert_eq!(scene.records(), 0);
}

#[tokio::test]
async fn ctrl_c_says_that_the_post_may_be_public() {
    let scene = Scene::with(Fault::HoldAnswer).await;
    let post = scene.rig.start(&["post", "Hello"]);
    scene.sandbox.faults().wait_until_held(1).await;
    let said = post.interrupted().await.exits(5).stderr;
    assert!(said.contains("may be public") && said.contains("kept as post_"), "{said}");
    let mut serve = scene.rig.serve(&[]);
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
}
