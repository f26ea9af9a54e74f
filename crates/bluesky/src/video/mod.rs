//! Videos: from a file to a blob that a record can name, by the service that encodes them.
//!
//! [`VideoService::upload`] does all of it. Whoever must survive a restart in the middle calls [`VideoService::advance`] and
//! keeps the [`UploadState`] between its steps: parts that arrived are not sent again, and a job that runs is waited for.
//!
//! The file goes up in parts where the service knows them, else in one piece; either way it is read while it is sent. A video
//! that the service has encoded before is not encoded again.

mod captions;
mod embed;
mod error;
mod job;
mod limits;
mod parts;
mod single;
mod state;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skein_atproto::syntax::Did;
use skein_net::Http;
use url::Url;

pub use captions::{CAPTION_MAX_BYTES, CAPTIONS_MAX, Caption, CaptionError, UploadedCaption};
pub use embed::{Presentation, VideoEmbed};
pub use error::VideoError;
pub use job::{JobStatus, LOOK_EVERY_MS};
pub use limits::UploadLimits;
pub use state::UploadState;

use crate::blob::Blob;
use crate::environment::Environment;
use crate::session::{Now, Sessions};
use crate::xrpc::XrpcClient;
use tokens::Tokens;

/// The largest video that the service takes.
pub const VIDEO_MAX_BYTES: u64 = 300_000_000;
/// Uploads that are begun again, since the service lost or ended the one before.
const BEGINNINGS_MAX: u8 = 3;

/// The service that encodes videos, for any account. Cheap to clone.
#[derive(Clone)]
pub struct VideoService {
    sessions: Sessions,
    xrpc: XrpcClient,
    base: Url,
    now: Now,
    pace: Pace,
    tokens: Arc<Tokens>,
}

/// How patiently the service is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at a job.
    pub look_every: Duration,
    /// Before anything is tried again that failed.
    pub after_failure: Duration,
    /// Looks at one job until it is left running.
    pub looks_max: u32,
    /// Failures in a row until asking is given up.
    pub failures_max: u32,
    /// How often one part is sent.
    pub tries_max: u32,
}

impl Default for Pace {
    /// As Bluesky's own app: a look every 1.5 s, 5 s after a failure, 50 failures in a row; half an hour in all.
    fn default() -> Self {
        Self {
            look_every: Duration::from_millis(LOOK_EVERY_MS),
            after_failure: Duration::from_millis(job::LOOK_AFTER_FAILURE_MS),
            looks_max: 1_200,
            failures_max: 50,
            tries_max: 3,
        }
    }
}

/// A file to upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its exact length.
    pub size_bytes: u64,
    /// `video/mp4`, `video/quicktime`, `video/webm`, `video/mpeg`, or `image/gif` for a GIF that moves.
    pub mime_type: String,
    /// A name that no other upload has, such as a hash with the ending of the kind.
    pub name: String,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoProgress {
    /// The file is on its way.
    Sent {
        /// So much of it was handed to the connection.
        bytes: u64,
        /// Its length.
        of_bytes: u64,
    },
    /// The service is at work.
    Encoding {
        /// The service's word: `JOB_STATE_ENCODING` …
        state: String,
        /// Within this state.
        percent: Option<u8>,
    },
}

/// Is told how far an upload is. Called on the path of requests: it must not wait.
pub type Tell = Arc<dyn Fn(VideoProgress) + Send + Sync>;

impl VideoService {
    /// The service of this environment. `sessions` are those of the accounts whose videos go up.
    pub fn new(sessions: Sessions, http: &Http, environment: &Environment, now: Now) -> Self {
        let base = environment.video_url.clone();
        let xrpc = XrpcClient::new(http.allowing(&base));
        Self { sessions, xrpc, base, now, pace: Pace::default(), tokens: Arc::default() }
    }

    /// The same service, whose calls are logged as made for this piece of work, such as a delivery.
    pub fn working_on(&self, work: &str) -> Self {
        Self { sessions: self.sessions.working_on(work), xrpc: self.xrpc.working_on(work), ..self.clone() }
    }

    /// The same service, asked at another pace.
    pub fn at_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Uploads a file, or goes on with an upload that was begun, and waits until it is encoded. `keep` sees every state that is
    /// worth keeping.
    ///
    /// # Errors
    /// [`VideoError`], with what to do. Where it [is transient](VideoError::is_transient), going on from the last state that was
    /// kept may succeed.
    pub async fn upload(
        &self,
        did: &Did,
        file: &VideoFile,
        state: UploadState,
        mut keep: impl FnMut(&UploadState) + Send,
        tell: &Tell,
    ) -> Result<Blob, VideoError> {
        let mut state = state;
        loop {
            if let UploadState::Done { blob } = state {
                return Ok(blob);
            }
            state = self.advance(did, file, state, tell).await?;
            keep(&state);
        }
    }

    /// One step of an upload: begin, send one part, finish, or wait for the job. Every step may be repeated.
    ///
    /// # Errors
    /// [`VideoError`]; the state that was given is still good, and going on from it may succeed where the error is transient.
    pub async fn advance(
        &self,
        did: &Did,
        file: &VideoFile,
        state: UploadState,
        tell: &Tell,
    ) -> Result<UploadState, VideoError> {
        match state {
            UploadState::Begin { begun } => self.begin(did, file, begun, tell).await,
            UploadState::Parts(parts) => self.go_on(did, file, parts, tell).await,
            UploadState::Processing { job_id } => Ok(UploadState::Done { blob: self.wait(did, &job_id, tell).await? }),
            done @ UploadState::Done { .. } => Ok(done),
        }
    }

    async fn begin(&self, did: &Did, file: &VideoFile, begun: u8, tell: &Tell) -> Result<UploadState, VideoError> {
        if begun >= BEGINNINGS_MAX {
            return Err(VideoError::NeverHeld { beginnings: begun });
        }
        file.check().await?;
        self.limits(did).await?.check(file.size_bytes)?;
        match self.start(did, file, begun + 1).await? {
            Some(parts) => Ok(UploadState::Parts(parts)),
            None => self.send_whole(did, file, tell).await,
        }
    }

    async fn pause(&self) {
        tokio::time::sleep(self.pace.after_failure).await;
    }
}

impl VideoFile {
    /// What is announced must be what is sent.
    async fn check(&self) -> Result<(), VideoError> {
        let found = tokio::fs::metadata(&self.path).await.map_err(VideoError::File)?.len();
        if found != self.size_bytes {
            return Err(VideoError::FileChanged { expected_bytes: self.size_bytes, found_bytes: found });
        }
        if found > VIDEO_MAX_BYTES {
            return Err(VideoError::TooLarge { given_bytes: found });
        }
        Ok(())
    }
}

impl std::fmt::Debug for VideoService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoService").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
