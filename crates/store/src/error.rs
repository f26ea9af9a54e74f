//! What can go wrong with the store, in words that a person can act on.

use std::path::PathBuf;

use skein_domain::ports::LedgerError;
use sqlx::migrate::MigrateError;

use crate::dialect::{BUSY_TIMEOUT_MS, PrimaryCode};
use crate::vault::VaultError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote first; nothing was written.
    #[error("somebody else changed this first; nothing was written")]
    Lost,
    /// Another post of the workspace has this name; nothing was written.
    #[error("the name is taken")]
    NameTaken,
    /// No such row.
    #[error("there is no {0}")]
    NotFound(String),
    /// What was to be written breaks an invariant, or what was read does.
    #[error("{0}")]
    Invalid(String),
    /// Another process wrote for longer than anybody waits.
    #[error("another process kept the database busy for more than {} s; see which one holds it, then try again", BUSY_TIMEOUT_MS / 1_000)]
    Busy,
    /// No space.
    #[error("the disk is full, or the database reached its size limit; make space, then try again")]
    DiskFull,
    /// No right to write.
    #[error("the database is read-only; the user that runs Skein needs the right to write the file and its folder")]
    ReadOnly,
    /// The bytes on the disk are not what SQLite wrote.
    #[error(
        "the database file is damaged ({0}); restore it from a backup, and run `skein hold` before anything else: what went out since the backup would go out again"
    )]
    Damaged(String),
    /// The file is something else.
    #[error("the file is not an SQLite database; choose another path")]
    NotADatabase,
    /// The disk or the operating system failed.
    #[error("the disk refused: {0}")]
    Disk(String),
    /// Opening failed.
    #[error("the database {} cannot be opened: {why}", path.display())]
    Opening {
        /// The file.
        path: PathBuf,
        /// Why.
        why: Box<StoreError>,
    },
    /// A file or folder could not be made.
    #[error("{} cannot be made: {why}", path.display())]
    Making {
        /// What.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// A newer Skein wrote this database.
    #[error("it was written by a newer Skein (schema {found}, this one knows up to {known}); run that version")]
    NewerSchema {
        /// The schema in the file.
        found: i64,
        /// The newest schema of this program.
        known: i64,
    },
    /// A migration in the file is not the one of this program.
    #[error("its schema step {0} is not the one of this Skein; run the version that wrote it")]
    OtherSchema(i64),
    /// The master key does not fit.
    #[error("this database was made with another master key; start with the key that belongs to it")]
    WrongKey,
    /// A stored secret cannot be read.
    #[error("a stored secret cannot be read: {0}")]
    Secret(#[from] VaultError),
    /// A database that this build does not speak.
    #[error("`{0}` databases are not supported; give sqlite:PATH")]
    UnknownScheme(String),
    /// No file was named.
    #[error("a database needs the path of a file, such as sqlite:/var/lib/skein/skein.db, without options")]
    NoPath,
    /// Anything else that the database said.
    #[error("{0}")]
    Database(String),
}

impl StoreError {
    /// Names the file that could not be opened.
    pub(crate) fn opening(self, path: &std::path::Path) -> Self {
        Self::Opening { path: path.to_owned(), why: Box::new(self) }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::DiskFull,
            sqlx::Error::Io(io) => Self::Disk(io.to_string()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Invalid(error.to_string()),
            sqlx::Error::Database(database) => match PrimaryCode::of(database.as_ref()) {
                PrimaryCode::Busy => Self::Busy,
                PrimaryCode::Full => Self::DiskFull,
                PrimaryCode::ReadOnly => Self::ReadOnly,
                PrimaryCode::Disk => Self::Disk(database.message().to_owned()),
                PrimaryCode::Corrupt => Self::Damaged(database.message().to_owned()),
                PrimaryCode::NotADatabase => Self::NotADatabase,
                PrimaryCode::Constraint => Self::Invalid(database.message().to_owned()),
                PrimaryCode::Other => Self::Database(error.to_string()),
            },
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(found) => Self::NewerSchema { found, known: crate::dialect::newest_schema() },
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => Self::OtherSchema(version),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lost => Self::Lost,
            StoreError::NameTaken => Self::NameTaken,
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::Invalid(why) => Self::Invalid(why),
            other => Self::Failed(other.to_string()),
        }
    }
}
