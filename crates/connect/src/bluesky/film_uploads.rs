//! Videos go up well ahead, one process at a time. How far each is outlives the process: what arrived is not sent again, and a
//! job that runs is waited for.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use skein_atproto::syntax::Did;
use skein_bluesky::blob::Blob;
use skein_bluesky::journal::{JournalError, KeptVideo, VideoJournal, VideoKey, VideoLease};
use skein_bluesky::video::{Tell, UploadState, VideoError, VideoFile, VideoService};
use skein_domain::delivery::{PICTURES_LEAD_MS, VIDEO_LEAD_MS};
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ContentHash, LocalFile};
use skein_domain::{Account, Category, Fault, Video};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

use super::BlueskyConnector;
use super::content::Content;
use super::film_obstacles::{self, FAILED_JOBS_MAX, Next};
use super::films::no_video_service;
use super::pictures::{absent, unreadable};
use super::publish::did_of;

/// How long an encoded video is relied on that no record refers to: servers keep it for an hour at least.
const ENCODED_HOLDS_MS: i64 = 3_000_000;

/// The most videos that a post can have: more are not encoded in the time for which the first of them is relied on.
pub(crate) const VIDEOS_MAX: usize = 10;

/// How much earlier a post is begun for each further video, in milliseconds.
const EACH_LEAD_MS: i64 = 120_000;

/// How long before its instant a post with so many videos is begun, in milliseconds.
pub(crate) const fn lead_ms(videos: usize) -> i64 {
    let mut lead_ms = VIDEO_LEAD_MS;
    let mut counted = 1;
    while counted < videos && counted < VIDEOS_MAX {
        lead_ms += EACH_LEAD_MS;
        counted += 1;
    }
    lead_ms
}

/// The earliest that a video is encoded before it is needed, in milliseconds.
const EARLIEST_MS: i64 = lead_ms(VIDEOS_MAX) + PICTURES_LEAD_MS;

// What is encoded as early as can be still holds at the instant.
const _: () = assert!(ENCODED_HOLDS_MS > EARLIEST_MS);

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
    /// `began` tells this process from those of other containers, whose host and number may be the same.
    pub(crate) fn new(journal: Arc<dyn VideoJournal>, owner: &str, began: Timestamp, lease_ms: i64) -> Self {
        let (tasks, sending) = (AtomicU64::new(1), Semaphore::new(SENT_AT_ONCE));
        let owner = format!("{owner}@{}", began.as_nanosecond());
        Self { journal, owner, lease_ms, tasks, sending, done: Mutex::default() }
    }

    /// A name for one piece of work, that no other has.
    fn worker(&self) -> String {
        format!("{}#{}", self.owner, self.tasks.fetch_add(1, Ordering::Relaxed))
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

    /// The account's server says that it lacks a blob of this request. Videos that the request does not name are still there.
    pub(crate) async fn forget(&self, did: &Did, body: &[u8], now: Timestamp) {
        let forgotten = match self.take_named(did, body) {
            // Encoded by a process before this one, which alone knew of which file.
            named if named.is_empty() && contains(body, VIDEO_EMBED) => self.journal.forget_done_videos(did).await,
            named => {
                let lost = named.iter().map(|(key, blob)| self.note_lost(key, blob, now));
                join_all(lost).await.into_iter().collect()
            }
        };
        if let Err(error) = forgotten {
            tracing::warn!(%error, "that a video is gone could not be written down");
        }
    }

    fn take_named(&self, did: &Did, body: &[u8]) -> Vec<(VideoKey, Blob)> {
        let is_named = |key: &VideoKey, blob: &Blob| key.did == *did && contains(body, blob.cid.as_ref());
        self.lock().extract_if(|key, (blob, _)| is_named(key, blob)).map(|(key, (blob, _))| (key, blob)).collect()
    }

    /// Counted with the file, so that a server that keeps losing it is not sent it for ever.
    async fn note_lost(&self, key: &VideoKey, blob: &Blob, now: Timestamp) -> Result<(), JournalError> {
        let owner = self.worker();
        let lease = self.lease(&owner, now);
        // Whoever has the right to it brings it again already.
        if !self.journal.lease_video(key, lease).await? {
            return Ok(());
        }
        let kept = self.journal.video(key).await?;
        let kept = kept.filter(|kept| matches!(&kept.state, UploadState::Done { blob: done } if done == blob));
        if let Some(kept) = kept {
            let begun_anew = KeptVideo { failed_jobs: kept.failed_jobs + 1, ..KeptVideo::default() };
            self.journal.keep_video(key, &begun_anew, lease).await?;
        }
        self.journal.release_video(key, &owner).await
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
        Self { now, until: due.max(now).min(later(now, EARLIEST_MS)) }
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
        if content.videos().next().is_none() {
            return Ok(());
        }
        let did = did_of(account).map_err(Obstacle::Refused)?;
        let (service, films) = self.videos.as_ref().ok_or_else(|| Obstacle::Refused(no_video_service()))?;
        let span = Span::to(due, self.clock.now());
        // The same file in two parts is one upload.
        let missing: HashMap<VideoKey, &Video> = content
            .videos()
            .map(|video| (key_of(&did, video), video))
            .filter(|(key, _)| films.blob(key, span).is_none())
            .collect();
        let uploads = missing.iter().map(|(key, video)| async move {
            let owner = films.worker();
            let work = Work { films, service, key, owner: &owner, due };
            self.upload_film(&work, video).await
        });
        // All to their ends: what one of them is told must not break off the others.
        join_all(uploads).await.into_iter().collect()
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
        if kept.failed_jobs >= FAILED_JOBS_MAX {
            // Who has it tried again after that begins to count anew.
            self.keep(work, &KeptVideo::default()).await?;
            return Err(film_obstacles::lost());
        }
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
            Ok(None) => Err(absent("The video", &video.file)),
            Err(error) => Err(unreadable("The video", &video.file, &error)),
        }
    }
}

