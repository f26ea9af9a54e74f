//! Videos go up well ahead, one process at a time. How far each is outlives the process: what arrived is not sent again, and a
//! job that runs is waited for.

use jiff::{SignedDuration, Timestamp};
use skein_atproto::syntax::Did;
use skein_bluesky::blob::Blob;
use skein_bluesky::journal::{JournalError, KeptVideo, VideoJournal, VideoKey, VideoLease};
use skein_bluesky::video::{Tell, UploadState, VideoError, VideoFile, VideoService};
use skein_domain::delivery::{PICTURES_LEAD_MS, VIDEO_LEAD_MS};
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ContentHash, LocalFile, MediaError};
use skein_domain::{Account, Category, Fault, Video};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

use super::BlueskyConnector;
use super::content::Content;
use super::film_obstacles::{self, Next};
use super::films::no_video_service;
use super::pictures::gone;
use super::publish::did_of;

/// How long an encoded video is relied on that no record refers to: servers keep it for an hour at least.
const ENCODED_HOLDS_MS: i64 = 3_000_000;

// What is encoded as early as can be still holds at the instant.
const _: () = assert!(ENCODED_HOLDS_MS > VIDEO_LEAD_MS + PICTURES_LEAD_MS);

/// How often it is looked at what somebody else uploads, in milliseconds.
const ELSEWHERE_LOOK_MS: i64 = 500;

/// How long it is waited for, in milliseconds; then the engine is asked again.
const ELSEWHERE_FOR_MS: i64 = 3_600_000;

/// Videos that this process sends at the same time. That they are encoded elsewhere is waited for without a number.
const SENT_AT_ONCE: usize = 3;

/// The uploads of this process.
pub(crate) struct FilmUploads {
    journal: Arc<dyn VideoJournal>,
    owner: String,
    lease_ms: i64,
    tasks: AtomicU64,
    sending: Semaphore,
    done: Mutex<HashMap<VideoKey, (Blob, Timestamp)>>,
}

/// The blobs of a post, by the hash of the video that was given.
pub(crate) type Blobs = HashMap<ContentHash, Blob>;

impl FilmUploads {
    pub(crate) fn new(journal: Arc<dyn VideoJournal>, owner: &str, lease_ms: i64) -> Self {
        let (tasks, sending) = (AtomicU64::new(1), Semaphore::new(SENT_AT_ONCE));
        Self { journal, owner: owner.to_owned(), lease_ms, tasks, sending, done: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<VideoKey, (Blob, Timestamp)>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blob(&self, key: &VideoKey, span: Span) -> Option<Blob> {
        let mut done = self.lock();
        let now = Span { until: span.now, ..span };
        done.retain(|_, (_, at)| now.is_covered_by(*at));
        done.get(key).filter(|(_, at)| span.is_covered_by(*at)).map(|(blob, _)| blob.clone())
    }

    /// Takes over what a journal remembers. False when it is not done, or was done too long ago.
    fn note(&self, key: &VideoKey, kept: &KeptVideo, span: Span) -> bool {
        match (&kept.state, kept.done_at) {
            (UploadState::Done { blob }, Some(at)) if span.is_covered_by(at) => {
                self.lock().insert(key.clone(), (blob.clone(), at));
                true
            }
            _ => false,
        }
    }

    /// The account's server says that it does not have what was encoded.
    pub(crate) async fn forget(&self, did: &Did) {
        self.lock().retain(|key, _| key.did != *did);
        if let Err(error) = self.journal.forget_done_videos(did).await {
            tracing::warn!(%error, "that a video is gone could not be written down");
        }
    }

    fn lease<'a>(&self, owner: &'a str, now: Timestamp) -> VideoLease<'a> {
        VideoLease { owner, now, until: later(now, self.lease_ms) }
    }
}

/// From now to the instant until which an encoded video must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    now: Timestamp,
    until: Timestamp,
}

impl Span {
    /// To the due instant; no further than videos are brought ahead, or what was encoded a moment ago might not reach there.
    fn to(due: Timestamp, now: Timestamp) -> Self {
        Self { now, until: due.max(now).min(later(now, VIDEO_LEAD_MS + PICTURES_LEAD_MS)) }
    }

