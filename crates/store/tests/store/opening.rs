//! Opening a database: the first time, at the same time, with the wrong key, and when it is something else.

use std::os::unix::fs::PermissionsExt as _;

use crate::scene::Scene;
use skein_domain::ports::Ledger;
use skein_store::StoreError;
use skein_testkit::samples::at_ms;

#[track_caller]
fn words<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn the_files_are_made_for_their_owner_only() {
    let file = Scene::file();
    let store = file.store().await;
    store.beat("engine", at_ms(1)).await.unwrap();
    let folder = file.path().parent().unwrap().to_owned();
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[tokio::test]
async fn the_pools_of_a_file_are_one_that_writes_and_one_of_readers() {
    let file = Scene::file();
    let store = file.store().await;
    store.beat("engine", at_ms(1)).await.unwrap();
    store.last_beat().await.unwrap();
    let usage = store.pool_usage();
    let told: Vec<_> = usage.iter().map(|pool| (pool.name, pool.at_most)).collect();
    assert_eq!(told, [("writer", 1), ("readers", 4)]);
    assert!(usage.iter().all(|pool| pool.open >= 1 && pool.idle <= pool.open && pool.open <= pool.at_most));
}

pub(crate) async fn a_database_opens_again_with_what_it_held(file: &Scene) {
    let store = file.store().await;
    store.beat("engine", at_ms(1)).await.unwrap();
    store.close().await;
    assert_eq!(file.store().await.last_beat().await.unwrap(), Some(at_ms(1)));
}

pub(crate) async fn processes_that_start_at_once_migrate_once(file: &Scene) {
    let file = &file.untouched().await;
    let starters: Vec<_> = (0..8)
        .map(|_| {
            let file = file.clone();
            tokio::spawn(async move { file.store().await })
        })
        .collect();
    for (number, starter) in (0..).zip(starters) {
        starter.await.unwrap().beat("engine", at_ms(number)).await.unwrap();
    }
    let raw = file.raw().await;
    let [(steps, distinct)] =
        raw.rows::<(i64, i64)>("SELECT COUNT(*), COUNT(DISTINCT version) FROM _sqlx_migrations").await[..]
    else {
        panic!("a count is one row")
    };
    assert!(steps > 0 && steps == distinct);
    assert_eq!(raw.rows::<(i64,)>("SELECT COUNT(*) FROM vault_keys").await, [(1,)]);
}

pub(crate) async fn of_two_keys_at_the_first_start_one_is_taken(file: &Scene) {
    let file = &file.untouched().await;
    let starters: Vec<_> = [1, 2]
        .into_iter()
        .map(|seed| {
            let file = file.clone();
            tokio::spawn(async move { file.open(seed).await.map(|_| seed) })
        })
        .collect();
    let mut opened = Vec::new();
    for starter in starters {
        match starter.await.unwrap() {
            Ok(seed) => opened.push(seed),
            Err(error) => assert!(error.to_string().contains("another master key"), "{error}"),
        }
    }
    let [winner] = opened.as_slice() else { panic!("{opened:?}") };
    file.open(*winner).await.unwrap();
}

pub(crate) async fn a_wrong_key_is_told_at_once(file: &Scene) {
    file.store().await.close().await;
    let told = words(file.open(9).await);
    assert!(told.contains("another master key") && told.contains(&file.url().to_string()), "{told}");
    file.open(1).await.unwrap();
}

pub(crate) async fn a_database_of_a_newer_version_is_left_alone(file: &Scene) {
    file.store().await.close().await;
    let raw = file.raw().await;
    let later = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', true, {}, 0)",
        raw.bytes(&[0])
    );
    raw.execute(&later).await.unwrap();
    let told = words(file.open(1).await);
    assert!(told.contains("newer Skein") && told.contains("9999"), "{told}");
}

pub(crate) async fn a_database_with_another_history_is_left_alone(file: &Scene) {
    file.store().await.close().await;
    let raw = file.raw().await;
    raw.execute(&format!("UPDATE _sqlx_migrations SET checksum = {}", raw.bytes(&[0]))).await.unwrap();
    let told = words(file.open(1).await);
    assert!(told.contains(raw.either("schema step 1 ", "schema step 8 ")), "{told}");
}

#[tokio::test]
async fn another_file_is_not_touched() {
    let file = Scene::file();
    std::fs::create_dir_all(file.path().parent().unwrap()).unwrap();
    let letter = b"Dear SQLite, this is a letter and not a database. ".repeat(100);
    std::fs::write(file.path(), &letter).unwrap();
    let told = words(file.open(1).await);
    assert!(told.contains("not an SQLite database") && told.contains("skein.db"), "{told}");
    assert_eq!(std::fs::read(file.path()).unwrap(), letter);
}

#[tokio::test]
async fn a_path_that_cannot_be_is_told() {
    let file = Scene::file();
    std::fs::write(file.path().parent().unwrap(), b"in the way").unwrap();
    let told = words(file.open(1).await);
    assert!(told.contains("data") && told.contains("cannot be made"), "{told}");

    let file = Scene::file();
    std::fs::create_dir_all(file.path()).unwrap();
    let told = words(file.open(1).await);
    assert!(told.contains("cannot be opened") && told.contains("skein.db"), "{told}");
}
