//! Why a video did not become a blob, and what to do.

use std::io;

use thiserror::Error;

use super::job::JobStatus;
use crate::session::SessionError;
use crate::xrpc::CallError;

/// A video that is not at the account's server.
#[derive(Debug, Error)]
pub enum VideoError {
    /// No token could be had.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A call at the video service failed.
    #[error("the video service could not be used: {0}")]
    Call(CallError),
    /// The service takes nothing from this account now.
    #[error(
        "the video service takes no video of {given_bytes} bytes from this account now: {message} (left today: {} videos, {} bytes); \
         try again tomorrow, or confirm the account's email address in the app if that is missing",
        shown(*videos_left), shown(*bytes_left)
    )]
    NotAllowed {
        /// The service's words.
        message: String,
        /// Videos left today, if it says.
        videos_left: Option<i64>,
        /// Bytes left today, if it says.
        bytes_left: Option<i64>,
        /// The length of the file.
        given_bytes: u64,
    },
    /// The service refused the file before it looked into it.
    #[error("the video service refused the video ({name}): {message}; {}", advice(name))]
    Refused {
        /// The name of the error.
        name: String,
        /// The service's words.
        message: String,
        /// What the call was answered.
        #[source]
        error: CallError,
    },
    /// The service could not make a video of the file.
    #[error("the video service could not encode the video ({}): {}", code(job), told(job))]
    JobFailed {
        /// What it says.
        job: Box<JobStatus>,
    },
    /// The job runs longer than was waited for.
    #[error(
        "the video service is still at work on {job_id} after {looks} looks; try again later: it is not uploaded again"
    )]
    StillRunning {
        /// The job.
        job_id: String,
        /// How often it was looked at.
        looks: u32,
    },
    /// The service does not say how the job is.
    #[error(
        "the video service does not say what became of {job_id}: {error}; try again later: it is not uploaded again"
    )]
    NoWordOfJob {
        /// The job.
        job_id: String,
        /// The last failure.
        #[source]
        error: CallError,
    },
    /// The service lost or ended the upload each time.
    #[error("the video service ended the upload before it was whole, {beginnings} times; try again later")]
    NeverHeld {
        /// How often it was begun.
        beginnings: u8,
    },
    /// Over [`super::VIDEO_MAX_BYTES`].
    #[error(
        "the video has {given_bytes} bytes, and at most {} are taken: make it shorter or encode it smaller",
        super::VIDEO_MAX_BYTES
    )]
    TooLarge {
        /// The length of the file.
        given_bytes: u64,
    },
    /// The file cannot be read.
    #[error("the video file cannot be read: {0}")]
    File(io::Error),
    /// The file is not what was looked at.
    #[error("the video file had {expected_bytes} bytes and now has {found_bytes}: it was changed; submit it again")]
    FileChanged {
        /// The length that was given.
        expected_bytes: u64,
        /// The length that it has.
        found_bytes: u64,
    },
}

impl From<CallError> for VideoError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl VideoError {
    /// Whether going on from the same state later may succeed without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Session(error) => error.is_transient(),
            Self::Call(error) => error.is_transient(),
            Self::Refused { name, .. } => matches!(name.as_str(), "ServiceOverloaded" | "TooManyOpenUploads"),
            Self::StillRunning { .. } | Self::NoWordOfJob { .. } | Self::NeverHeld { .. } => true,
            Self::JobFailed { job } => {
                matches!(job.failure_code.as_deref(), Some("pds_upload_failure" | "generic_failure"))
            }
            Self::NotAllowed { .. } | Self::TooLarge { .. } | Self::File(_) | Self::FileChanged { .. } => false,
        }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Refused { name: given, .. } => given == name,
            _ => false,
        }
    }

    /// What the service decided is told from what went wrong on the way.
    pub(super) fn of_service(error: CallError) -> Self {
        let named = error.answer().filter(|answer| answer.response.status.is_client_error()).and_then(|answer| {
            let name = answer.error.clone()?;
            Some((name, answer.message.clone().unwrap_or_else(|| "it says no more".to_owned())))
        });
        match named {
            Some((name, message)) => Self::Refused { name, message, error },
            None => Self::Call(error),
        }
    }

    pub(super) fn of_job(job: JobStatus) -> Self {
        Self::JobFailed { job: Box::new(job) }
    }
}

fn shown(count: Option<i64>) -> String {
    count.map_or_else(|| "not told".to_owned(), |count| count.to_string())
}

fn code(job: &JobStatus) -> &str {
    job.failure_code.as_deref().or(job.error.as_deref()).unwrap_or("no code")
}

fn told(job: &JobStatus) -> String {
    let names = [job.error.as_deref(), job.failure_code.as_deref()];
    let advice = names.into_iter().flatten().map(advice).find(|advice| *advice != UNKNOWN).unwrap_or(UNKNOWN);
    match &job.message {
        Some(message) => format!("{message}; {advice}"),
        None => advice.to_owned(),
    }
}

const UNKNOWN: &str = "try again, and encode the video again (--fix) if that does not help";

/// What to do about an error that the service names.
fn advice(name: &str) -> &'static str {
    match name {
        "video_too_long" | "VideoTooLong" => "it is too long: cut it",
        "bad_aspect_ratio" | "BadAspectRatio" => "its shape is not taken, which must be between 1:3 and 3:1: crop it",
        "unsupported_codec" | "UnsupportedContentType" | "encoding_failure" | "validation_failure" => {
            "encode it again as H.264 in MP4: --fix does so"
        }
        "encoded_video_too_large" | "pds_upload_unsupported_blob_size" => {
            "encoded, it is larger than what the account's server takes: cut it, or encode it with fewer bits a second"
        }
        "VideoTooLarge" => "it has too many bytes for the limit or for today: cut it, or try again tomorrow",
        "DailyLimitExceeded" => "the day's videos are used up: try again tomorrow",
        "TooManyOpenUploads" => "other uploads of this account are open: try again when they are done",
        "UploadForbidden" => "the account may not upload videos: confirm its email address in the app",
        "pds_upload_failure" => "the account's server did not take it: try again later",
        "ServiceOverloaded" => "the service has too much to do: try again later",
        "BadJwt" | "BadJwtAudience" | "AuthMissing" | "AuthenticationRequired" => {
            "the token of the account's server was not accepted: try again, and log in again if that does not help"
        }
        _ => UNKNOWN,
    }
}
