//! Which keys signed an account's repository, and when: the directory's log of a `did:plc`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use skein_atproto::proof::PublicKey;
use skein_atproto::syntax::Did;

use super::{Identities, IdentityError, fetch};

/// The largest log that is read: thousands of changes.
const MAX_LOG_BYTES: usize = 4 * 1024 * 1024;

/// A time during which a document named a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPeriod {
    /// The key that signed the repository.
    pub key: PublicKey,
    /// When the directory took it down in its log.
    pub from: Timestamp,
    /// When another key, or none, took its place; `None` while it is named.
    pub until: Option<Timestamp>,
}

/// One change, as the directory logs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    operation: Value,
    #[serde(default)]
    nullified: bool,
    created_at: Timestamp,
}

impl Identities {
    /// The keys that the document of a `did:plc` named over time, oldest first. `None` for other DIDs, which keep no history.
    ///
    /// As with the document, the directory is taken at its word. Changes that a recovery took back do not count.
    pub async fn key_history(&self, did: &Did) -> Result<Option<Vec<KeyPeriod>>, IdentityError> {
        if did.method() != "plc" {
            return Ok(None);
        }
        let plc_url = &self.environment.plc_url;
        let mut url = fetch::document_url(did, plc_url)?;
        url.set_path(&format!("{}/log/audit", url.path()));
        let body = fetch::body(&self.http.allowing(plc_url), did, url, MAX_LOG_BYTES, Value::is_array).await?;
        let changes: Vec<Change> = serde_json::from_slice(&body).map_err(|error| IdentityError::BadDocument {
            did: did.clone(),
            detail: format!("the directory's log cannot be read: {}", crate::xrpc::bounded(&error.to_string())),
        })?;
        Ok(Some(periods(&changes)))
    }
}

fn periods(changes: &[Change]) -> Vec<KeyPeriod> {
    let mut periods: Vec<KeyPeriod> = Vec::new();
    for change in changes.iter().filter(|change| !change.nullified) {
        let key = key_of(&change.operation);
        if let Some(open) = periods.last_mut().filter(|period| period.until.is_none()) {
            if Some(&open.key) == key.as_ref() {
                continue;
            }
            open.until = Some(change.created_at);
        }
        periods.extend(key.map(|key| KeyPeriod { key, from: change.created_at, until: None }));
    }
    periods
}

/// The key after a change: of today's operations, of the first kind that there was, or none after a tombstone.
fn key_of(operation: &Value) -> Option<PublicKey> {
    let key = operation.pointer("/verificationMethods/atproto").or_else(|| operation.get("signingKey"))?;
    PublicKey::parse(key.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::properties::near;

    const FIRST: &str = "did:key:zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc";
    const SECOND: &str = "did:key:zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn change(second: i64, operation: Value) -> Change {
        Change { operation, nullified: false, created_at: at(second) }
    }

    fn names(key: &str) -> Value {
        json!({"type": "plc_operation", "verificationMethods": {"atproto": key}})
    }

    proptest! {
        #[test]
        fn any_log_gives_times_that_follow_each_other(log in near(&json!([
            {"operation": {"verificationMethods": {"atproto": "did:key:zQ3shQo6TF2moaqMTrUZEM1jeuYRQXeHEx4evX9751y2qPqRA"}},
             "nullified": false, "createdAt": "2026-11-18T12:00:00Z"},
            {"operation": {"signingKey": "did:key:zQ3shQo6TF2moaqMTrUZEM1jeuYRQXeHEx4evX9751y2qPqRA"},
             "nullified": true, "createdAt": "2026-11-18T12:00:01Z"},
            {"operation": {"type": "plc_tombstone"}, "nullified": false, "createdAt": "2026-11-18T12:00:02Z"},
        ]))) {
            let Ok(changes) = serde_json::from_slice::<Vec<Change>>(&log) else { return Ok(()) };
            let periods = periods(&changes);
            prop_assert!(periods.len() <= changes.len());
            prop_assert!(periods.iter().rev().skip(1).all(|period| period.until.is_some()));
        }
    }

    #[test]
    fn a_key_counts_until_another_takes_its_place() {
        let changes = [
            change(1, json!({"type": "create", "signingKey": FIRST})),
            change(2, names(FIRST)),
            Change { nullified: true, ..change(3, names(SECOND)) },
            change(4, names(SECOND)),
            change(5, json!({"type": "plc_tombstone"})),
            change(6, names(FIRST)),
        ];
        let told: Vec<_> =
            periods(&changes).into_iter().map(|period| (period.key.to_string(), period.from, period.until)).collect();
        let expected = [
            (FIRST.to_owned(), at(1), Some(at(4))),
            (SECOND.to_owned(), at(4), Some(at(5))),
            (FIRST.to_owned(), at(6), None),
        ];
        assert_eq!(told, expected);
    }
}
