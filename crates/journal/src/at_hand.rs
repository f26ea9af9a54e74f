//! Sessions that were read or written a moment ago, so that a run of calls does not open the same one for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use skein_bluesky::Did;
use skein_bluesky::journal::Stored;

/// How long a session is at hand. Another process that forgets it waits no longer than this until nobody uses it.
const AT_HAND_MS: u64 = 5_000;

/// Sessions that are held at the same time: as many as one worker has accounts in hand, and then some.
const SESSIONS_AT_MOST: usize = 2_048;

/// How often those that are at hand no more are thrown out, where any are asked for. Secrets stay in memory little longer than they are of use.
const TIDY_EVERY_MS: u64 = 1_000;

/// Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtHand {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    sessions: HashMap<Did, (Instant, Stored)>,
    tidied: Option<Instant>,
}

impl AtHand {
    pub(crate) fn get(&self, did: &Did) -> Option<Stored> {
        let mut held = self.lock();
        held.tidy();
        let fresh = held.sessions.get(did).filter(|(since, _)| is_within(*since, AT_HAND_MS));
        fresh.map(|(_, stored)| stored.clone())
    }

    /// A session that was read before a newer one was written does not take its place.
    pub(crate) fn put(&self, did: &Did, stored: &Stored) {
        let mut held = self.lock();
        held.tidy();
        if held.sessions.get(did).is_some_and(|(_, held)| held.version > stored.version) {
            return;
        }
        if held.sessions.len() < SESSIONS_AT_MOST || held.sessions.contains_key(did) {
            held.sessions.insert(did.clone(), (Instant::now(), stored.clone()));
        }
    }

    pub(crate) fn forget(&self, did: &Did) {
        self.lock().sessions.remove(did);
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn tidy(&mut self) {
        if !self.tidied.is_some_and(|tidied| is_within(tidied, TIDY_EVERY_MS)) {
            self.tidied = Some(Instant::now());
            self.sessions.retain(|_, (since, _)| is_within(*since, AT_HAND_MS));
        }
    }
}

fn is_within(since: Instant, ms: u64) -> bool {
    since.elapsed() < Duration::from_millis(ms)
}
