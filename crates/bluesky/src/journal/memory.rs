//! A journal that lasts as long as the process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use skein_atproto::syntax::{AtIdentifier, Did};

use crate::budget::{Meter, Tally};
use crate::calls::CallRecord;
use crate::cursor::CursorKey;

use super::memory_video::Uploads;
use super::{BudgetJournal, Journal, JournalError, KeptProfile, ProfileJournal, Session, Stored, TallyChange};

/// Rows of the call log that are kept.
const MAX_CALLS: usize = 10_000;
/// Accounts that are remembered; then whoever was asked for longest ago is forgotten.
const MAX_PROFILES: usize = 10_000;

/// Remembers in memory: for tests, and for programs that log in each time they start.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    state: Mutex<State>,
    videos: Mutex<Uploads>,
    drops_calls: bool,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<Did, Stored>,
    leases: HashMap<Did, (String, Timestamp)>,
    last_version: i64,
    calls: VecDeque<CallRecord>,
    cursors: HashMap<CursorKey, String>,
    tallies: BTreeMap<Meter, Tally>,
    /// By what their `actor` is.
    profiles: HashMap<String, KeptProfile>,
}

impl MemoryJournal {
    /// An empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty memory that keeps everything but the call log.
    pub fn without_calls() -> Self {
        Self { drops_calls: true, ..Self::default() }
    }

