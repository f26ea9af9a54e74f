//! The suite that every ledger passes, on SQLite.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test that asked for a store")]

use std::sync::Arc;

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
