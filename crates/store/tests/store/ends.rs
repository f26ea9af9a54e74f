//! Whether a delivery is marked as over, where others wrote who do not know the mark.

use std::sync::Arc;

use skein_domain::StateName;
use skein_domain::ports::Ledger;
use skein_store::{MasterKey, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::samples::at_ms;

use crate::constraints::full;
use crate::scene::{Raw, Scene};

/// Made by the first slice of Skein, with the key beside it; what is in it is told by the test of the command line that opens it, too.
const FIRST_SLICE: &[u8] = include_bytes!("../../../e2e/tests/sandbox/first_slice/database");
const ITS_KEY: &[u8] = include_bytes!("../../../e2e/tests/sandbox/first_slice/key");

/// Each state that rows are in, and that they are marked just when it is one in which they are over.
async fn assert_marked(raw: &Raw) -> Vec<StateName> {
    let rows: Vec<(String, i64)> =
        raw.rows("SELECT DISTINCT state, CAST(is_over AS BIGINT) FROM deliveries ORDER BY state").await;
    let state_of = |name: &str| StateName::parse(name).unwrap();
    for (state, is_over) in &rows {
        assert_eq!(state_of(state).is_over(), *is_over == 1, "{state}");
    }
    rows.iter().map(|(state, _)| state_of(state)).collect()
}

/// As a database of the step before may be: old processes have ended some, and taken up others again.
pub(crate) async fn the_mark_is_set_right_where_the_schema_comes_to_hold_it(file: &Scene) {
    full(&file.store().await).await;
    let raw = file.raw().await;
    raw.without_checks().await;
    raw.execute("UPDATE deliveries SET is_over = 1 - is_over").await.unwrap();
    for index in ["unfinished_of_account", "left_unmarked"] {
        raw.execute(&format!("DROP INDEX deliveries_{index}")).await.unwrap();
    }
    raw.execute("DELETE FROM _sqlx_migrations WHERE version >= 13").await.unwrap();
    file.store().await;
    assert_eq!(assert_marked(&raw).await.len(), StateName::ALL.len());
}

pub(crate) async fn what_was_left_unmarked_is_read_and_is_marked_when_an_engine_starts(file: &Scene) {
    let store = file.store().await;
    full(&store).await;
    store.beat("engine", at_ms(1)).await.unwrap();
    let raw = file.raw().await;
    raw.execute("UPDATE deliveries SET is_over = 0").await.unwrap();
    let all = skein_domain::ports::QueueFilter { at_most: 100, ..Default::default() };
    assert_eq!(store.queue(&all).await.unwrap().len(), StateName::ALL.len());
    store.beat("engine", at_ms(2)).await.unwrap();
    let marks = "SELECT COUNT(*) FROM deliveries WHERE is_over = 1";
    assert_eq!(raw.rows::<(i64,)>(marks).await, [(0,)], "it goes on and does not start");
    store.beat("another", at_ms(2)).await.unwrap();
    assert_eq!(assert_marked(&raw).await.len(), StateName::ALL.len());
}

/// An account whose posts are all over can be removed, also where nobody has marked them.
pub(crate) async fn what_was_left_unmarked_keeps_no_account(file: &Scene) {
    let (store, samples) = (file.store().await, skein_testkit::Samples::new(8));
    let account = crate::scene::account(&store, &samples, "goose.example").await;
    for (ms, state) in (0..).zip(StateName::ALL.into_iter().filter(|state| state.is_over())) {
        crate::scene::submitted(&store, &samples, &account, state, ms).await;
    }
    file.raw().await.execute("UPDATE deliveries SET is_over = 0").await.unwrap();
    store.remove_account(&account.id).await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_slice_is_marked() {
    let file = Scene::file();
    std::fs::create_dir_all(file.path().parent().unwrap()).unwrap();
    std::fs::write(file.path(), FIRST_SLICE).unwrap();
    let key = MasterKey::from_base64(std::str::from_utf8(ITS_KEY).unwrap().trim()).unwrap();
    Store::open(&file.url(), key, Arc::new(SeededEntropy::new(2))).await.unwrap();
    let states = assert_marked(&file.raw().await).await;
    assert!(states.iter().any(|state| state.is_over()) && !states.iter().all(|state| state.is_over()), "{states:?}");
}
