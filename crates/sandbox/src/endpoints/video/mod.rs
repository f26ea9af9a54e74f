//! `app.bsky.video.*`: the service that encodes videos, with the tokens that it wants.

pub(super) mod abort_upload;
pub(super) mod finish_upload;
pub(super) mod get_job_status;
pub(super) mod get_upload_limits;
pub(super) mod get_upload_status;
pub(super) mod start_upload;
pub(super) mod upload_part;
pub(super) mod upload_video;

use serde_json::{Value, json};

use crate::faults::Fault;
use crate::network::{PART_BYTES, Received, Upload};
use crate::xrpc::{Auth, Refusal, Request};

/// What the service does with the token is to upload the encoded video to the PDS.
const UPLOADER: Auth = Auth::Service(&["com.atproto.repo.uploadBlob"]);
const TYPES: &[&str] = &["video/mp4", "video/mpeg", "video/webm", "video/quicktime", "image/gif"];

/// What the job that comes of a request will do.
fn received(request: &Request, bytes: bytes::Bytes) -> Received {
    let (mut exists, mut slow_looks, mut fails) = (false, 0, None);
    match &request.fault {
        Some(Fault::VideoExists) => exists = true,
        Some(Fault::VideoSlow { looks }) => slow_looks = *looks,
        Some(Fault::VideoFails { code }) => fails = Some(code.clone()),
        _ => {}
    }
    Received { did: request.did().to_owned(), bytes, exists, slow_looks, fails }
}

fn check_type(mime_type: &str) -> Result<(), Refusal> {
    if TYPES.contains(&mime_type) {
        return Ok(());
    }
    Err(Refusal::new(400, "UnsupportedContentType", format!("content type {mime_type} is not supported")))
}

fn upload_not_found() -> Refusal {
    Refusal::new(400, "UploadNotFound", "upload not found")
}

/// The upload in parts that a request names, if it belongs to whoever asks.
fn owned<'a>(upload: Option<&'a Upload>, did: &str) -> Result<&'a Upload, Refusal> {
    upload.filter(|upload| upload.did == did).ok_or_else(upload_not_found)
}

fn status_of(upload: &Upload) -> Value {
    let mut status = json!({
        "jobId": upload.id,
        "partSizeBytes": PART_BYTES,
        "partCount": upload.part_count(),
        "receivedParts": upload.received_parts(),
        "expiresAt": upload.expires_at,
        "state": upload.state(),
    });
    if let Some(job) = &upload.completed_job {
        status["completedJobId"] = job.as_str().into();
    }
    status
}
