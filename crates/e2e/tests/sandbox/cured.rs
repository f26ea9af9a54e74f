//! A full disk, a disk that takes no writes, a server that became a standby, a damaged picture, a clock that was set back: each is told
//! in words, nothing is lost, and when it is cured all goes on by itself.

use skein_e2e::disk::Disk;
use skein_e2e::rig::Rig;
use skein_sandbox::{Fault, Sandbox};
use skein_testkit::pictures::jpeg;
use skein_testkit::postgres::Postgres;

use crate::{APPLY_WRITES, FaultOrder, Scene, options};

/// Room for the database and its log, and little more.
const DISK_MIB: u32 = 16;

impl Scene {
    /// An installation on a disk of its own.
    async fn on(disk: Disk) -> Self {
        let sandbox = Sandbox::start(options()).await.unwrap();
        let alice = sandbox.create_account("alice.test").unwrap();
        let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url()).on_disk(disk);
        rig.login("alice.test", sandbox.url(), &alice.app_password).await.exits(0);
        Self { sandbox, alice, rig }
    }

    async fn schedule(&self, at: &str) {
        self.rig.run(&["post", "Hello", "--at", at]).await.exits(6);
    }
}

#[tokio::test]
async fn full_disk_refuses_at_the_door_and_stops_what_is_due_until_there_is_space() {
    let scene = Scene::on(Disk::of_mib(DISK_MIB).await).await;
    scene.schedule("in 10s").await;
    let mut serve = scene.rig.serve(&[]);
    serve.reaches("ready").await;
    scene.rig.disk().fill().await;
    let refused = scene.rig.run(&["post", "Too much", "--at", "in 1h"]).await.exits(1);
    let told = refused.stderr.to_lowercase();
    assert!(told.contains("the disk is full") && told.contains("nothing was"), "{told}");
    serve.says("the disk is full").await;
    assert_eq!(scene.records(), 0);
    scene.rig.disk().clear().await;
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
    let all = scene.rig.run(&["queue", "list", "--all", "--json"]).await.exits(0).json();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all:#}");
}

#[tokio::test]
async fn full_disk_while_the_answer_is_on_its_way_loses_neither_the_answer_nor_the_post() {
    let scene = Scene::on(Disk::of_mib(DISK_MIB).await).await;
    scene.order(FaultOrder::new(APPLY_WRITES, Fault::HoldAnswer));
    scene.schedule("in 2s").await;
    let mut serve = scene.rig.serve(&[]);
    scene.sandbox.faults().wait_until_held(1).await;
    scene.rig.disk().fill().await;
    scene.sandbox.faults().release(1).await;
    serve.says("the disk is full").await;
    scene.rig.disk().clear().await;
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
    let receipt = scene.rig.run(&["receipt", "last", "--json"]).await.exits(0).json();
    assert_eq!(receipt["settled"], "answered", "{receipt:#}");
}

#[tokio::test]
async fn disk_without_writes_is_told_and_nothing_is_lost() {
    let scene = Scene::on(Disk::of_mib(DISK_MIB).await).await;
    scene.schedule("in 12s").await;
    scene.rig.disk().take_no_writes().await;
    let refused = scene.rig.run(&["post", "Hello", "--at", "in 1h"]).await.exits(1);
    assert!(refused.stderr.contains("its disk must take writes"), "{refused:#?}");
    scene.rig.disk().take_writes().await;

    // What a killed process leaves lets the next one open it, to read.
    let mut killed = scene.rig.serve(&[]);
    killed.reaches("ready").await;
    killed.kill().await;
    scene.rig.disk().take_no_writes().await;
    let mut serve = scene.rig.serve(&[]);
    serve.says("read-only").await;
    let refused = scene.rig.run(&["post", "Hello", "--at", "in 1h"]).await.exits(1);
    assert!(refused.stderr.contains("read-only"), "{refused:#?}");
    let read = scene.rig.run(&["queue"]).await.exits(0);
    assert!(read.stdout.contains("Hello"), "{read:#?}");
    assert_eq!(scene.records(), 0);
    scene.rig.disk().take_writes().await;
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn real_postgres_that_became_a_standby_is_told_and_waited_for() {
    let (postgres, sandbox) = tokio::join!(Postgres::start(), Sandbox::start(options()));
    let (postgres, sandbox) = (postgres.unwrap(), sandbox.unwrap());
    let alice = sandbox.create_account("alice.test").unwrap();
    let rig =
        Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url()).with_database(&postgres.url());
    rig.login("alice.test", sandbox.url(), &alice.app_password).await.exits(0);
    let scene = Scene { sandbox, alice, rig };
    scene.schedule("in 12s").await;

    let mut serve = scene.rig.serve(&[]);
    serve.reaches("ready").await;
    postgres.take_no_writes().await.unwrap();
    let refused = scene.rig.run(&["post", "Too late", "--at", "in 1h"]).await.exits(1);
    assert!(refused.stderr.contains("takes no writes"), "{refused:#?}");
    serve.says("takes no writes").await;
    assert_eq!(scene.records(), 0);
    postgres.take_writes().await.unwrap();
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn picture_that_was_damaged_or_removed_is_told_and_waited_for() {
    for (damaged, told) in [(Some(&b"not what it was"[..]), "was changed or cut"), (None, "not in the media folder")] {
        let scene = Scene::set().await;
        let file = scene.rig.bytes("picture", &jpeg(64, 48, 1, None));
        scene.rig.run(&["post", "Look", "--image", &file, "--at", "in 3s"]).await.exits(6);
        let path = scene.rig.media_paths().remove(0);
        let whole = std::fs::read(&path).unwrap();
        match damaged {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }

        let mut serve = scene.rig.serve(&[]);
        serve.reaches("scheduled").await;
        let shown = scene.rig.run(&["queue", "show", "last"]).await.exits(0).stdout;
        assert!(shown.contains(told) && shown.contains("Put the file back"), "{shown}");
        assert_eq!(scene.records(), 0);
        std::fs::write(&path, whole).unwrap();
        serve.reaches("published").await;
        serve.end().await;
        assert_eq!(scene.records(), 1);
    }
}

/// The library that tells a process another time, from the Debian package `faketime`.
fn other_time() -> String {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let library = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|library| library.exists());
    library.expect("the Debian package `faketime` is missing").to_str().unwrap().to_owned()
}

#[tokio::test]
async fn clock_that_is_set_back_by_an_hour_is_told_and_the_post_waits_for_its_time() {
    let scene = Scene::set().await;
    let (library, offset) = (other_time(), scene.rig.file("offset", "+0"));
    let environment = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", offset.as_str()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let mut serve = scene.rig.serve(&environment);
    scene.schedule("in 12s").await;
    serve.reaches("ready").await;
    std::fs::write(&offset, "-3600").unwrap();
    serve.says("set back by").await;
    scene.schedule("in 1h").await;
    assert_eq!(scene.records(), 0);
    std::fs::write(&offset, "+0").unwrap();
    serve.says("went ahead by").await;
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1, "the other one has its own time");
}
