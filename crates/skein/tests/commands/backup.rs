//! A backup, taken while everything goes on, and what becomes of it in another data folder.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use skein_testkit::pictures::jpeg;

use crate::installation::{Installation, Ran, Scene};

const POST: &str = "app.bsky.feed.post";

fn path(of: &Path) -> &str {
    of.to_str().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file of a folder, those inside its folders too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// A post with a picture for tomorrow, and a place for a backup.
async fn scene() -> (Scene, tempfile::TempDir, PathBuf) {
    let scene = Scene::logged_in().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let picture = elsewhere.path().join("goose.jpg");
    std::fs::write(&picture, jpeg(64, 48, 1, None)).unwrap();
    let arguments = ["post", "Look", "--image", path(&picture), "--alt", "A goose.", "--at", "tomorrow 9am"];
    scene.run(&arguments).await.exits(6);
    let backup = elsewhere.path().join("backup");
    (scene, elsewhere, backup)
}

/// Another installation on the same network, with the backup in it and with the key.
async fn restored(scene: &Scene, backup: &Path) -> (Installation, Ran) {
    let other = Installation::on(scene.sandbox.url());
    let ran = other.run(&["restore", path(backup)]).await.exits(0);
    std::fs::copy(scene.skein.data.path().join("master.key"), other.data.path().join("master.key")).unwrap();
    (other, ran)
}

#[tokio::test]
async fn a_backup_of_a_running_engine_has_everything_but_the_key() {
    let (scene, _elsewhere, backup) = scene().await;
    let mut engine = scene.skein.start(&["serve"]);
    engine.prints("Ctrl-C").await;
    let ran = scene.run(&["backup", path(&backup)]).await.exits(0);
    let ran = ran.says("Backed up").says("1 picture or video").says("The master key is not in it.");
    ran.says(path(&scene.skein.data.path().join("master.key")));
    assert_eq!(engine.interrupt().await, Some(0));
    let names: Vec<_> = files(&backup).iter().map(|file| file.strip_prefix(&backup).unwrap().to_owned()).collect();
    assert!(names.contains(&PathBuf::from("skein.db")) && names.contains(&PathBuf::from("backup.json")), "{names:?}");
    assert!(!backup.join("master.key").exists());
    assert_eq!(mode(&backup), 0o700);
    assert!(files(&backup).iter().all(|file| mode(file) == 0o600), "{names:?}");
    let beside: Vec<_> =
        std::fs::read_dir(backup.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().contains(".part")), "{beside:?}");

    let ran = scene.run(&["backup", path(&backup)]).await.exits(2);
    ran.says("is there already").says("Nothing was changed.");
    let keyed = backup.with_file_name("keyed");
    let told = scene.run(&["--json", "backup", path(&keyed), "--with-key"]).await.exits(0).json();
    assert_eq!((&told["has_key"], &told["media_files"], &told["key_is_in"]), (&json!(true), &json!(1), &Value::Null));
    let key = std::fs::read(scene.skein.data.path().join("master.key")).unwrap();
    assert_eq!((std::fs::read(keyed.join("master.key")).unwrap(), mode(&keyed.join("master.key"))), (key, 0o600));
}

#[tokio::test]
async fn a_backup_is_restored_with_everything_held_and_goes_on_when_released() {
    let (scene, _elsewhere, backup) = scene().await;
    scene.run(&["backup", path(&backup)]).await.exits(0);
    let (other, ran) = restored(&scene, &backup).await;
    let ran = ran.says("Restored").says("1 account and 1 waiting post").says("`skein release`");
    ran.says("The master key is not in the backup");
    assert_eq!(mode(&other.data.path().join("skein.db")), 0o600);
    assert!(!other.data.path().join(".restoring").exists());
    let accounts = other.run(&["accounts", "--json"]).await.exits(0).json();
    assert_eq!(accounts[0]["held"], true, "{accounts:#}");
    other.run(&["queue", "move", "last", "in 1s"]).await;
    other.run(&["work", "--once"]).await.exits(0);
    assert_eq!(scene.sandbox.values(&scene.alice.did, POST).unwrap().len(), 0, "it is held");
    other.run(&["release"]).await.exits(0);
    other.publishes().await;
    let values = scene.sandbox.values(&scene.alice.did, POST).unwrap();
    assert_eq!(values.len(), 1);
    let cid = values[0]["embed"]["images"][0]["image"]["ref"]["$link"].as_str().unwrap();
    assert_eq!(scene.sandbox.blob(&scene.alice.did, cid).unwrap().unwrap(), jpeg(64, 48, 1, None));
}

