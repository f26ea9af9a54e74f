//! The heads that answers to writes told: the next write of an account is fenced with that one, and nobody is asked.
//!
//! A head that has moved meanwhile costs one refused request that was not processed, and then it is asked for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use skein_atproto::syntax::Did;

use super::publish::Fence;

/// A head that is older than this is asked for instead, in milliseconds: its person may have posted elsewhere.
const GOOD_FOR_MS: i128 = 10_000;

/// Heads that are kept before the old ones are removed.
const KEPT_AT_MOST: usize = 10_000;

/// What was told last, by account.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    told: Mutex<HashMap<Did, Told>>,
}

#[derive(Debug)]
struct Told {
    fence: Fence,
    at: Timestamp,
}

impl Told {
    fn is_good(&self, now: Timestamp) -> bool {
        (0..GOOD_FOR_MS).contains(&now.duration_since(self.at).as_millis())
    }
}

impl Heads {
    /// An answer says that this is the head now.
    pub(crate) fn tell(&self, did: &Did, fence: Fence, now: Timestamp) {
        let mut told = self.told();
        if told.len() >= KEPT_AT_MOST {
            told.retain(|_, told| told.is_good(now));
        }
        if told.len() < KEPT_AT_MOST {
            told.insert(did.clone(), Told { fence, at: now });
        }
    }

    /// The head for one write, if it was told lately by this server.
    pub(crate) fn take(&self, did: &Did, pds: &str, now: Timestamp) -> Option<Fence> {
        let told = self.told().remove(did)?;
        (told.is_good(now) && told.fence.pds == pds).then_some(told.fence)
    }

    fn told(&self) -> MutexGuard<'_, HashMap<Did, Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_head_is_good_once_for_its_server_and_for_a_while() {
        let (heads, did) = (Heads::default(), Did::parse("did:plc:alice").unwrap());
        let now = Timestamp::from_second(1_000).unwrap();
        let fence = || Fence { head: "bafy".to_owned(), rev: "3k".to_owned(), pds: "https://pds.example/".to_owned() };
        heads.tell(&did, fence(), now);
        assert_eq!(heads.take(&did, "https://pds.example/", now), Some(fence()));
        assert_eq!(heads.take(&did, "https://pds.example/", now), None, "it is not the head any more");
        for (pds, ms) in [("https://other.example/", 0), ("https://pds.example/", 10_000), ("https://pds.example/", -1)]
        {
            heads.tell(&did, fence(), now);
            assert_eq!(heads.take(&did, pds, now + SignedDuration::from_millis(ms)), None, "{pds} after {ms} ms");
        }
    }
}
