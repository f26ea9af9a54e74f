//! What a failed upload of a video means for its post: it waits, or it has failed, and from where the next try goes on.

use jiff::{SignedDuration, Timestamp};
use skein_bluesky::session::SessionError;
use skein_bluesky::video::VideoError;
use skein_bluesky::xrpc::CallError;
use skein_domain::outcome::Obstacle;
use skein_domain::{Category, Fault};

use super::answers;
use super::pictures::sentence;
use super::publish::no_session;

/// Jobs that may fail for reasons that pass before the post fails.
pub(crate) const FAILED_JOBS_MAX: u32 = 3;

/// How long after a day's videos are used up it is asked again, in milliseconds: nobody says when the next day begins.
const LIMIT_LOOK_MS: i64 = 900_000;

/// From where the next try goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// From where this one stopped.
    GoOn,
    /// From the beginning.
    Anew {
        /// How many jobs have failed by now.
        failed_jobs: u32,
    },
}

/// Reads a failure.
pub(crate) fn of(error: &VideoError, failed_jobs: u32, now: Timestamp) -> (Obstacle, Next) {
    if let VideoError::Session(error) = error {
        return (of_session(error, now), Next::GoOn);
    }
    if is_limit(error) {
        let at = now.checked_add(SignedDuration::from_millis(LIMIT_LOOK_MS)).unwrap_or(now);
        let fault = fault("video_limit_reached", Category::RateLimit, error).retry_at(at);
        return (Obstacle::Retry { at: Some(at), fault }, Next::GoOn);
    }
    // However the service calls it: with 429 it says when, and not that it never will.
    if let Some(at) = call_of(error).and_then(|call| call.limited_until(now)) {
        let fault = fault("video_service_limited", Category::RateLimit, error).retry_at(at);
        return (Obstacle::Retry { at: Some(at), fault }, Next::GoOn);
    }
    let next = next(error, failed_jobs);
    match next {
        _ if !error.is_transient() && !call_of(error).is_some_and(CallError::is_transient) => {
            (Obstacle::Refused(refusal(error)), next)
        }
        Next::Anew { failed_jobs } if failed_jobs >= FAILED_JOBS_MAX => {
            (Obstacle::Refused(refusal(error)), Next::Anew { failed_jobs: 0 })
        }
        _ => {
            let fault = fault("video_not_uploaded", Category::PlatformError, error);
            (Obstacle::Retry { at: None, fault }, next)
        }
    }
}

/// A call to the account's own server. A limit that it meets is told as for a write: it says until when, and it is no failure.
fn of_session(error: &SessionError, now: Timestamp) -> Obstacle {
    match error.call().filter(|call| call.limited_until(now).is_some()) {
        Some(call) => answers::obstacle(call, now),
        None => no_session(error),
    }
}

fn next(error: &VideoError, failed_jobs: u32) -> Next {
    match error {
        VideoError::JobFailed { .. } if !error.is_transient() => Next::Anew { failed_jobs: 0 },
        VideoError::JobFailed { .. } | VideoError::NeverHeld { .. } => Next::Anew { failed_jobs: failed_jobs + 1 },
        // Only where it says that there is no such job: one that cannot be asked about may well be encoded by now.
        VideoError::NoWordOfJob { error, .. } if is_no_such_job(error) => Next::Anew { failed_jobs: failed_jobs + 1 },
        // Who has it tried again after that would be refused the same upload again and again.
        VideoError::Refused { error: refused, .. } if !error.is_transient() && !may_pass(refused) => {
            Next::Anew { failed_jobs: 0 }
        }
        _ => Next::GoOn,
    }
}

fn call_of(error: &VideoError) -> Option<&CallError> {
    match error {
        VideoError::Call(error) | VideoError::Refused { error, .. } | VideoError::NoWordOfJob { error, .. } => {
            Some(error)
        }
        _ => None,
    }
}

fn is_no_such_job(error: &CallError) -> bool {
    let Some(answer) = error.answer().filter(|_| !may_pass(error)) else { return false };
    let says_so = |words: &str| words.to_lowercase().contains("not found");
    match answer.error.as_deref() {
        Some("InvalidRequest") => answer.message.as_deref().is_some_and(says_so),
        Some(name) => name.ends_with("NotFound"),
        None => false,
    }
}

/// Whether it is not about the file: the service has a bad moment, counts requests, or did not take the token.
fn may_pass(error: &CallError) -> bool {
    let is_about_the_asker = |status: u16| matches!(status, 401 | 403 | 429);
    error.is_transient()
        || error.answer().is_none_or(|answer| {
            is_about_the_asker(answer.response.status.as_u16()) || !answer.response.status.is_client_error()
        })
}

