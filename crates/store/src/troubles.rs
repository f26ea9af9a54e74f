//! What a disk and other processes can do to a store, and what people read then.

use std::path::Path;
use std::sync::Arc;

use skein_domain::ports::{Ledger, LedgerError};
use skein_domain::{Account, Delivery, Post, StateName};
use skein_testkit::samples::{self, at_ms};
use skein_testkit::{Samples, SeededEntropy};

use crate::dialect::Pools;
use crate::dialect::sqlite::{Pools as Sqlite, writer_options};
use crate::statement::sql;
use crate::{DatabaseUrl, MasterKey, Store, StoreError};

async fn store(folder: &Path) -> Store {
    let url = DatabaseUrl::from(folder.join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()
}

fn pools(store: &Store) -> &Sqlite {
    match &store.pools {
        Pools::Sqlite(pools) => pools,
        Pools::Postgres(_) => panic!("the store is a file"),
    }
}

async fn pragma(store: &Store, sql: &'static str) {
    sqlx::query(sql).execute(&pools(store).writer).await.unwrap();
}

fn large(samples: &Samples, account: &Account) -> (Post, Delivery) {
    let post = samples.post(&["A goose."], at_ms(10));
    let mut delivery = samples::in_state(samples.delivery(&post, account), StateName::Scheduled, at_ms(10));
    delivery.content = serde_json::json!({ "texts": ["goose ".repeat(20_000)] });
    (post, delivery)
}

#[track_caller]
fn assert_failed_with<T: std::fmt::Debug>(result: Result<T, LedgerError>, words: &str) {
    let Err(LedgerError::Failed(told)) = result else { panic!("expected a failure, got {result:?}") };
    assert!(told.contains(words), "{told}");
}

#[tokio::test]
async fn a_full_disk_is_told_keeps_nothing_by_halves_and_is_over_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let samples = Samples::new(3);
    let account = store.connect_account(samples.new_account("goose.example")).await.unwrap();
    pragma(&store, "PRAGMA max_page_count = 80").await;

    let mut kept = Vec::new();
    let refused = loop {
        let (post, delivery) = large(&samples, &account);
        match store.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await {
            Ok(()) => kept.push(delivery),
            Err(error) => {
                assert_failed_with(Err::<(), _>(error), "the disk is full");
                break (post, delivery);
            }
        }
        assert!(kept.len() < 100, "eighty pages hold less than this");
    };
    assert!(matches!(store.post(&refused.0.id).await, Err(LedgerError::NotFound(_))));
    for delivery in &kept {
        assert_eq!(store.delivery(&delivery.id).await.unwrap(), *delivery);
    }

    pragma(&store, "PRAGMA max_page_count = 1000000").await;
    store.submit(&refused.0, std::slice::from_ref(&refused.1), &[], &[]).await.unwrap();
    assert_eq!(store.delivery(&refused.1.id).await.unwrap(), refused.1);
}

#[tokio::test]
async fn a_connection_whose_transaction_ended_by_itself_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut tx = store.write().await.unwrap();
    // What SQLite does by itself when the disk is full, without the driver being told.
    sql("ROLLBACK").execute(&mut tx).await.unwrap();
    drop(tx);
    store.beat("engine", at_ms(1)).await.unwrap();
    assert_eq!(store.last_beat().await.unwrap(), Some(at_ms(1)), "the write is committed, not nested");
}

#[tokio::test]
async fn a_read_only_file_is_read_and_its_writes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path()).await;
    let samples = Samples::new(3);
    let account = store.connect_account(samples.new_account("goose.example")).await.unwrap();
    let options = writer_options(&folder.path().join("skein.db")).read_only(true);
    let writer = sqlx::SqlitePool::connect_with(options).await.unwrap();
    store.pools = Pools::Sqlite(Sqlite { writer, ..pools(&store).clone() });
    assert_failed_with(store.set_held(&account.id, true).await, "read-only");
    assert_eq!(store.account(&account.id).await.unwrap(), account);
}

