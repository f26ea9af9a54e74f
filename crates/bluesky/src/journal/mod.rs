//! What a client remembers between calls and between processes: sessions, who is refreshing one, calls, cursors, budgets, profiles.

mod budget;
mod memory;
mod memory_video;
mod profile;
mod session;
mod video;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_atproto::syntax::Did;
use thiserror::Error;

use crate::calls::CallRecord;
use crate::cursor::CursorKey;

pub use budget::{BudgetJournal, TallyChange};
pub use memory::MemoryJournal;
pub use profile::{Gone, KeptProfile, LATE_MOST_MS, ProfileJournal};
pub use session::{Session, SessionFormatError};
pub use video::{KeptVideo, VideoJournal, VideoKey, VideoLease};

/// The memory of a client. Several processes may share one, so every change is compare-and-set or a lease.
#[async_trait]
pub trait Journal: BudgetJournal + ProfileJournal {
    /// The session of an account, if there is one.
    async fn session(&self, did: &Did) -> Result<Option<Stored>, JournalError>;

    /// The session for one call among many. It may be a second old: a token that was replaced meanwhile is good for a while,
    /// and one that has ended the server refuses by name. Whatever replaces a session reads it with [`Journal::session`].
    async fn session_at_hand(&self, did: &Did) -> Result<Option<Stored>, JournalError> {
        self.session(did).await
    }

    /// Stores a session durably, if the stored version is still the expected one (`None`: there is no session yet).
    ///
    /// Gives `false`, and changes nothing, if somebody else was faster. Every stored session of an account gets a version that
    /// this account never had before, even after [`Journal::forget_session`].
    async fn put_session(
        &self,
        did: &Did,
        session: &Session,
        expected_version: Option<i64>,
    ) -> Result<bool, JournalError>;

    /// Forgets the session of an account. Forgetting what is not there succeeds.
    async fn forget_session(&self, did: &Did) -> Result<(), JournalError>;

    /// Takes the right to refresh this account's session until `until`.
    ///
    /// Granted if nobody holds it, if the holder's time ended at or before `now`, or if `owner` holds it already (which renews it).
    async fn lease_refresh(
        &self,
        did: &Did,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, JournalError>;

    /// Whether rows of the call log are wanted. Where they are not, none is handed in, and answers and errors name none.
    fn keeps_calls(&self) -> bool {
        true
    }

    /// Keeps rows of the call log. A journal may drop the oldest ones.
    async fn log_calls(&self, calls: &[CallRecord]) -> Result<(), JournalError>;

    /// How far a list was read, if that was kept.
    async fn cursor(&self, of: &CursorKey) -> Result<Option<String>, JournalError>;

    /// Keeps how far a list was read; `None` forgets it, and the list is read from its beginning.
    async fn put_cursor(&self, of: &CursorKey, cursor: Option<&str>, now: Timestamp) -> Result<(), JournalError>;

    /// Gives the right to refresh back. Does nothing if `owner` does not hold it.
    async fn release_refresh(&self, did: &Did, owner: &str) -> Result<(), JournalError>;
}

/// A session as a journal holds it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The session.
    pub session: Session,
    /// Changes with every [`Journal::put_session`].
    pub version: i64,
}

/// The memory could not be read or written.
#[derive(Debug, Error)]
#[error("what this program remembers could not be read or written: {0}")]
pub struct JournalError(Box<dyn std::error::Error + Send + Sync>);

impl JournalError {
    /// Wraps whatever the store said.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
