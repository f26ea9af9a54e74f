//! A process that is watched: its figures are exact, it says when it does not do its work, and its log tells deliveries apart.

use serde_json::Value;
use skein_e2e::rig::Rig;
use skein_e2e::watcher::{ANYWHERE, LONG_LEASE, Watcher};
use skein_sandbox::{Fault, FaultOrder, RateLimits, Sandbox};
use skein_testkit::postgres::Postgres;
use tokio::net::TcpListener;

use crate::{APPLY_WRITES, Scene, options};

impl Scene {
    async fn due_soon(&self, text: &str) {
        self.rig.run(&["post", text, "--at", "in 1s"]).await.exits(6);
    }
}

#[tokio::test]
async fn figures_count_what_was_published_and_what_was_refused() {
    let scene = Scene::set().await;
    // Limits of a server that has not shown that it counts are no figure.
    scene.sandbox.set_rate_limits(Some(RateLimits::BLUESKY));
    let mut serve = scene.rig.serve(&[ANYWHERE, LONG_LEASE]);
    let watcher = Watcher::of(&mut serve).await;
    for text in ["the first goose", "the second goose"] {
        scene.due_soon(text).await;
        serve.reaches("published").await;
    }
    // Refused for good, and tried again once before that.
    scene.order(FaultOrder::new(APPLY_WRITES, Fault::InvalidSwap));
    scene.order(FaultOrder::new(APPLY_WRITES, Fault::NotImplemented));
    scene.due_soon("the third goose").await;
    serve.reaches("failed").await;

    let figures = watcher.figures().await;
    figures.shows(r#"skein_publications_total{platform="bluesky"}"#, 2);
    figures.shows(r#"skein_lateness_seconds_count{platform="bluesky"}"#, 2);
    assert!(figures.of(r#"skein_lateness_seconds_sum{platform="bluesky"}"#) < 60.0);
    figures.shows(r#"skein_failures_total{platform="bluesky",state="failed"}"#, 1);
    figures.shows(r#"skein_failures_total{platform="bluesky",state="missed"}"#, 0);
    figures.shows(r#"skein_faults_total{platform="bluesky",state="failed",code="platform_refused"}"#, 1);
    figures.shows(r#"skein_faults_total{platform="bluesky",state="ready",code="head_moved"}"#, 1);
    assert_eq!(figures.text.matches("skein_faults_total{").count(), 2, "{}", figures.text);
    for state in ["scheduled", "preparing", "ready", "blocked", "publishing", "settling", "needs_review"] {
        figures.shows(&format!(r#"skein_deliveries{{state="{state}"}}"#), 0);
    }
    figures.shows("skein_store_up", 1);
    assert!(figures.of("skein_leases_taken_total") >= 3.0 && figures.of("skein_wake_up_lag_seconds_count") >= 1.0);
    assert!(figures.of(r#"skein_ledger_call_duration_seconds_count{method="save"}"#) >= 9.0);
    assert!(figures.of(r#"skein_database_connections{pool="writer"}"#) >= 1.0);
    assert!(figures.of(r#"skein_budget_least_left_ratio{limit="writes_per_hour"}"#) < 1.0);
    for secret in ["goose", "alice", scene.alice.did.as_str(), &scene.alice.app_password] {
        assert!(!figures.text.contains(secret), "{secret}:\n{}", figures.text);
    }

    let (status, body) = watcher.get("/readyz").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(watcher.get("/healthz").await, (200, "ok\n".to_owned()));
    serve.end().await;
    assert_eq!(scene.records(), 2);
}

#[tokio::test]
async fn real_postgres_that_is_away_makes_a_process_not_ready_until_it_is_back() {
    let (postgres, sandbox) = tokio::join!(Postgres::start(), Sandbox::start(options()));
    let (mut postgres, sandbox) = (postgres.unwrap(), sandbox.unwrap());
    let rig =
        Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url()).with_database(&postgres.url());
    let mut serve = rig.serve(&[ANYWHERE]);
    let watcher = Watcher::of(&mut serve).await;
    watcher.until("/readyz", 200).await;
    watcher.figures().await.shows("skein_store_up", 1);

    postgres.stop().await.unwrap();
    let told: Value = serde_json::from_str(&watcher.until("/readyz", 503).await).unwrap();
    let store = &told["checks"][0];
    assert_eq!((&store["name"], &store["ok"]), (&"store".into(), &false.into()), "{told:#}");
    assert!(store["problem"].is_string() && store["since"].is_string(), "{told:#}");
    assert_eq!(watcher.get("/healthz").await.0, 200, "it lives all the same");

    postgres.go_on().await.unwrap();
    watcher.until("/readyz", 200).await;
    serve.end().await;
}

#[tokio::test]
async fn door_without_an_engine_answers_and_publishes_nothing() {
    let scene = Scene::set().await;
    let mut door = scene.rig.stays(&["serve", "--no-engine"], &[ANYWHERE]);
    let watcher = Watcher::of(&mut door).await;
    let kept = scene.rig.run(&["post", "not by the door", "--at", "in 1s"]).await.exits(6);
    assert!(kept.stdout.contains("nothing is running"), "a door shows no sign of an engine: {kept:#?}");
    let told: Value = serde_json::from_str(&watcher.until("/readyz", 200).await).unwrap();
    assert_eq!(told["checks"].as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!(scene.records(), 0);
    watcher.figures().await.shows(r#"skein_deliveries{state="scheduled"}"#, 1);

    let mut worker = scene.rig.work();
    worker.reaches("published").await;
    worker.end().await;
    assert_eq!(scene.records(), 1);
    let figures = watcher.figures().await;
    figures.shows(r#"skein_publications_total{platform="bluesky"}"#, 0);
    figures.shows("skein_leases_taken_total", 0);
    door.end().await;

    let refused = scene.rig.run(&["serve", "--no-engine", "--listen", "off"]).await.exits(2);
    assert!(refused.stderr.contains("--no-engine leaves nothing else to do"), "{refused:#?}");
}

#[tokio::test]
async fn address_that_is_taken_is_refused_where_it_was_asked_for_and_done_without_else() {
    let scene = Scene::set().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in ["serve", "work"] {
        let refused = scene.rig.run(&[command, "--listen", &address]).await.exits(2);
        let told = ["--listen cannot be used", &address, "taken by another process"];
        assert!(told.iter().all(|words| refused.stderr.contains(words)), "{refused:#?}");
    }
    // Whoever has the usual port, this test or somebody else: a second process publishes all the same.
    let _usual = TcpListener::bind("127.0.0.1:7534").await;
    scene.due_soon("without a door").await;
    let mut serve = scene.rig.serve(&[("SKEIN_LISTEN", "")]);
    serve.says("127.0.0.1:7534 is taken by another process").await;
    serve.reaches("published").await;
    serve.end().await;
}

#[tokio::test]
async fn log_for_programs_is_one_object_a_line_that_names_the_delivery() {
    let scene = Scene::set().await;
    scene.due_soon("a goose for programs").await;
    let mut serve = scene.rig.serve(&[("SKEIN_LOG_FORMAT", "json"), LONG_LEASE]);
    let line = serve.line_with(r#""to":"published""#).await;
    let told: Value = serde_json::from_str(&line).unwrap();
    let post = scene.rig.run(&["queue", "show", "last", "--json"]).await.exits(0).json();
    let delivery = &crate::delivery(&post)["id"];
    assert_eq!((&told["level"], &told["from"]), (&"INFO".into(), &"publishing".into()), "{told:#}");
    let span = &told["span"];
    assert_eq!(
        (&span["name"], &span["delivery"], &span["post"]),
        (&"delivery".into(), delivery, &post["id"]),
        "{told:#}"
    );
    assert_eq!((&span["platform"], &span["attempt"]), (&"bluesky".into(), &0.into()), "{told:#}");
    assert!(span["account"].as_str().unwrap().starts_with("acc_"), "{told:#}");
    assert!(!line.contains("goose"), "{line}");
    serve.end().await;
    let refused = scene.rig.run_with(&["queue"], &[("SKEIN_LOG_FORMAT", "xml")], "").await.exits(2);
    assert!(refused.stderr.contains("must be `text` or `json`"), "{refused:#?}");
}
