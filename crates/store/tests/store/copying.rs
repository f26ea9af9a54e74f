//! Copies of a file: while somebody writes, when they are damaged, and before they stand in for the original.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use skein_domain::ports::{Ledger, QueueFilter};
use skein_domain::{Category, Fault, State, StateName, Waiting};
use skein_store::{DatabaseUrl, MasterKey, Store, StoreError, check_copy, copy_database, hold_copy};
use skein_testkit::samples::at_ms;
use skein_testkit::{Samples, SeededEntropy};

use crate::scene::{Scene, account, submitted};

fn beside(file: &Scene, name: &str) -> PathBuf {
    file.path().with_file_name(name)
}

async fn opened(path: &std::path::Path) -> Store {
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&DatabaseUrl::from(path), key, Arc::new(SeededEntropy::new(2))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_is_one_moment_of_a_database_that_is_being_written() {
    let file = Scene::file();
    let (store, samples) = (Arc::new(file.store().await), Samples::new(5));
    let goose = account(&*store, &samples, "goose.example").await;
    submitted(&*store, &samples, &goose, StateName::Scheduled, 1).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (writer, stopped) = (Arc::clone(&store), Arc::clone(&stop));
    let writing = tokio::spawn(async move {
        let mut ms = 2;
        while !stopped.load(Ordering::Relaxed) {
            submitted(&*writer, &samples, &goose, StateName::Scheduled, ms).await;
            ms += 1;
        }
        ms - 1
    });
    let mut copied = Vec::new();
    for name in ["one.db", "two.db", "three.db"] {
        let copy = beside(&file, name);
        copy_database(&file.path(), &copy).await.unwrap();
        check_copy(&copy).await.unwrap();
        let all = QueueFilter { at_most: 100_000, ..QueueFilter::default() };
        let found = opened(&copy).await.queue(&all).await.unwrap();
        // Whatever was there before, and nothing with a gap in it.
        let dues: Vec<_> = found.iter().map(|delivery| delivery.due).collect();
        assert_eq!(dues, (1..=found.len()).map(|ms| at_ms(i64::try_from(ms).unwrap())).collect::<Vec<_>>());
        copied.push(found.len());
    }
    stop.store(true, Ordering::Relaxed);
    let written = writing.await.unwrap();
    assert!(copied.is_sorted() && copied[0] >= 1, "{copied:?}");
    assert!(i64::try_from(copied[2]).unwrap() <= written, "{copied:?} of {written}");
}

#[tokio::test]
async fn a_copy_is_never_written_over_something() {
    let file = Scene::file();
    file.store().await;
    let there = beside(&file, "there.db");
    std::fs::write(&there, b"something else").unwrap();
    copy_database(&file.path(), &there).await.unwrap_err();
    assert_eq!(std::fs::read(&there).unwrap(), b"something else");
    copy_database(&beside(&file, "missing.db"), &beside(&file, "copy.db")).await.unwrap_err();
    assert!(!beside(&file, "missing.db").exists());
}

#[tokio::test]
async fn a_damaged_copy_and_what_is_none_are_told() {
    let file = Scene::file();
    let (store, samples) = (file.store().await, Samples::new(5));
    let goose = account(&store, &samples, "goose.example").await;
    for ms in 0..200 {
        submitted(&store, &samples, &goose, StateName::Scheduled, ms).await;
    }
    let copy = beside(&file, "copy.db");
    copy_database(&file.path(), &copy).await.unwrap();
    let schema = check_copy(&copy).await.unwrap();
    let whole = std::fs::read(&copy).unwrap();

    let mut cut = whole.clone();
    cut.truncate(whole.len() / 2);
    let mut overwritten = whole.clone();
    let middle = whole.len() / 2;
    overwritten[middle..middle + 4_096].fill(0x5a);
    for bytes in [cut, overwritten] {
        std::fs::write(&copy, bytes).unwrap();
        let error = check_copy(&copy).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    }
    std::fs::write(&copy, b"this is a text and no database, long enough to have a whole header of one".repeat(9))
        .unwrap();
    assert!(matches!(check_copy(&copy).await, Err(StoreError::NotADatabase)));
    std::fs::write(&copy, b"").unwrap();
    assert!(matches!(check_copy(&copy).await, Err(StoreError::Damaged(_))));

    let raw = file.raw().await;
    raw.execute(&format!("UPDATE _sqlx_migrations SET version = {} WHERE version = {schema}", schema + 1))
        .await
        .unwrap();
    let later = beside(&file, "later.db");
    copy_database(&file.path(), &later).await.unwrap();
    let error = check_copy(&later).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { .. }), "{error:?}");
}

#[tokio::test]
async fn a_copy_is_held_and_what_is_due_has_no_grace_left() {
    let file = Scene::file();
    let (store, samples) = (file.store().await, Samples::new(5));
    let goose = account(&store, &samples, "goose.example").await;
    account(&store, &samples, "swan.example").await;
    let due = submitted(&store, &samples, &goose, StateName::Scheduled, 10).await;
    let blocked = submitted(&store, &samples, &goose, StateName::Blocked, 20).await;
    let later = submitted(&store, &samples, &goose, StateName::Ready, 1_000).await;
    let sent = submitted(&store, &samples, &goose, StateName::Settling, 5).await;
    let post = samples.post(&["Limited."], at_ms(15));
    let mut limited = samples.delivery(&post, &goose);
    let fault = Fault::new("rate_limited", Category::RateLimit, "The budget is spent.");
    limited.state = State::Scheduled { wake_at: at_ms(900_000), waiting: Some(Waiting::Retry { fault }) };
    store.submit(&post, &[limited.clone()], &[], &[]).await.unwrap();
    let done = submitted(&store, &samples, &goose, StateName::Published, 1).await;
    store.beat("engine", at_ms(1)).await.unwrap();
    let copy = beside(&file, "copy.db");
    copy_database(&file.path(), &copy).await.unwrap();
    let held = hold_copy(&copy, at_ms(20)).await.unwrap();
    assert_eq!((held.accounts, held.waiting, held.overdue, held.unsettled), (2, 4, 3, 1));

    let restored = opened(&copy).await;
    let accounts = restored.accounts(&goose.workspace).await.unwrap();
    assert!(accounts.len() == 2 && accounts.iter().all(|account| account.held));
    assert_eq!(restored.last_beat().await.unwrap(), None, "the engine is that of the original");
    for (delivery, has_grace) in [(&due, false), (&blocked, false), (&later, true), (&sent, false), (&done, true)] {
        let restored = restored.delivery(&delivery.id).await.unwrap();
        assert_eq!(restored.grace_ends() > restored.due, has_grace, "{:?}", delivery.state.name());
    }
    let limited = restored.delivery(&limited.id).await.unwrap();
    let State::Scheduled { waiting: None, .. } = limited.state else {
        panic!("a limit may prolong its grace: {limited:?}")
    };
    assert!(!store.accounts(&goose.workspace).await.unwrap()[0].held, "the original goes on");
}
