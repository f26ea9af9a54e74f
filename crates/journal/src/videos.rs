//! How far videos are, for all processes on the same database.

use async_trait::async_trait;
use skein_bluesky::Did;
use skein_bluesky::journal::{JournalError, KeptVideo, VideoJournal, VideoKey, VideoLease};
use skein_store::{KeptUpload, UploadLease, VideoFile};

use crate::StoreJournal;

#[async_trait]
impl VideoJournal for StoreJournal {
    async fn video(&self, of: &VideoKey) -> Result<Option<KeptVideo>, JournalError> {
        let Some(kept) = self.videos.get(file(of)).await.map_err(JournalError::new)? else { return Ok(None) };
        match serde_json::from_str::<KeptVideo>(&kept.state) {
            Ok(video) => Ok(Some(KeptVideo { done_at: kept.done_at, ..video })),
            Err(error) => {
                // As one of a later version: the service knows what it has.
                tracing::warn!(%error, "how far a video is cannot be read, and it is uploaded anew");
                Ok(None)
            }
        }
    }

    async fn lease_video(&self, of: &VideoKey, lease: VideoLease<'_>) -> Result<bool, JournalError> {
        self.videos.lease(file(of), of_store(lease)).await.map_err(JournalError::new)
    }

    async fn keep_video(&self, of: &VideoKey, kept: &KeptVideo, lease: VideoLease<'_>) -> Result<bool, JournalError> {
        let state = serde_json::to_string(kept).map_err(JournalError::new)?;
        let kept = KeptUpload { state, done_at: kept.done_at };
        self.videos.keep(file(of), &kept, of_store(lease)).await.map_err(JournalError::new)
    }

    async fn release_video(&self, of: &VideoKey, owner: &str) -> Result<(), JournalError> {
        self.videos.release(file(of), owner).await.map_err(JournalError::new)
    }

    async fn forget_done_videos(&self, did: &Did) -> Result<(), JournalError> {
        self.videos.forget_done(did.as_str()).await.map_err(JournalError::new)
    }
}

fn file(of: &VideoKey) -> VideoFile<'_> {
    VideoFile { did: of.did.as_str(), file: &of.file }
}

fn of_store(VideoLease { owner, now, until }: VideoLease<'_>) -> UploadLease<'_> {
    UploadLease { owner, now, until }
}
