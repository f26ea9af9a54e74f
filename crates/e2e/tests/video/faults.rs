//! What goes wrong on the way up.

use skein_bluesky::video::{UploadState, VideoError};
use skein_sandbox::Fault;

use crate::Stage;

#[tokio::test]
async fn a_day_that_is_used_up_is_told_in_the_services_words_before_anything_is_sent() {
    let stage = Stage::set().await;
    stage.order("getUploadLimits", Fault::VideoLimitReached);
    stage.count("startUpload");
    let error = stage.upload().await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("You have reached your daily limit of videos") && told.contains("0 videos"), "{told}");
    assert!(matches!(error, VideoError::NotAllowed { videos_left: Some(0), .. }) && !error.is_transient());
    assert_eq!(stage.counted("startUpload"), 0);
    let limits = stage.service.limits(&stage.did).await.unwrap();
    assert_eq!((limits.can_upload, limits.remaining_daily_videos), (true, Some(25)));
}

#[tokio::test]
async fn a_part_that_fails_on_the_way_is_sent_again() {
    let faults =
        [Fault::ServerErrorBefore, Fault::ServerErrorAfter, Fault::BadGatewayBefore, Fault::CutBefore, Fault::CutAfter];
    for fault in faults {
        let stage = Stage::set().await;
        stage.order_times("uploadPart", fault.clone(), 2);
        let blob = stage.upload().await.unwrap();
        assert_eq!(stage.kept(&blob), stage.bytes, "{fault:?}");
        assert_eq!(stage.counted("uploadPart"), 2);
    }
}

#[tokio::test]
async fn a_part_that_keeps_failing_ends_the_step_and_the_next_one_goes_on() {
    let stage = Stage::set().await;
    let begun = stage.step(UploadState::default()).await;
    stage.order_times("uploadPart", Fault::ServerErrorBefore, 3);
    let error = stage.service.advance(&stage.did, &stage.file, begun.clone(), &stage.tell()).await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("500"), "{error}");
    let blob = stage.go_on(begun).await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
}

#[tokio::test]
async fn a_part_that_the_service_lost_is_found_missing_and_sent_again() {
    let stage = Stage::set().await;
    stage.order("uploadPart", Fault::PartLost);
    let blob = stage.upload().await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
    assert_eq!(stage.sandbox.faults().report().fired.len(), 1);
}

#[tokio::test]
async fn a_service_that_loses_every_part_is_given_up() {
    let stage = Stage::set().await;
    stage.order_times("uploadPart", Fault::PartLost, 1_000);
    let error = stage.upload().await.unwrap_err();
    assert!(error.to_string().contains("missing parts: 1, 2, 3"), "{error}");
}

#[tokio::test]
async fn finishing_is_tried_again() {
    for fault in [Fault::ServerErrorBefore, Fault::ServerErrorAfter, Fault::CutBefore, Fault::CutAfter, Fault::Garbled]
    {
        let stage = Stage::set().await;
        stage.order("finishUpload", fault.clone());
        let done = stage.upload().await;
        let blob = match done {
            Ok(blob) => blob,
            // Only an answer that cannot be read ends the step; it is begun again from what is kept.
            Err(error) => {
                assert_eq!(fault, Fault::Garbled);
                assert!(error.is_transient(), "{error}");
                stage.upload().await.unwrap()
            }
        };
        assert_eq!(stage.kept(&blob), stage.bytes, "{fault:?}");
    }
}

#[tokio::test]
async fn a_service_in_trouble_is_told_as_such() {
    for method in ["getUploadLimits", "startUpload"] {
        let stage = Stage::set().await;
        stage.order(method, Fault::BadGatewayBefore);
        let error = stage.upload().await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("502"), "{method}: {error}");
    }
    let stage = Stage::set().await;
    stage.order("startUpload", Fault::NotImplemented);
    stage.order("uploadVideo", Fault::ServerErrorBefore);
    assert!(stage.upload().await.unwrap_err().is_transient());
}
