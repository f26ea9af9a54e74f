//! The part of a journal that remembers accounts.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use skein_atproto::syntax::{AtIdentifier, Did, Handle};

use super::JournalError;

/// Why there is no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Moderators took the account down.
    TakenDown,
    /// Its owner deactivated it.
    Deactivated,
    /// There is none, or it was deleted.
    NotFound,
}

impl Gone {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TakenDown, Self::Deactivated, Self::NotFound];

    /// As a journal writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TakenDown => "taken_down",
            Self::Deactivated => "deactivated",
            Self::NotFound => "not_found",
        }
    }

    /// Reads what [`Gone::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gone| gone.as_str() == text)
    }
}

/// What was answered the last time that somebody was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptProfile {
    /// The account; its handle where it led to no account.
    pub actor: AtIdentifier,
    /// The handle that it had then, in lower case, if it had a valid one.
    pub handle: Option<Handle>,
    /// The profile as it was last seen, if it ever was.
    pub view: Option<Value>,
    /// Why there was none, if there was none.
    pub gone: Option<Gone>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

/// How long an answer may be on its way, in milliseconds. What was asked for earlier than that after what is remembered is no
/// late answer: the clock was set back.
pub const LATE_MOST_MS: i64 = 600_000;

impl KeptProfile {
    /// Whether this was asked for before the other, which is remembered already.
    pub fn is_late_after(&self, other: &Self) -> bool {
        let late_ms = other.asked_at.as_millisecond().saturating_sub(self.asked_at.as_millisecond());
        (1..=LATE_MOST_MS).contains(&late_ms)
    }
}

/// The accounts that were asked for. A handle belongs to one of them at a time.
#[async_trait]
pub trait ProfileJournal: Send + Sync {
    /// What is remembered under this DID, or of whoever has this handle (in lower case).
    async fn profile(&self, actor: &AtIdentifier) -> Result<Option<KeptProfile>, JournalError>;

    /// Keeps an answer in place of the one before. Whoever else had its handle has it no longer; gives the DID that lost it. An
    /// answer that is late after what is remembered of its account or its handle is not kept: [`LATE_MOST_MS`].
    async fn keep_profile(&self, kept: &KeptProfile) -> Result<Option<Did>, JournalError>;
}
