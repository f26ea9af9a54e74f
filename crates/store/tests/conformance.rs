//! The suite that every ledger passes, on both databases.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test that asked for a store")]

#[path = "store/servers.rs"]
mod servers;

use std::sync::Arc;

use servers::Databases;
use skein_domain::ports::{Ledger, Outbox};
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;

/// A store whose folder goes away with the runtime of the test, which drops the task that holds it.
async fn empty_store() -> Arc<Store> {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::from(folder.path().join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    let store = Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap();
    tokio::spawn(async move {
        let _folder = folder;
        std::future::pending::<()>().await;
    });
    Arc::new(store)
}

async fn empty() -> Arc<dyn Ledger> {
    empty_store().await
}

async fn empty_with_outbox() -> (Arc<dyn Ledger>, Arc<dyn Outbox>) {
    let store = empty_store().await;
    (store.clone(), store)
}

skein_testkit::ledger_conformance!(empty);
skein_testkit::outbox_conformance!(empty_with_outbox);

/// What a case leaves, in an order that the references between the tables allow.
const FORGET: &str =
    "DELETE FROM outbox; DELETE FROM records; DELETE FROM story; DELETE FROM deliveries; DELETE FROM post_files;
    DELETE FROM posts; DELETE FROM accounts; DELETE FROM lanes; DELETE FROM engines;
    DELETE FROM workspaces WHERE id <> 'personal'; UPDATE workspaces SET policy = NULL";

/// All cases on one server, since starting one takes longer than all of them, and on one store that is emptied before each.
#[tokio::test(flavor = "multi_thread")]
async fn real_postgres_passes_every_case() {
    let databases = Databases::start().await;
    let url = databases.filled().await;
    let key = MasterKey::generate(&SeededEntropy::new(1));
    let store = Store::open(&DatabaseUrl::parse(&url).unwrap(), key, Arc::new(SeededEntropy::new(2))).await.unwrap();
    let store = Arc::new(store);
    let shell = sqlx::PgPool::connect(&url).await.unwrap();
    skein_testkit::ledger_suite::all(async || {
        sqlx::raw_sql(FORGET).execute(&shell).await.unwrap();
        Arc::clone(&store) as Arc<dyn Ledger>
    })
    .await;
    skein_testkit::outbox_suite::all(async || {
        sqlx::raw_sql(FORGET).execute(&shell).await.unwrap();
        (Arc::clone(&store) as Arc<dyn Ledger>, Arc::clone(&store) as Arc<dyn Outbox>)
    })
    .await;
}
