//! Accounts whose documents were read a moment ago and named the server that their sessions are with, so that a run of posts of one
//! account asks the directory once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use skein_atproto::syntax::Did;
use url::Url;

/// How long a document is taken to say what it said. Who moves meanwhile is told by the server that the session is with.
const HOLDS_S: i64 = 10;

/// Accounts that are remembered; when there are more, those of the past are forgotten.
const ACCOUNTS_AT_MOST: usize = 4_096;

#[derive(Default)]
pub(super) struct AtHome {
    read: Mutex<HashMap<Did, (Url, Timestamp)>>,
}

impl AtHome {
    /// Whether the account's document named this server a moment ago.
    pub(super) fn is_known(&self, did: &Did, pds: &Url, now: Timestamp) -> bool {
        self.lock().get(did).is_some_and(|(named, read_at)| named == pds && holds(*read_at, now))
    }

    pub(super) fn note(&self, did: &Did, pds: &Url, now: Timestamp) {
        let mut read = self.lock();
        if read.len() >= ACCOUNTS_AT_MOST {
            read.retain(|_, (_, read_at)| holds(*read_at, now));
        }
        if read.len() < ACCOUNTS_AT_MOST {
            read.insert(did.clone(), (pds.clone(), now));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Did, (Url, Timestamp)>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back makes nothing of the past hold for longer.
fn holds(read_at: Timestamp, now: Timestamp) -> bool {
    (0..HOLDS_S).contains(&now.duration_since(read_at).as_secs())
}
