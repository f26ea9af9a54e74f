//! SQLite: opening, locking, and the queries of the clockwork that lean on its partial indexes.
//!
//! One connection writes and a pool reads. Several processes may have the file open, so every write begins with the
//! write lock (`BEGIN IMMEDIATE`): what a transaction has read cannot have changed when it writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skein_domain::Lane;
use skein_domain::ports::{Claim, ClaimRequest};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::quick::Quick;
use super::scribe::Scribe;
use super::{Connection, find_free_lanes};
use crate::StoreError;
use crate::tables::lanes;

/// How long a connection waits for another process to finish its write.
pub(crate) const BUSY_TIMEOUT_MS: u64 = 10_000;
/// How long a caller waits for a connection of this process: two of the waits above.
const ACQUIRE_TIMEOUT_MS: u64 = 2 * BUSY_TIMEOUT_MS;
/// Switching a fresh file to WAL does not wait by itself when two processes do it at once.
const OPEN_ATTEMPTS: u32 = 100;
const OPEN_PAUSE_MS: u64 = 50;
const READERS: u32 = 4;
/// What a reader keeps of the file, in KiB: the system keeps the rest, for all of them.
const READER_CACHE_KIB: u32 = 512;
/// What the writer keeps, in KiB. With twice as much, or eight times, writes take as long.
const WRITER_CACHE_KIB: u32 = 1_024;
/// Pages of the log after which they are moved into the file: in a burst the same pages are written again and again, and each move waits
/// for the disk twice. 16 MiB.
pub(super) const CHECKPOINT_PAGES: u32 = 4_000;

/// The number of a step that no schema has: it marks a file whose content went elsewhere, and says where. Every version of Skein takes
/// it for a schema that is newer than it knows, and leaves the file alone.
pub(crate) const MOVED: i64 = i64::MAX;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

pub(crate) type Pool = SqlitePool;

/// A file on a disk that takes no writes is opened for reading only. What its connections share stays so when the disk is mended, until
/// all of them were closed at once. Whoever meets that sets this, and the next one that wants to write closes them.
#[derive(Clone, Default)]
pub(crate) struct ReadOnlyMet(Arc<AtomicBool>);