/// The account's server has lost what was encoded, again and again.
pub(crate) fn lost() -> Obstacle {
    let message = format!("The account's server lost the encoded video {FAILED_JOBS_MAX} times.");
    let fault = Fault::new("video_lost", Category::PlatformError, message);
    let fault = fault.next("See whether the server takes videos, then `skein queue retry`.");
    Obstacle::Refused(Fault { retryable: false, ..fault })
}

fn is_limit(error: &VideoError) -> bool {
    match error {
        VideoError::NotAllowed { videos_left, bytes_left, given_bytes, .. } => {
            let is_short = |left: i64| u64::try_from(left).map_or(true, |left| left < *given_bytes);
            videos_left.is_some_and(|left| left <= 0) || bytes_left.is_some_and(is_short)
        }
        VideoError::Refused { name, .. } => name == "DailyLimitExceeded",
        _ => false,
    }
}

fn refusal(error: &VideoError) -> Fault {
    let (code, category) = match error {
        VideoError::NotAllowed { .. } => ("video_not_allowed", Category::AccountIssue),
        VideoError::Refused { name, .. } if name == "UploadForbidden" => ("video_not_allowed", Category::AccountIssue),
        VideoError::JobFailed { .. } => ("video_not_encoded", Category::PlatformRejected),
        VideoError::File(_) | VideoError::FileChanged { .. } => ("media_gone", Category::SystemError),
        _ => ("video_refused", Category::PlatformRejected),
    };
    let fault = fault(code, category, error);
    Fault { retryable: false, ..fault }
}

