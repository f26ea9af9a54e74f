//! The quick way: one small statement on the thread that asks. The driver's own way hands each statement to a thread and back,
//! which wakes two processors and costs several times what SQLite does.
//!
//! Nothing waits here: not for a lock, since whoever finds one goes the long way, where callers queue; and not for the disk,
//! since nothing is flushed. Both ways see the same file, and SQLite keeps them apart as it keeps processes apart.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, params_from_iter};

/// After so many statements one goes the long way: only there SQLite puts what was written back into the file, which takes a
/// while.
const RUN_AT_MOST: u32 = 500;

/// Pages kept in memory, in KiB: the statements are about a few rows.
const CACHE_KIB: i64 = 64;

/// A connection of its own, made when it is first needed.
pub(crate) struct Quick {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    connection: Option<Connection>,
    run: u32,
}

impl Quick {
    /// For a file that exists and has its schema.
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), open: Mutex::default() }
    }

    /// How many rows a statement changed, committed as lightly as [`super::sqlite::Pools::begin_light_write`]. `None` if nothing was changed,
    /// since somebody is writing, something failed, or the long way is due: there it is found out.
    pub(crate) fn execute(&self, sql: &'static str, values: &[&str]) -> Option<usize> {
        let mut open = self.open();
        if open.run >= RUN_AT_MOST {
            open.run = 0;
            return None;
        }
        open.run += 1;
        // One that fails is not used again.
        let connection = match open.connection.take() {
            Some(connection) => connection,
            None => connect(&self.path).ok()?,
        };
        let done = execute(&connection, sql, values);
        let is_sound = done.is_ok() || done.as_ref().is_err_and(is_busy);
        open.connection = is_sound.then_some(connection);
        done.ok()
    }

    /// So that the last connection to be closed is one of the long way.
    pub(crate) fn close(&self) {
        drop(self.open().connection.take());
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(&format!(
        "PRAGMA busy_timeout = 0; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -{CACHE_KIB}"
    ))?;
    Ok(connection)
}

fn execute(connection: &Connection, sql: &str, values: &[&str]) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(params_from_iter(values))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skein_testkit::SeededEntropy;

    use super::*;
    use crate::dialect::Pools;
    use crate::dialect::sqlite::CHECKPOINT_PAGES;
    use crate::tables::budget::{replace_beside, replace_one, replace_two};
    use crate::{DatabaseUrl, MasterKey, MeterRow, Store};

    const ALICE: MeterRow<'_> = MeterRow { meter: "writes", whose: "did:plc:alice" };
    const HOST: MeterRow<'_> = MeterRow { meter: "calls", whose: "pds.example" };
    const PAGE_BYTES: u64 = 4_096;

    async fn store(folder: &Path) -> Store {
        let url = DatabaseUrl::from(folder.join("skein.db").as_path());
        let key = MasterKey::generate(&SeededEntropy::new(1));
        Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()
    }

    fn quick_of(store: &Store) -> &Quick {
        match &store.pools {
            Pools::Sqlite(pools) => &pools.quick,
            Pools::Postgres(_) => unreachable!("the database is a file"),
        }
    }

    async fn put(store: &Store, tallies: [&str; 2]) {
        let mut keep = |_| Ok(tallies.map(str::to_owned).to_vec().into());
        store.budgets().change(&[ALICE, HOST], &mut keep).await.unwrap();
    }

    async fn kept(store: &Store) -> [String; 2] {
        let budgets = store.budgets();
        [budgets.get(ALICE).await.unwrap().unwrap(), budgets.get(HOST).await.unwrap().unwrap()]
    }

    #[tokio::test]
    async fn only_what_is_as_it_was_thought_to_be_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        put(&store, ["1", "1"]).await;
        let quick = quick_of(&store);
        assert_eq!(replace_one(quick, (ALICE, "0", "2")), Some(false));
        assert_eq!(replace_one(quick, (ALICE, "1", "2")), Some(true));
        assert_eq!(replace_beside(quick, (ALICE, "2", "3"), (HOST, "0")), Some(false));
        assert_eq!(replace_beside(quick, (ALICE, "2", "3"), (HOST, "1")), Some(true));
        assert_eq!(replace_two(quick, (ALICE, "3", "4"), (HOST, "0", "2")), Some(false));
        assert_eq!(kept(&store).await, ["3", "1"]);
        assert_eq!(replace_two(quick, (ALICE, "3", "4"), (HOST, "1", "2")), Some(true));
        assert_eq!(kept(&store).await, ["4", "2"]);
    }

    #[tokio::test]
    async fn it_waits_for_nobody_and_is_open_again_when_the_lock_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (store(folder.path()).await, store(folder.path()).await);
        put(&one, ["1", "1"]).await;
        let lock = other.write().await.unwrap();
        assert_eq!(replace_one(quick_of(&one), (ALICE, "1", "2")), None);
        lock.commit().await.unwrap();
        assert_eq!(replace_one(quick_of(&one), (ALICE, "1", "2")), Some(true));
        assert_eq!(kept(&other).await, ["2", "1"]);
    }

    #[tokio::test]
    async fn who_counts_while_another_process_writes_waits_on_the_long_way() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (store(folder.path()).await, store(folder.path()).await);
        let budgets = one.budgets();
        let count = async move |tally: &'static str| {
            budgets.change(&[HOST], &mut |_| Ok(vec![tally.to_owned()].into())).await.unwrap();
        };
        count("1").await;
        let lock = other.write().await.unwrap();
        let counting = tokio::spawn(async move { count("2").await });
        tokio::task::yield_now().await;
        lock.commit().await.unwrap();
        counting.await.unwrap();
        assert_eq!(other.budgets().get(HOST).await.unwrap().as_deref(), Some("2"));
    }

    #[tokio::test]
    async fn what_fails_changes_nothing_and_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        put(&store, ["1", "1"]).await;
        assert_eq!(quick_of(&store).execute("UPDATE nothing SET tally = ?1", &["2"]), None);
        assert_eq!(replace_one(quick_of(&store), (ALICE, "1", "2")), Some(true));
        assert_eq!(Quick::of(&folder.path().join("missing.db")).execute("SELECT 1", &[]), None);
        assert!(!folder.path().join("missing.db").exists());
    }

    #[tokio::test]
    async fn the_log_of_the_database_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let budgets = store.budgets();
        for count in 0..12 * RUN_AT_MOST {
            budgets.change(&[HOST], &mut |_| Ok(vec![count.to_string()].into())).await.unwrap();
        }
        let log = std::fs::metadata(folder.path().join("skein.db-wal")).unwrap();
        let at_most = CHECKPOINT_PAGES + 2 * RUN_AT_MOST;
        assert!(log.len() < u64::from(at_most) * PAGE_BYTES, "{} bytes", log.len());
    }
}