    /// The newest rows of the call log, oldest first; at most ten thousand are kept.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.state().calls.iter().cloned().collect()
    }

    pub(super) fn videos(&self) -> MutexGuard<'_, Uploads> {
        self.videos.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BudgetJournal for MemoryJournal {
    async fn change_tallies(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError> {
        let mut state = self.state();
        let mut tallies: Vec<Tally> =
            meters.iter().map(|meter| state.tallies.get(meter).cloned().unwrap_or_default()).collect();
        change(&mut tallies);
        state.tallies.extend(meters.iter().cloned().zip(tallies));
        Ok(())
    }

    async fn tally(&self, meter: &Meter) -> Result<Option<Tally>, JournalError> {
        Ok(self.state().tallies.get(meter).cloned())
    }

    async fn tallies(&self) -> Result<Vec<(Meter, Tally)>, JournalError> {
        Ok(self.state().tallies.iter().map(|(meter, tally)| (meter.clone(), tally.clone())).collect())
    }
}

#[async_trait]
impl ProfileJournal for MemoryJournal {
    async fn profile(&self, actor: &AtIdentifier) -> Result<Option<KeptProfile>, JournalError> {
        let state = self.state();
        Ok(match actor {
            AtIdentifier::Did(did) => state.profiles.get(did.as_str()).cloned(),
            AtIdentifier::Handle(handle) => {
                state.profiles.values().find(|kept| kept.handle.as_ref() == Some(handle)).cloned()
            }
        })
    }

    async fn keep_profile(&self, kept: &KeptProfile) -> Result<Option<Did>, JournalError> {
        let profiles = &mut self.state().profiles;
        let is_same =
            |other: &&KeptProfile| other.actor == kept.actor || (other.handle.is_some() && other.handle == kept.handle);
        if profiles.values().filter(is_same).any(|other| kept.is_late_after(other)) {
            return Ok(None);
        }
        let mut lost = None;
        let others = |other: &&mut KeptProfile| other.handle == kept.handle && other.actor != kept.actor;
        for other in profiles.values_mut().filter(others).filter(|other| other.handle.is_some()) {
            other.handle = None;
            if let AtIdentifier::Did(did) = &other.actor {
                lost = Some(did.clone());
            }
        }
        profiles.retain(|_, other| other.handle.is_some() || matches!(other.actor, AtIdentifier::Did(_)));
        profiles.insert(kept.actor.as_str().to_owned(), kept.clone());
        if profiles.len() > MAX_PROFILES {
            let oldest = profiles.iter().min_by_key(|(_, kept)| kept.asked_at).map(|(key, _)| key.clone());
            oldest.and_then(|key| profiles.remove(&key));
        }
        Ok(lost)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn session(&self, did: &Did) -> Result<Option<Stored>, JournalError> {
        Ok(self.state().sessions.get(did).cloned())
    }

    async fn put_session(
        &self,
        did: &Did,
        session: &Session,
        expected_version: Option<i64>,
    ) -> Result<bool, JournalError> {
        let mut state = self.state();
        if state.sessions.get(did).map(|stored| stored.version) != expected_version {
            return Ok(false);
        }
        state.last_version += 1;
        let version = state.last_version;
        state.sessions.insert(did.clone(), Stored { session: session.clone(), version });
        Ok(true)
    }

    async fn forget_session(&self, did: &Did) -> Result<(), JournalError> {
        self.state().sessions.remove(did);
        Ok(())
    }

    async fn lease_refresh(
        &self,
        did: &Did,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, JournalError> {
        let mut state = self.state();
        let held = state.leases.get(did).is_some_and(|(holder, end)| holder != owner && *end > now);
        if !held {
            state.leases.insert(did.clone(), (owner.to_owned(), until));
        }
        Ok(!held)
    }

    fn keeps_calls(&self) -> bool {
        !self.drops_calls
    }

    async fn log_calls(&self, calls: &[CallRecord]) -> Result<(), JournalError> {
        let mut state = self.state();
        state.calls.extend(calls.iter().cloned());
        let surplus = state.calls.len().saturating_sub(MAX_CALLS);
        state.calls.drain(..surplus);
        Ok(())
    }

    async fn cursor(&self, of: &CursorKey) -> Result<Option<String>, JournalError> {
        Ok(self.state().cursors.get(of).cloned())
    }

    async fn put_cursor(&self, of: &CursorKey, cursor: Option<&str>, _now: Timestamp) -> Result<(), JournalError> {
        let mut state = self.state();
        match cursor {
            Some(cursor) => state.cursors.insert(of.clone(), cursor.to_owned()),
            None => state.cursors.remove(of),
        };
        Ok(())
    }

    async fn release_refresh(&self, did: &Did, owner: &str) -> Result<(), JournalError> {
        let mut state = self.state();
        if state.leases.get(did).is_some_and(|(holder, _)| holder == owner) {
            state.leases.remove(did);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn did() -> Did {
        Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap()
    }

    fn session() -> Session {
        Session {
            did: did(),
            handle: None,
            pds: Url::parse("https://pds.example").unwrap(),
            service: None,
            access_jwt: "a".into(),
            refresh_jwt: "r".into(),
            app_password: None,
        }
    }

    #[tokio::test]
    async fn a_session_is_only_replaced_by_who_saw_it() {
        let journal = MemoryJournal::new();
        assert!(!journal.put_session(&did(), &session(), Some(1)).await.unwrap());
        assert!(journal.put_session(&did(), &session(), None).await.unwrap());
        assert!(!journal.put_session(&did(), &session(), None).await.unwrap());
        let first = journal.session(&did()).await.unwrap().unwrap().version;
        assert!(journal.put_session(&did(), &session(), Some(first)).await.unwrap());
        assert!(!journal.put_session(&did(), &session(), Some(first)).await.unwrap());
        journal.forget_session(&did()).await.unwrap();
        assert!(journal.session(&did()).await.unwrap().is_none());
        assert!(journal.put_session(&did(), &session(), None).await.unwrap());
        assert_ne!(journal.session(&did()).await.unwrap().unwrap().version, first);
    }

    #[test]
    fn the_call_log_can_be_left_out() {
        assert!(MemoryJournal::new().keeps_calls() && !MemoryJournal::without_calls().keeps_calls());
    }

    #[tokio::test]
    async fn a_lease_has_one_holder_until_it_ends() {
        let journal = MemoryJournal::new();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(journal.lease_refresh(&did(), "a", at(0), at(10)).await.unwrap());
        assert!(!journal.lease_refresh(&did(), "b", at(9), at(19)).await.unwrap());
        assert!(journal.lease_refresh(&did(), "a", at(9), at(19)).await.unwrap());
        journal.release_refresh(&did(), "b").await.unwrap();
        assert!(!journal.lease_refresh(&did(), "b", at(10), at(20)).await.unwrap());
        assert!(journal.lease_refresh(&did(), "b", at(19), at(29)).await.unwrap());
        journal.release_refresh(&did(), "b").await.unwrap();
        assert!(journal.lease_refresh(&did(), "a", at(19), at(29)).await.unwrap());
    }
}
