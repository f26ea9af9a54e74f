//! How SQLite carries out the queries of the clockwork: by the partial indexes, never by walking the deliveries.

use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

use skein_domain::ports::QueueFilter;
use skein_domain::{AccountId, StateName};
use skein_testkit::SeededEntropy;
use skein_testkit::postgres::Postgres;

use crate::dialect::postgres::CLAIM_FREE;
use crate::dialect::{Connection, FIND_FREE_LANES, NEXT_WAKE};
use crate::statement::{sql as statement, sql_of_parts};
use crate::tables::deliveries::{ANY_UNFINISHED, COUNT_STATES, DUE_RUN, MARK_ENDS, UNSETTLED, list_sql};
use crate::tables::outbox::{CLAIMABLE, NEXT_NOTICE};
use crate::tables::profiles::{BY_ACTOR, BY_HANDLE};
use crate::{DatabaseUrl, MasterKey, Store};

async fn store(folder: &Path) -> Store {
    let url = DatabaseUrl::from(folder.join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()
}

/// Of thousands of deliveries one in so many waits.
const FEW: usize = 500;

/// Thousands of deliveries at rest and a few that wait, with the statistics that the database keeps of them.
async fn fill_and_analyze(store: &Store) {
    fill(store, FEW).await;
    let mut tx = store.write().await.unwrap();
    statement("ANALYZE").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn fill(store: &Store, one_in: usize) {
    let mut tx = store.write().await.unwrap();
    statement("INSERT INTO lanes (lane) VALUES ('one'), ('two')").execute(&mut tx).await.unwrap();
    statement("INSERT INTO posts VALUES ('post', 'personal', '{}', 0, 'UTC', 0, NULL, NULL)")
        .execute(&mut tx)
        .await
        .unwrap();
    sql_of_parts(format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO deliveries (id, post, account, lane, due, grace_ms, content, state, state_json, wake_at, attempts, version, submitted_at, is_over)
         SELECT 'dlv_' || i, 'post', 'acc', CASE WHEN i % 2 = 0 THEN 'one' ELSE 'two' END, i, 0, '{{}}',
                CASE WHEN i % {one_in} = 0 THEN 'scheduled' ELSE 'canceled' END,
                CASE WHEN i % {one_in} = 0 THEN '{{\"state\":\"scheduled\"' ELSE '{{\"state\":\"canceled\"' END,
                CASE WHEN i % {one_in} = 0 THEN i END, 0, 1, 0, CASE WHEN i % {one_in} = 0 THEN 0 ELSE 1 END FROM n",
    ))
    .execute(&mut tx)
    .await
    .unwrap();
    statement(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO outbox (id, subject, account, at, event, event_json, stage, wake_at, over_at, token, attempts, told)
         SELECT 'ntc_' || i, 'post_' || (i % 1000), 'acc', i, 'missed', '{\"event\":\"missed\"}',
                CASE WHEN i % 500 = 0 THEN 'waiting' ELSE 'handed_on' END,
                CASE WHEN i % 500 = 0 THEN i END, CASE WHEN i % 500 <> 0 THEN i END, 0, 0, '[]' FROM n",
    )
    .execute(&mut tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn plan(connection: &mut Connection, sql: &str) -> Vec<String> {
    let rows: Vec<(i64, i64, i64, String)> =
        sql_of_parts(format!("EXPLAIN QUERY PLAN {sql}")).fetch_all(connection).await.unwrap();
    rows.into_iter().map(|(_, _, _, step)| step).collect()
}

/// The same on PostgreSQL: the whole plan as text.
async fn server_plan(connection: &mut Connection, query: &str) -> String {
    // A plan for any values, as it is kept for a statement that is prepared once.
    statement("SET LOCAL plan_cache_mode = force_generic_plan").execute(connection).await.unwrap();
    let (types, values) = match query {
        CLAIM_FREE => ("(bigint, text, bigint, bigint)", "(1, 'w', 2, 8)"),
        FIND_FREE_LANES | CLAIMABLE => ("(bigint, bigint)", "(1, 8)"),
        DUE_RUN => ("(text, bigint, bigint)", "('one', 1, 16)"),
        UNSETTLED => ("(text, text)", "('one', 'dlv')"),
        COUNT_STATES => ("(bigint, bigint)", "(8, 8)"),
        ANY_UNFINISHED => ("(text)", "('acc')"),
        list if list == ready_of_account() => ("(text, text, bigint, bigint)", "('ready', 'acc', 0, 20)"),
        _ => ("", ""),
    };
    sql_of_parts(format!("PREPARE asked {types} AS {query}")).execute(connection).await.unwrap();
    let rows: Vec<(String,)> =
        sql_of_parts(format!("EXPLAIN EXECUTE asked {values}")).fetch_all(connection).await.unwrap();
    statement("DEALLOCATE asked").execute(connection).await.unwrap();
    rows.into_iter().map(|(line,)| line + "\n").collect()
}

/// What is asked before a post leaves: which of its account wait for a limit.
fn ready_of_account() -> String {
    list_sql(&QueueFilter {
        states: vec![StateName::Ready],
        account: Some(AccountId::mint(Timestamp::UNIX_EPOCH, &SeededEntropy::new(3))),
        due_from: Some(Timestamp::UNIX_EPOCH),
        ..QueueFilter::default()
    })
}

async fn store_on(server: &Postgres) -> Store {
    let key = MasterKey::generate(&SeededEntropy::new(1));
    let url = DatabaseUrl::parse(&server.url()).unwrap();
    Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()
}

#[tokio::test]
async fn real_postgres_without_statistics_reads_what_one_account_has_left_and_no_more() {
    let server = Postgres::start().await.unwrap();
    let store = store_on(&server).await;
    fill(&store, FEW).await;
    let mut tx = store.write().await.unwrap();
    for query in [ready_of_account().as_str(), ANY_UNFINISHED] {
        let plan = server_plan(&mut tx, query).await;
        let by_account = ["Index Cond: (account = ", "Index Cond: ((account = "].iter().any(|by| plan.contains(by));
        assert!(plan.contains("deliveries_unfinished_of_account") && by_account, "{query}\n{plan}");
    }
}

#[tokio::test]
async fn real_postgres_looks_for_what_was_left_unmarked_without_walking_through_what_waits() {
    let server = Postgres::start().await.unwrap();
    let store = store_on(&server).await;
    fill(&store, 2).await;
    let mut tx = store.write().await.unwrap();
    let plan = server_plan(&mut tx, MARK_ENDS).await;
    assert!(plan.contains("deliveries_left_unmarked"), "{plan}");
}

#[tokio::test]
async fn real_postgres_never_walks_through_history() {
    let server = Postgres::start().await.unwrap();
    let store = store_on(&server).await;
    fill_and_analyze(&store).await;
    let mut tx = store.write().await.unwrap();
    for (query, index) in [
        (NEXT_WAKE, "deliveries_awake"),
        (CLAIM_FREE, "deliveries_awake"),
        (FIND_FREE_LANES, "deliveries_awake"),
        (DUE_RUN, "deliveries_awake"),
        (DUE_RUN, "deliveries_in_hand"),
        (UNSETTLED, "deliveries_in_hand"),
        (COUNT_STATES, "deliveries_awake"),
        (COUNT_STATES, "deliveries_unfinished"),
        (CLAIMABLE, "outbox_awake"),
        (NEXT_NOTICE, "outbox_awake"),
    ] {
        let plan = server_plan(&mut tx, query).await;
        let walks = ["Seq Scan on deliveries", "Seq Scan on outbox"].iter().any(|walk| plan.contains(walk));
        assert!(plan.contains(index) && !walks, "{index}\n{plan}");
    }
    let walk = server_plan(&mut tx, "SELECT id FROM deliveries WHERE attempts = 1").await;
    assert!(walk.contains("Seq Scan on deliveries"), "the check notices a walk\n{walk}");
}

/// Steps that read a table of rows that stay for ever without an index that leaves most of them out.
fn walks(steps: &[String]) -> Vec<&String> {
    let partial = [
        "deliveries_awake ",
        "deliveries_unfinished ",
        "deliveries_unfinished_of_account ",
        "deliveries_left_unmarked ",
        "deliveries_awake_in_lane ",
        "deliveries_in_hand ",
        "lanes_leased",
        "outbox_awake ",
        "outbox_awake_of_subject ",
    ];
    steps
        .iter()
        .filter(|step| step.starts_with("SCAN") || !step.contains(" USING "))
        .filter(|step| {
            ["deliveries", " d", "lanes", " l", "posts", "story", "records", " o", " e"]
                .iter()
                .any(|t| step.contains(t))
        })
        .filter(|step| !partial.iter().any(|index| format!("{step} ").contains(index)))
        .collect()
}

#[tokio::test]
async fn the_clockwork_never_walks_through_history() {
    let folder = tempfile::tempdir().unwrap();
    assert_plans(&store(folder.path()).await).await;
}

#[tokio::test]
async fn the_clockwork_never_walks_through_history_once_statistics_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    fill_and_analyze(&store).await;
    assert_plans(&store).await;
}

async fn assert_plans(store: &Store) {
    let mut tx = store.read().await.unwrap();
    for (sql, index) in [
        (NEXT_WAKE, "deliveries_awake "),
        (NEXT_WAKE, "deliveries_awake_in_lane "),
        (NEXT_WAKE, "lanes_leased"),
        (FIND_FREE_LANES, "deliveries_awake "),
        (DUE_RUN, "deliveries_awake_in_lane "),
        (DUE_RUN, "deliveries_in_hand "),
        (UNSETTLED, "deliveries_in_hand "),
        (COUNT_STATES, "COVERING INDEX deliveries_awake_in_lane "),
        (COUNT_STATES, "deliveries_unfinished "),
        (MARK_ENDS, "deliveries_left_unmarked "),
        (ANY_UNFINISHED, "deliveries_unfinished_of_account "),
        (&ready_of_account(), "deliveries_unfinished_of_account "),
        (CLAIMABLE, "outbox_awake "),
        (CLAIMABLE, "outbox_awake_of_subject "),
        (NEXT_NOTICE, "outbox_awake "),
        (NEXT_NOTICE, "outbox_awake_of_subject "),
    ] {
        let steps = plan(&mut tx, sql).await;
        assert!(walks(&steps).is_empty(), "{sql}\n{steps:#?}");
        assert!(steps.iter().any(|step| format!("{step} ").contains(index)), "{index} is not used\n{steps:#?}");
    }
}

#[tokio::test]
async fn the_check_of_plans_notices_a_walk() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut tx = store.read().await.unwrap();
    for sql in [
        "SELECT MIN(wake_at) FROM deliveries NOT INDEXED WHERE wake_at IS NOT NULL",
        "SELECT d.id FROM deliveries d WHERE d.state IN ('preparing', 'publishing')",
    ] {
        let steps = plan(&mut tx, sql).await;
        assert!(!walks(&steps).is_empty(), "{steps:#?}");
    }
}

#[tokio::test]
async fn lists_of_what_waits_use_the_index_of_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut tx = store.read().await.unwrap();
    for states in [
        vec![StateName::Scheduled, StateName::Ready],
        vec![StateName::NeedsReview],
        StateName::ALL.into_iter().filter(|state| !state.is_over()).collect(),
    ] {
        let steps = plan(&mut tx, &list_sql(&QueueFilter { states, ..QueueFilter::default() })).await;
        assert!(steps.iter().any(|step| step.contains("deliveries_unfinished")), "{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:#?}");
    }
}

