//! The sweeper: forgets media files that no post can send any more.
//!
//! Files are put before the post that needs them is kept, so a file counts as unneeded only some time after it was put.
//! That is also the time that a submission may take.

use skein_domain::ports::{LedgerError, MediaError};

use crate::{Engine, later};

/// Files that are looked at in one sweep; the rest is for the next.
const FILES_AT_MOST: usize = 10_000;

/// Why a sweep ended early. What is left is swept by the next.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Whether a file is needed could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The files could not be listed or removed.
    #[error(transparent)]
    Media(#[from] MediaError),
}

impl Engine {
    /// Removes the files that were put a while ago and that no post needs. Returns how many.
    pub async fn sweep(&self) -> Result<usize, SweepError> {
        let put_before = later(self.now(), -self.settings().unneeded_after_ms);
        let mut removed = 0;
        for file in self.parts.media.put_before(put_before, FILES_AT_MOST).await? {
            if !self.ledger().needs_file(&file).await? && self.parts.media.remove(&file, put_before).await? {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Sweeps now and then, and never ends.
    pub(crate) async fn keep_swept(&self) {
        loop {
            self.sweep_or_tell().await;
            self.parts.clock.pause(self.settings().sweep_every_ms).await;
        }
    }

    /// A sweep that fails keeps nobody from publishing.
    pub(crate) async fn sweep_or_tell(&self) {
        match self.sweep().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "media files that no post needs were removed"),
            Err(error) => tracing::warn!(%error, "unneeded media files could not be removed; tried again later"),
        }
    }
}
