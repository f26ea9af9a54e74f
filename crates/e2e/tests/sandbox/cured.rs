//! A full disk, a disk that takes no writes, a server that became a standby, a damaged picture, a clock that was set back: each is told
//! in words, nothing is lost, and when it is cured all goes on by itself.

use skein_sandbox::{Fault, Sandbox};
use skein_e2e::disk::Disk;
use skein_e2e::rig::Rig;
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
    scene.schedule("in 2s").await;
    scene.rig.disk().fill().await;
    let refused = scene.rig.run(&["post", "Too much", "--at", "in 1h"]).await.exits(1);
    assert!(refused.stderr.contains("the disk is full"), "{refused:#?}");
    assert!(refused.stderr.contains("Nothing was stored"), "{refused:#?}");

    let mut serve = scene.rig.serve(&[]);
    serve.says("the disk is full").await;
    assert_eq!(scene.records(), 0);
    scene.rig.disk().clear().await;
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
    let all = scene.rig.run(&["queue", "--all", "--json"]).await.exits(0).json();
    assert_eq!(all["posts"].as_array().unwrap().len(), 1, "{all:#}");
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
    assert!(scene.rig.run(&["receipt", "last"]).await.exits(0).stdout.contains("published"));
}

#[tokio::test]
async fn disk_without_writes_is_told_and_nothing_is_lost() {
    let scene = Scene::on(Disk::of_mib(DISK_MIB).await).await;
    scene.schedule("in 1s").await;
    scene.rig.disk().take_no_writes().await;
    for command in [&["serve"][..], &["post", "Hello", "--at", "in 1h"], &["queue"]] {
        let refused = scene.rig.run(command).await;
        assert_eq!(refused.code, Some(1), "{command:?}: {refused:#?}");
        assert!(refused.stderr.to_lowercase().contains("read-only"), "{command:?}: {refused:#?}");
    }
    scene.rig.disk().take_writes().await;
    let mut serve = scene.rig.serve(&[]);
    serve.reaches("published").await;
    serve.end().await;
    assert_eq!(scene.records(), 1);
}

#[tokio::test]
async fn real_postgres_that_became_a_standby_is_told_and_waited_for() {
    let (postgres, sandbox) = tokio::join!(Postgres::start(), Sandbox::start(options()));
    let (postgres, sandbox) = (postgres.unwrap(), sandbox.unwrap());
    let alice = sandbox.create_account("alice.test").unwrap();
    let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url())
        .with_database(&postgres.url());
    rig.login("alice.test", sandbox.url(), &alice.app_password).await.exits(0);
    let scene = Scene { sandbox, alice, rig };
    scene.schedule("in 2s").await;

    let mut serve = scene.rig.serve(&[]);
    serve.says("Ctrl-C").await;
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
        serve.says(told).await;
        let shown = scene.rig.run(&["queue", "show", "last"]).await.exits(0).stdout;
        assert!(shown.contains(told) && shown.contains("Put the file back"), "{shown}");
        assert_eq!(scene.records(), 0);
        std::fs::write(&path, whole).unwrap();
        serve.reaches("published").await;
        serve.end().await;
        assert_eq!(scene.records(), 1);
    }
}
