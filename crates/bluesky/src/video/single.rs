//! The upload in one piece, where the service knows no parts.

use std::sync::Arc;
use std::time::Duration;

use skein_atproto::syntax::Did;
use skein_net::FileBody;

use super::job::JobStatus;
use super::{Tell, UploadState, VideoError, VideoFile, VideoProgress, VideoService};
use crate::xrpc::Auth;

/// As long as the token is good: whoever needs longer for 300 MB needs parts.
const WHOLE_TIMEOUT_MS: u64 = 30 * 60_000;

impl VideoService {
    /// Sent once. A video that the service has is answered as a conflict that names the job, and that job is used.
    pub(super) async fn send_whole(&self, did: &Did, file: &VideoFile, tell: &Tell) -> Result<UploadState, VideoError> {
        let token = self.upload_token(did, true).await?;
        let (told, of_bytes) = (Arc::clone(tell), file.size_bytes);
        let body = FileBody::part(&file.path, 0, of_bytes)
            .telling(Arc::new(move |bytes| told(VideoProgress::Sent { bytes, of_bytes })));
        let params = [("did", did.as_str()), ("name", file.name.as_str())];
        let xrpc = self.xrpc.acting_as(did);
        let sent = xrpc.post_file(
            &self.base,
            "app.bsky.video.uploadVideo",
            &params,
            &file.mime_type,
            body,
            Auth::Bearer(&token),
            Duration::from_millis(WHOLE_TIMEOUT_MS),
        );
        let job = match sent.await {
            Ok(response) => JobStatus::read(&response.body)
                .ok_or_else(|| VideoError::Call(response.malformed("it names no job")))?,
            Err(error) => match error.answer().and_then(|answer| JobStatus::read(&answer.response.body)) {
                Some(job) => job,
                None => return Err(VideoError::of_service(error)),
            },
        };
        Ok(UploadState::Processing { job_id: job.job_id })
    }
}
