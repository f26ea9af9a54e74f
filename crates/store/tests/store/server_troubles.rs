//! What a server can do to a store, what people read then, and that all goes on by itself afterwards.

use std::sync::Arc;

use skein_domain::StateName;
use skein_domain::ports::{Change, Ledger, LedgerError};
use skein_store::{DatabaseUrl, MasterKey, Store, StoreError};
use skein_testkit::samples::at_ms;
use skein_testkit::{Samples, SeededEntropy};

use crate::scene::{account, submitted};
use crate::servers::Databases;

/// More than a pool has connections.
const CONNECTIONS: usize = 16;

async fn open(url: &str) -> Result<Store, StoreError> {
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&DatabaseUrl::parse(url).unwrap(), key, Arc::new(SeededEntropy::new(2))).await
}

async fn refusal(url: &str) -> String {
    let opened = open(url).await;
    let Err(error @ StoreError::Opening { .. }) = opened else { panic!("{url}: {opened:?}") };
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_postgres_that_lets_nobody_in_is_told_with_what_to_do() {
    let mut databases = Databases::start().await;
    let server = databases.server.url();
    for sql in [
        "CREATE ROLE plain LOGIN PASSWORD 'hunter2'",
        "CREATE DATABASE crowded CONNECTION LIMIT 0",
        "CREATE DATABASE standby",
        "ALTER DATABASE standby SET default_transaction_read_only = on",
        "CREATE DATABASE foreign_owner",
    ] {
        databases.execute(sql).await;
    }
    let plain = |database: &str| databases.server.url_of(database).replace("skein@", "plain:hunter2@");
    for (url, told) in [
        (server.replace("skein@", "nobody:hunter2@"), "refuses the login"),
        (databases.server.url_of("nowhere"), "createdb"),
        (plain("crowded"), "no connection left"),
        (databases.server.url_of("standby"), "takes no writes"),
        (plain("foreign_owner"), "lacks a right"),
        (format!("{server}?sslmode=require"), "cannot be reached"),
    ] {
        let refusal = refusal(&url).await;
        assert!(refusal.contains(told) && refusal.contains("postgres://"), "{url}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    databases.server.stop().await.unwrap();
    let refusal = refusal(&server).await;
    assert!(refusal.contains("cannot be reached") && refusal.contains("start it"), "{refusal}");
}

/// Tries until it succeeds, as an engine does; each try uses up at most one connection that broke.
async fn beat(store: &Store, ms: i64) {
    for _ in 0..CONNECTIONS {
        match store.beat("engine", at_ms(ms)).await {
            Ok(()) => return,
            Err(LedgerError::Failed(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it does not come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_postgres_tells_other_processes_and_is_found_again_after_a_restart() {
    let mut databases = Databases::start().await;
    let url = databases.filled().await;
    let (one, other) = (open(&url).await.unwrap(), open(&url).await.unwrap());
    let samples = Samples::new(5);
    let account = account(&one, &samples, "goose.example").await;
    other.changed().await;

    let delivery = submitted(&one, &samples, &account, StateName::Scheduled, 1).await;
    other.changed().await;
    let change =
        Change::between(&delivery, delivery.after(skein_domain::Event::PastGrace { late_by_ms: 1 }).unwrap(), vec![]);
    one.save(&change).await.unwrap();
    other.changed().await;

    databases.server.stop().await.unwrap();
    let Err(LedgerError::Failed(told)) = one.beat("engine", at_ms(1)).await else { panic!("there is no server") };
    assert!(told.contains("server"), "{told}");
    databases.server.go_on().await.unwrap();
    beat(&one, 2).await;
    assert_eq!(one.delivery(&delivery.id).await.unwrap(), change.delivery, "what was committed is there");
    // It listens again, and says so, since something may have been missed.
    other.changed().await;
    submitted(&one, &samples, &account, StateName::Scheduled, 3).await;
    other.changed().await;

    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'case_%'";
    databases.execute(end_all).await;
    beat(&one, 4).await;
    assert_eq!(open(&url).await.unwrap().last_beat().await.unwrap(), Some(at_ms(4)));
}
