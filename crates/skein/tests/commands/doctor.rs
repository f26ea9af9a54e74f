//! The doctor: what works, what does not, and what to do.

use crate::installation::{Installation, Ran, Scene};
use skein_sandbox::Fault;

#[track_caller]
fn shows(ran: &Ran, lines: &[&str]) {
    for words in lines {
        assert!(ran.stdout.contains(words), "`{words}` is missing:\n{}", ran.stdout);
    }
}

#[tokio::test]
async fn the_doctor_works_without_account_and_network() {
    let ran = Installation::alone().run(&["doctor"]).await.exits(1);
    for words in [
        "ok       database",
        "ok       key",
        "failed   directory",
        "failed   appview",
        "warning  clock",
        "warning  engine",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` is missing:\n{}", ran.stdout);
    }
}

#[tokio::test]
async fn the_doctor_is_content_when_all_is_well() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["doctor"]).await.exits(0);
    for words in ["ok       server", "ok       clock", "ok       disk"] {
        assert!(ran.stdout.contains(words), "`{words}` is missing:\n{}", ran.stdout);
    }
    let checks = scene.run(&["doctor", "--json"]).await.exits(0).json();
    assert!(checks["checks"].as_array().unwrap().iter().all(|check| check["standing"] != "failed"), "{checks:#}");
}

#[tokio::test]
async fn the_doctor_asks_the_network_also_when_key_or_database_fails() {
    let scene = Scene::logged_in().await;
    let data = scene.skein.data.path();
    let key = std::fs::read(data.join("master.key")).unwrap();
    std::fs::remove_file(data.join("master.key")).unwrap();
    let network = ["ok       directory", "ok       appview", "ok       clock", "ok       disk"];
    let ran = scene.run(&["doctor"]).await.exits(1);
    shows(&ran, &["failed   master_key"]);
    shows(&ran, &network);
    let other = [("SKEIN_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    let ran = scene.skein.run_with(&["doctor"], &other, "").await.exits(1);
    shows(&ran, &["failed   database", "another master key"]);
    shows(&ran, &network);
    std::fs::write(data.join("master.key"), key).unwrap();
    std::fs::write(data.join("skein.db"), "this is no database, but long enough to be taken for one").unwrap();
    let ran = scene.skein.run(&["doctor"]).await.exits(1);
    shows(&ran, &network);
}

#[tokio::test]
async fn the_doctor_names_every_account_that_cannot_publish() {
    let scene = Scene::logged_in().await;
    shows(&scene.run(&["doctor"]).await.exits(0), &["ok       accounts    1 account is connected"]);
    scene.run(&["hold", "alice.test"]).await.exits(0);
    let held = scene.run(&["doctor"]).await.exits(0);
    shows(&held, &["warning  account     @alice.test is held", "`skein release alice.test`"]);
    scene.run(&["release", "alice.test"]).await.exits(0);
    scene.order(Fault::RevokedPassword);
    scene.run(&["post", "kept"]).await.exits(4);
    let lost = scene.run(&["doctor"]).await.exits(1);
    shows(&lost, &["failed   account     @alice.test needs a login", "`skein login alice.test`", "ok       server"]);
}