#[tokio::test]
async fn a_database_that_another_process_keeps_locked_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (store(folder.path()).await, store(folder.path()).await);
    pragma(&one, "PRAGMA busy_timeout = 0").await;
    let lock = other.write().await.unwrap();
    assert_failed_with(one.beat("engine", at_ms(1)).await, "another process kept the database busy");
    assert_eq!(one.last_beat().await.unwrap(), None, "reading goes on meanwhile");
    drop(lock);
}

#[tokio::test]
async fn a_writer_waits_for_the_lock_of_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (store(folder.path()).await, store(folder.path()).await);
    let lock = other.write().await.unwrap();
    let writer = tokio::spawn(async move { one.beat("engine", at_ms(1)).await });
    tokio::task::yield_now().await;
    lock.commit().await.unwrap();
    writer.await.unwrap().unwrap();
    assert_eq!(other.last_beat().await.unwrap(), Some(at_ms(1)));
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut tx = store.read().await.unwrap();
    let refused = sql("DELETE FROM engines").execute(&mut tx).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
}

/// A temporary table lives as long as its connection.
const IS_MARKED: &str = "SELECT COUNT(*) FROM sqlite_temp_schema WHERE name = 'mark'";

async fn mark(store: &Store) {
    sqlx::raw_sql("CREATE TEMP TABLE mark (x)").execute(&pools(store).writer).await.unwrap();
    let on_reader = "PRAGMA query_only = OFF; CREATE TEMP TABLE mark (x); PRAGMA query_only = ON";
    sqlx::raw_sql(on_reader).execute(&pools(store).readers).await.unwrap();
    all_are_idle(store).await;
}

/// Whether the writer and the reader are those that were marked.
async fn are_marked(store: &Store) -> [i64; 2] {
    let Sqlite { writer, readers, .. } = pools(store);
    let marks = async |pool| sqlx::query_scalar::<_, i64>(IS_MARKED).fetch_one(pool).await.unwrap();
    let marked = [marks(writer).await, marks(readers).await];
    all_are_idle(store).await;
    marked
}

/// A connection goes back to its pool a moment after whoever had it has let it go; until then a reader more would be opened.
async fn all_are_idle(store: &Store) {
    while store.pool_usage().iter().any(|pool| pool.idle < pool.open) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_writes_after_a_file_took_no_writes_opens_it_anew_and_no_other_store_does() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, other) = (store(folder.path()).await, self::store(other.path()).await);
    for store in [&store, &other] {
        mark(store).await;
        store.beat("engine", at_ms(1)).await.unwrap();
        all_are_idle(store).await;
        assert_eq!(are_marked(store).await, [1, 1], "what takes writes stays open");
    }
    let mut tx = store.read().await.unwrap();
    let refused = sql("DELETE FROM engines").execute(&mut tx).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    drop(tx);
    for (store, marked) in [(&other, [1, 1]), (&store, [0, 0])] {
        all_are_idle(store).await;
        store.beat("engine", at_ms(2)).await.unwrap();
        all_are_idle(store).await;
        assert_eq!(are_marked(store).await, marked);
    }
}

#[tokio::test]
async fn what_was_committed_survives_a_process_that_ends_without_closing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let samples = Samples::new(3);
    let account = store.connect_account(samples.new_account("goose.example")).await.unwrap();
    let (post, delivery) = large(&samples, &account);
    store.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
    let mut unfinished = store.write().await.unwrap();
    sql("UPDATE accounts SET held = 1").execute(&mut unfinished).await.unwrap();

    // The files as the kernel has them at this moment, which is what the next process finds after a kill -9.
    let after = tempfile::tempdir().unwrap();
    for name in ["skein.db", "skein.db-wal"] {
        std::fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
    }
    let reopened = self::store(after.path()).await;
    assert_eq!(reopened.delivery(&delivery.id).await.unwrap(), delivery);
    assert_eq!(reopened.account(&account.id).await.unwrap(), account, "what was not committed is gone");
    drop(unfinished);
}
