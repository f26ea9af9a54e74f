//! `skein profile`: what others see, and the mark of automated accounts.

use serde_json::{Value, json};
use skein_sandbox::{Fault, FaultOrder};

use crate::Scene;

const PUT_RECORD: &str = "com.atproto.repo.putRecord";

impl Scene {
    async fn mark(&self, switch: &str) -> Value {
        self.rig.run(&["profile", "--bot", switch, "--json"]).await.exits(0).json()
    }

    /// The record at the sandbox itself, or `null`.
    async fn profile_record(&self) -> Value {
        let repo = format!("repo={}", self.alice.did);
        let arguments =
            ["get", "com.atproto.repo.listRecords", &repo, "collection=app.bsky.actor.profile", "--account"];
        let list = self.rig.run(&[&arguments[..], &["alice.test"]].concat()).await.exits(0).json();
        list["records"][0]["value"].clone()
    }

    async fn write_profile(&self, record: &Value) {
        let repo = format!("repo={}", self.alice.did);
        let record = format!("record={record}");
        let arguments = ["call", PUT_RECORD, &repo, "collection=app.bsky.actor.profile", "rkey=self", &record];
        self.rig.run(&arguments).await.exits(0);
    }
}

#[tokio::test]
async fn a_mark_is_made_with_its_record_and_removed_again() {
    let scene = Scene::set().await;
    assert_eq!(scene.mark("off").await["changed"], false);
    assert_eq!(scene.profile_record().await, Value::Null, "nothing is written without need");

    let told = scene.mark("on").await;
    let expected =
        json!({"account": scene.alice.did, "handle": "alice.test", "bot": true, "changed": true, "created": true});
    assert_eq!(told, expected);
    let labels = json!({"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]});
    assert_eq!(scene.profile_record().await, json!({"$type": "app.bsky.actor.profile", "labels": labels}));

    let again = scene.rig.run(&["profile", "--bot", "on"]).await.exits(0).stdout;
    assert!(again.contains("@alice.test was marked as automated before. Nothing was changed."), "{again}");
    assert_eq!(scene.mark("off").await["created"], false);
    assert_eq!(scene.profile_record().await, json!({"$type": "app.bsky.actor.profile"}));
}

#[tokio::test]
async fn the_rest_of_a_profile_stays_and_is_shown() {
    let scene = Scene::set().await;
    let before = json!({
        "$type": "app.bsky.actor.profile", "displayName": "Tides", "description": "Every hour",
        "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "!no-unauthenticated"}]},
        "com.example.own": {"kept": [1]},
    });
    scene.write_profile(&before).await;
    assert_eq!(scene.mark("on").await["created"], false);
    let mut expected = before.clone();
    expected["labels"]["values"] = json!([{"val": "!no-unauthenticated"}, {"val": "bot"}]);
    assert_eq!(scene.profile_record().await, expected);
    let marked = scene.rig.run(&["profile"]).await.exits(0).stdout;
    for words in ["Automated: a program writes for this account.", "Labels: !no-unauthenticated, bot"] {
        assert!(marked.contains(words), "{marked}");
    }
    scene.mark("off").await;
    assert_eq!(scene.profile_record().await, before);

    let own = scene.rig.run(&["profile"]).await.exits(0).stdout;
    for words in ["Tides @alice.test", "Every hour", "0 posts"] {
        assert!(own.contains(words), "{own}");
    }
    assert!(!own.contains("Automated"), "{own}");
    // A connected account is asked anew by whichever name, and so shows what it was changed to.
    for name in ["@alice.test", "ALICE.test", &scene.alice.did] {
        let named = scene.rig.run(&["profile", name, "--json"]).await.exits(0).json();
        assert_eq!((&named["did"], &named["is_kept"]), (&json!(scene.alice.did), &json!(false)), "{name}");
    }
}

#[tokio::test]
async fn a_profile_is_remembered_until_it_is_asked_for_anew() {
    let scene = Scene::set().await;
    let bob = scene.sandbox.create_account("bob.test").unwrap();
    let asked = async |options: &[&str]| {
        let told = scene.rig.run(&[&["profile", "bob.test", "--json"], options].concat()).await.exits(0).json();
        (told["is_kept"].clone(), told["did"].clone())
    };
    assert_eq!(asked(&[]).await, (json!(false), json!(bob.did)));
    assert_eq!(asked(&[]).await, (json!(true), json!(bob.did)));
    let shown = scene.rig.run(&["profile", &bob.did]).await.exits(0);
    assert!(shown.stdout.contains("@bob.test"), "{shown:?}");
    assert!(shown.stderr.contains("Remembered from less than a minute ago; `--refresh` asks anew."), "{shown:?}");
    assert_eq!(asked(&["--refresh"]).await, (json!(false), json!(bob.did)));
    let method = ["log", "--method", "getProfile", "--json"];
    let calls = async || scene.rig.run(&method).await.exits(0).json().as_array().unwrap().len();
    let before = calls().await;
    for expected in ["is no account that the AppView knows", "Remembered from"] {
        let gone = scene.rig.run(&["profile", "nobody.test"]).await.exits(1);
        assert!(gone.stderr.contains(expected), "{gone:?}");
    }
    assert_eq!(calls().await, before + 1, "the second answer came from memory");
    let refused = scene.rig.run(&["profile", "no one", "--json"]).await.exits(2).json();
    assert_eq!(refused["errors"][0]["code"], "actor_invalid", "{refused:#}");
    let pruned = scene.rig.run(&["prune", "--older-than", "0s", "--json"]).await.exits(0).json();
    assert_eq!(pruned["profiles"], 2, "{pruned}");
    assert_eq!(asked(&[]).await.0, json!(false));
}

#[tokio::test]
async fn a_record_that_changed_meanwhile_is_left_alone() {
    let scene = Scene::set().await;
    scene.order(FaultOrder::new(PUT_RECORD, Fault::InvalidSwap));
    let refused = scene.rig.run(&["profile", "--bot", "on", "--json"]).await.exits(1).json();
    assert_eq!(refused["errors"][0]["code"], "profile_changed", "{refused:#}");
    assert_eq!(scene.profile_record().await, Value::Null);
}

#[tokio::test]
async fn after_a_lost_answer_it_can_be_run_again() {
    let scene = Scene::set().await;
    scene.order(FaultOrder::new(PUT_RECORD, Fault::CutAfter));
    scene.rig.run(&["profile", "--bot", "on"]).await.exits(5);
    assert_eq!(scene.mark("on").await["changed"], false, "it was written");
}
