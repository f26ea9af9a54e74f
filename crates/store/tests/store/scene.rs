//! A database file of one test, and the ways in which the tests open it.

use std::path::PathBuf;
use std::sync::Arc;

use skein_domain::ports::Ledger;
use skein_domain::{Account, Delivery, StateName};
use skein_store::{DatabaseUrl, MasterKey, Store, StoreError};
use skein_testkit::samples::{self, at_ms};
use skein_testkit::{Samples, SeededEntropy};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

/// A folder that goes away with the test, and the path of a database in it.
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data/skein.db")
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        DatabaseUrl::from(self.path().as_path())
    }

    /// A store as another process would open it: with connections of its own.
    pub(crate) async fn store(&self) -> Store {
        self.open(1).await.unwrap()
    }

    pub(crate) async fn open(&self, key_seed: u64) -> Result<Store, StoreError> {
        let key = MasterKey::generate(&SeededEntropy::new(key_seed));
        Store::open(&self.url(), key, Arc::new(SeededEntropy::new(2))).await
    }

    /// The file without the store: what somebody with a database shell could do.
    pub(crate) async fn raw(&self) -> SqlitePool {
        SqlitePool::connect_with(SqliteConnectOptions::new().filename(self.path()).foreign_keys(true)).await.unwrap()
    }
}

/// A connected account.
pub(crate) async fn account(ledger: &impl Ledger, samples: &Samples, handle: &str) -> Account {
    ledger.connect_account(samples.new_account(handle)).await.unwrap()
}

/// A submitted delivery, due and awake at so many milliseconds after the first instant.
pub(crate) async fn submitted(
    ledger: &impl Ledger,
    samples: &Samples,
    account: &Account,
    state: StateName,
    ms: i64,
) -> Delivery {
    let post = samples.post(&["A goose."], at_ms(ms));
    let delivery = samples::in_state(samples.delivery(&post, account), state, at_ms(ms));
    ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
    delivery
}
