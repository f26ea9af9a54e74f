//! Posting now, and posting at a time.

use crate::installation::Scene;
use skein_sandbox::Fault;

#[tokio::test]
async fn a_post_goes_out_now_and_brings_its_receipt() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["post", "hello"]).await.exits(0).says("Published as @alice.test");
    let uri = format!("at://{}/app.bsky.feed.post/", scene.alice.did);
    assert!(ran.stdout.contains(&uri) && ran.stdout.contains("bafyrei"), "{ran:#?}");
    assert!(!ran.stdout.contains("bsky.app"), "the public app does not know this network: {ran:#?}");
    let receipt = scene.run(&["receipt", "last", "--json"]).await.exits(0).json();
    assert_eq!(receipt["settled"], "answered");
    assert_eq!(receipt["attempts"], 1);
}

#[tokio::test]
async fn a_text_can_come_through_standard_input() {
    let scene = Scene::logged_in().await;
    let ran = scene.skein.run_with(&["post", "-", "--json"], &[], "from\r\na pipe\n").await.exits(0);
    assert_eq!(ran.json()["parts"][0]["text"], "from\na pipe");
}

#[tokio::test]
async fn a_program_gets_one_object_with_the_shapes_of_the_interface() {
    let scene = Scene::logged_in().await;
    let post = scene.run(&["--json", "post", "hello"]).await.exits(0).json();
    assert_eq!(post["status"], "published");
    assert_eq!(post["platforms"]["bluesky"], "published");
    assert_eq!(post["deliveries"][0]["account"], "alice.test");
    assert_eq!(post["errors"], serde_json::json!([]));
}

#[tokio::test]
async fn a_thread_is_read_from_a_file_and_published_in_one_commit() {
    let scene = Scene::logged_in().await;
    let file = scene.skein.data.path().join("thread.txt");
    std::fs::write(&file, "one\r\n---\r\ntwo\r\n---\r\nthree\r\n---\r\n").unwrap();
    let post = scene.run(&["thread", file.to_str().unwrap(), "--json"]).await.exits(0).json();
    assert_eq!(post["parts"].as_array().unwrap().len(), 3);
    assert_eq!(post["deliveries"][0]["records"].as_array().unwrap().len(), 3);
    assert!(post["deliveries"][0]["receipt"]["commit"].is_string());
}

#[tokio::test]
async fn an_answer_can_follow_an_own_post() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "first"]).await.exits(0);
    scene.run(&["post", "second", "--reply-to", "last"]).await.exits(0);
    scene.run(&["post", "third", "--reply-to", "post_zzz"]).await.exits(3).says("--reply-to");
}

#[tokio::test]
async fn a_lost_answer_is_settled_and_the_receipt_says_so() {
    let scene = Scene::logged_in().await;
    scene.order(Fault::CutAfter);
    scene.run(&["post", "once"]).await.exits(0).says("looked up and are ours");
    scene.run(&["queue", "show", "last"]).await.exits(0).says("Published once.");
}

#[tokio::test]
async fn a_scheduled_post_is_repeated_in_local_time_and_utc() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["post", "later", "--at", "in 10 days", "--tz", "Asia/Tokyo"]).await.exits(6);
    ran.says("Scheduled for ")
        .says("Asia/Tokyo (")
        .says(" UTC), in 10 days.")
        .says("nothing is running: start `skein serve`");
}

#[tokio::test]
async fn a_mention_of_nobody_is_a_note_and_no_refusal() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "hi @nobody.test", "--at", "in 1h"]).await.exits(6).says("Note: ");
}

#[tokio::test]
async fn a_text_cannot_command_the_terminal() {
    let scene = Scene::logged_in().await;
    let mut said = scene.run(&["post", "a\u{1b}[2Jb", "--at", "in 1h"]).await.exits(6).stdout;
    for arguments in [&["queue", "list"][..], &["queue", "show", "last"]] {
        said.push_str(&scene.run(arguments).await.exits(0).stdout);
    }
    assert!(said.contains("a␛[2Jb") && !said.contains('\u{1b}'), "{said}");
}
