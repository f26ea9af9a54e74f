//! The suite that every ledger passes, on both databases.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test that asked for a store")]

#[path = "store/servers.rs"]
mod servers;

use std::sync::Arc;

use servers::Databases;
use skein_domain::ports::Ledger;
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;

/// A store whose folder goes away with the runtime of the test, which drops the task that holds it.
async fn empty() -> Arc<dyn Ledger> {
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

skein_testkit::ledger_conformance!(empty);

/// All cases on one server, since starting one takes longer than all of them.
#[tokio::test(flavor = "multi_thread")]
async fn real_postgres_passes_every_case() {
    let databases = Databases::start().await;
    skein_testkit::ledger_suite::all(async || {
        let url = DatabaseUrl::parse(&databases.filled().await).unwrap();
        let key = MasterKey::generate(&SeededEntropy::new(1));
        Arc::new(Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()) as Arc<dyn Ledger>
    })
    .await;
}