#[tokio::test]
async fn what_the_original_published_since_does_not_go_out_again() {
    let (scene, _elsewhere, backup) = scene().await;
    scene.run(&["post", "Soon", "--at", "in 1s"]).await.exits(6);
    scene.run(&["backup", path(&backup), "--with-key"]).await.exits(0);
    scene.skein.publishes().await;
    assert_eq!(scene.sandbox.values(&scene.alice.did, POST).unwrap().len(), 1);
    let (other, ran) = restored(&scene, &backup).await;
    ran.says("1 post was due by now and may be out").says("`skein queue retry`");
    other.run(&["work", "--once"]).await.exits(0);
    other.run(&["release"]).await.exits(0);
    other.run(&["work", "--once"]).await.exits(0);
    assert_eq!(scene.sandbox.values(&scene.alice.did, POST).unwrap().len(), 1);
    let posts = other.run(&["queue", "list", "--all", "--json"]).await.exits(0).json();
    let mut states: Vec<_> =
        posts.as_array().unwrap().iter().map(|post| post["deliveries"][0]["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["missed", "scheduled"]);

    // Unless a person wants it to: then it has its grace again.
    let missed = posts.as_array().unwrap().iter().find(|post| post["deliveries"][0]["state"] == "missed").unwrap();
    let missed = missed["id"].as_str().unwrap();
    other.run(&["queue", "retry", missed]).await;
    other.run(&["work", "--once"]).await.exits(0);
    assert_eq!(scene.sandbox.values(&scene.alice.did, POST).unwrap().len(), 2);
}

#[tokio::test]
async fn a_restore_is_refused_beside_the_log_of_another_database() {
    let (scene, elsewhere, backup) = scene().await;
    scene.run(&["backup", path(&backup)]).await.exits(0);
    let database = elsewhere.path().join("other.db");
    std::fs::write(elsewhere.path().join("other.db-wal"), "frames").unwrap();
    let other = Installation::alone();
    let ran = other.run(&["--database", &format!("sqlite:{}", path(&database)), "restore", path(&backup)]).await;
    ran.exits(2).says("other.db-wal").says("Nothing was changed.");
}

#[tokio::test]
async fn a_file_that_is_damaged_already_is_named_and_left_out() {
    let (scene, _elsewhere, backup) = scene().await;
    let media = scene.skein.data.path().join("media");
    let picture = files(&media).into_iter().find(|file| file.file_name().unwrap() != ".lock").unwrap();
    std::fs::write(&picture, "cut").unwrap();
    let told = scene.run(&["--json", "backup", path(&backup)]).await.exits(0).json();
    let hash = format!(
        "{}{}",
        picture.parent().unwrap().file_name().unwrap().display(),
        picture.file_name().unwrap().display()
    );
    assert_eq!((&told["media_files"], &told["media_damaged"]), (&json!(0), &json!([hash])));
    restored(&scene, &backup).await;
}

#[tokio::test]
async fn a_restore_overwrites_nothing() {
    let (scene, _elsewhere, backup) = scene().await;
    scene.run(&["backup", path(&backup)]).await.exits(0);
    let ran = scene.run(&["restore", path(&backup)]).await.exits(2);
    ran.says("There is a database at").says("Nothing was changed.");
    let other = Installation::alone();
    std::fs::write(other.data.path().join("letter.txt"), "Dear").unwrap();
    let ran = other.run(&["restore", path(&backup)]).await.exits(2);
    ran.says("is not empty: it has letter.txt").says("--data");
    assert_eq!(files(other.data.path()).len(), 1);
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let (scene, _elsewhere, backup) = scene().await;
    let other = Installation::alone();
    let refused = async |words: &str| {
        other.run(&["restore", path(&backup)]).await.exits(1).says("is no backup that can be restored").says(words);
        assert_eq!(files(other.data.path()), Vec::<PathBuf>::new());
    };
    refused("backup.json cannot be read").await;
    scene.run(&["backup", path(&backup)]).await.exits(0);
    let picture = files(&backup.join("media")).into_iter().find(|file| file.file_name().unwrap() != ".lock").unwrap();
    for (file, words) in [(picture, "is damaged"), (backup.join("skein.db"), "is not the one that was written")] {
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, &whole[1..]).unwrap();
        refused(words).await;
        std::fs::remove_file(&file).unwrap();
        refused("is no backup").await;
        std::fs::write(&file, whole).unwrap();
    }
    let page = backup.join("backup.json");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    refused("a form that this version does not know").await;
    std::fs::write(&page, text).unwrap();
    other.run(&["restore", path(&backup)]).await.exits(0);
}

#[tokio::test]
async fn there_must_be_something_to_back_up_and_to_move() {
    let skein = Installation::alone();
    let to = skein.data.path().join("backup");
    skein.run(&["backup", path(&to)]).await.exits(1).says("nothing to back up");
    skein.run(&["migrate-to", "postgres://me@127.0.0.1:9/birds"]).await.exits(2).says("nothing to move");
    skein.run(&["queue"]).await.exits(0);
    skein.run(&["migrate-to", "sqlite:other.db"]).await.exits(2).says("it must be postgres://");
    let ran = skein.run(&["migrate-to", "postgres://me:hunter2@127.0.0.1:9/birds"]).await.exits(1);
    assert!(!ran.stderr.contains("hunter2") && ran.stderr.contains("cannot be reached"), "{ran:#?}");
    let ran = skein.run(&["migrate-to", "s3://geese/media"]).await.exits(2);
    ran.says("is not the bucket of SKEIN_MEDIA_URL (not set)");
    skein.run(&["queue"]).await.exits(0);
    let server = [("SKEIN_DATABASE_URL", "postgres://me:hunter2@127.0.0.1:9/birds")];
    let ran = skein.run_with(&["backup", path(&to)], &server, "").await.exits(2);
    assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
    ran.says("pg_dump --format=custom").says("pg_restore");
    let ran = skein.run_with(&["restore", path(&to)], &server, "").await.exits(2);
    ran.says("pg_restore");
    assert!(!to.exists());
}
