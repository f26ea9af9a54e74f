//! Profiles: as the AppView shows them, and the record that an account has of its own.

mod cache;

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use skein_atproto::syntax::{AtUri, Cid};
use url::Url;

pub use cache::{GONE_AGE, PROFILE_AGE, Profile, ProfileError, Profiles};

use crate::repo::Record;
use crate::session::Authorized;
use crate::xrpc::{Auth, CallError, Response, WRITE_TIMEOUT_MS, XrpcClient};

/// Where the record is kept.
pub const COLLECTION: &str = "app.bsky.actor.profile";

/// The one key it has.
pub const RKEY: &str = "self";

/// The self-label of accounts that a program writes for, as Bluesky asks for.
pub const BOT_LABEL: &str = "bot";

/// The kind of `labels` that a record may have.
const SELF_LABELS: &str = "com.atproto.label.defs#selfLabels";

/// The most self-labels of a record.
pub const SELF_LABELS_MOST: usize = 10;

/// Why a profile record cannot be labelled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It has another shape than the schema says; nothing is written over what is not understood.
    #[error("the profile record cannot be changed: its member `{0}` is of a kind that is not known here")]
    Unknown(&'static str),
    /// There is no place for another label.
    #[error("the profile has {SELF_LABELS_MOST} labels already, which is the most; remove one first")]
    Full,
}

/// Where a record was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Written {
    /// Where it is.
    pub uri: AtUri,
    /// The hash of its content.
    pub cid: Cid,
}

/// The profile record with the label `bot`, or without it. `None` when it is so already. Everything else stays as it is; where
/// there is no record, the new one has the label alone.
///
/// ```
/// # use serde_json::json;
/// use skein_bluesky::profile::labelled_bot;
/// let changed = labelled_bot(Some(&json!({"$type": "app.bsky.actor.profile", "displayName": "Tides"})), true);
/// assert_eq!(changed.unwrap().unwrap()["labels"]["values"], json!([{"val": "bot"}]));
/// assert_eq!(labelled_bot(None, false), Ok(None));
/// ```
pub fn labelled_bot(record: Option<&Value>, is_bot: bool) -> Result<Option<Value>, LabelError> {
    let mut profile = match record {
        None => Map::from_iter([("$type".to_owned(), json!(COLLECTION))]),
        Some(Value::Object(profile)) => profile.clone(),
        Some(_) => return Err(LabelError::Unknown("$type")),
    };
    let labels = profile.entry("labels").or_insert_with(|| json!({"$type": SELF_LABELS, "values": []}));
    let is_known = labels.get("$type").is_none_or(|kind| kind == SELF_LABELS);
    let values = labels.get_mut("values").and_then(Value::as_array_mut).filter(|_| is_known);
    let values = values.ok_or(LabelError::Unknown("labels"))?;
    let is_label = |value: &Value| value["val"] == BOT_LABEL;
    if values.iter().any(is_label) == is_bot {
        return Ok(None);
    }
    if is_bot {
        if values.len() >= SELF_LABELS_MOST {
            return Err(LabelError::Full);
        }
        values.push(json!({"val": BOT_LABEL}));
    } else {
        values.retain(|value| !is_label(value));
        if values.is_empty() {
            profile.remove("labels");
        }
    }
    Ok(Some(Value::Object(profile)))
}

/// The profile of anybody, as this AppView shows it (`app.bsky.actor.getProfile`), asked as nobody. `actor` is a handle or a DID.
pub async fn view(xrpc: &XrpcClient, appview: &Url, actor: &str) -> Result<Response, CallError> {
    xrpc.get(appview, "app.bsky.actor.getProfile", &[("actor", actor)], Auth::None).await
}

/// The account's own profile record, asked at its own server. `None` when it has none.
pub async fn read(me: &Authorized) -> Result<Option<Record>, CallError> {
    let params = [("repo", me.did().as_str()), ("collection", COLLECTION), ("rkey", RKEY)];
    match me.get("com.atproto.repo.getRecord", &params).await {
        Ok(response) => response.json().map(Some),
        Err(error) if error.is_named("RecordNotFound") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the account's profile record in place of the one that was read; `None` where there was none. The server refuses with
/// `InvalidSwap` if it is another one by now. Whoever does not hear the answer can read the record and see.
pub async fn put(me: &Authorized, record: &Value, replaces: Option<&Cid>) -> Result<Written, CallError> {
    let body = json!({
        "repo": me.did().as_str(),
        "collection": COLLECTION,
        "rkey": RKEY,
        "record": record,
        "swapRecord": replaces.map(Cid::as_str),
    });
    let timeout = Duration::from_millis(WRITE_TIMEOUT_MS);
    me.post_json("com.atproto.repo.putRecord", Bytes::from(body.to_string()), timeout).await?.json()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rich() -> Value {
        json!({
            "$type": COLLECTION,
            "displayName": "Tides of Kiel",
            "avatar": {"$type": "blob", "ref": {"$link": "bafkrei"}, "mimeType": "image/png", "size": 12},
            "labels": {"$type": SELF_LABELS, "values": [{"val": "!no-unauthenticated"}], "com.example.note": 1},
            "com.example.unknown": {"kept": [1, 2.5, null]},
        })
    }

    #[test]
    fn the_label_comes_and_goes_and_everything_else_stays() {
        let marked = labelled_bot(Some(&rich()), true).unwrap().unwrap();
        let mut expected = rich();
        expected["labels"]["values"] = json!([{"val": "!no-unauthenticated"}, {"val": "bot"}]);
        assert_eq!(marked, expected);
        assert_eq!(labelled_bot(Some(&marked), true), Ok(None));
        assert_eq!(labelled_bot(Some(&marked), false).unwrap().unwrap(), rich());
        assert_eq!(labelled_bot(Some(&rich()), false), Ok(None));
    }

    #[test]
    fn a_record_is_made_where_there_is_none_and_labels_go_with_the_last_one() {
        let made = labelled_bot(None, true).unwrap().unwrap();
        assert_eq!(made, json!({"$type": COLLECTION, "labels": {"$type": SELF_LABELS, "values": [{"val": "bot"}]}}));
        assert_eq!(labelled_bot(Some(&made), false).unwrap().unwrap(), json!({"$type": COLLECTION}));
        assert_eq!(labelled_bot(None, false), Ok(None));
    }

    #[test]
    fn a_label_that_is_there_twice_is_removed_whole() {
        let twice = json!({"labels": {"values": [{"val": "bot"}, {"val": "bot"}, {"val": "porn"}]}});
        let without = labelled_bot(Some(&twice), false).unwrap().unwrap();
        assert_eq!(without, json!({"labels": {"values": [{"val": "porn"}]}}));
    }

    #[test]
    fn what_is_not_understood_is_not_written_over() {
        for (record, member) in [
            (json!([]), "$type"),
            (json!({"labels": {"$type": "com.example.labels", "values": []}}), "labels"),
            (json!({"labels": {"$type": SELF_LABELS}}), "labels"),
            (json!({"labels": null}), "labels"),
        ] {
            for is_bot in [true, false] {
                assert_eq!(labelled_bot(Some(&record), is_bot), Err(LabelError::Unknown(member)), "{record}");
            }
        }
        let values: Vec<Value> = (0..SELF_LABELS_MOST).map(|number| json!({"val": format!("l{number}")})).collect();
        let full = json!({"labels": {"$type": SELF_LABELS, "values": values}});
        assert_eq!(labelled_bot(Some(&full), true), Err(LabelError::Full));
    }
}
