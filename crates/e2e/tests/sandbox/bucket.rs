//! Media in an object store: what one installation submits, another one on another machine publishes.

use std::sync::Arc;

use serde_json::json;
use skein::bucket::Bucket;
use skein_domain::ports::{MediaError, MediaFiles};
use skein_e2e::rig::Rig;
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use skein_sandbox::Sandbox;
use skein_store::MediaBucket;
use skein_testkit::films::Film;
use skein_testkit::pictures::jpeg;
use skein_testkit::postgres::Postgres;
use skein_testkit::s3::S3;
use skein_testkit::{SeededEntropy, media_suite};

use crate::{Scene, options};

/// More than one part of an upload.
const LONG_BYTES: u32 = 9 * 1024 * 1024;
const POST: &str = "app.bsky.feed.post";
const PREFIX: &str = "media/of-skein";

fn bucket(endpoint: &str) -> Bucket {
    Bucket {
        name: S3::BUCKET.to_owned(),
        prefix: PREFIX.to_owned(),
        endpoint: Some(endpoint.parse().unwrap()),
        region: "us-east-1".to_owned(),
        key_id: "AKIA1".to_owned(),
        secret: "hunter2".to_owned().into(),
        session_token: None,
    }
}

fn http(allow_private: AllowPrivate) -> Http {
    Http::new(NetConfig { allow_private, dns: Dns::Off, ..NetConfig::default() }).unwrap()
}

/// The files in it, as a process with this folder for its copies sees them.
fn opened(endpoint: &str, folder: &tempfile::TempDir) -> MediaBucket {
    let copies = folder.path().join("copies");
    bucket(endpoint).open(&http(AllowPrivate::All), &copies, Arc::new(SeededEntropy::new(7))).unwrap()
}

#[tokio::test]
async fn real_s3_passes_what_every_place_for_media_passes() {
    let (store, folder) = (S3::start().await.unwrap(), tempfile::tempdir().unwrap());
    let media = opened(&store.url(), &folder);
    media_suite::all(&media, &folder.path().join("scratch")).await;
    media.ask().await.unwrap();
    assert_eq!(media.put_before("2100-01-01T00:00:00Z".parse().unwrap(), None, 9).await.unwrap(), []);
}

#[track_caller]
fn words<T: std::fmt::Debug>(result: Result<T, MediaError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, MediaError::Remote(_)), "{error:?}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    error.to_string()
}

#[tokio::test]
async fn real_s3_that_refuses_is_told_with_what_to_do() {
    let (store, folder) = (S3::start_closed().await.unwrap(), tempfile::tempdir().unwrap());
    let told = words(opened(&store.url(), &folder).put(b"picture").await);
    assert!(told.contains("s3://geese/media/of-skein refuses the credentials (InvalidAccessKeyId)"), "{told}");
    assert!(told.contains("AWS_SECRET_ACCESS_KEY"), "{told}");
}

#[tokio::test]
async fn real_s3_without_the_bucket_or_gone_is_told() {
    let (store, folder) = (S3::start().await.unwrap(), tempfile::tempdir().unwrap());
    let elsewhere = Bucket { name: "swans".to_owned(), ..bucket(&store.url()) };
    let copies = folder.path().join("copies");
    let elsewhere = elsewhere.open(&http(AllowPrivate::All), &copies, Arc::new(SeededEntropy::new(7))).unwrap();
    let told = words(elsewhere.put(b"picture").await);
    assert!(told.contains("no bucket for s3://swans") && told.contains("SKEIN_MEDIA_URL"), "{told}");
    let media = opened(&store.url(), &folder);
    drop(store);
    let told = words(media.put(b"picture").await);
    assert!(told.contains("gave no usable answer") && told.contains("could not be reached"), "{told}");
}

#[test]
fn plain_http_needs_a_permission_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let opened =
        |allow| bucket("http://127.0.0.1:9000").open(&http(allow), folder.path(), Arc::new(SeededEntropy::new(7)));
    let told = opened(AllowPrivate::None).unwrap_err().to_string();
    assert!(told.contains("SKEIN_ALLOW_PRIVATE=127.0.0.1:9000"), "{told}");
    opened(AllowPrivate::parse("127.0.0.1:9000").unwrap()).unwrap();
}

fn with_bucket(rig: Rig, store: &str) -> Rig {
    rig.with_variable("SKEIN_MEDIA_URL", &format!("s3://{}/{PREFIX}", S3::BUCKET))
        .with_variable("AWS_ENDPOINT_URL", store)
        .with_variable("AWS_ACCESS_KEY_ID", "AKIA1")
        .with_variable("AWS_SECRET_ACCESS_KEY", "hunter2")
}