    /// A done upload from the future was noted by a clock that has been set back since.
    fn is_covered_by(self, done_at: Timestamp) -> bool {
        done_at <= self.now && self.until < later(done_at, ENCODED_HOLDS_MS)
    }
}

fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

fn key_of(did: &Did, video: &Video) -> VideoKey {
    VideoKey { did: did.clone(), file: video.file.as_str().to_owned() }
}

/// One upload, by one task that has the right to it.
struct Work<'a> {
    films: &'a FilmUploads,
    service: &'a VideoService,
    key: &'a VideoKey,
    owner: &'a str,
    due: Timestamp,
}

impl BlueskyConnector {
    /// The blobs of all videos of a post that hold until it is due; `None` where one is not there, as far as this process knows.
    pub(crate) fn encoded(&self, account: &Account, content: &Content, due: Timestamp) -> Option<Blobs> {
        let mut videos = content.videos().peekable();
        if videos.peek().is_none() {
            return Some(Blobs::new());
        }
        let (did, (_, films)) = (did_of(account).ok()?, self.videos.as_ref()?);
        let span = Span::to(due, self.clock.now());
        videos.map(|video| Some((video.file.clone(), films.blob(&key_of(&did, video), span)?))).collect()
    }

    /// Has every video encoded that is not.
    pub(crate) async fn upload_films(
        &self,
        account: &Account,
        content: &Content,
        due: Timestamp,
    ) -> Result<(), Obstacle> {
        for video in content.videos() {
            let did = did_of(account).map_err(Obstacle::Refused)?;
            let (service, films) = self.videos.as_ref().ok_or_else(|| Obstacle::Refused(no_video_service()))?;
            let key = key_of(&did, video);
            if films.blob(&key, Span::to(due, self.clock.now())).is_none() {
                let owner = format!("{}#{}", films.owner, films.tasks.fetch_add(1, Ordering::Relaxed));
                let work = Work { films, service, key: &key, owner: &owner, due };
                self.upload_film(&work, video).await?;
            }
        }
        Ok(())
    }

