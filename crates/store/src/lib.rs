//! Skein's durable memory: the `Ledger` on SQLite and PostgreSQL, media files on the disk, and the vault that encrypts secrets
//! at rest.
//!
//! This is the only crate with SQL. The text of ordinary queries is one for both databases (`$1` placeholders, TEXT, BIGINT,
//! SMALLINT, JSON as TEXT); what only one database understands lives in `dialect`.

mod budget;
mod calls;
mod copying;
mod counting;
mod cursors;
mod database_url;
mod dialect;
mod error;
mod gathering;
mod instants;
mod leases;
mod ledger;
mod master_key;
mod media_bucket;
mod media_files;
mod moving;
mod outbox;
#[cfg(test)]
mod plans;
mod profiles;
mod saving;
mod sessions;
mod statement;
mod store;
mod tables;
#[cfg(test)]
mod troubles;
mod vault;
mod videos;

pub use budget::{Budgets, Counted, KeptTally, MeterRow};
pub use calls::{CallFilter, Calls, LoggedCall};
pub use copying::{Held, check_copy, copy_database, hold_copy};
pub use cursors::{Cursors, Place as CursorPlace};
pub use database_url::DatabaseUrl;
pub use error::StoreError;
pub use master_key::{KeyError, MasterKey};
pub use media_bucket::MediaBucket;
pub use media_files::MediaFolder;
pub use moving::{Moved, move_to_server};
pub use profiles::{KnownProfile, Profiles};
pub use sessions::{Sessions, StoredSession};
pub use store::{PoolUsage, Store};
pub use vault::{Place, Purpose, Vault, VaultError};
pub use videos::{KeptUpload, UploadLease, VideoFile, Videos};
