//! Sessions that were read or written a moment ago, so that a run of calls does not open the same one for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use skein_bluesky::Did;
use skein_bluesky::journal::Stored;

/// How long a session is at hand. Another process that forgets it waits no longer than this until nobody uses it.
const AT_HAND_MS: u64 = 1_000;

/// Sessions that are held at the same time.
const SESSIONS_AT_MOST: usize = 256;

/// Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtHand {
    sessions: Arc<Mutex<HashMap<Did, (Instant, Stored)>>>,
}

impl AtHand {
    pub(crate) fn get(&self, did: &Did) -> Option<Stored> {
        let mut sessions = self.lock();
        // Secrets stay in memory no longer than they are of use.
        sessions.retain(|_, (since, _)| is_fresh(*since));
        sessions.get(did).map(|(_, stored)| stored.clone())
    }

    /// A session that was read before a newer one was written does not take its place.
    pub(crate) fn put(&self, did: &Did, stored: &Stored) {
        let mut sessions = self.lock();
        if sessions.get(did).is_some_and(|(_, held)| held.version > stored.version) {
            return;
        }
        sessions.retain(|_, (since, _)| is_fresh(*since));
        if sessions.len() < SESSIONS_AT_MOST || sessions.contains_key(did) {
            sessions.insert(did.clone(), (Instant::now(), stored.clone()));
        }
    }

    pub(crate) fn forget(&self, did: &Did) {
        self.lock().remove(did);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Did, (Instant, Stored)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(since: Instant) -> bool {
    since.elapsed() < Duration::from_millis(AT_HAND_MS)
}
