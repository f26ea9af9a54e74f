//! What can go wrong with the store, in words that a person can act on.

use std::path::PathBuf;

use skein_domain::ports::LedgerError;
use sqlx::migrate::MigrateError;

use crate::DatabaseUrl;
use crate::dialect::postgres::ACQUIRE_TIMEOUT_MS;
use crate::dialect::sqlite::BUSY_TIMEOUT_MS;
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
    /// Two transactions of PostgreSQL stood in each other's way; nothing was written, and the same again may well succeed.
    #[error("other work on the database stood in the way several times; try again")]
    Collided,
    /// Another process wrote for longer than anybody waits.
    #[error("another process kept the database busy for more than {} s; see which one holds it, then try again", BUSY_TIMEOUT_MS / 1_000)]
    Busy,
    /// No space.
    #[error(
        "the disk is full, or the database reached its size limit; nothing was written; make space, then try again"
    )]
    DiskFull,
    /// No right to write.
    #[error(
        "the database is read-only; its disk must take writes, and the user that runs Skein needs the right to write the file and its folder"
    )]
    ReadOnly,
    /// The bytes on the disk are not what SQLite wrote.
    #[error(
        "the database file is damaged ({0}); restore a backup with `skein restore`, which holds everything: what went out since the backup would go out again"
    )]
    Damaged(String),
    /// The file is something else.
    #[error("the file is not an SQLite database; choose another path")]
    NotADatabase,
    /// The disk or the operating system failed.
    #[error("the disk refused: {0}")]
    Disk(String),
    /// The file is there, and what SQLite needs beside it cannot be made.
    #[error(
        "it cannot be opened; its disk must take writes, and the user that runs Skein needs the right to write the file and its folder"
    )]
    NotOpened,
    /// Opening failed.
    #[error("the database {place} cannot be opened: {why}")]
    Opening {
        /// Where it is, without a password.
        place: String,
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
    /// Everything in it was copied to a server.
    #[error(
        "it was moved to {place}; set SKEIN_DATABASE_URL to that; if `skein migrate-to` was cut off, repeat it first, before anything else uses the server"
    )]
    Moved {
        /// Where it went, without a password.
        place: String,
    },
    /// The copy was made and kept before.
    #[error("everything is at {place} already; set SKEIN_DATABASE_URL to that")]
    MovedAlready {
        /// Where, without a password.
        place: String,
    },
    /// Somebody publishes from it.
    #[error("an engine works on it ({owner}); stop it first, and wait ten seconds if it was killed")]
    InUse {
        /// Host and process, as the engine names itself.
        owner: String,
    },
    /// There is something in a database that was to be empty.
    #[error("it is not empty: its table {table} has rows; give a database that nothing was ever kept in")]
    NotEmpty {
        /// The first such table.
        table: String,
    },
    /// Everything was copied, and the server did not say that it keeps it.
    #[error(
        "{place} did not confirm that it keeps the copy ({why}); repeat the command: it goes on if nothing was kept, and says so if it was"
    )]
    Unsure {
        /// The server, without a password.
        place: String,
        /// What it said instead.
        why: Box<StoreError>,
    },
    /// The master key does not fit.
    #[error("this database was made with another master key; start with the key that belongs to it")]
    WrongKey,
    /// A stored secret cannot be read.
    #[error("a stored secret cannot be read: {0}")]
    Secret(#[from] VaultError),
    /// The server does not answer, or the connection broke.
    #[error("the database server cannot be reached ({0}); start it, or check host and port")]
    Unreachable(String),
    /// No connection became free in time, and no new one could be made.
    #[error("no connection to the database server within {} s; it is down, or all its connections are in use", ACQUIRE_TIMEOUT_MS / 1_000)]
    NoConnection,
    /// The server has no connection left.
    #[error("the database server has no connection left; raise its max_connections, or run fewer workers")]
    TooManyConnections,
    /// The server ends or starts.
    #[error("the database server is stopping or starting; what was not written is tried again")]
    Restarting,
    /// The user or the password is wrong, or the server lets nobody in from here.
    #[error("the database server refuses the login: {0}; check user and password, and its pg_hba.conf")]
    LoginRefused(String),
    /// There is no such database.
    #[error("{0}; make it with `createdb`, owned by the user that Skein connects as")]
    NoSuchDatabase(String),
    /// The user may not do this.
    #[error("the database user lacks a right ({0}); make it the owner of the database")]
    NoRight(String),
    /// The server takes no writes.
    #[error("the database server takes no writes, as a standby does; give the address of the primary")]
    Standby,
    /// A row is locked for longer than anybody waits.
    #[error("another session of the database kept a row locked for too long; see which one holds it, then try again")]
    Locked,
    /// A database that this build does not speak.
    #[error("`{0}` databases are not supported; give sqlite:PATH or postgres://USER@HOST/DATABASE")]
    UnknownScheme(String),
    /// The address of a server cannot be read. It is not repeated: it may hold a password.
    #[error(
        "the address of the PostgreSQL server cannot be read ({0}); give postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    BadAddress(String),
    /// No file was named.
    #[error("a database needs the path of a file, such as sqlite:/var/lib/skein/skein.db, without options")]
    NoPath,
    /// Anything else that the database said.
    #[error("{0}")]
    Database(String),
}

impl StoreError {
    /// Names the database that could not be opened.
    pub(crate) fn opening(self, place: &DatabaseUrl) -> Self {
        Self::Opening { place: place.to_string(), why: Box::new(self) }
    }

    /// The same for somebody else who had a part in what failed.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Lost => Self::Lost,
            Self::Invalid(why) => Self::Invalid(why.clone()),
            other => Self::Database(other.to_string()),
        }
    }

    /// What a migration says; `of_driver` reads what the database said.
    pub(crate) fn of_migration(error: MigrateError, of_driver: fn(sqlx::Error) -> Self) -> Self {
        match error {
            MigrateError::VersionMissing(found) => Self::NewerSchema { found, known: crate::dialect::newest_schema() },
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => Self::OtherSchema(version),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => of_driver(error),
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
