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
    /// When it was answered.
    pub asked_at: Timestamp,
}

/// The accounts that were asked for. A handle belongs to one of them at a time.
#[async_trait]
pub trait ProfileJournal: Send + Sync {
    /// What is remembered under this DID, or of whoever has this handle (in lower case).
    async fn profile(&self, actor: &AtIdentifier) -> Result<Option<KeptProfile>, JournalError>;

    /// Keeps an answer in place of the one before. Whoever else had its handle has it no longer; gives the DID that lost it.
    async fn keep_profile(&self, kept: &KeptProfile) -> Result<Option<Did>, JournalError>;
}
