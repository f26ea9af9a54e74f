//! From a file to a server: everything arrives, once, and the file is closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skein_domain::ports::{ClaimRequest, Ledger, LedgerError, QueueFilter};
use skein_domain::{Leeway, Policy, StateName, WorkspaceId};
use skein_store::{DatabaseUrl, MasterKey, Store, StoreError, move_to_server};
use skein_testkit::samples::at_ms;
use skein_testkit::{Samples, SeededEntropy};

use crate::scene::{Raw, Scene, account, submitted};
use crate::server_locks::{meanwhile, sessions, somebody_waits};
use crate::servers::Databases;

const DID: &str = "did:plc:goose";
const SECRET: &[u8] = b"refresh-token-of-the-goose";
/// More than one statement takes.
const POSTS: i64 = 1_100;

/// A file with rows in most tables, and an empty database that no store was opened on.
async fn scenes(databases: &Arc<Databases>) -> (Scene, Scene) {
    let file = Scene::file();
    let (store, samples) = (file.store().await, Samples::new(5));
    let goose = account(&store, &samples, "goose.example").await;
    for ms in 0..POSTS {
        submitted(&store, &samples, &goose, StateName::Scheduled, ms).await;
    }
    for (ms, state) in (POSTS..).zip([StateName::Ready, StateName::Settling, StateName::Published, StateName::Failed]) {
        submitted(&store, &samples, &goose, state, ms).await;
    }
    store.sessions().put(DID, "atproto", SECRET, None).await.unwrap();
    let policy = Policy { late: Some(Leeway::parse("late", "2h").unwrap()), on_failure: None };
    store.set_policy(&WorkspaceId::personal(), &policy).await.unwrap();
    let raw = file.raw().await;
    let stories = "INSERT INTO story (delivery, at, event, event_json)
        SELECT id, due, 'submitted', '{\"event\":\"submitted\"}' FROM deliveries";
    raw.execute(stories).await.unwrap();
    store.close().await;
    (file, Scene::server(databases).await.untouched().await)
}

async fn moved(file: &Scene, server: &Scene, now: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
    move_to_server(&file.path(), &server.url(), now).await.map(|moved| moved.rows)
}

/// Every row of every table, but for what differs on purpose.
async fn rows(raw: &Raw) -> BTreeMap<String, Vec<(String,)>> {
    let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for column in crate::schema::columns(raw).await {
        let text = match (raw, column.kind.as_str()) {
            (Raw::File(_), "BLOB") => format!("hex({})", column.name),
            (Raw::Server(_), "BLOB") => format!("upper(encode({}, 'hex'))", column.name),
            _ => format!("CAST({} AS TEXT)", column.name),
        };
        all.entry(column.table).or_default().push(format!("coalesce({text}, 'NULL')"));
    }
    let mut found = BTreeMap::new();
    for (table, columns) in all {
        let sql = format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || '|' || "));
        let mut rows: Vec<(String,)> = raw.rows(&sql).await;
        rows.sort();
        found.insert(table, rows);
    }
    found
}

async fn is_empty(raw: &Raw) -> bool {
    let counts = rows(raw).await;
    counts.iter().all(|(table, rows)| rows.is_empty() || matches!(table.as_str(), "workspaces" | "vault_keys"))
}

#[track_caller]
fn words<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn real_postgres_takes_a_file_over() {
    let databases = Arc::new(Databases::start().await);
    everything_arrives_and_the_file_is_closed(&databases).await;
    what_is_not_empty_or_in_use_is_refused_and_nothing_changes(&databases).await;
    a_copy_that_fails_leaves_nothing_there_and_the_file_as_it_was(&databases).await;
    a_copy_that_is_cut_off_leaves_nothing_there_and_the_file_as_it_was(&databases).await;
    a_copy_that_the_server_did_not_keep_is_made_again(&databases).await;
}

