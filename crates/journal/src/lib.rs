//! The Bluesky client's memory kept in Skein's store: sessions encrypted at rest, and a lease for their refresh that all
//! processes on the same database share, as they share calls, cursors, what is counted of budgets and how far videos are.

mod at_hand;
mod folder;
mod tallies;
mod videos;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use skein_bluesky::budget::{Meter, Tally};
use skein_bluesky::calls::CallRecord;
use skein_bluesky::cursor::CursorKey;
use skein_bluesky::journal::{
    BudgetJournal, Gone, Journal, JournalError, KeptProfile, ProfileJournal, Session, Stored, TallyChange,
};
use skein_bluesky::{AtIdentifier, Did, Handle};
use skein_store::{
    Budgets, Calls, Counted, CursorPlace, Cursors, KnownProfile, LoggedCall, MeterRow, Profiles, Sessions, Store,
    StoreError, Videos,
};

pub use folder::OpenError;

use crate::at_hand::AtHand;
use crate::tallies::Tallies;

/// The name under which the store keeps sessions of the AT Protocol.
const SERVICE: &str = "atproto";

/// A [`Journal`] on a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreJournal {
    sessions: Sessions,
    calls: Calls,
    cursors: Cursors,
    budgets: Budgets,
    profiles: Profiles,
    tallies: Tallies,
    at_hand: AtHand,
    keeps_calls: bool,
    videos: Videos,
}

impl StoreJournal {
    /// The journal of a store. Journals of several stores on one database file share everything.
    pub fn new(store: &Store) -> Self {
        Self {
            sessions: store.sessions(),
            calls: store.calls(),
            cursors: store.cursors(),
            budgets: store.budgets(),
            profiles: store.profiles(),
            videos: store.videos(),
            tallies: Tallies::default(),
            at_hand: AtHand::default(),
            keeps_calls: true,
        }
    }

    /// The same journal for a program that wants no rows in the call log. Budgets are counted all the same.
    pub fn without_call_log(self) -> Self {
        Self { keeps_calls: false, ..self }
    }

    /// `may_wait` holds only where plenty is left of each.
    async fn count(&self, meters: &[Meter], change: TallyChange<'_>, may_wait: bool) -> Result<(), JournalError> {
        let rows: Vec<MeterRow<'_>> = meters.iter().map(row).collect();
        let mut change_texts = |texts: Vec<Option<String>>| {
            let known = |(text, meter): (&Option<String>, &Meter)| self.tallies.read(text.as_deref(), meter);
            let before: Vec<Arc<Tally>> = texts.iter().zip(meters).map(known).collect();
            let mut after: Vec<Tally> = before.iter().map(|tally| Tally::clone(tally)).collect();
            change(&mut after);
            let may_wait = may_wait && after.iter().all(Tally::has_plenty);
            let changed = before.iter().zip(after).zip(meters).zip(texts);
            let written = changed.map(|(((before, after), meter), text)| match text {
                Some(text) if **before == after => Ok(text),
                _ => self.tallies.write(after, meter),
            });
            Ok(Counted { tallies: written.collect::<Result<_, _>>()?, may_wait })
        };
        self.budgets.change(&rows, &mut change_texts).await.map_err(JournalError::new)
    }
}

#[async_trait]
impl BudgetJournal for StoreJournal {
    async fn change_tallies(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError> {
        self.count(meters, change, false).await
    }

    async fn change_tallies_soon(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError> {
        self.count(meters, change, true).await
    }

    async fn tally(&self, meter: &Meter) -> Result<Option<Tally>, JournalError> {
        let kept = self.budgets.get(row(meter)).await.map_err(JournalError::new)?;
        Ok(kept.map(|text| Arc::unwrap_or_clone(self.tallies.read(Some(&text), meter))))
    }

    async fn tallies(&self) -> Result<Vec<(Meter, Tally)>, JournalError> {
        let kept = self.budgets.list().await.map_err(JournalError::new)?;
        let known = kept.into_iter().filter_map(|kept| {
            let meter = Meter::parse(&kept.meter, &kept.whose)?;
            let tally = Arc::unwrap_or_clone(self.tallies.read(Some(&kept.tally), &meter));
            Some((meter, tally))
        });
        Ok(known.collect())
    }
}

fn row(meter: &Meter) -> MeterRow<'_> {
    MeterRow { meter: meter.kind().as_str(), whose: meter.key() }
}

#[async_trait]
impl ProfileJournal for StoreJournal {
    async fn profile(&self, actor: &AtIdentifier) -> Result<Option<KeptProfile>, JournalError> {
        let known = match actor {
            AtIdentifier::Did(did) => self.profiles.by_did(did.as_str()).await,
            AtIdentifier::Handle(handle) => self.profiles.by_handle(handle.as_str()).await,
        };
        Ok(known.map_err(JournalError::new)?.and_then(remembered))
    }