impl ReadOnlyMet {
    /// What the driver says, in words that a person can act on.
    pub(crate) fn trouble(&self, error: sqlx::Error) -> StoreError {
        let error = trouble(error);
        if matches!(error, StoreError::ReadOnly) {
            self.0.store(true, Ordering::Relaxed);
        }
        error
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// The two ways to the file.
#[derive(Clone)]
pub(crate) struct Pools {
    pub(crate) writer: Pool,
    pub(crate) readers: Pool,
    pub(crate) quick: Arc<Quick>,
    pub(crate) scribe: Arc<Scribe>,
    pub(crate) read_only_met: ReadOnlyMet,
}

impl Pools {
    /// A transaction that holds the write lock from its first statement on, and is on the disk when it is committed.
    pub(crate) async fn begin_write(&self) -> Result<Connection, StoreError> {
        self.open_anew_if_read_only().await?;
        self.begin(&self.writer, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await
    }

    /// The same, but on the disk only with the next one that is: a flush takes longer than all else. Statements outside of
    /// transactions are as whichever came last.
    pub(crate) async fn begin_light_write(&self) -> Result<Connection, StoreError> {
        self.open_anew_if_read_only().await?;
        self.begin(&self.writer, "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await
    }

    /// A transaction that sees one moment of the database.
    pub(crate) async fn begin_read(&self) -> Result<Connection, StoreError> {
        self.begin(&self.readers, "BEGIN").await
    }

    async fn begin(&self, pool: &Pool, how: &'static str) -> Result<Connection, StoreError> {
        let met = self.read_only_met.clone();
        match pool.begin_with(how).await {
            Ok(tx) => Ok(Connection::Sqlite(tx, met)),
            Err(error) => Err(met.trouble(error)),
        }
    }

    /// Closes what nobody uses at this moment. While somebody reads, it is of no use, and whoever writes meets the same again.
    async fn open_anew_if_read_only(&self) -> Result<(), StoreError> {
        if self.read_only_met.take() {
            self.quick.close();
            let idle = |pool: &Pool| std::iter::from_fn(|| pool.try_acquire()).collect::<Vec<_>>();
            for connection in idle(&self.readers).into_iter().chain(idle(&self.writer)) {
                connection.close().await.map_err(trouble)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.quick.close();
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The version of the newest migration in this program.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Opens the file, which exists, and brings its schema up to date.
pub(crate) async fn open(path: &Path) -> Result<Pools, StoreError> {
    let writer = connect_writer(path).await?;
    if let Err(error) = migrate(&writer).await {
        return Err(moved_to(&writer).await.map_or(error, |place| StoreError::Moved { place }));
    }
    let readers = pool(READERS).connect_lazy_with(reader_options(path));
    let (quick, scribe) = (Arc::new(Quick::of(path)), Arc::new(Scribe::start()));
    Ok(Pools { writer, readers, quick, scribe, read_only_met: ReadOnlyMet::default() })
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
    common_options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
}

fn reader_options(path: &Path) -> SqliteConnectOptions {
    common_options(path).pragma("query_only", "ON").pragma("cache_size", format!("-{READER_CACHE_KIB}"))
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
        match pool(1).connect_with(writer_options(path)).await.map_err(trouble) {
            Err(StoreError::Busy) if attempt < OPEN_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(OPEN_PAUSE_MS)).await;
            }
            opened => return opened,
        }
    }
}

/// Where the content of the file went, if it did.
async fn moved_to(writer: &Pool) -> Option<String> {
    let marked = sqlx::query_scalar("SELECT description FROM _sqlx_migrations WHERE version = $1").bind(MOVED);
    // Where that cannot be read, something else is wrong, which is told.
    marked.fetch_optional(writer).await.ok().flatten()
}

/// All steps in one transaction that holds the write lock, so that of two processes that start together one migrates
/// and the other finds the work done.
async fn migrate(writer: &Pool) -> Result<(), StoreError> {
    let mut tx = writer.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await.map_err(trouble)?;
    // `run` is the same, but its future cannot be sent to another thread (a limit of the compiler that sqlx names there).
    MIGRATIONS.run_direct(None, &mut *tx, false).await.map_err(|error| StoreError::of_migration(error, trouble))?;
    tx.commit().await.map_err(trouble)
}

/// Leases the free lane with the earliest wake-up that has come. Asked before the write lock is taken, so that idle workers
/// do not queue for it.
pub(crate) async fn claim_free(
    pools: &Pools,
    request: &ClaimRequest,
    at_most: usize,
) -> Result<Vec<Claim>, StoreError> {
    if find_free_lanes(&mut pools.begin_read().await?, request.now, 1).await?.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = pools.begin_light_write().await?;
    let lanes = find_free_lanes(&mut tx, request.now, at_most).await?;
    let mut claims = Vec::with_capacity(lanes.len());
    for lane in lanes {
        claims.extend(lanes::take(&mut tx, Lane::stored(lane), &request.owner, request.now, request.until).await?);
    }
    tx.commit().await?;
    Ok(claims)
}

/// What the driver says, in words that a person can act on.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
pub(crate) fn trouble(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::PoolTimedOut => StoreError::Busy,
        sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => StoreError::DiskFull,
        sqlx::Error::Io(io) => StoreError::Disk(io.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Invalid(error.to_string()),
        sqlx::Error::Database(database) => match PrimaryCode::of(database.as_ref()) {
            PrimaryCode::Busy => StoreError::Busy,
            PrimaryCode::Full => StoreError::DiskFull,
            PrimaryCode::ReadOnly => StoreError::ReadOnly,
            PrimaryCode::CannotOpen => StoreError::NotOpened,
            PrimaryCode::Disk => StoreError::Disk(database.message().to_owned()),
            PrimaryCode::Corrupt => StoreError::Damaged(database.message().to_owned()),
            PrimaryCode::NotADatabase => StoreError::NotADatabase,
            PrimaryCode::Constraint => StoreError::Invalid(database.message().to_owned()),
            PrimaryCode::Other => StoreError::Database(error.to_string()),
        },
        _ => StoreError::Database(error.to_string()),
    }
}

/// The part of an error code of SQLite that decides what a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PrimaryCode {
    Busy,
    Full,
    ReadOnly,
    CannotOpen,
    Disk,
    Corrupt,
    NotADatabase,
    Constraint,
    Other,
}

impl PrimaryCode {
    /// The low byte of the extended code, <https://www.sqlite.org/rescode.html>.
    fn of(error: &dyn sqlx::error::DatabaseError) -> Self {
        let extended = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
        match extended & 0xff {
            // There is no space for the memory that its processes share.
            _ if extended == 4_874 => Self::Full,
            5 | 6 => Self::Busy,
            8 => Self::ReadOnly,
            10 => Self::Disk,
            11 => Self::Corrupt,
            13 => Self::Full,
            14 => Self::CannotOpen,
            19 => Self::Constraint,
            26 => Self::NotADatabase,
            _ => Self::Other,
        }
    }
}