async fn everything_arrives_and_the_file_is_closed(databases: &Arc<Databases>) {
    let (file, server) = scenes(databases).await;
    let still_open = file.store().await;
    let before = rows(&file.raw().await).await;
    let told = moved(&file, &server, at_ms(0)).await.unwrap();
    let of = |table: &str| told.iter().find(|(name, _)| name == table).map(|(_, rows)| *rows);
    assert_eq!((of("deliveries"), of("story"), of("sessions")), (Some(1_104), Some(1_104), Some(1)));
    assert_eq!(rows(&server.raw().await).await, before);

    let store = server.store().await;
    assert_eq!(store.sessions().get(DID, "atproto").await.unwrap().unwrap().secret.as_slice(), SECRET);
    let samples = Samples::new(6);
    let swan = account(&store, &samples, "swan.example").await;
    let delivery = submitted(&store, &samples, &swan, StateName::Scheduled, 1).await;
    let line = "INSERT INTO story (delivery, at, event, event_json) VALUES ('{}', 1, 'submitted', '{\"event\":\"submitted\"}')";
    let raw = server.raw().await;
    raw.execute(&line.replacen("{}", delivery.id.as_str(), 1)).await.unwrap();
    assert_eq!(raw.rows::<(i64,)>("SELECT MAX(seq) FROM story").await, [(1_105,)], "numbers go on");

    let place = server.url().to_string();
    let told = words(file.open(1).await);
    assert!(told.contains(&format!("it was moved to {place}")) && told.contains("SKEIN_DATABASE_URL"), "{told}");
    // A process that has it open claims nothing any more.
    let request = ClaimRequest { owner: "old".to_owned(), now: at_ms(9), until: at_ms(19), lane: None };
    let refused = still_open.claim(&request).await.unwrap_err();
    assert!(matches!(&refused, LedgerError::Invalid(why) if why.contains(&place)), "{refused:?}");
    // Nor does an older version open it, which knows nothing of moves.
    let newest: Vec<(i64,)> = file.raw().await.rows("SELECT MAX(version) FROM _sqlx_migrations").await;
    assert_eq!(newest, [(i64::MAX,)]);
    let told = words(moved(&file, &server, at_ms(0)).await);
    assert_eq!(told, format!("everything is at {place} already; set SKEIN_DATABASE_URL to that"));
    let told = words(moved(&file, &server.untouched().await, at_ms(0)).await);
    assert!(told.contains(&format!("it was moved to {place}")), "{told}");
}

async fn what_is_not_empty_or_in_use_is_refused_and_nothing_changes(databases: &Arc<Databases>) {
    let (file, server) = scenes(databases).await;
    // Of somebody else, with another key.
    let store = server.open(9).await.unwrap();
    account(&store, &Samples::new(7), "swan.example").await;
    store.close().await;
    let (here, there) = (rows(&file.raw().await).await, rows(&server.raw().await).await);
    let told = words(moved(&file, &server, at_ms(0)).await);
    assert!(told.contains("its table lanes has rows") && told.contains(&server.url().to_string()), "{told}");
    assert_eq!((rows(&file.raw().await).await, rows(&server.raw().await).await), (here, there));

    let server = server.untouched().await;
    let store = file.store().await;
    store.beat("host:17", at_ms(0)).await.unwrap();
    let told = words(moved(&file, &server, at_ms(9_999)).await);
    assert!(told.contains("an engine works on it (host:17)"), "{told}");
    store.end_beat("host:17").await.unwrap();
    let request = ClaimRequest { owner: "host:18".to_owned(), now: at_ms(9), until: at_ms(60_000), lane: None };
    store.claim(&request).await.unwrap().unwrap();
    let told = words(moved(&file, &server, at_ms(59_999)).await);
    assert!(told.contains("an engine works on it (host:18)"), "{told}");
    moved(&file, &server, at_ms(60_000)).await.unwrap();
}

