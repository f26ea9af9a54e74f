//! In parts, in one piece, and on from where it broke off.

use skein_bluesky::video::{UploadState, VideoError, VideoProgress};
use skein_sandbox::Fault;

use crate::Stage;

#[tokio::test]
async fn a_video_goes_up_in_parts_and_tells_how_far_it_is() {
    let stage = Stage::set().await;
    stage.count("uploadPart");
    let blob = stage.upload().await.unwrap();
    assert_eq!((blob.mime_type.as_str(), blob.size), ("video/mp4", stage.bytes.len() as u64));
    assert_eq!(stage.kept(&blob), stage.bytes, "the parts were joined in order");
    assert_eq!(stage.counted("uploadPart"), 3);
    let progress = stage.progress.lock().unwrap();
    let sent: Vec<u64> = progress
        .iter()
        .filter_map(|step| if let VideoProgress::Sent { bytes, .. } = step { Some(*bytes) } else { None })
        .collect();
    assert!(sent.is_sorted() && sent.len() > 30, "{} reports", sent.len());
    assert_eq!(sent.last(), Some(&(stage.bytes.len() as u64)));
    let states = progress.iter().filter(|step| matches!(step, VideoProgress::Encoding { .. })).count();
    assert_eq!(states, 4, "{progress:?}");
}

#[tokio::test]
async fn where_parts_are_not_known_it_goes_up_in_one_piece() {
    let stage = Stage::set().await;
    stage.order("startUpload", Fault::NotImplemented);
    stage.count("uploadVideo");
    let blob = stage.upload().await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
    assert_eq!(stage.counted("uploadVideo"), 1);
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_with_what_is_missing() {
    let stage = Stage::set().await;
    stage.count("uploadPart");
    let begun = stage.step(UploadState::default()).await;
    let one_sent = stage.step(begun).await;
    let kept = serde_json::to_string(&one_sent).unwrap();
    let after_restart: UploadState = serde_json::from_str(&kept).unwrap();
    let blob = stage.go_on(after_restart).await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
    assert_eq!(stage.counted("uploadPart"), 3, "the first part was not sent again");
}

#[tokio::test]
async fn an_answer_that_was_lost_before_a_restart_is_learned_by_asking() {
    let stage = Stage::set().await;
    let begun = stage.step(UploadState::default()).await;
    let kept: UploadState = serde_json::from_str(&serde_json::to_string(&begun).unwrap()).unwrap();
    // All parts arrive and it is finished, and nothing of that is remembered.
    let blob = stage.go_on(begun).await.unwrap();
    stage.count("uploadPart");
    assert_eq!(stage.go_on(kept).await.unwrap(), blob);
    assert_eq!(stage.counted("uploadPart"), 0);
}

#[tokio::test]
async fn an_upload_that_was_given_up_is_begun_again() {
    let stage = Stage::set().await;
    let begun = stage.step(UploadState::default()).await;
    stage.service.abort(&stage.did, &begun).await.unwrap();
    let again = stage.step(begun).await;
    assert_eq!(again, UploadState::Begin { begun: 1 });
    let blob = stage.go_on(again).await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
}

#[tokio::test]
async fn the_same_video_is_encoded_once_whichever_way_it_comes() {
    let stage = Stage::set().await;
    let first = stage.upload().await.unwrap();
    stage.count("getJobStatus");
    assert_eq!(stage.upload().await.unwrap(), first);
    stage.order("startUpload", Fault::NotImplemented);
    assert_eq!(stage.upload().await.unwrap(), first);
    assert_eq!(stage.counted("getJobStatus"), 2, "its job was done already");
}

#[tokio::test]
async fn a_conflict_that_names_a_job_is_no_failure() {
    let stage = Stage::set().await;
    stage.order("startUpload", Fault::NotImplemented);
    stage.order("uploadVideo", Fault::VideoExists);
    let blob = stage.upload().await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
}

#[tokio::test]
async fn a_gif_comes_back_as_a_video() {
    let gif = skein_testkit::pictures::gif(40, 30, 3);
    let stage = Stage::with(gif.clone(), "image/gif").await;
    let blob = stage.upload().await.unwrap();
    assert_eq!(blob.mime_type, "video/mp4");
    assert!(stage.kept(&blob).ends_with(&gif));
}

#[tokio::test]
async fn a_file_that_changed_is_not_sent() {
    let stage = Stage::set().await;
    stage.count("startUpload");
    std::fs::write(&stage.file.path, b"shorter").unwrap();
    let error = stage.upload().await.unwrap_err();
    assert!(matches!(error, VideoError::FileChanged { found_bytes: 7, .. }), "{error}");
    assert!(!error.is_transient());
    assert_eq!(stage.counted("startUpload"), 0);
    std::fs::remove_file(&stage.file.path).unwrap();
    assert!(matches!(stage.upload().await, Err(VideoError::File(_))));
}
