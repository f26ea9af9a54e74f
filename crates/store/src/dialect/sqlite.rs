//! SQLite: opening, locking, and the queries of the clockwork that lean on its partial indexes.
//!
//! One connection writes and a pool reads. Several processes may have the file open, so every write begins with the
//! write lock (`BEGIN IMMEDIATE`): what a transaction has read cannot have changed when it writes.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};

use crate::StoreError;
use crate::instants::{instant_opt, micros};

/// How long a connection waits for another process to finish its write.
pub(crate) const BUSY_TIMEOUT_MS: u64 = 10_000;
/// How long a caller waits for a connection of this process: two of the waits above.
const ACQUIRE_TIMEOUT_MS: u64 = 2 * BUSY_TIMEOUT_MS;
/// Switching a fresh file to WAL does not wait by itself when two processes do it at once.
const OPEN_ATTEMPTS: u32 = 100;
const OPEN_PAUSE_MS: u64 = 50;
const READERS: u32 = 4;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

pub(crate) type Connection = SqliteConnection;
pub(crate) type Pool = SqlitePool;
pub(crate) type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// The two ways to the file.
pub(crate) struct Pools {
    pub(crate) writer: Pool,
    pub(crate) readers: Pool,
}

/// The version of the newest migration in this program.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Opens the file, which exists, and brings its schema up to date.
pub(crate) async fn open(path: &Path) -> Result<Pools, StoreError> {
    let writer = connect_writer(path).await?;
    migrate(&writer).await?;
    let readers = pool(READERS).connect_lazy_with(reader_options(path));
    Ok(Pools { writer, readers })
}

/// A transaction that holds the write lock from its first statement on, and is on the disk when it is committed.
pub(crate) async fn begin_write(writer: &Pool) -> Result<Transaction, StoreError> {
    Ok(writer.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await?)
}

/// The same, but on the disk only with the next one that is: a flush takes longer than all else. Statements outside of
/// transactions are as whichever came last.
pub(crate) async fn begin_light_write(writer: &Pool) -> Result<Transaction, StoreError> {
    Ok(writer.begin_with("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await?)
}

/// A transaction that sees one moment of the database.
pub(crate) async fn begin_read(readers: &Pool) -> Result<Transaction, StoreError> {
    Ok(readers.begin().await?)
}

fn common_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
}

pub(crate) fn writer_options(path: &Path) -> SqliteConnectOptions {
    common_options(path).journal_mode(SqliteJournalMode::Wal)
}

fn reader_options(path: &Path) -> SqliteConnectOptions {
    common_options(path).pragma("query_only", "ON")
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // A full disk makes SQLite end a transaction by itself, and the driver then believes that it still runs. The
        // ping waits for a rollback that is under way; a connection that is still inside a transaction is not used again.
        .after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
}

async fn connect_writer(path: &Path) -> Result<Pool, StoreError> {
    let mut attempt = 1;
    loop {
        match pool(1).connect_with(writer_options(path)).await.map_err(StoreError::from) {
            Err(StoreError::Busy) if attempt < OPEN_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(OPEN_PAUSE_MS)).await;
            }
            opened => return opened,
        }
    }
}

/// All steps in one transaction that holds the write lock, so that of two processes that start together one migrates
/// and the other finds the work done.
async fn migrate(writer: &Pool) -> Result<(), StoreError> {
    let mut tx = begin_write(writer).await?;
    // `run` is the same, but its future cannot be sent to another thread (a limit of the compiler that sqlx names there).
    MIGRATIONS.run_direct(None, &mut *tx, false).await?;
    tx.commit().await?;
    Ok(())
}

/// The least wake-up on lanes without a lease, and for each lane with one the later of its end and the lane's least
/// wake-up. Walks the index in the order of wake-ups and passes over rows of leased lanes only.
pub(crate) const NEXT_WAKE: &str = "SELECT MIN(candidate) FROM (
    SELECT candidate FROM (
        SELECT d.wake_at AS candidate FROM deliveries d
        WHERE d.wake_at IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.lane = d.lane AND l.lease_until IS NOT NULL)
        ORDER BY d.wake_at LIMIT 1) AS unleased
    UNION ALL
    SELECT CASE WHEN leased.lease_until > leased.wake_at THEN leased.lease_until ELSE leased.wake_at END
    FROM (
        SELECT l.lease_until AS lease_until,
               (SELECT MIN(d.wake_at) FROM deliveries d WHERE d.lane = l.lane AND d.wake_at IS NOT NULL) AS wake_at
        FROM lanes l WHERE l.lease_until IS NOT NULL) AS leased
    WHERE leased.wake_at IS NOT NULL) AS candidates";

/// The free lane with the earliest wake-up that has come.
pub(crate) const FIND_FREE_LANE: &str = "SELECT d.lane FROM deliveries d
    WHERE d.wake_at IS NOT NULL AND d.wake_at <= $1
      AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.lane = d.lane AND l.lease_until > $1)
    ORDER BY d.wake_at, d.lane LIMIT 1";

/// See `Ledger::next_wake`.
pub(crate) async fn next_wake(connection: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    instant_opt(sqlx::query_scalar::<_, Option<i64>>(NEXT_WAKE).fetch_one(connection).await?)
}

/// The lane that a claim without a wish takes.
pub(crate) async fn find_free_lane(connection: &mut Connection, now: Timestamp) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(FIND_FREE_LANE).bind(micros(now)).fetch_optional(connection).await?)
}

/// The part of an error code of SQLite that decides what a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrimaryCode {
    Busy,
    Full,
    ReadOnly,
    Disk,
    Corrupt,
    NotADatabase,
    Constraint,
    Other,
}

impl PrimaryCode {
    /// The low byte of the extended code, <https://www.sqlite.org/rescode.html>.
    pub(crate) fn of(error: &dyn sqlx::error::DatabaseError) -> Self {
        let extended = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
        match extended & 0xff {
            5 | 6 => Self::Busy,
            8 => Self::ReadOnly,
            10 | 14 => Self::Disk,
            11 => Self::Corrupt,
            13 => Self::Full,
            19 => Self::Constraint,
            26 => Self::NotADatabase,
            _ => Self::Other,
        }
    }
}