async fn a_copy_that_fails_leaves_nothing_there_and_the_file_as_it_was(databases: &Arc<Databases>) {
    let (file, server) = scenes(databases).await;
    let before = rows(&file.raw().await).await;
    server.store().await.close().await;
    let raw = server.raw().await;
    // Behind the deliveries, which are there by then.
    raw.execute("ALTER TABLE story ADD CONSTRAINT no_geese CHECK (delivery = '')").await.unwrap();
    let told = words(moved(&file, &server, at_ms(0)).await);
    assert!(told.contains("a row of story does not fit there") && told.contains("no_geese"), "{told}");
    assert!(is_empty(&raw).await);
    assert_eq!(rows(&file.raw().await).await, before);
    let store = file.store().await;
    let all = QueueFilter { at_most: 10_000, ..QueueFilter::default() };
    assert_eq!(store.queue(&all).await.unwrap().len(), 1_104);
    raw.execute("ALTER TABLE story DROP CONSTRAINT no_geese").await.unwrap();
    moved(&file, &server, at_ms(0)).await.unwrap();
    assert_eq!(rows(&raw).await, before);
}

/// As when the process is killed in the middle: both ends of its connections are closed, and nothing else happens.
async fn a_copy_that_is_cut_off_leaves_nothing_there_and_the_file_as_it_was(databases: &Arc<Databases>) {
    let (file, server) = scenes(databases).await;
    let before = rows(&file.raw().await).await;
    server.store().await.close().await;
    let (raw, (mut other, mut observer)) = (server.raw().await, sessions(&server).await);
    raw.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN PERFORM pg_advisory_xact_lock(17); RETURN NULL; END $$",
    )
    .await
    .unwrap();
    raw.execute("CREATE TRIGGER waits AFTER INSERT ON story FOR EACH STATEMENT EXECUTE FUNCTION wait()").await.unwrap();
    let held = meanwhile(&mut other, "SELECT pg_advisory_xact_lock(17)").await;
    let (from, to) = (file.path(), server.url());
    let moving = tokio::spawn(async move { move_to_server(&from, &to, at_ms(0)).await });
    somebody_waits(&mut observer).await;
    moving.abort();
    assert!(moving.await.unwrap_err().is_cancelled());
    held.commit().await.unwrap();
    assert!(is_empty(&raw).await);
    let store = file.store().await;
    assert_eq!(rows(&file.raw().await).await, before);
    store.beat("engine", at_ms(1)).await.unwrap();
    store.end_beat("engine").await.unwrap();
    store.close().await;
    raw.execute("DROP TRIGGER waits ON story").await.unwrap();
    moved(&file, &server, at_ms(60_000)).await.unwrap();
    assert_eq!(rows(&raw).await, before);
}

/// Cut off behind the mark of the file and before the end of the server's transaction.
async fn a_copy_that_the_server_did_not_keep_is_made_again(databases: &Arc<Databases>) {
    let (file, server) = scenes(databases).await;
    let before = rows(&file.raw().await).await;
    server.store().await.close().await;
    let raw = server.raw().await;
    raw.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$",
    )
    .await
    .unwrap();
    raw.execute(
        "CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    .await
    .unwrap();
    let error = moved(&file, &server, at_ms(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsure { .. }) && error.to_string().contains("repeat the command"), "{error}");
    assert!(is_empty(&raw).await);
    assert!(words(file.open(1).await).contains("it was moved to"), "it is closed meanwhile");
    raw.execute("DROP TRIGGER at_the_end ON accounts").await.unwrap();
    moved(&file, &server, at_ms(0)).await.unwrap();
    assert_eq!(rows(&raw).await, before);
}

#[tokio::test]
async fn a_file_is_not_moved_to_a_file() {
    let file = Scene::file();
    file.store().await;
    let to = DatabaseUrl::from(file.path().with_file_name("other.db").as_path());
    assert!(matches!(move_to_server(&file.path(), &to, at_ms(0)).await, Err(StoreError::BadAddress(_))));
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&file.url(), key, Arc::new(SeededEntropy::new(2))).await.unwrap();
}
