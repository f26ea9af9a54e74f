//! The engine as a process.

use crate::installation::{Installation, Scene};

#[tokio::test]
async fn serve_says_what_it_does_publishes_at_the_instant_and_ends_in_order() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "at its instant", "--at", "in 2s"]).await.exits(6);
    let mut serve = scene.skein.start(&["serve"]);
    let greeting = serve.prints("Ctrl-C").await.join("\n");
    for words in ["@alice.test", "1 post waits.", "Skein serves sqlite:"] {
        assert!(greeting.contains(words), "`{words}` is missing:\n{greeting}");
    }
    let log = serve.logs("to=\"published\"").await.join("\n");
    assert!(!log.contains("at its instant"), "texts do not belong in the log:\n{log}");
    let later = scene.run(&["post", "later", "--at", "in 1h"]).await.exits(6);
    assert!(!later.stdout.contains("nothing is running"), "{later:#?}");
    scene.run(&["doctor"]).await.exits(0).says("An engine is running");
    assert_eq!(serve.interrupt().await, Some(0));
    let receipt = scene.run(&["receipt", scene.first().await.as_str(), "--json"]).await.exits(0).json();
    assert!(receipt["lateness_ms"].as_i64().unwrap() >= 0, "never early: {receipt:#}");
}

#[tokio::test]
async fn no_engine_begins_where_nobody_on_the_network_could_be_believed() {
    let skein = Installation::alone();
    let without_authorities = [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")];
    for engine in [&["work", "--once"][..], &["work"], &["serve"]] {
        let ran = skein.run_with(engine, &without_authorities, "").await.exits(1);
        ran.says("TLS could not be set up").says("ca-certificates");
    }
    skein.run_with(&["doctor"], &without_authorities, "").await.exits(1).says("TLS could not be set up");
    skein.run_with(&["queue", "list"], &without_authorities, "").await.exits(0);
}

#[tokio::test]
async fn serve_says_where_it_answers_and_what_it_is_without_an_engine() {
    let scene = Scene::logged_in().await;
    let mut door = scene.skein.start(&["serve", "--no-engine", "--listen", "127.0.0.1:0"]);
    let greeting = door.prints("Ctrl-C").await.join("\n");
    for words in ["Answers at http://127.0.0.1:", "Skein answers for sqlite:", "Nothing is published here"] {
        assert!(greeting.contains(words), "`{words}` is missing:\n{greeting}");
    }
    assert!(!greeting.contains("asks for no password"), "nobody else reaches this machine:\n{greeting}");
    assert_eq!(door.interrupt().await, Some(0));
}

impl Scene {
    async fn first(&self) -> String {
        let all = self.run(&["queue", "list", "--all", "--json"]).await.exits(0).json();
        all[0]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn one_pass_does_what_is_due_and_ends() {
    let scene = Scene::logged_in().await;
    scene.run(&["work", "--once"]).await.exits(0).says("Nothing was due.");
    scene.run(&["post", "soon", "--at", "in 1s"]).await.exits(6);
    scene.skein.publishes().await;
    scene.run(&["work", "--once", "--for", "1s"]).await.exits(0);
    scene.run(&["receipt", "last"]).await.exits(0).says("Published as @alice.test");
}
