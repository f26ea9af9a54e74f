//! The client of the video service against the one in the sandbox: every way up, and every fault on it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails the test")]

mod example;
mod faults;
mod fixing;
mod jobs;
mod records;
mod tokens;
mod ways;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use skein_atproto::syntax::Did;
use skein_bluesky::Environment;
use skein_bluesky::blob::Blob;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::{LoginRequest, Now, Sessions};
use skein_bluesky::video::{Pace, Tell, UploadState, VideoError, VideoFile, VideoProgress, VideoService};
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use skein_sandbox::{Fault, FaultOrder, Sandbox, SandboxOptions};
use skein_testkit::films::Film;
use url::Url;

/// A little over two of the sandbox's parts of a million bytes.
const PAYLOAD_BYTES: usize = 2_300_000;
/// No waiting: every wait of the client is one of these.
const PACE: Pace =
    Pace { look_every: Duration::ZERO, after_failure: Duration::ZERO, looks_max: 20, failures_max: 10, tries_max: 3 };

/// A sandbox, an account that is logged in, the video service, and a file.
struct Stage {
    sandbox: Sandbox,
    did: Did,
    sessions: Sessions,
    service: VideoService,
    file: VideoFile,
    bytes: Vec<u8>,
    progress: Arc<Mutex<Vec<VideoProgress>>>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set() -> Self {
        Self::with(Film { payload: vec![7; PAYLOAD_BYTES], ..Film::default() }.bytes(), "video/mp4").await
    }

    async fn with(bytes: Vec<u8>, mime_type: &str) -> Self {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let clock: Now = Arc::new(move || now);
        let sandbox = Sandbox::start(SandboxOptions { port: 0, clock: Arc::clone(&clock), seed: 1 }).await.unwrap();
        let alice = sandbox.create_account("alice.test").unwrap();
        let url = Url::parse(sandbox.url()).unwrap();
        let http = Http::new(NetConfig { allow_private: AllowPrivate::None, dns: Dns::Off, ..NetConfig::default() });
        let http = http.unwrap();
        let environment = Environment { plc_url: url.clone(), appview_url: url.clone(), video_url: url.clone() };
        let journal = Arc::new(MemoryJournal::new());
        let sessions =
            Sessions::new(http.clone(), environment.clone(), journal, Arc::clone(&clock), "a test".to_owned());
        let login =
            LoginRequest { service: Some(url), ..LoginRequest::new("alice.test", alice.app_password.as_str().into()) };
        let did = sessions.login(login).await.unwrap().did;
        let service = VideoService::new(sessions.clone(), &http, &environment, clock).at_pace(PACE);
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("film");
        std::fs::write(&path, &bytes).unwrap();
        let size_bytes = bytes.len() as u64;
        let file = VideoFile { path, size_bytes, mime_type: mime_type.to_owned(), name: "film-1.mp4".to_owned() };
        Self { sandbox, did, sessions, service, file, bytes, progress: Arc::default(), _folder: folder }
    }

    fn tell(&self) -> Tell {
        let progress = Arc::clone(&self.progress);
        Arc::new(move |step| progress.lock().unwrap().push(step))
    }

    fn order(&self, method: &str, fault: Fault) {
        self.order_times(method, fault, 1);
    }

    fn order_times(&self, method: &str, fault: Fault, times: u32) {
        self.sandbox.faults().order(FaultOrder::new(format!("app.bsky.video.{method}"), fault).times(times)).unwrap();
    }

    /// From now on calls of this method are counted.
    fn count(&self, method: &str) {
        self.order_times(method, Fault::Slow { ms: 0 }, 1_000);
    }

    fn counted(&self, method: &str) -> usize {
        let name = format!("app.bsky.video.{method}");
        self.sandbox.faults().report().fired.iter().filter(|fired| fired.method == name).count()
    }

    async fn upload(&self) -> Result<Blob, VideoError> {
        self.go_on(UploadState::default()).await
    }

    async fn go_on(&self, state: UploadState) -> Result<Blob, VideoError> {
        self.service.upload(&self.did, &self.file, state, |_| {}, &self.tell()).await
    }

    async fn step(&self, state: UploadState) -> UploadState {
        self.service.advance(&self.did, &self.file, state, &self.tell()).await.unwrap()
    }

    /// The state after the file is at the service.
    async fn processing(&self) -> UploadState {
        let mut state = UploadState::default();
        while !matches!(state, UploadState::Processing { .. }) {
            state = self.step(state).await;
        }
        state
    }

    /// What the account's server keeps under this hash.
    fn kept(&self, blob: &Blob) -> Vec<u8> {
        self.sandbox.blob(self.did.as_str(), blob.cid.as_str()).unwrap().unwrap()
    }
}