#[tokio::test]
async fn what_an_account_has_around_an_instant_is_read_from_its_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let around = QueueFilter {
        states: StateName::ALL.into_iter().filter(|state| *state != StateName::Canceled).collect(),
        account: Some(AccountId::mint(Timestamp::UNIX_EPOCH, &SeededEntropy::new(3))),
        due_from: Some(Timestamp::UNIX_EPOCH),
        due_until: Some(Timestamp::UNIX_EPOCH),
        ..QueueFilter::default()
    };
    for is_filled in [false, true] {
        if is_filled {
            fill_and_analyze(&store).await;
        }
        let mut tx = store.read().await.unwrap();
        for newest_first in [false, true] {
            let steps = plan(&mut tx, &list_sql(&QueueFilter { newest_first, ..around.clone() })).await;
            let by_index = "SEARCH deliveries USING INDEX deliveries_by_account (account=? AND due>? AND due<?)";
            assert!(steps.iter().any(|step| step == by_index), "{steps:#?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:#?}");
        }
    }
}

#[tokio::test]
async fn the_memory_of_a_lane_is_found_by_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut tx = store.read().await.unwrap();
    for sql in [
        "SELECT lease_token FROM lanes WHERE lane = $1",
        "SELECT uri, cid FROM records WHERE delivery = $1 ORDER BY part",
        "SELECT seq, at, event, event_json FROM story WHERE delivery = $1 ORDER BY seq",
        ANY_UNFINISHED,
        "SELECT id FROM posts WHERE workspace = $1 AND name = $2",
        "SELECT state, done_at FROM video_uploads WHERE did = $1 AND file = $2 AND state IS NOT NULL",
        "SELECT id FROM posts WHERE workspace = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4",
    ] {
        let steps = plan(&mut tx, sql).await;
        assert!(walks(&steps).is_empty(), "{sql}\n{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}\n{steps:#?}");
    }
}

#[tokio::test]
async fn a_profile_is_found_by_did_and_by_handle() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut tx = store.read().await.unwrap();
    for (sql, found) in [(BY_ACTOR, "(actor=?)"), (BY_HANDLE, "profiles_by_handle (handle=?)")] {
        let steps = plan(&mut tx, sql).await;
        assert!(steps.iter().all(|step| step.starts_with("SEARCH") && step.contains(found)), "{sql}\n{steps:#?}");
    }
}
