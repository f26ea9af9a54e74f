//! Who takes notices out of the house.

use async_trait::async_trait;

use crate::Letter;

/// Why a letter was not handed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotTold {
    /// Whether trying again would be refused as well.
    pub is_final: bool,
    /// The words, without secrets.
    pub why: String,
}

impl NotTold {
    /// Something that may pass.
    pub fn for_now(why: impl Into<String>) -> Self {
        Self { is_final: false, why: why.into() }
    }

    /// Something that will be the same next time.
    pub fn for_good(why: impl Into<String>) -> Self {
        Self { is_final: true, why: why.into() }
    }
}

/// A way to people: a log, a mailbox, a program. It bounds the time that it takes by itself.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Its name, as it is kept with the notices that it has.
    fn name(&self) -> &'static str;

    /// How long it rests after it has handed something on, in milliseconds: what comes meanwhile goes together.
    fn rests_ms(&self) -> i64 {
        0
    }

    /// Hands letters on, and answers for each of them in order. It may be asked again for a letter that it handed on, if nobody lived
    /// to note that.
    async fn tell(&self, letters: &[Letter]) -> Vec<Result<(), NotTold>>;
}
