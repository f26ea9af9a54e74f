//! Both journals remember videos alike, and one of the store after a restart too.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::sync::Arc;

use jiff::Timestamp;
use skein_bluesky::Did;
use skein_bluesky::blob::Blob;
use skein_bluesky::journal::{KeptVideo, MemoryJournal, VideoJournal, VideoKey, VideoLease};
use skein_bluesky::video::UploadState;
use skein_journal::StoreJournal;
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::samples::at_ms;
use tempfile::TempDir;

async fn on_disk(folder: &TempDir) -> StoreJournal {
    let url = DatabaseUrl::from(folder.path().join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    StoreJournal::new(&Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap())
}

fn key(file: &str) -> VideoKey {
    VideoKey { did: Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap(), file: file.to_owned() }
}

fn lease(owner: &str, now_ms: i64) -> VideoLease<'_> {
    VideoLease { owner, now: at_ms(now_ms), until: at_ms(now_ms + 100) }
}

fn running() -> KeptVideo {
    let state = UploadState::Processing { job_id: "job-1".to_owned() };
    KeptVideo { state, failed_jobs: 2, done_at: None }
}

fn done(at: Timestamp) -> KeptVideo {
    let cid = "bafkreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";
    let blob: Blob =
        serde_json::from_value(serde_json::json!({"cid": cid, "mime_type": "video/mp4", "size": 5})).unwrap();
    KeptVideo { state: UploadState::Done { blob }, failed_jobs: 0, done_at: Some(at) }
}

async fn one_at_a_time_and_nothing_is_forgotten(journal: &dyn VideoJournal) {
    let film = key("film");
    assert_eq!(journal.video(&film).await.unwrap(), None);
    assert!(!journal.keep_video(&film, &running(), lease("a", 0)).await.unwrap(), "nobody has taken it");
    assert!(journal.lease_video(&film, lease("a", 0)).await.unwrap());
    assert_eq!(journal.video(&film).await.unwrap(), None, "taken, and no step is done");
    assert!(!journal.lease_video(&film, lease("b", 99)).await.unwrap(), "it is taken");
    assert!(journal.lease_video(&film, lease("a", 50)).await.unwrap(), "its holder renews it");
    assert!(journal.lease_video(&key("other"), lease("b", 50)).await.unwrap(), "another film is free");
    assert!(journal.keep_video(&film, &running(), lease("a", 60)).await.unwrap());
    assert!(!journal.keep_video(&film, &done(at_ms(60)), lease("b", 60)).await.unwrap());
    assert_eq!(journal.video(&film).await.unwrap(), Some(running()));
    assert!(!journal.lease_video(&film, lease("b", 159)).await.unwrap(), "keeping renewed it");
    assert!(journal.lease_video(&film, lease("b", 160)).await.unwrap(), "its time has ended");
    assert!(!journal.keep_video(&film, &running(), lease("a", 161)).await.unwrap(), "it is no longer a's");
    journal.release_video(&film, "a").await.unwrap();
    assert!(!journal.lease_video(&film, lease("a", 162)).await.unwrap());
    journal.release_video(&film, "b").await.unwrap();
    assert!(journal.lease_video(&film, lease("a", 163)).await.unwrap());
    assert!(journal.keep_video(&film, &done(at_ms(164)), lease("a", 164)).await.unwrap());
    assert_eq!(journal.video(&film).await.unwrap(), Some(done(at_ms(164))));
}

async fn what_is_lost_is_forgotten_for_its_account_alone(journal: &dyn VideoJournal) {
    let swan = VideoKey { did: Did::parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").unwrap(), file: "film".to_owned() };
    for of in [&key("film"), &swan, &key("begun")] {
        assert!(journal.lease_video(of, lease("c", 1_000)).await.unwrap());
        let kept = if of.file == "begun" { running() } else { done(at_ms(1_000)) };
        assert!(journal.keep_video(of, &kept, lease("c", 1_000)).await.unwrap());
    }
    journal.forget_done_videos(&key("film").did).await.unwrap();
    assert_eq!(journal.video(&key("film")).await.unwrap(), None);
    assert_eq!(journal.video(&swan).await.unwrap(), Some(done(at_ms(1_000))));
    assert_eq!(journal.video(&key("begun")).await.unwrap(), Some(running()));
}

#[tokio::test]
async fn both_journals_let_one_at_a_time_upload_and_forget_what_is_lost() {
    let (folder, memory) = (tempfile::tempdir().unwrap(), MemoryJournal::new());
    let store = on_disk(&folder).await;
    for journal in [&memory as &dyn VideoJournal, &store] {
        one_at_a_time_and_nothing_is_forgotten(journal).await;
        what_is_lost_is_forgotten_for_its_account_alone(journal).await;
    }
    let again = on_disk(&folder).await;
    assert_eq!(again.video(&key("begun")).await.unwrap(), Some(running()), "after a restart");
}

#[tokio::test]
async fn what_nobody_has_touched_for_a_week_goes() {
    let folder = tempfile::tempdir().unwrap();
    let journal = on_disk(&folder).await;
    let film = key("film");
    assert!(journal.lease_video(&film, lease("a", 0)).await.unwrap());
    assert!(journal.keep_video(&film, &running(), lease("a", 0)).await.unwrap());
    let week_ms = 7 * 24 * 3_600_000;
    assert!(journal.lease_video(&key("other"), lease("a", week_ms)).await.unwrap());
    assert_eq!(journal.video(&film).await.unwrap(), Some(running()));
    assert!(journal.lease_video(&key("other"), lease("a", week_ms + 1)).await.unwrap());
    assert_eq!(journal.video(&film).await.unwrap(), None);
}
