//! Seeing and changing what waits.

use crate::installation::Scene;
use serde_json::json;

impl Scene {
    async fn schedule(&self, text: &str) -> String {
        let post = self.run(&["post", text, "--at", "in 2h", "--json"]).await.exits(6).json();
        post["id"].as_str().unwrap().to_owned()
    }

    async fn state(&self, post: &str) -> String {
        let shown = self.run(&["queue", "show", post, "--json"]).await.exits(0).json();
        shown["deliveries"][0]["state"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn the_queue_lists_what_waits_with_ids_that_can_be_used() {
    let scene = Scene::logged_in().await;
    let id = scene.schedule("a flock of geese").await;
    let ran = scene.run(&["queue"]).await.exits(0).says("a flock of geese").says("@alice.test");
    let short = ran.stdout.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert!(id.starts_with(&short) && short.len() < id.len(), "{short}");
    scene.run(&["queue", "show", &short]).await.exits(0).says(&id);
    scene.run(&["queue", "cancel", short.strip_prefix("post_").unwrap()]).await.exits(0);
    scene.run(&["queue", "list"]).await.exits(0).says("Nothing waits.");
    scene.run(&["queue", "list", "--all"]).await.exits(0).says("canceled");
}

#[tokio::test]
async fn the_story_says_what_it_is_where_it_stands_and_what_is_next() {
    let scene = Scene::logged_in().await;
    scene.schedule("a length of thread").await;
    let ran = scene.run(&["queue", "show", "last"]).await.exits(0);
    for words in
        ["scheduled", "a length of thread", "@alice.test on bluesky", "due   ", "It is prepared at ", "Submitted"]
    {
        assert!(ran.stdout.contains(words), "`{words}` is missing:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains(['{', '}']), "no debug output:\n{}", ran.stdout);
}

#[tokio::test]
async fn a_canceled_post_stays_canceled() {
    let scene = Scene::logged_in().await;
    let id = scene.schedule("no").await;
    scene.run(&["queue", "cancel", &id]).await.exits(0).says("Canceled");
    scene.run(&["queue", "cancel", &id]).await.exits(1).says("Nothing was changed.");
    scene.run(&["queue", "move", &id, "in 3h"]).await.exits(1).says("Nothing was changed.");
    scene.run(&["receipt", &id]).await.exits(1);
}

#[tokio::test]
async fn a_post_moves_to_another_time_or_stays_where_it_is() {
    let scene = Scene::logged_in().await;
    let id = scene.schedule("moving").await;
    scene.run(&["queue", "move", &id, "in 10 days"]).await.exits(0).says("Moved").says("in 10 days");
    scene.run(&["queue", "move", &id, "--at", "2020-01-01 10:00"]).await.exits(3).says("Nothing was changed.");
    scene.run(&["queue", "show", &id]).await.exits(0).says("Its author moved it to ");
}

#[tokio::test]
async fn a_hold_stops_everything_until_the_release() {
    let scene = Scene::logged_in().await;
    let id = scene.schedule("stop").await;
    assert_eq!(scene.run(&["hold", "--json"]).await.exits(0).json(), json!({ "held": 1 }));
    assert_eq!(scene.state(&id).await, "blocked");
    scene.run(&["accounts"]).await.exits(0).says("held");
    let ran = scene.run(&["post", "while it is held"]).await.exits(6);
    ran.says("it goes out after `skein release alice.test`");
    scene.run(&["release", "alice.test"]).await.exits(0).says("2 posts go on.");
    assert_eq!(scene.state(&id).await, "scheduled");
}

#[tokio::test]
async fn hold_and_release_of_an_account_that_is_not_there_say_so() {
    let scene = Scene::logged_in().await;
    for arguments in [["accounts", "hold", "bob.test"], ["accounts", "release", "bob.test"]] {
        scene.run(&arguments).await.exits(1).says("`bob.test`");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let scene = Scene::logged_in().await;
    for command in ["show", "cancel", "retry"] {
        scene.run(&["queue", command, "post_nothing"]).await.exits(1).says("There is no post `post_nothing`.");
    }
    scene.run(&["queue", "review", "last", "--accept"]).await.exits(1);
}
