//! How far the uploads of videos are, and who is at work on one.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skein_atproto::syntax::Did;

use super::JournalError;
use crate::video::UploadState;

/// A file for an account: what is encoded for one account is at its server, and of no use to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VideoKey {
    /// The account.
    pub did: Did,
    /// What the file is told by, such as the hash of its bytes.
    pub file: String,
}

/// An upload as a journal holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptVideo {
    /// How far it is.
    #[serde(flatten)]
    pub state: UploadState,
    /// Jobs that failed in a way that another one may not.
    #[serde(default)]
    pub failed_jobs: u32,
    /// When it was done. Servers keep what no record refers to for an hour at least.
    #[serde(skip)]
    pub done_at: Option<Timestamp>,
}

/// The right to upload a video, so that two processes do not upload it at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoLease<'a> {
    /// Whoever takes it: each task has a name of its own.
    pub owner: &'a str,
    /// The present instant.
    pub now: Timestamp,
    /// Until when it holds unless it is renewed.
    pub until: Timestamp,
}

/// What a client remembers of the uploads of videos.
#[async_trait]
pub trait VideoJournal: Send + Sync {
    /// How far an upload is, if anything is known of it.
    async fn video(&self, of: &VideoKey) -> Result<Option<KeptVideo>, JournalError>;

    /// Takes or renews the right to upload. Granted if nobody holds it, if the holder's time ended at or before `now`, or if
    /// `owner` holds it already.
    async fn lease_video(&self, of: &VideoKey, lease: VideoLease<'_>) -> Result<bool, JournalError>;

    /// Keeps how far an upload is, and renews the right to it. Gives `false`, and changes nothing, if `owner` does not hold it.
    async fn keep_video(&self, of: &VideoKey, kept: &KeptVideo, lease: VideoLease<'_>) -> Result<bool, JournalError>;

    /// Gives the right back. Does nothing if `owner` does not hold it.
    async fn release_video(&self, of: &VideoKey, owner: &str) -> Result<(), JournalError>;

    /// Forgets which videos of an account are done: its server has lost one.
    async fn forget_done_videos(&self, did: &Did) -> Result<(), JournalError>;
}