    /// Takes the right to upload, or waits for whoever has it.
    async fn upload_film(&self, work: &Work<'_>, video: &Video) -> Result<(), Obstacle> {
        let Work { films, key, owner, .. } = work;
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            let kept = films.journal.video(key).await.map_err(unremembered)?;
            if kept.is_some_and(|kept| films.note(key, &kept, Span::to(work.due, now))) {
                return Ok(());
            }
            if films.journal.lease_video(key, films.lease(owner, now)).await.map_err(unremembered)? {
                break;
            }
            if now > later(began, ELSEWHERE_FOR_MS) {
                return Err(Obstacle::Retry { at: None, fault: elsewhere() });
            }
            self.clock.pause(ELSEWHERE_LOOK_MS).await;
        }
        let uploaded = tokio::select! {
            uploaded = self.advance_film(work, video) => uploaded,
            lost = self.keep_lease(work) => Err(lost),
        };
        // One that is not given back runs out by itself.
        if let Err(error) = films.journal.release_video(key, owner).await {
            tracing::warn!(%error, "the right to upload a video could not be given back");
        }
        uploaded
    }

    /// Renews the right to upload for as long as it is ours: one step may take many minutes.
    async fn keep_lease(&self, work: &Work<'_>) -> Obstacle {
        loop {
            self.clock.pause(work.films.lease_ms / 3).await;
            match work.films.journal.lease_video(work.key, work.films.lease(work.owner, self.clock.now())).await {
                Ok(true) => {}
                Ok(false) => return Obstacle::Retry { at: None, fault: elsewhere() },
                Err(error) => tracing::warn!(%error, "the right to upload a video could not be renewed"),
            }
        }
    }

    /// Step by step to the end, each step kept before the next begins.
    async fn advance_film(&self, work: &Work<'_>, video: &Video) -> Result<(), Obstacle> {
        let Work { films, service, key, .. } = work;
        let local = self.located(video).await?;
        let file = VideoFile {
            path: local.path().to_owned(),
            size_bytes: video.bytes,
            mime_type: video.film.mime.clone(),
            name: format!("{}.{}", video.file.as_str(), ending(&video.film.mime)),
        };
        // Somebody else may have gone on since it was looked at; what was done too long ago is begun anew.
        let kept = films.journal.video(key).await.map_err(unremembered)?;
        if kept.as_ref().is_some_and(|kept| films.note(key, kept, Span::to(work.due, self.clock.now()))) {
            return Ok(());
        }
        let mut kept = kept.filter(|kept| kept.done_at.is_none()).unwrap_or_default();
        let tell: Tell = Arc::new(|_| ());
        while kept.done_at.is_none() {
            let is_sent = matches!(kept.state, UploadState::Processing { .. });
            let permit = if is_sent { None } else { films.sending.acquire().await.ok() };
            let step = service.advance(&key.did, &file, kept.state.clone(), &tell).await;
            drop(permit);
            match step {
                Ok(state) => {
                    let done_at = matches!(state, UploadState::Done { .. }).then(|| self.clock.now());
                    kept = KeptVideo { state, done_at, ..kept };
                    self.keep(work, &kept).await?;
                }
                Err(error) => return Err(self.stopped(work, kept, &error).await),
            }
        }
        films.note(key, &kept, Span::to(work.due, self.clock.now()));
        Ok(())
    }

    /// What follows from a failure, and from where the next try goes on.
    async fn stopped(&self, work: &Work<'_>, kept: KeptVideo, error: &VideoError) -> Obstacle {
        let (obstacle, next) = film_obstacles::of(error, kept.failed_jobs, self.clock.now());
        let next = match next {
            Next::GoOn => return obstacle,
            Next::Anew { failed_jobs } => KeptVideo { failed_jobs, ..KeptVideo::default() },
        };
        // A job that failed stays failed: whoever went on from it would only be told so again.
        match self.keep(work, &next).await {
            Ok(()) => obstacle,
            Err(unkept) => unkept,
        }
    }

    async fn keep(&self, work: &Work<'_>, kept: &KeptVideo) -> Result<(), Obstacle> {
        let lease = work.films.lease(work.owner, self.clock.now());
        let is_kept = work.films.journal.keep_video(work.key, kept, lease).await.map_err(unremembered)?;
        if is_kept { Ok(()) } else { Err(Obstacle::Retry { at: None, fault: elsewhere() }) }
    }

    async fn located(&self, video: &Video) -> Result<LocalFile, Obstacle> {
        match self.media.locate(&video.file).await {
            Ok(Some(file)) => Ok(file),
            Ok(None) => Err(Obstacle::Refused(gone("The video of this post is not in the media folder any more."))),
            Err(error @ MediaError::Damaged(_)) => {
                Err(Obstacle::Refused(gone(&format!("The video of this post cannot be read: {error}."))))
            }
            Err(error) => {
                let message = format!("The video of this post cannot be read: {error}.");
                Err(Obstacle::Retry { at: None, fault: Fault::new("video_unreadable", Category::SystemError, message) })
            }
        }
    }
}

fn ending(mime: &str) -> &'static str {
    match mime {
        "image/gif" => "gif",
        "video/quicktime" => "mov",
        "video/webm" => "webm",
        "video/mpeg" => "mpeg",
        _ => "mp4",
    }
}

fn elsewhere() -> Fault {
    let message = "Another process uploads the same video to the same account.";
    Fault::new("video_upload_elsewhere", Category::SystemError, message)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unremembered(error: JournalError) -> Obstacle {
    let fault = Fault::new("video_not_remembered", Category::SystemError, format!("How far the video is: {error}."));
    Obstacle::Retry { at: None, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_relied_on_for_less_than_an_hour_and_until_the_instant() {
        let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        let covers = |now_ms: i64, due_ms: i64| {
            let now = later(noon, now_ms);
            Span::to(later(noon, due_ms), now).is_covered_by(noon)
        };
        assert!(covers(0, 0) && covers(ENCODED_HOLDS_MS - 1, 0), "late already: until now is enough");
        assert!(!covers(ENCODED_HOLDS_MS, 0));
        assert!(covers(VIDEO_LEAD_MS, VIDEO_LEAD_MS * 2), "of an earlier post, and holds until the next one");
        assert!(!covers(VIDEO_LEAD_MS * 2, VIDEO_LEAD_MS * 3), "brought again before it is needed, and not when it is");
        assert!(covers(0, 100 * ENCODED_HOLDS_MS), "what is looked at too early is not brought again and again");
        assert!(!covers(-1, 0), "the clock was set back");
    }
}
