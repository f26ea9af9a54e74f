//! The upload in parts: each is sent until it is there, and whoever comes back asks what is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use skein_atproto::syntax::Did;
use skein_net::FileBody;

use super::state::Parts;
use super::{Tell, UploadState, VideoError, VideoFile, VideoProgress, VideoService};
use crate::xrpc::{Auth, CallError, Response};

/// How long one part may take.
const PART_TIMEOUT_MS: u64 = 10 * 60_000;
/// The service may promise parts of any size; more of them than this are not believed.
const PARTS_MAX: u32 = 10_000;

/// What the service says of an upload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    received_parts: Vec<u32>,
    state: String,
    #[serde(default)]
    completed_job_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    job_id: String,
    part_size_bytes: u64,
    part_count: u32,
}

impl VideoService {
    /// Opens an upload in parts; `None` where the service does not know them.
    pub(super) async fn start(&self, did: &Did, file: &VideoFile, begun: u8) -> Result<Option<Parts>, VideoError> {
        let token = self.upload_token(did, false).await?;
        let body = json!({"sizeBytes": file.size_bytes, "mimeType": file.mime_type, "name": file.name});
        let response = match self.tell_service(did, "startUpload", &body, &token).await {
            Ok(response) => response,
            Err(error) if is_unknown_method(&error) => return Ok(None),
            Err(error) => return Err(VideoError::of_service(error)),
        };
        let Started { job_id, part_size_bytes, part_count } = response.json()?;
        let parts = Parts {
            upload_id: job_id,
            part_bytes: part_size_bytes,
            part_count,
            received: Vec::new(),
            begun,
            is_known: true,
        };
        if part_count > PARTS_MAX || !parts.fits(file.size_bytes) {
            return Err(VideoError::Call(response.malformed("the parts do not add up to the length of the file")));
        }
        Ok(Some(parts))
    }

    /// Asks what is there, sends the next part, or finishes.
    pub(super) async fn go_on(
        &self,
        did: &Did,
        file: &VideoFile,
        parts: Parts,
        tell: &Tell,
    ) -> Result<UploadState, VideoError> {
        if !parts.fits(file.size_bytes) {
            return Ok(UploadState::Begin { begun: parts.begun });
        }
        let begun = parts.begun;
        let done = match parts.missing() {
            _ if !parts.is_known => self.ask(did, parts).await,
            Some(number) => self.send_part(did, file, parts, number, tell).await,
            None => self.finish(did, parts).await,
        };
        match done {
            Err(error)
                if ["UploadNotFound", "UploadExpired", "UploadAborted", "UploadFailed"]
                    .iter()
                    .any(|name| error.is_named(name)) =>
            {
                Ok(UploadState::Begin { begun })
            }
            done => done,
        }
    }

    /// Gives up an upload in parts, so that it no longer counts as open. Other states need nothing.
    ///
    /// # Errors
    /// [`VideoError::Session`] and [`VideoError::Call`].
    pub async fn abort(&self, did: &Did, state: &UploadState) -> Result<(), VideoError> {
        let UploadState::Parts(parts) = state else { return Ok(()) };
        let token = self.upload_token(did, false).await?;
        match self.tell_service(did, "abortUpload", &json!({"jobId": parts.upload_id}), &token).await {
            Err(error) if !error.is_named("UploadNotFound") => Err(VideoError::of_service(error)),
            _ => Ok(()),
        }
    }

    async fn ask(&self, did: &Did, parts: Parts) -> Result<UploadState, VideoError> {
        let token = self.upload_token(did, false).await?;
        let params = [("jobId", parts.upload_id.as_str())];
        let xrpc = self.xrpc.acting_as(did);
        let asked = xrpc.get(&self.base, "app.bsky.video.getUploadStatus", &params, Auth::Bearer(&token)).await;
        let status: Status = asked.map_err(VideoError::of_service)?.json()?;
        Ok(match (status.state.as_str(), status.completed_job_id) {
            ("completed", Some(job_id)) => UploadState::Processing { job_id },
            ("failed" | "aborted" | "expired", _) => UploadState::Begin { begun: parts.begun },
            // While it is being finished, finishing again waits for the same.
            ("finishing", _) => {
                UploadState::Parts(Parts { received: (1..=parts.part_count).collect(), is_known: true, ..parts })
            }
            _ => UploadState::Parts(Parts { received: status.received_parts, is_known: true, ..parts }),
        })
    }