    async fn keep_profile(&self, kept: &KeptProfile) -> Result<Option<Did>, JournalError> {
        let known = KnownProfile {
            actor: kept.actor.as_str().to_owned(),
            handle: kept.handle.as_ref().map(|handle| handle.as_str().to_owned()),
            view: kept.view.as_ref().map(Value::to_string),
            gone: kept.gone.map(|gone| gone.as_str().to_owned()),
            asked_at: kept.asked_at,
        };
        let lost = self.profiles.keep(&known).await.map_err(JournalError::new)?;
        Ok(lost.and_then(|did| Did::parse(&did).ok()))
    }
}

/// What cannot be read, as a reason of a later version, is as if nobody had asked: it can be asked again.
fn remembered(known: KnownProfile) -> Option<KeptProfile> {
    let gone = match &known.gone {
        None => None,
        Some(gone) => Some(Gone::parse(gone)?),
    };
    let view = match &known.view {
        None => None,
        Some(view) => Some(serde_json::from_str(view).ok()?),
    };
    let handle = known.handle.and_then(|handle| Handle::parse(&handle).ok());
    Some(KeptProfile { actor: AtIdentifier::parse(&known.actor).ok()?, handle, view, gone, asked_at: known.asked_at })
}

#[async_trait]
impl Journal for StoreJournal {
    async fn session(&self, did: &Did) -> Result<Option<Stored>, JournalError> {
        let Some(kept) = self.sessions.get(did.as_str(), SERVICE).await.map_err(JournalError::new)? else {
            return Ok(None);
        };
        let json = std::str::from_utf8(&kept.secret).map_err(JournalError::new)?;
        let session = Session::from_secret_json(json).map_err(JournalError::new)?;
        let stored = Stored { session, version: kept.version };
        self.at_hand.put(did, &stored);
        Ok(Some(stored))
    }

    async fn session_at_hand(&self, did: &Did) -> Result<Option<Stored>, JournalError> {
        match self.at_hand.get(did) {
            Some(stored) => Ok(Some(stored)),
            None => self.session(did).await,
        }
    }

    async fn put_session(
        &self,
        did: &Did,
        session: &Session,
        expected_version: Option<i64>,
    ) -> Result<bool, JournalError> {
        let json = session.to_secret_json().map_err(JournalError::new)?;
        let secret = json.expose_secret().as_bytes();
        match self.sessions.put(did.as_str(), SERVICE, secret, expected_version).await {
            Ok(version) => {
                self.at_hand.put(did, &Stored { session: session.clone(), version });
                Ok(true)
            }
            Err(StoreError::Lost) => Ok(false),
            Err(error) => Err(JournalError::new(error)),
        }
    }

    async fn forget_session(&self, did: &Did) -> Result<(), JournalError> {
        self.at_hand.forget(did);
        let forgotten = self.sessions.forget(did.as_str(), SERVICE).await;
        // Once more, for whoever read it meanwhile.
        self.at_hand.forget(did);
        forgotten.map_err(JournalError::new)
    }

    async fn lease_refresh(
        &self,
        did: &Did,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, JournalError> {
        self.sessions.lease_refresh(did.as_str(), SERVICE, owner, now, until).await.map_err(JournalError::new)
    }

    fn keeps_calls(&self) -> bool {
        self.keeps_calls
    }

    async fn log_calls(&self, calls: &[CallRecord]) -> Result<(), JournalError> {
        let rows: Vec<LoggedCall> = calls.iter().map(logged).collect();
        self.calls.append(&rows).await.map_err(JournalError::new)
    }

    async fn cursor(&self, of: &CursorKey) -> Result<Option<String>, JournalError> {
        self.cursors.get(place(of)).await.map_err(JournalError::new)
    }

    async fn put_cursor(&self, of: &CursorKey, cursor: Option<&str>, now: Timestamp) -> Result<(), JournalError> {
        self.cursors.put(place(of), cursor, now).await.map_err(JournalError::new)
    }

    async fn release_refresh(&self, did: &Did, owner: &str) -> Result<(), JournalError> {
        self.sessions.release_refresh(did.as_str(), SERVICE, owner).await.map_err(JournalError::new)
    }
}

fn place(of: &CursorKey) -> CursorPlace<'_> {
    CursorPlace { account: of.account.as_ref().map_or("", Did::as_str), method: of.method.as_str(), name: &of.name }
}

/// Counts that no column can hold are the greatest that it can.
fn logged(call: &CallRecord) -> LoggedCall {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let rate = call.rate_limit.as_ref();
    LoggedCall {
        id: call.id.clone(),
        at: call.at,
        account: call.account.clone(),
        work: call.work.clone(),
        attempt: call.attempt.into(),
        verb: call.verb.clone(),
        method: call.method.clone(),
        host: call.host.clone(),
        input: call.input.clone(),
        request_bytes: count(call.request_bytes),
        status: call.status.map(i64::from),
        error: call.error.clone(),
        message: call.message.clone(),
        response_bytes: call.response_bytes.map(count),
        duration_us: i64::try_from(call.duration.as_micros()).unwrap_or(i64::MAX),
        points: call.points.into(),
        rate_limit: rate.and_then(|rate| rate.limit).map(count),
        rate_remaining: rate.and_then(|rate| rate.remaining).map(count),
        rate_reset: rate.and_then(|rate| rate.reset),
        rate_policy: rate.and_then(|rate| rate.policy.clone()),
    }
}
