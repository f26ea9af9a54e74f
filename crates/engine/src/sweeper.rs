//! The sweeper: forgets media files that no post can send any more.
//!
//! Files are put before the post that needs them is kept, so a file counts as unneeded only some time after it was put.
//! That is also the time that a submission may take.

use jiff::Timestamp;
use skein_domain::ports::{ContentHash, LedgerError, MediaError};

use crate::{Engine, later};

/// Files that are listed at once.
const PAGE_FILES: usize = 500;

/// Files that a command looks at on its way out; an engine looks at all.
const BRIEF_FILES: usize = 50;

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
        let (mut removed, mut after) = (0, None);
        loop {
            let page = self.parts.media.put_before(put_before, after.as_ref(), PAGE_FILES).await?;
            let Some(last) = page.last().cloned() else { return Ok(removed) };
            after = Some(last);
            removed += self.remove_unneeded(&page, put_before).await?;
        }
    }

    /// The same for a few files, wherever the dice fall: for a command that is done and whose person waits.
    pub async fn sweep_briefly(&self) {
        let mut start = [0; 32];
        self.parts.entropy.fill(&mut start);
        let put_before = later(self.now(), -self.settings().unneeded_after_ms);
        let swept = async {
            let page = self.parts.media.put_before(put_before, Some(&ContentHash::of(&start)), BRIEF_FILES).await?;
            self.remove_unneeded(&page, put_before).await
        };
        told(swept.await);
    }

    async fn remove_unneeded(&self, files: &[ContentHash], put_before: Timestamp) -> Result<usize, SweepError> {
        let mut removed = 0;
        for file in files {
            if !self.ledger().needs_file(file).await? && self.parts.media.remove(file, put_before).await? {
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
        told(self.sweep().await);
    }
}

fn told(swept: Result<usize, SweepError>) {
    match swept {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "media files that no post needs were removed"),
        Err(error) => tracing::warn!(%error, "unneeded media files could not be removed; tried again later"),
    }
}
