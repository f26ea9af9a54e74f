//! One file per table. Functions take the connection of the transaction that they are part of.

pub(crate) mod accounts;
pub(crate) mod budget;
pub(crate) mod calls;
pub(crate) mod cursors;
pub(crate) mod deliveries;
pub(crate) mod engines;
pub(crate) mod lanes;
pub(crate) mod outbox;
pub(crate) mod post_files;
pub(crate) mod posts;
pub(crate) mod profiles;
pub(crate) mod records;
pub(crate) mod sessions;
pub(crate) mod story;
pub(crate) mod vault_keys;
pub(crate) mod video_uploads;
pub(crate) mod workspaces;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// The JSON of a column.
fn to_json<T: Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Invalid(format!("{what} has no JSON form: {error}")))
}

/// Reads the JSON of a column; the refusal names the row.
fn from_json<T: DeserializeOwned>(json: &str, row: &str, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| unreadable(row, column, error))
}

/// A column that does not hold what was written there.
fn unreadable(row: &str, column: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Invalid(format!("the stored {row} cannot be read, its {column} is damaged: {why}"))
}
