//! Profiles: what an `AppView` last answered when somebody was asked for.

use jiff::Timestamp;

use crate::tables::profiles;
use crate::{Store, StoreError};

/// One account, or a handle that leads to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProfile {
    /// Its DID, or the handle that leads to none.
    pub actor: String,
    /// The handle that it had, in lower case.
    pub handle: Option<String>,
    /// What was last seen of it, as JSON.
    pub view: Option<String>,
    /// Why there is none: `taken_down`, `deactivated` or `not_found`.
    pub gone: Option<String>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}

/// How long an answer may be on its way, in milliseconds. One that is older than that was made before the clock was set back.
const LATE_MOST_MS: i64 = 600_000;

impl KnownProfile {
    fn is_late_after(&self, before: &Self) -> bool {
        let late_ms = before.asked_at.as_millisecond().saturating_sub(self.asked_at.as_millisecond());
        (1..=LATE_MOST_MS).contains(&late_ms)
    }
}

/// The profiles of a store.
#[derive(Debug, Clone)]
pub struct Profiles {
    store: Store,
}

impl Profiles {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// The account with this DID.
    pub async fn by_did(&self, did: &str) -> Result<Option<KnownProfile>, StoreError> {
        profiles::by_actor(&mut self.store.read().await?, did).await
    }

    /// Whoever has this handle, which is in lower case.
    pub async fn by_handle(&self, handle: &str) -> Result<Option<KnownProfile>, StoreError> {
        profiles::by_handle(&mut self.store.read().await?, handle).await
    }

    /// Keeps an answer in place of the one before, and takes its handle from whoever else has it; gives who that was. An answer
    /// that was asked for up to ten minutes before what is kept comes late, and is not kept.
    pub async fn keep(&self, known: &KnownProfile) -> Result<Option<String>, StoreError> {
        let mut tx = self.store.write().await?;
        // Up to three rows hang together, and which ones is read first.
        tx.alone_with("profiles").await?;
        let of_actor = profiles::by_actor(&mut tx, &known.actor).await?;
        let of_handle = match &known.handle {
            Some(handle) => profiles::by_handle(&mut tx, handle).await?,
            None => None,
        };
        if of_actor.iter().chain(&of_handle).any(|before| known.is_late_after(before)) {
            return Ok(None);
        }
        let lost = match known.handle {
            Some(_) => profiles::release_handle(&mut tx, known).await?,
            None => None,
        };
        profiles::put(&mut tx, known).await?;
        tx.commit().await?;
        Ok(lost)
    }

    /// Forgets who was last asked for before that; gives how many.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.store.write().await?;
        let forgotten = profiles::forget_before(&mut tx, before).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
