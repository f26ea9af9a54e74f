//! Uploads of videos: how far each is, shared by all processes, and who is at work on it.

use jiff::{SignedDuration, Timestamp};

use crate::tables::video_uploads;
use crate::{Store, StoreError};

/// What nobody has changed for so long is forgotten.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A file for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoFile<'a> {
    /// Whose server it goes to.
    pub did: &'a str,
    /// The hash of the file.
    pub file: &'a str,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptUpload {
    /// Whatever the client writes.
    pub state: String,
    /// When it was done, if it is.
    pub done_at: Option<Timestamp>,
}

/// The right to upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLease<'a> {
    /// Whose it is.
    pub owner: &'a str,
    /// The present instant.
    pub now: Timestamp,
    /// Until when it holds.
    pub until: Timestamp,
}

/// The uploads of a store.
#[derive(Debug, Clone)]
pub struct Videos {
    store: Store,
}

impl Videos {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// How far an upload is, if a step of it was kept.
    pub async fn get(&self, of: VideoFile<'_>) -> Result<Option<KeptUpload>, StoreError> {
        video_uploads::get(&mut self.store.read().await?, of).await
    }

    /// Takes or renews the right to upload; false when somebody else holds it. Old rows go.
    pub async fn lease(&self, of: VideoFile<'_>, lease: UploadLease<'_>) -> Result<bool, StoreError> {
        let mut tx = self.store.write().await?;
        // The old rows of all accounts go, in no order.
        tx.alone_with("video_uploads").await?;
        let before = lease.now.checked_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
        video_uploads::forget_old(&mut tx, before, lease.now).await?;
        let granted = video_uploads::lease(&mut tx, of, lease).await?;
        tx.commit().await?;
        Ok(granted)
    }

    /// Keeps how far an upload is and renews the right to it; false, and nothing is changed, when it is not the owner's.
    pub async fn keep(&self, of: VideoFile<'_>, kept: &KeptUpload, lease: UploadLease<'_>) -> Result<bool, StoreError> {
        let mut tx = self.store.write().await?;
        let kept = video_uploads::keep(&mut tx, of, kept, lease).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Gives the right back, if it is the owner's.
    pub async fn release(&self, of: VideoFile<'_>, owner: &str) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        video_uploads::release(&mut tx, of, owner).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets which uploads of an account are done.
    pub async fn forget_done(&self, did: &str) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        video_uploads::forget_done(&mut tx, did).await?;
        tx.commit().await?;
        Ok(())
    }
}