/// What stands in a request that makes a post with a video.
const VIDEO_EMBED: &str = "app.bsky.embed.video";

fn contains(body: &[u8], word: &str) -> bool {
    body.windows(word.len()).any(|piece| piece == word.as_bytes())
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
    use skein_bluesky::journal::MemoryJournal;

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

    #[test]
    fn more_videos_are_begun_earlier_and_all_still_hold() {
        assert_eq!((lead_ms(1), lead_ms(2), lead_ms(4)), (1_200_000, 1_320_000, 1_560_000));
        assert_eq!(lead_ms(VIDEOS_MAX), lead_ms(VIDEOS_MAX + 100));
    }

    fn encoded(word: &[u8], failed_jobs: u32, at: Timestamp) -> KeptVideo {
        let cid = skein_atproto::record::cid_of_blob_hash(&ContentHash::of(word).digest());
        let blob = Blob { cid, mime_type: "video/mp4".to_owned(), size: 5 };
        KeptVideo { state: UploadState::Done { blob }, failed_jobs, done_at: Some(at) }
    }

    #[tokio::test]
    async fn only_the_video_that_a_request_names_is_forgotten_and_that_is_counted() {
        let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        let journal = Arc::new(MemoryJournal::new());
        let films = FilmUploads::new(journal.clone(), "here:1", noon, 1_000);
        let did = Did::parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
        let key = |file: &str| VideoKey { did: did.clone(), file: file.to_owned() };
        let span = Span { now: noon, until: noon };
        for word in ["lost", "kept"] {
            let video = encoded(word.as_bytes(), 1, noon);
            assert!(journal.lease_video(&key(word), films.lease("a", noon)).await.unwrap());
            assert!(journal.keep_video(&key(word), &video, films.lease("a", noon)).await.unwrap());
            journal.release_video(&key(word), "a").await.unwrap();
            assert!(films.note(&key(word), &video, span));
        }
        let lost = films.blob(&key("lost"), span).unwrap();
        let body = format!(r#"{{"$type":"{VIDEO_EMBED}","video":{{"$link":"{}"}}}}"#, lost.cid);
        films.forget(&did, body.as_bytes(), noon).await;
        assert_eq!((films.blob(&key("lost"), span), films.blob(&key("kept"), span).is_some()), (None, true));
        let begun_anew = KeptVideo { failed_jobs: 2, ..KeptVideo::default() };
        assert_eq!(journal.video(&key("lost")).await.unwrap(), Some(begun_anew));
        assert_eq!(journal.video(&key("kept")).await.unwrap(), Some(encoded(b"kept", 1, noon)));
        assert!(journal.lease_video(&key("lost"), films.lease("b", noon)).await.unwrap(), "it is given back");
    }

    #[tokio::test]
    async fn a_picture_that_was_lost_costs_no_video_and_a_video_of_an_earlier_process_is_forgotten() {
        let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        let journal = Arc::new(MemoryJournal::new());
        let films = FilmUploads::new(journal.clone(), "here:1", noon, 1_000);
        let did = Did::parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
        let key = VideoKey { did: did.clone(), file: "film".to_owned() };
        assert!(journal.lease_video(&key, films.lease("a", noon)).await.unwrap());
        assert!(journal.keep_video(&key, &encoded(b"film", 0, noon), films.lease("a", noon)).await.unwrap());
        films.forget(&did, b"{\"$type\":\"app.bsky.embed.images\"}", noon).await;
        assert!(journal.video(&key).await.unwrap().is_some());
        films.forget(&did, format!("{{\"$type\":\"{VIDEO_EMBED}\"}}").as_bytes(), noon).await;
        assert_eq!(journal.video(&key).await.unwrap(), None);
    }

    #[test]
    fn two_processes_of_one_name_are_told_apart() {
        let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        let worker = |began| FilmUploads::new(Arc::new(MemoryJournal::new()), "host:1", began, 1_000).worker();
        assert_ne!(worker(noon), worker(later(noon, 1)));
    }
}
