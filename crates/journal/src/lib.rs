//! The Bluesky client's memory kept in Skein's store: sessions encrypted at rest, and a lease for their refresh that all
//! processes on the same database share, as they share calls, cursors, what is counted of budgets and how far videos are.

mod videos;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use skein_bluesky::Did;
use skein_bluesky::budget::{Meter, Tally};
use skein_bluesky::calls::CallRecord;
use skein_bluesky::cursor::CursorKey;
use skein_bluesky::journal::{BudgetJournal, Journal, JournalError, Session, Stored, TallyChange};
use skein_store::{Budgets, Calls, CursorPlace, Cursors, LoggedCall, MeterRow, Sessions, Store, StoreError, Videos};

/// The name under which the store keeps sessions of the AT Protocol.
const SERVICE: &str = "atproto";

/// A [`Journal`] on a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreJournal {
    sessions: Sessions,
    calls: Calls,
    cursors: Cursors,
    budgets: Budgets,
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
            videos: store.videos(),
        }
    }
}

#[async_trait]
impl BudgetJournal for StoreJournal {
    async fn change_tallies(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError> {
        let rows: Vec<MeterRow<'_>> = meters.iter().map(row).collect();
        let mut change_texts = |texts: Vec<Option<String>>| {
            let mut tallies: Vec<Tally> =
                texts.iter().zip(meters).map(|(text, meter)| read(text.as_deref(), meter)).collect();
            change(&mut tallies);
            tallies.iter().map(written).collect()
        };
        self.budgets.change(&rows, &mut change_texts).await.map_err(JournalError::new)
    }

    async fn tally(&self, meter: &Meter) -> Result<Option<Tally>, JournalError> {
        let kept = self.budgets.get(row(meter)).await.map_err(JournalError::new)?;
        Ok(kept.map(|text| read(Some(&text), meter)))
    }

    async fn tallies(&self) -> Result<Vec<(Meter, Tally)>, JournalError> {
        let kept = self.budgets.list().await.map_err(JournalError::new)?;
        let known = kept.into_iter().filter_map(|kept| {
            let meter = Meter::parse(&kept.meter, &kept.whose)?;
            let tally = read(Some(&kept.tally), &meter);
            Some((meter, tally))
        });
        Ok(known.collect())
    }
}

fn row(meter: &Meter) -> MeterRow<'_> {
    MeterRow { meter: meter.kind().as_str(), whose: meter.key() }
}

/// A count that cannot be read, as one of a later version, begins anew: the server still has its own.
fn read(text: Option<&str>, meter: &Meter) -> Tally {
    let Some(text) = text else { return Tally::default() };
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::warn!(meter = meter.kind().as_str(), of = meter.key(), %error, "a count cannot be read and begins anew");
        Tally::default()
    })
}

fn written(tally: &Tally) -> Result<String, StoreError> {
    serde_json::to_string(tally).map_err(|error| StoreError::Invalid(format!("a count has no JSON form: {error}")))
}

#[async_trait]
impl Journal for StoreJournal {
    async fn session(&self, did: &Did) -> Result<Option<Stored>, JournalError> {
        let Some(kept) = self.sessions.get(did.as_str(), SERVICE).await.map_err(JournalError::new)? else {
            return Ok(None);
        };
        let json = std::str::from_utf8(&kept.secret).map_err(JournalError::new)?;
        let session = Session::from_secret_json(json).map_err(JournalError::new)?;
        Ok(Some(Stored { session, version: kept.version }))
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
            Ok(_) => Ok(true),
            Err(StoreError::Lost) => Ok(false),
            Err(error) => Err(JournalError::new(error)),
        }
    }

    async fn forget_session(&self, did: &Did) -> Result<(), JournalError> {
        self.sessions.forget(did.as_str(), SERVICE).await.map_err(JournalError::new)
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
