//! The job that encodes a video: what the service says of it, and waiting for its end.

use serde::Deserialize;
use serde_json::Value;
use skein_atproto::syntax::Did;

use super::{Tell, VideoError, VideoProgress, VideoService};
use crate::blob::{Blob, Reference};
use crate::xrpc::{Auth, CallError};

/// Between two looks at a job: as Bluesky's own app.
pub const LOOK_EVERY_MS: u64 = 1_500;
/// Before the next look after one that failed.
pub(super) const LOOK_AFTER_FAILURE_MS: u64 = 5_000;
/// An answer that means no counts as so many failures: a new job may not be known everywhere yet, but soon is.
const NO_COUNTS: u32 = 10;

/// What the service says of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStatus {
    /// The job.
    pub job_id: String,
    /// The service's word. All but `JOB_STATE_COMPLETED` and `JOB_STATE_FAILED` mean that it is running.
    pub state: String,
    /// Within this state.
    pub percent: Option<u8>,
    /// The encoded video, once it is at the account's server.
    pub blob: Option<Blob>,
    /// Why it failed: `encoding_failure` …
    pub failure_code: Option<String>,
    /// Why it failed, in more detail: `unsupported_codec` …
    pub error: Option<String>,
    /// The service's words.
    pub message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    job_id: String,
    #[serde(default)]
    state: String,
    progress: Option<f64>,
    blob: Option<Reference>,
    failure_code: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

impl JobStatus {
    /// Reads an answer: the fields stand at its top, or under `jobStatus`. `None` if it names no job.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut answer: Value = serde_json::from_slice(body).ok()?;
        let status = answer.get_mut("jobStatus").map(Value::take).filter(Value::is_object).unwrap_or(answer);
        let wire: Wire = serde_json::from_value(status).ok()?;
        let text = |text: Option<String>| text.map(|text| crate::xrpc::bounded(&text)).filter(|text| !text.is_empty());
        Some(Self {
            job_id: wire.job_id,
            state: crate::xrpc::bounded(&wire.state),
            percent: wire.progress.map(percent),
            blob: wire.blob.map(Blob::from),
            failure_code: text(wire.failure_code),
            error: text(wire.error),
            message: text(wire.message),
        })
    }

    /// Whether it failed for good.
    pub fn is_failed(&self) -> bool {
        self.state == "JOB_STATE_FAILED"
    }
}

fn percent(progress: f64) -> u8 {
    (0..=100_u8).rev().find(|step| f64::from(*step) <= progress).unwrap_or(0)
}

impl VideoService {
    /// Looks at a job until it is done (`app.bsky.video.getJobStatus`, which needs no token).
    ///
    /// # Errors
    /// [`VideoError::JobFailed`] with what to do; [`VideoError::StillRunning`] and [`VideoError::NoWordOfJob`] where waiting
    /// longer may help.
    pub async fn wait(&self, did: &Did, job_id: &str, tell: &Tell) -> Result<Blob, VideoError> {
        let mut failures = 0;
        for _ in 0..self.pace.looks_max {
            match self.look(did, job_id).await {
                Ok(JobStatus { blob: Some(blob), .. }) => return Ok(blob),
                Ok(job) if job.is_failed() => return Err(VideoError::of_job(job)),
                Ok(job) => {
                    failures = 0;
                    tell(VideoProgress::Encoding { state: job.state, percent: job.percent });
                    tokio::time::sleep(self.pace.look_every).await;
                }
                Err(error) => {
                    failures += if error.is_transient() { 1 } else { NO_COUNTS };
                    if failures >= self.pace.failures_max {
                        return Err(VideoError::NoWordOfJob { job_id: job_id.to_owned(), error });
                    }
                    self.pause().await;
                }
            }
        }
        Err(VideoError::StillRunning { job_id: job_id.to_owned(), looks: self.pace.looks_max })
    }

    async fn look(&self, did: &Did, job_id: &str) -> Result<JobStatus, CallError> {
        let params = [("jobId", job_id)];
        let method = "app.bsky.video.getJobStatus";
        let response = self.xrpc.acting_as(did).get(&self.base, method, &params, Auth::None).await?;
        JobStatus::read(&response.body).ok_or_else(|| response.malformed("it names no job"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_at_the_top_and_under_its_name() {
        let top =
            JobStatus::read(br#"{"jobId":"j","did":"did:plc:x","state":"JOB_STATE_ENCODING","progress":40}"#).unwrap();
        assert_eq!((top.job_id.as_str(), top.percent, top.is_failed()), ("j", Some(40), false));
        let under =
            JobStatus::read(br#"{"jobStatus":{"jobId":"j","state":"JOB_STATE_FAILED","failureCode":"x"}}"#).unwrap();
        assert!(under.is_failed());
        assert_eq!(under.failure_code.as_deref(), Some("x"));
        let new = JobStatus::read(br#"{"jobId":"j","state":"JOB_STATE_POLISHING","progress":1e9}"#).unwrap();
        assert_eq!((new.is_failed(), new.percent), (false, Some(100)));
        for odd in [&b""[..], b"[]", b"{}", b"<html>", br#"{"jobStatus":[]}"#, br#"{"jobId":7}"#] {
            assert_eq!(JobStatus::read(odd), None);
        }
    }
}