fn fault(code: &str, category: Category, error: &VideoError) -> Fault {
    Fault::new(code, category, sentence(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_atproto::syntax::Did;
    use skein_bluesky::budget::{Meter, Shortage};
    use skein_bluesky::video::JobStatus;
    use skein_bluesky::xrpc::{ErrorAnswer, Response, ResponseHeaders};
    use skein_domain::policy::is_failure;

    fn now() -> Timestamp {
        "2026-12-01T12:00:00Z".parse().unwrap()
    }

    fn failed(code: &str) -> VideoError {
        let job = JobStatus {
            job_id: "job-1".to_owned(),
            state: "JOB_STATE_FAILED".to_owned(),
            percent: None,
            blob: None,
            failure_code: Some(code.to_owned()),
            error: None,
            message: None,
        };
        VideoError::JobFailed { job: Box::new(job) }
    }

    #[test]
    fn a_video_that_cannot_be_encoded_fails_and_is_begun_anew_by_who_tries_again() {
        let (obstacle, next) = of(&failed("encoding_failure"), 0, now());
        let Obstacle::Refused(fault) = obstacle else { panic!("{obstacle:?}") };
        assert_eq!(
            (fault.code.as_str(), fault.retryable, next),
            ("video_not_encoded", false, Next::Anew { failed_jobs: 0 })
        );
    }

    #[test]
    fn a_job_that_failed_in_passing_is_done_again_a_few_times() {
        for (failed_jobs, is_over) in [(0, false), (1, false), (2, true)] {
            let (obstacle, next) = of(&failed("pds_upload_failure"), failed_jobs, now());
            assert_eq!(matches!(obstacle, Obstacle::Refused(_)), is_over, "{obstacle:?}");
            let failed_jobs = if is_over { 0 } else { failed_jobs + 1 };
            assert_eq!(next, Next::Anew { failed_jobs });
        }
        let silent = VideoError::StillRunning { job_id: "job-1".to_owned(), looks: 9 };
        assert!(matches!(of(&silent, 2, now()), (Obstacle::Retry { at: None, .. }, Next::GoOn)));
    }

    #[test]
    fn a_used_up_day_waits_and_an_account_that_may_not_fails() {
        let not_allowed = |videos_left, bytes_left| VideoError::NotAllowed {
            message: "no".to_owned(),
            videos_left,
            bytes_left,
            given_bytes: 100,
        };
        for (videos, bytes, waits) in
            [(Some(0), None, true), (Some(5), Some(99), true), (Some(5), Some(100), false), (None, None, false)]
        {
            let (obstacle, next) = of(&not_allowed(videos, bytes), 0, now());
            assert_eq!(next, Next::GoOn);
            match obstacle {
                Obstacle::Retry { at: Some(at), fault } => {
                    assert!(waits && fault.category == Category::RateLimit && fault.retry_at == Some(at));
                    assert_eq!(at.duration_since(now()).as_secs(), 900);
                }
                Obstacle::Refused(fault) => assert!(!waits && fault.code == "video_not_allowed"),
                other => panic!("{other:?}"),
            }
        }
    }

    fn answered(status: u16, name: Option<&str>, message: &str) -> CallError {
        let response = Response {
            status: status.try_into().unwrap(),
            headers: ResponseHeaders::default(),
            body: bytes::Bytes::new(),
            url: url::Url::parse("http://127.0.0.1/").unwrap(),
            duration: std::time::Duration::ZERO,
            call: None,
        };
        let answer = ErrorAnswer { error: name.map(str::to_owned), message: Some(message.to_owned()), response };
        CallError::Answer(Box::new(answer))
    }

    #[test]
    fn a_limit_of_the_accounts_own_server_is_told_as_for_a_write_and_is_no_failure() {
        let fits_at = now() + SignedDuration::from_secs(200);
        let shortage = Shortage {
            meter: Meter::calls("pds.example"),
            limit: 3_000,
            window_s: 300,
            used: 3_000,
            wanted: 1,
            fits_at: Some(fits_at),
            refused_by_server: false,
            by_operator: false,
        };
        let refused = answered(429, Some("RateLimitExceeded"), "Rate Limit Exceeded");
        // It does not say until when, so it is asked again after a minute.
        let in_a_minute = now() + SignedDuration::from_mins(1);
        for (call, until) in [(CallError::RateLimitExceeded(Box::new(shortage)), fits_at), (refused, in_a_minute)] {
            let (obstacle, next) = of(&VideoError::Session(SessionError::Call(call)), 0, now());
            let Obstacle::Retry { at, fault } = obstacle else { panic!("{obstacle:?}") };
            assert_eq!((at, fault.retry_at, next), (Some(until), Some(until), Next::GoOn));
            assert_eq!((fault.code.as_str(), is_failure(&fault)), ("rate_limited", false), "{fault:?}");
        }
    }

    #[test]
    fn what_else_the_accounts_own_server_says_is_of_its_session() {
        let (obstacle, next) = of(&VideoError::Session(SessionError::Call(answered(503, None, "no"))), 0, now());
        let Obstacle::Retry { at: None, fault } = obstacle else { panic!("{obstacle:?}") };
        assert_eq!((fault.code.as_str(), is_failure(&fault), next), ("session_unavailable", true, Next::GoOn));
        let did = Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        let ended = SessionError::NeedsLogin { did, reason: "it has expired".to_owned() };
        assert!(matches!(of(&VideoError::Session(ended), 0, now()), (Obstacle::AuthLost(_), Next::GoOn)));
    }

    #[test]
    fn a_job_that_cannot_be_asked_about_is_not_begun_anew() {
        let silent = |error| VideoError::NoWordOfJob { job_id: "job-1".to_owned(), error };
        for (status, name) in [
            (429, Some("RateLimitExceeded")),
            (404, None),
            (403, None),
            (403, Some("Forbidden")),
            (401, Some("AuthMissing")),
            (400, Some("InvalidRequest")),
            (503, Some("NotFound")),
        ] {
            let (obstacle, next) = of(&silent(answered(status, name, "no")), 0, now());
            let Obstacle::Retry { at, .. } = obstacle else { panic!("{status}: {obstacle:?}") };
            assert_eq!((next, at.is_some()), (Next::GoOn, status == 429), "{status} {name:?}");
        }
        for (status, name, message) in [(400, "InvalidRequest", "Job not found"), (404, "JobNotFound", "gone")] {
            let (_, next) = of(&silent(answered(status, Some(name), message)), 1, now());
            assert_eq!(next, Next::Anew { failed_jobs: 2 }, "{status} {name}");
        }
    }

    #[test]
    fn an_upload_that_was_refused_for_good_is_begun_anew_by_who_tries_again() {
        let refused = |status, name: &str| {
            let error = answered(status, Some(name), "no");
            VideoError::Refused { name: name.to_owned(), message: "no".to_owned(), error }
        };
        for (status, name, expected) in [
            (400, "BadAspectRatio", Next::Anew { failed_jobs: 0 }),
            (401, "BadJwt", Next::GoOn),
            (403, "UploadForbidden", Next::GoOn),
        ] {
            let (obstacle, next) = of(&refused(status, name), 0, now());
            assert!(matches!(obstacle, Obstacle::Refused(_)), "{obstacle:?}");
            assert_eq!(next, expected, "{name}");
        }
    }
}