    async fn send_part(
        &self,
        did: &Did,
        file: &VideoFile,
        mut parts: Parts,
        number: u32,
        tell: &Tell,
    ) -> Result<UploadState, VideoError> {
        let (from, length) = parts.place(number, file.size_bytes);
        let (number_text, of_bytes) = (number.to_string(), file.size_bytes);
        let params = [("jobId", parts.upload_id.as_str()), ("partNumber", number_text.as_str())];
        let xrpc = self.xrpc.acting_as(did);
        let mut tries = 1;
        loop {
            let token = self.upload_token(did, false).await?;
            let told = Arc::clone(tell);
            let body = FileBody::part(&file.path, from, length)
                .telling(Arc::new(move |sent| told(VideoProgress::Sent { bytes: from + sent, of_bytes })));
            let timeout = Duration::from_millis(PART_TIMEOUT_MS);
            let sent = xrpc.post_file(
                &self.base,
                "app.bsky.video.uploadPart",
                &params,
                "application/octet-stream",
                body,
                Auth::Bearer(&token),
                timeout,
            );
            match sent.await {
                Ok(_) => break,
                // It is there already, or the service is joining the parts: it knows better.
                Err(error) if error.is_named("UploadAlreadyCompleted") || error.is_named("UploadNotReady") => {
                    self.pause().await;
                    return Ok(UploadState::Parts(Parts { is_known: false, ..parts }));
                }
                Err(error) if may_be_tried_again(&error) && tries < self.pace.tries_max => {
                    tries += 1;
                    self.pause().await;
                }
                Err(error) => return Err(VideoError::of_service(error)),
            }
        }
        parts.received.push(number);
        Ok(UploadState::Parts(parts))
    }

    /// With a token that lasts: the service uses it until the video is at the account's server.
    async fn finish(&self, did: &Did, parts: Parts) -> Result<UploadState, VideoError> {
        let token = self.upload_token(did, true).await?;
        let body = json!({"jobId": parts.upload_id});
        let mut tries = 1;
        let response = loop {
            match self.tell_service(did, "finishUpload", &body, &token).await {
                Ok(response) => break response,
                Err(error) if error.is_named("MissingParts") && parts.begun < super::BEGINNINGS_MAX => {
                    return Ok(UploadState::Parts(Parts { is_known: false, begun: parts.begun + 1, ..parts }));
                }
                Err(error)
                    if (may_be_tried_again(&error) || error.is_named("UploadNotReady"))
                        && tries < self.pace.failures_max =>
                {
                    tries += 1;
                    self.pause().await;
                }
                Err(error) => return Err(VideoError::of_service(error)),
            }
        };
        let answer: Value = response.json()?;
        let job_id = answer["completedJobId"].as_str().or_else(|| answer["jobStatus"]["jobId"].as_str());
        let job_id = job_id.ok_or_else(|| VideoError::Call(response.malformed("it names no job")))?;
        Ok(UploadState::Processing { job_id: job_id.to_owned() })
    }

    async fn tell_service(
        &self,
        did: &Did,
        method: &str,
        body: &Value,
        token: &SecretString,
    ) -> Result<Response, CallError> {
        let nsid = format!("app.bsky.video.{method}");
        let body = Bytes::from(body.to_string());
        self.xrpc.acting_as(did).post_json(&self.base, &nsid, body, Auth::Bearer(token)).await
    }
}

/// Everything here may be sent twice, so only what the service decided stays.
fn may_be_tried_again(error: &CallError) -> bool {
    error.is_transient() || error.is_named("ServiceOverloaded")
}

fn is_unknown_method(error: &CallError) -> bool {
    error.is_named("MethodNotImplemented")
        || error
            .answer()
            .is_some_and(|answer| matches!(answer.response.status.as_u16(), 501 | 404) && answer.error.is_none())
}
