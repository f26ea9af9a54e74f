//! What is said of being late and of failing, at the command line.

use serde_json::{Value, json};
use skein_sandbox::{Fault, FaultOrder};

use crate::{Scene, delivery};

const HEAD: &str = "com.atproto.sync.getLatestCommit";

impl Scene {
    async fn policy(&self, options: &[&str]) -> Value {
        self.rig.run(&[&["policy", "--json"], options].concat()).await.exits(0).json()
    }

    async fn schedule_with(&self, options: &[&str]) -> Value {
        let words = ["post", "Hello", "--at", "in 2h", "--json"];
        self.rig.run(&[&words, options].concat()).await.exits(6).json()
    }

    pub(crate) async fn post_with(&self, options: &[&str], code: i32) -> Value {
        self.rig.run(&[&["post", "Hello from the test", "--json"], options].concat()).await.exits(code).json()
    }
}

fn said(post: &Value) -> [&Value; 3] {
    let delivery = delivery(post);
    [&delivery["late"], &delivery["on_failure"], &delivery["retry_for"]]
}

#[tokio::test]
async fn the_workspace_and_the_post_say_what_holds_and_it_is_shown() {
    let scene = Scene::set().await;
    assert_eq!(scene.policy(&[]).await, json!({"late": "1h", "on_failure": "retry", "retry_for": null}));
    let set = scene.policy(&["--late", "PT2H", "--retry-for", "20m"]).await;
    assert_eq!(set, json!({"late": "2h", "on_failure": "retry", "retry_for": "20m"}));
    let plain = scene.schedule_with(&[]).await;
    assert_eq!(said(&plain), [&json!("2h"), &json!("retry"), &json!("20m")]);
    let told = scene.story().await;
    assert!(told.contains("It goes out at most 2h late, and is missed then; after a failure"), "{told}");
    let own = scene.schedule_with(&["--late", "30m", "--on-failure", "give-up"]).await;
    assert_eq!(said(&own), [&json!("30m"), &json!("give_up"), &Value::Null]);
    assert_eq!(scene.policy(&["--reset"]).await["late"], "1h");
    let again = scene.rig.run(&["queue", "show", plain["id"].as_str().unwrap(), "--json"]).await.exits(0).json();
    assert_eq!(said(&again)[0], "2h", "what is kept stays as it was");
    let told = scene.rig.run(&["policy"]).await.exits(0).stdout;
    assert!(told.contains("at most 1h late"), "{told}");
}

#[tokio::test]
async fn what_cannot_hold_is_refused_with_field_limit_and_given() {
    let scene = Scene::set().await;
    for (options, field) in [(["--late", "8d"], "late"), (["--retry-for", "10s"], "retry_for")] {
        for command in [&["post", "Hello"][..], &["preview", "Hello"], &["preview", "Hello", "--offline"], &["policy"]]
        {
            let refused = scene.rig.run(&[command, &options, &["--json"]].concat()).await.exits(3).json();
            let fault = refused.get("errors").or(refused.get("faults")).unwrap()[0].clone();
            assert_eq!(
                (&fault["code"], &fault["field"]),
                (&json!("duration_out_of_bounds"), &json!(field)),
                "{refused:#}"
            );
            assert_eq!((&fault["limit"], &fault["given"]), (&json!("1m to 7d"), &json!(options[1])), "{refused:#}");
        }
    }
    let told = scene.rig.run(&["post", "Hello", "--on-failure", "panic"]).await.exits(3).stderr;
    assert!(told.contains("--on-failure") && told.contains("Nothing was stored."), "{told}");
    let line = json!({"text": "Hello", "late": "1s", "on_failure": "give_up"}).to_string();
    let told = scene.rig.run_with(&["preview", "--lines"], &[], &line).await.stdout;
    assert!(told.contains("duration_out_of_bounds"), "{told}");
    assert_eq!(scene.policy(&[]).await["late"], "1h");
}

#[tokio::test]
async fn another_policy_under_the_same_ref_is_another_post() {
    let scene = Scene::set().await;
    let named = |late: &'static str| ["--ref", "launch", "--late", late];
    let first = scene.schedule_with(&named("30m")).await;
    assert_eq!(scene.schedule_with(&named("30m")).await["id"], first["id"]);
    let taken = scene.rig.run(&[&["post", "Hello", "--at", "in 2h", "--json"], &named("31m")[..]].concat()).await;
    assert_eq!(taken.exits(1).json()["errors"][0]["code"], "ref_taken");
}

#[tokio::test]
async fn who_gives_up_fails_at_the_first_failure_and_everybody_else_is_tried_again() {
    let scene = Scene::set().await;
    scene.order(FaultOrder::new(HEAD, Fault::BadGatewayBefore));
    let failed = scene.post_with(&["--on-failure", "give-up"], 1).await;
    assert_eq!(delivery(&failed)["state"], "failed", "{failed:#}");
    assert_eq!(delivery(&failed)["error"]["code"], "ended_by_policy", "{failed:#}");
    assert_eq!(scene.records(), 0);
    let notices = scene.rig.run(&["notices", "--json"]).await.exits(0).json();
    assert_eq!(notices.as_array().unwrap().len(), 1, "{notices:#}");
    scene.order(FaultOrder::new(HEAD, Fault::BadGatewayBefore));
    scene.post_with(&[], 0).await;
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_looked_for_also_by_who_gives_up() {
    for (fault, settled) in [(Fault::ServerErrorAfter, "looked_up"), (Fault::CutBefore, "answered")] {
        let scene = Scene::with(fault).await;
        let post = scene.post_with(&["--on-failure", "give-up"], 0).await;
        assert_eq!(delivery(&post)["receipt"]["settled"], settled, "{post:#}");
        assert_eq!(scene.records(), 1);
    }
    for waits in [Fault::RateLimited { reset_after_s: 1 }, Fault::InvalidSwap] {
        let scene = Scene::with(waits.clone()).await;
        let post = scene.post_with(&["--on-failure", "give-up"], 0).await;
        assert_eq!(delivery(&post)["receipt"]["attempts"], 2, "{waits:?} is no failure: {post:#}");
    }
}
