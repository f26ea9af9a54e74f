//! Any method of the protocol, and the log of what left.

use serde_json::Value;

use crate::installation::{Installation, Scene};

#[tokio::test]
async fn a_query_is_asked_as_nobody_or_as_an_account() {
    let scene = Scene::logged_in().await;
    let profile = scene.run(&["get", "app.bsky.actor.getProfile", "actor=alice.test"]).await.exits(0).json();
    assert_eq!(profile["did"], scene.alice.did.as_str());
    let session = scene.run(&["get", "com.atproto.server.getSession", "--account", "alice.test"]).await.exits(0).json();
    assert_eq!(session["handle"], "alice.test");
    let host = scene.sandbox.url().to_owned();
    let server = scene.run(&["get", "com.atproto.server.describeServer", "--host", &host]).await.exits(0).json();
    assert!(server["did"].is_string(), "{server}");
}

#[tokio::test]
async fn a_procedure_is_called_with_members_or_a_file() {
    let scene = Scene::logged_in().await;
    let record = r#"record={"$type":"app.bsky.feed.post","text":"by hand","createdAt":"2026-12-01T08:00:00Z"}"#;
    let repo = format!("repo={}", scene.alice.did);
    let arguments = ["call", "com.atproto.repo.createRecord", &repo, "collection=app.bsky.feed.post", record];
    let made = scene.run(&arguments).await.exits(0).json();
    let uri = made["uri"].as_str().unwrap();
    let rkey = format!("rkey={}", uri.rsplit('/').next().unwrap());
    let arguments =
        ["get", "com.atproto.repo.getRecord", &repo, "collection=app.bsky.feed.post", &rkey, "--account", "alice.test"];
    let read = scene.run(&arguments).await.exits(0).json();
    assert_eq!(read["value"]["text"], "by hand");
    let file = scene.skein.data.path().join("blob.bin");
    std::fs::write(&file, b"bytes").unwrap();
    let upload =
        ["call", "com.atproto.repo.uploadBlob", "--body", file.to_str().unwrap(), "--content-type", "text/plain"];
    let blob = scene.run(&upload).await.exits(0).json();
    assert_eq!(blob["blob"]["size"], 5, "{blob}");
}

#[tokio::test]
async fn a_refusal_names_the_row_of_the_log() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["get", "app.bsky.actor.getProfile", "actor=nobody.test"]).await.exits(1);
    let words = ran.stderr.split("skein log show ").nth(1).unwrap();
    let call = words.split('`').next().unwrap();
    scene.run(&["log", "show", call]).await.exits(0).says("app.bsky.actor.getProfile").says("nobody.test");
    let row = scene.run(&["log", "show", call, "--json"]).await.exits(0).json();
    assert_eq!((&row["status"], &row["input"]["actor"]), (&400.into(), &"nobody.test".into()), "{row:#}");
    scene.run(&["log", "show", "call_zzz"]).await.exits(3).says("no call with this id");
}

#[tokio::test]
async fn the_calls_of_a_post_are_listed_and_old_ones_are_forgotten() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "what I wrote"]).await.exits(0);
    let rows = scene.run(&["log", "--post", "last", "--json"]).await.exits(0).json();
    let rows = rows.as_array().unwrap();
    let methods: Vec<_> = rows.iter().map(|row| row["method"].as_str().unwrap()).collect();
    assert_eq!(methods[0], "com.atproto.repo.applyWrites", "{methods:?}");
    assert!(methods.contains(&"com.atproto.sync.getLatestCommit"), "{methods:?}");
    assert!(rows.iter().all(|row| row["delivery"].as_str().unwrap().starts_with("dlv_")), "{rows:#?}");
    let everything = scene.run(&["log", "--json", "--limit", "1000"]).await.exits(0);
    assert!(!everything.stdout.contains("what I wrote") && !everything.stdout.contains(&scene.alice.app_password));
    let failed = scene.run(&["log", "list", "--failed", "--since", "1h", "--json"]).await.exits(0).json();
    assert_eq!(failed, Value::Array(vec![]));
    scene.run(&["prune", "--older-than", "1h"]).await.exits(0).says("0 calls are forgotten");
    let pruned = scene.run(&["prune", "--older-than", "0s", "--json"]).await.exits(0).json();
    assert!(pruned["pruned"].as_u64().unwrap() > 5, "{pruned}");
    scene.run(&["log"]).await.exits(0).says("No call of this kind is logged.");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_at_the_door() {
    let skein = Installation::alone();
    skein.run(&["get", "no-method"]).await.exits(2);
    skein.run(&["get", "app.bsky.actor.getProfile", "actor"]).await.exits(2).says("NAME=VALUE");
    skein.run(&["call", "com.atproto.repo.createRecord", "repo=x"]).await.exits(4).says("No such account is connected");
    skein.run(&["log", "--since", "soon"]).await.exits(2);
    let nowhere = ["get", "app.bsky.actor.getProfile", "--account", "alice.test", "--proxy", "nonsense"];
    skein.run(&nowhere).await.exits(2).says("#bsky_appview");
}

#[tokio::test]
async fn a_list_is_read_on_where_the_last_reader_of_a_name_stopped() {
    let scene = Scene::logged_in().await;
    for number in 0..5 {
        scene.run(&["post", &format!("post {number}")]).await.exits(0);
    }
    let repo = format!("repo={}", scene.alice.did);
    let list = [
        "get",
        "com.atproto.repo.listRecords",
        &repo,
        "collection=app.bsky.feed.post",
        "limit=2",
        "--account",
        "alice.test",
    ];
    let page = async |more: &[&str]| {
        let ran = scene.run(&[&list[..], more].concat()).await.exits(0);
        let lines = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let texts = lines.map(|page| {
            let records = page["records"].as_array().unwrap().clone();
            records.iter().map(|record| record["value"]["text"].as_str().unwrap()[5..].to_owned()).collect::<String>()
        });
        texts.collect::<Vec<_>>().join("|")
    };
    assert_eq!(page(&["--cursor", "archive"]).await, "43");
    assert_eq!(page(&["--cursor", "archive"]).await, "21");
    assert_eq!(page(&["--cursor", "other"]).await, "43");
    assert_eq!(page(&["--cursor", "archive", "--rewind"]).await, "43");
    // A repository knows that it has ended only when an empty page is asked for.
    assert_eq!(page(&["--cursor", "archive", "--all"]).await, "21|0|");
    assert_eq!(page(&["--all", "--pages", "2"]).await, "43|21");
    let once = scene.run(&list).await.exits(0).json();
    assert_eq!(once["records"].as_array().unwrap().len(), 2, "without a name nothing is remembered");
}
