//! Taking back what was published.
//!
//! All records are deleted in one call. A server refuses the whole call when one of them is gone already, and an answer may be
//! lost; then every address is looked at, and what is still there is deleted. A deletion that lands late does no harm, so
//! nothing is fenced, and whoever repeats it ends in the same place.

use bytes::Bytes;
use serde_json::{Value, json};
use skein_atproto::syntax::{AtUri, Did, Nsid, RecordKey};
use skein_bluesky::repo;
use skein_bluesky::session::Authorized;
use skein_bluesky::xrpc::CallError;
use skein_domain::{Account, Category, Fault, Outcome, RecordRef};
use std::time::Duration;

use super::publish::{WRITE_TIMEOUT_MS, did_of};
use super::{BlueskyConnector, answers, unreadable};

/// Calls, each followed by a look, before the person is told to try again later.
const ROUNDS: usize = 3;

/// Where a record is in its repository.
struct Place {
    collection: Nsid,
    rkey: RecordKey,
}

impl Place {
    fn of(record: &RecordRef) -> Result<Self, Fault> {
        let uri = AtUri::parse(&record.uri).map_err(|error| unreadable("address", error))?;
        match (uri.collection(), uri.rkey()) {
            (Some(collection), Some(rkey)) => Ok(Self { collection, rkey }),
            _ => Err(unreadable("address", &record.uri)),
        }
    }

    fn delete(&self) -> Value {
        json!({"$type": "com.atproto.repo.applyWrites#delete", "collection": self.collection, "rkey": self.rkey})
    }
}

impl BlueskyConnector {
    /// Deletes what is left of these records.
    pub(crate) async fn take_back(&self, account: &Account, records: &[RecordRef]) -> Result<(), Fault> {
        let did = did_of(account)?;
        let mut left: Vec<Place> = records.iter().map(Place::of).collect::<Result<_, _>>()?;
        let mut last = None;
        for _round in 0..ROUNDS {
            if left.is_empty() {
                return Ok(());
            }
            let Err(error) = self.delete_all(&did, &left).await? else { return Ok(()) };
            // What a limit or a lost account refuses now is refused a moment later too.
            match answers::of_error(&error, self.clock.now()) {
                Outcome::AuthLost(fault) => return Err(fault),
                Outcome::RetryAt { at: Some(_), fault } if fault.category == Category::RateLimit => return Err(fault),
                _ => {}
            }
            left = self.still_there(&did, left).await.map_err(|look| not_known(&look))?;
            last = Some(error);
        }
        match last {
            Some(error) if !left.is_empty() => Err(not_deleted(&error)),
            _ => Ok(()),
        }
    }

    /// One call; a token that ended is renewed, and the call made once more.
    async fn delete_all(&self, did: &Did, places: &[Place]) -> Result<Result<(), CallError>, Fault> {
        let writes: Vec<Value> = places.iter().map(Place::delete).collect();
        let body = Bytes::from(json!({"repo": did, "writes": writes}).to_string());
        let authorized = self.sessions.authorized(did).await.map_err(|error| answers::session_fault(&error))?;
        match send(&authorized, body.clone()).await {
            Err(error) if error.is_named("ExpiredToken") || error.is_named("InvalidToken") => {
                let renewed = self.sessions.renewed(&authorized).await;
                Ok(send(&renewed.map_err(|error| answers::session_fault(&error))?, body).await)
            }
            answered => Ok(answered),
        }
    }

    async fn still_there(&self, did: &Did, places: Vec<Place>) -> Result<Vec<Place>, String> {
        let document = self.identities.document(did).await.map_err(|error| error.to_string())?;
        let pds = document.require_pds().map_err(|error| error.to_string())?;
        let xrpc = self.sessions.reader(did).await.map_err(|error| error.to_string())?;
        let mut there = Vec::with_capacity(places.len());
        for place in places {
            let found = repo::get_record(&xrpc, &pds, did, &place.collection, &place.rkey).await;
            if found.map_err(|error| error.to_string())?.is_some() {
                there.push(place);
            }
        }
        Ok(there)
    }
}

async fn send(authorized: &Authorized, body: Bytes) -> Result<(), CallError> {
    repo::apply_writes(authorized, body, Duration::from_millis(WRITE_TIMEOUT_MS)).await.map(drop)
}

fn not_known(look: &str) -> Fault {
    let message = format!("Whether it was deleted is not known, and the server could not be asked: {look}.");
    Fault::new("deletion_unknown", Category::PlatformError, message).next("Delete it again; that is always safe.")
}

fn not_deleted(error: &CallError) -> Fault {
    let message = format!("The server did not delete it: {error}.");
    Fault::new("not_deleted", Category::PlatformError, message).next("Delete it again later; that is always safe.")
}