/// An installation of its own, on the database and the bucket of others.
fn installation(sandbox: &Sandbox, database: &str, store: &str) -> Rig {
    let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url());
    with_bucket(rig.with_database(database), store)
}

#[tokio::test]
async fn real_postgres_and_real_s3_are_all_that_two_installations_share() {
    let (postgres, store, sandbox) = tokio::join!(Postgres::start(), S3::start(), Sandbox::start(options()));
    let (postgres, store, sandbox) = (postgres.unwrap(), store.unwrap(), sandbox.unwrap());
    let alice = sandbox.create_account("alice.test").unwrap();
    let desk = installation(&sandbox, &postgres.url(), &store.url());
    desk.login("alice.test", sandbox.url(), &alice.app_password).await.exits(0);
    let worker = installation(&sandbox, &postgres.url(), &store.url());
    std::fs::create_dir_all(worker.key().parent().unwrap()).unwrap();
    std::fs::copy(desk.key(), worker.key()).unwrap();
    let told = worker.run(&["doctor"]).await.exits(0);
    assert!(told.stdout.contains("s3://geese/media/of-skein can be read and written"), "{told:#?}");

    let mut engine = worker.work();
    let picture = desk.bytes("goose.jpg", &jpeg(64, 48, 1, None));
    desk.run(&["post", "Look", "--image", &picture, "--alt", "A goose.", "--at", "in 2s"]).await.exits(6);
    assert_eq!((desk.media_files(), worker.media_files()), (0, 0));
    engine.reaches("published").await;
    let values = sandbox.values(&alice.did, POST).unwrap();
    assert_eq!(values.len(), 1);
    let image = &values[0]["embed"]["images"][0];
    assert_eq!((&image["alt"], &image["image"]["mimeType"]), (&json!("A goose."), &json!("image/jpeg")));
    let cid = image["image"]["ref"]["$link"].as_str().unwrap();
    assert_eq!(sandbox.blob(&alice.did, cid).unwrap().unwrap(), jpeg(64, 48, 1, None));

    // A store that is away refuses what is submitted, and says so.
    drop(store);
    let refused = desk.run(&["post", "Look", "--image", &picture, "--alt", "A goose."]).await.exits(1);
    assert!(refused.stderr.contains("media store s3://geese/media/of-skein gave no usable answer"), "{refused:#?}");
    assert!(refused.stderr.contains("Nothing was stored"), "{refused:#?}");
    engine.end().await;
}

#[tokio::test]
async fn real_s3_keeps_a_long_video_until_it_is_out() {
    let (store, scene) = tokio::join!(S3::start(), Scene::set());
    let (store, Scene { sandbox, alice, rig }) = (store.unwrap(), scene);
    let scene = Scene { rig: with_bucket(rig, &store.url()), sandbox, alice };
    let film = Film { payload: (0..LONG_BYTES).map(|n| n.to_le_bytes()[0]).collect(), ..Film::default() }.bytes();
    let path = scene.rig.bytes("film.mp4", &film);
    scene.rig.run(&["post", "Watch", "--video", &path, "--alt", "Geese."]).await.exits(0);
    assert!(scene.kept(&scene.only_embed()["video"]) == film);
    assert_eq!(scene.rig.media_files(), 0);
}

#[tokio::test]
async fn real_s3_gets_what_waits_in_the_data_folder() {
    let (store, scene) = tokio::join!(S3::start(), Scene::set());
    let (store, Scene { sandbox, alice, rig }) = (store.unwrap(), scene);
    let picture = rig.bytes("goose.jpg", &jpeg(64, 48, 1, None));
    rig.run(&["post", "Look", "--image", &picture, "--alt", "A goose.", "--at", "in 1h"]).await.exits(6);
    let to = format!("s3://{}/{PREFIX}", S3::BUCKET);
    let refused = rig.run(&["migrate-to", &to]).await.exits(2);
    assert!(refused.stderr.contains("is not the bucket of SKEIN_MEDIA_URL (not set)"), "{refused:#?}");
    let rig = with_bucket(rig, &store.url());
    for _ in 0..2 {
        let copied = rig.run(&["migrate-to", &to]).await.exits(0);
        assert!(copied.stdout.contains("Copied 1 picture or video to s3://geese/media/of-skein"), "{copied:#?}");
    }
    rig.lose_media();
    rig.run(&["queue", "move", "last", "now"]).await;
    rig.run(&["work", "--once"]).await.exits(0);
    let values = sandbox.values(&alice.did, POST).unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!(values[0]["embed"]["images"][0]["alt"], "A goose.");
}
