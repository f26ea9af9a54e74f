//! Jobs that fail, take long, or do not answer.

use skein_bluesky::video::VideoError;
use skein_sandbox::Fault;

use crate::Stage;

#[tokio::test]
async fn a_job_that_fails_says_why_and_what_to_do() {
    for (code, words, is_transient) in [
        ("encoding_failure", "encode it again as H.264", false),
        ("validation_failure", "crop it", false),
        ("pds_upload_unsupported_blob_size", "larger than what the account's server takes", false),
        ("pds_upload_failure", "try again later", true),
        ("something_new", "try again", false),
    ] {
        let stage = Stage::set().await;
        stage.order("finishUpload", Fault::VideoFails { code: code.to_owned() });
        let error = stage.upload().await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains(code) && told.contains(words), "{told}");
        assert_eq!(error.is_transient(), is_transient, "{code}");
        let VideoError::JobFailed { job } = error else { panic!("{told}") };
        assert_eq!(job.failure_code.as_deref(), Some(code));
    }
}

#[tokio::test]
async fn a_slow_job_is_left_running_and_found_again() {
    let stage = Stage::set().await;
    stage.order("finishUpload", Fault::VideoSlow { looks: 25 });
    let waiting = stage.processing().await;
    let error = stage.go_on(waiting.clone()).await.unwrap_err();
    assert!(matches!(error, VideoError::StillRunning { looks: 20, .. }) && error.is_transient(), "{error}");
    stage.count("uploadPart");
    let blob = stage.go_on(waiting).await.unwrap();
    assert_eq!(stage.kept(&blob), stage.bytes);
    assert_eq!(stage.counted("uploadPart"), 0);
}

#[tokio::test]
async fn looks_that_fail_in_between_do_no_harm() {
    for fault in [Fault::ServerErrorBefore, Fault::BadGatewayAfter, Fault::CutBefore, Fault::EmptyAnswer] {
        let stage = Stage::set().await;
        stage.order_times("getJobStatus", fault.clone(), 3);
        let blob = stage.upload().await.unwrap();
        assert_eq!(stage.kept(&blob), stage.bytes, "{fault:?}");
    }
}

#[tokio::test]
async fn a_service_that_keeps_silent_about_a_job_is_no_longer_asked() {
    let stage = Stage::set().await;
    let waiting = stage.processing().await;
    stage.order_times("getJobStatus", Fault::ServerErrorBefore, 1_000);
    let error = stage.go_on(waiting).await.unwrap_err();
    assert!(matches!(error, VideoError::NoWordOfJob { .. }) && error.is_transient(), "{error}");
    assert_eq!(stage.counted("getJobStatus"), 10);
}

#[tokio::test]
async fn a_job_that_nobody_knows_is_not_asked_for_long() {
    let stage = Stage::set().await;
    stage.count("getJobStatus");
    let error = stage.service.wait(&stage.did, "job-none", &stage.tell()).await.unwrap_err();
    assert!(error.to_string().contains("Job not found"), "{error}");
    assert_eq!(stage.counted("getJobStatus"), 1);
}
