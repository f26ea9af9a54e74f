//! Copies of a database in a file: taken while others write, looked at before they are trusted, and made safe before they stand in for
//! the original.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::StoreError;
use crate::dialect::sqlite::{BUSY_TIMEOUT_MS, MOVED};
use crate::instants::micros;

/// States of deliveries that nothing was sent of, or of which it is known that nothing can land.
const OPEN: &str = "('scheduled', 'preparing', 'ready', 'blocked')";

/// What waits in a copy that is about to stand in for its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Accounts, all of which are held now.
    pub accounts: u64,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Those of them that were due before now: the original may have published them. They do not go out by themselves any more.
    pub overdue: u64,
    /// Deliveries that were on their way. The platform is asked for them, and they are not sent again without a person.
    pub unsettled: u64,
}

/// Writes a copy of the database in a file, as it is in one moment, to a file that is not there yet. Others go on reading and writing.
/// The copy is on the disk when this returns.
///
/// # Errors
/// [`StoreError`]; what was written of the copy then stays behind.
pub async fn copy_database(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.to_owned(), to.to_owned());
    off_the_runtime(move || {
        let connection = open(&from)?;
        // Not the pages one after the other (SQLite's backup API), which begins anew whenever another process writes.
        let name = to.to_str().ok_or_else(|| StoreError::Disk(format!("{} is not UTF-8", to.display())))?;
        connection.execute("VACUUM INTO ?1", [name]).map_err(|error| trouble(&error))?;
        File::open(&to).and_then(|file| file.sync_all()).map_err(|error| StoreError::Disk(error.to_string()))
    })
    .await
}

/// Looks at all of a copy. Returns the version of its schema.
///
/// # Errors
/// [`StoreError::Damaged`], [`StoreError::NotADatabase`], [`StoreError::NewerSchema`], [`StoreError::Moved`], and what the disk says.
pub async fn check_copy(path: &Path) -> Result<i64, StoreError> {
    let path = path.to_owned();
    off_the_runtime(move || {
        let connection = open(&path)?;
        let said: String =
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|error| trouble(&error))?;
        if said != "ok" {
            return Err(StoreError::Damaged(said));
        }
        let orphan: Option<String> = connection
            .query_row("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1", [], |row| row.get(0))
            .optional()
            .map_err(|error| trouble(&error))?;
        if let Some(table) = orphan {
            return Err(StoreError::Damaged(format!("a row of {table} refers to one that is not there")));
        }
        schema_of(&connection)
    })
    .await
}

fn schema_of(connection: &Connection) -> Result<i64, StoreError> {
    let newest: Option<(i64, String)> = connection
        .query_row("SELECT version, description FROM _sqlx_migrations ORDER BY version DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(|error| match trouble(&error) {
            StoreError::Database(_) => StoreError::Damaged("it is no database of Skein".to_owned()),
            other => other,
        })?;
    let known = crate::dialect::newest_schema();
    match newest {
        Some((MOVED, place)) => Err(StoreError::Moved { place }),
        Some((found, _)) if found > known => Err(StoreError::NewerSchema { found, known }),
        Some((found, _)) => Ok(found),
        None => Err(StoreError::Damaged("it is no database of Skein".to_owned())),
    }
}

/// Makes a copy safe: the original went on after it was taken, and may have published anything since. Every account is held; what is due
/// by now has no grace left, so that it is missed when it is released, and is not sent again when it was on its way.
///
/// # Errors
/// [`StoreError`]; then nothing was changed.
pub async fn hold_copy(path: &Path, now: Timestamp) -> Result<Held, StoreError> {
    let path = path.to_owned();
    off_the_runtime(move || hold(&mut open(&path)?, now).map_err(|error| trouble(&error))).await
}

fn hold(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<Held> {
    let now = micros(now);
    let tx = connection.transaction()?;
    let count = |sql: &str, with_now: bool| -> rusqlite::Result<u64> {
        let values: &[i64] = if with_now { &[now] } else { &[] };
        tx.query_row(sql, rusqlite::params_from_iter(values), |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    };
    let held = Held {
        accounts: count("SELECT COUNT(*) FROM accounts", false)?,
        waiting: count(&format!("SELECT COUNT(*) FROM deliveries WHERE state IN {OPEN}"), false)?,
        overdue: count(&format!("SELECT COUNT(*) FROM deliveries WHERE state IN {OPEN} AND due <= ?1"), true)?,
        unsettled: count("SELECT COUNT(*) FROM deliveries WHERE state IN ('publishing', 'settling')", false)?,
    };
    tx.execute("UPDATE accounts SET held = 1", [])?;
    tx.execute("UPDATE deliveries SET grace_ms = 0 WHERE wake_at IS NOT NULL AND due <= ?1", [now])?;
    // Who waits for a platform's limit may leave beyond its grace: so nobody waits for one any more.
    tx.execute(
        "UPDATE deliveries SET state_json = json_remove(state_json, '$.waiting')
         WHERE state IN ('scheduled', 'ready') AND due <= ?1",
        [now],
    )?;
    // They live where the original is.
    tx.execute("DELETE FROM engines", [])?;
    tx.commit()?;
    Ok(held)
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| trouble(&error))?;
    connection
        .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
        .and_then(|()| connection.execute_batch("PRAGMA synchronous = FULL"))
        .map_err(|error| trouble(&error))?;
    Ok(connection)
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Database(error.to_string()))?
}

/// What SQLite says, in words that a person can act on.
fn trouble(error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Busy,
        Some(Code::DiskFull) => StoreError::DiskFull,
        Some(Code::ReadOnly) => StoreError::ReadOnly,
        Some(Code::SystemIoFailure | Code::CannotOpen) => StoreError::Disk(error.to_string()),
        Some(Code::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        Some(Code::NotADatabase) => StoreError::NotADatabase,
        _ => StoreError::Database(error.to_string()),
    }
}
