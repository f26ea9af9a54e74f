//! The uploads of videos, for as long as the process lasts.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_atproto::syntax::Did;

use super::{JournalError, KeptVideo, MemoryJournal, VideoJournal, VideoKey, VideoLease};

/// What is remembered of one upload.
#[derive(Debug, Default)]
pub(super) struct Upload {
    kept: Option<KeptVideo>,
    lease: Option<(String, Timestamp)>,
}

impl Upload {
    fn is_free(&self, lease: &VideoLease<'_>) -> bool {
        self.lease.as_ref().is_none_or(|(owner, until)| owner == lease.owner || *until <= lease.now)
    }

    fn is_held_by(&self, owner: &str) -> bool {
        self.lease.as_ref().is_some_and(|(holder, _)| holder == owner)
    }
}

pub(super) type Uploads = HashMap<VideoKey, Upload>;

#[async_trait]
impl VideoJournal for MemoryJournal {
    async fn video(&self, of: &VideoKey) -> Result<Option<KeptVideo>, JournalError> {
        Ok(self.videos().get(of).and_then(|upload| upload.kept.clone()))
    }

    async fn lease_video(&self, of: &VideoKey, lease: VideoLease<'_>) -> Result<bool, JournalError> {
        let mut videos = self.videos();
        let upload = videos.entry(of.clone()).or_default();
        let is_free = upload.is_free(&lease);
        if is_free {
            upload.lease = Some((lease.owner.to_owned(), lease.until));
        }
        Ok(is_free)
    }

    async fn keep_video(&self, of: &VideoKey, kept: &KeptVideo, lease: VideoLease<'_>) -> Result<bool, JournalError> {
        let mut videos = self.videos();
        let Some(upload) = videos.get_mut(of).filter(|upload| upload.is_held_by(lease.owner)) else {
            return Ok(false);
        };
        upload.kept = Some(kept.clone());
        upload.lease = Some((lease.owner.to_owned(), lease.until));
        Ok(true)
    }

    async fn release_video(&self, of: &VideoKey, owner: &str) -> Result<(), JournalError> {
        if let Some(upload) = self.videos().get_mut(of).filter(|upload| upload.is_held_by(owner)) {
            upload.lease = None;
        }
        Ok(())
    }

    async fn forget_done_videos(&self, did: &Did) -> Result<(), JournalError> {
        let is_done = |upload: &Upload| upload.kept.as_ref().is_some_and(|kept| kept.done_at.is_some());
        self.videos().retain(|key, upload| key.did != *did || !is_done(upload));
        Ok(())
    }
}
