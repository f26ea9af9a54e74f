//! Where PostgreSQL makes one transaction wait for another, so that what it read holds when it writes.

use std::sync::Arc;

use skein_domain::ports::{Change, ClaimRequest, Guard, Ledger, LedgerError};
use skein_domain::{Event, StateName};
use skein_testkit::Samples;
use skein_testkit::samples::{self, at_ms};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgTransaction};

use crate::budget::{ALICE, count_up, count_up_soon};
use crate::scene::{Scene, account, submitted};
use crate::servers::Databases;

/// A session of somebody else, in the middle of a transaction.
pub(crate) async fn meanwhile<'c>(connection: &'c mut PgConnection, sql: &str) -> PgTransaction<'c> {
    let mut tx = connection.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.unwrap();
    tx
}

/// Returns once a statement of the database waits for a lock.
pub(crate) async fn somebody_waits(connection: &mut PgConnection) {
    let waiting =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *connection).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn real_postgres_holds_what_a_writer_has_read() {
    let databases = Arc::new(Databases::start().await);
    a_write_under_a_claim_waits_for_whoever_takes_the_lane(&Scene::server(&databases).await).await;
    a_submission_waits_for_whoever_removes_its_account(&Scene::server(&databases).await).await;
    a_lane_that_is_being_taken_is_passed_over(&Scene::server(&databases).await).await;
    a_lease_whose_lane_is_locked_keeps_no_other_from_being_renewed(&Scene::server(&databases).await).await;
    a_renewal_that_is_not_answered_is_told_long_before_the_lease_ends(&Scene::server(&databases).await).await;
    a_count_is_shown_while_it_is_on_its_way(&Scene::server(&databases).await).await;
    transactions_that_block_each_other_are_done_again(&Scene::server(&databases).await).await;
}

async fn a_renewal_that_is_not_answered_is_told_long_before_the_lease_ends(scene: &Scene) {
    let (mut other, _) = sessions(scene).await;
    let (store, samples) = (scene.store().await, Samples::new(5));
    let account = account(&store, &samples, "goose.example").await;
    submitted(&store, &samples, &account, StateName::Scheduled, 1).await;
    let request = ClaimRequest { owner: "one".to_owned(), now: at_ms(10), until: at_ms(20), lane: None };
    let claim = store.claim(&request).await.unwrap().unwrap();
    let silent = meanwhile(&mut other, "LOCK TABLE lanes IN ACCESS EXCLUSIVE MODE").await;
    let told = store.renew(&claim, at_ms(30)).await.unwrap_err().to_string();
    assert!(told.contains("within 4 s"), "{told}");
    silent.commit().await.unwrap();
    store.renew(&claim, at_ms(30)).await.unwrap();
}

async fn a_count_is_shown_while_it_is_on_its_way(scene: &Scene) {
    let (mut other, mut observer) = sessions(scene).await;
    let budgets = scene.store().await.budgets();
    count_up(&budgets, ALICE).await;
    count_up_soon(&budgets, ALICE).await;
    let locking = meanwhile(&mut other, "SELECT tally FROM budget FOR UPDATE").await;
    let writer = budgets.clone();
    let counting = tokio::spawn(async move { count_up(&writer, ALICE).await });
    somebody_waits(&mut observer).await;
    assert_eq!(budgets.get(ALICE).await.unwrap().as_deref(), Some("3"));
    assert_eq!(budgets.list().await.unwrap()[0].tally, "3");
    locking.commit().await.unwrap();
    counting.await.unwrap();
    assert_eq!(scene.store().await.budgets().get(ALICE).await.unwrap().as_deref(), Some("3"));
}

pub(crate) async fn sessions(scene: &Scene) -> (PgConnection, PgConnection) {
    let Scene::Server { url, .. } = scene else { panic!("a file has no sessions") };
    (PgConnection::connect(url).await.unwrap(), PgConnection::connect(url).await.unwrap())
}

async fn a_write_under_a_claim_waits_for_whoever_takes_the_lane(scene: &Scene) {
    let (mut other, mut observer) = sessions(scene).await;
    let (store, samples) = (Arc::new(scene.store().await), Samples::new(5));
    let account = account(&*store, &samples, "goose.example").await;
    let delivery = submitted(&*store, &samples, &account, StateName::Scheduled, 1).await;
    let request = ClaimRequest { owner: "one".to_owned(), now: at_ms(10), until: at_ms(20), lane: None };
    let claim = store.claim(&request).await.unwrap().unwrap();
    let next = delivery.after(Event::PastGrace { late_by_ms: 1 }).unwrap();
    let guard = Guard::Lane { lane: claim.lane, token: claim.token };
    let change = Change { guard, ..Change::between(&delivery, next, vec![]) };
    let taking = meanwhile(&mut other, "UPDATE lanes SET lease_token = lease_token + 1").await;
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move { writer.save(&change).await });
    somebody_waits(&mut observer).await;
    taking.commit().await.unwrap();
    assert!(matches!(writing.await.unwrap(), Err(LedgerError::Lost)));
    assert_eq!(store.delivery(&delivery.id).await.unwrap(), delivery);
}

async fn a_submission_waits_for_whoever_removes_its_account(scene: &Scene) {
    let (mut other, mut observer) = sessions(scene).await;
    let (store, samples) = (Arc::new(scene.store().await), Samples::new(5));
    let account = account(&*store, &samples, "goose.example").await;
    let post = samples.post(&["A goose."], at_ms(1));
    let delivery = samples::in_state(samples.delivery(&post, &account), StateName::Scheduled, at_ms(1));
    let removing = meanwhile(&mut other, "DELETE FROM accounts").await;
    let (writer, id) = (Arc::clone(&store), post.id.clone());
    let submitting = tokio::spawn(async move { writer.submit(&post, &[delivery], &[], &[]).await });
    somebody_waits(&mut observer).await;
    removing.commit().await.unwrap();
    assert!(matches!(submitting.await.unwrap(), Err(LedgerError::NotFound(_))));
    assert!(matches!(store.post(&id).await, Err(LedgerError::NotFound(_))));
}

async fn a_lane_that_is_being_taken_is_passed_over(scene: &Scene) {
    let (mut other, _) = sessions(scene).await;
    let (store, samples) = (scene.store().await, Samples::new(5));
    let mut lanes = Vec::new();
    for handle in ["goose.example", "swan.example"] {
        let account = account(&store, &samples, handle).await;
        submitted(&store, &samples, &account, StateName::Scheduled, 1 + i64::try_from(lanes.len()).unwrap()).await;
        lanes.push(account.lane());
    }
    let _taking = meanwhile(&mut other, &format!("SELECT 1 FROM lanes WHERE lane = '{}' FOR UPDATE", lanes[0])).await;
    let request = ClaimRequest { owner: "one".to_owned(), now: at_ms(10), until: at_ms(20), lane: None };
    assert_eq!(store.claim(&request).await.unwrap().unwrap().lane, lanes[1], "and nobody waits");
    assert_eq!(store.claim(&request).await.unwrap(), None);
}

async fn a_lease_whose_lane_is_locked_keeps_no_other_from_being_renewed(scene: &Scene) {
    let (mut other, mut observer) = sessions(scene).await;
    let (store, samples) = (Arc::new(scene.store().await), Samples::new(5));
    let mut claims = Vec::new();
    for handle in ["goose.example", "swan.example"] {
        let lane = account(&*store, &samples, handle).await.lane();
        let request = ClaimRequest { owner: "one".to_owned(), now: at_ms(10), until: at_ms(20), lane: Some(lane) };
        claims.push(store.claim(&request).await.unwrap().unwrap());
    }
    let [locked, free]: [_; 2] = claims.try_into().unwrap();
    let lock = format!("SELECT 1 FROM lanes WHERE lane = '{}' FOR UPDATE", locked.lane);
    let locking = meanwhile(&mut other, &lock).await;
    let (keeper, claim) = (Arc::clone(&store), locked.clone());
    let mut renewing = tokio::spawn(async move { keeper.renew(&claim, at_ms(30)).await });
    tokio::select! {
        () = somebody_waits(&mut observer) => {}
        renewed = &mut renewing => panic!("it waits for nobody: {renewed:?}"),
    }
    store.renew(&free, at_ms(30)).await.unwrap();
    assert!(!renewing.is_finished());
    locking.commit().await.unwrap();
    renewing.await.unwrap().unwrap();
    for claim in [locked, free] {
        let again = ClaimRequest { owner: "two".to_owned(), now: at_ms(25), until: at_ms(40), lane: Some(claim.lane) };
        assert_eq!(store.claim(&again).await.unwrap(), None, "it holds longer than it did");
    }
}

/// The server ends one of two transactions that wait for each other: whichever asks first whether it waits in vain.
async fn transactions_that_block_each_other_are_done_again(scene: &Scene) {
    let (mut other, mut observer) = sessions(scene).await;
    let (store, samples) = (Arc::new(scene.store().await), Samples::new(5));
    let account = account(&*store, &samples, "goose.example").await;
    let post = samples.post(&["A goose."], at_ms(1));
    let delivery = samples::in_state(samples.delivery(&post, &account), StateName::Scheduled, at_ms(1));
    // The submission has the post's row, then waits for the account; the other session has the account, and wants that row.
    sqlx::query("SET deadlock_timeout = '1min'").execute(&mut other).await.unwrap();
    let mut removing = meanwhile(&mut other, "SELECT 1 FROM accounts FOR UPDATE").await;
    let (writer, id, draft) = (Arc::clone(&store), post.id.clone(), post.id.clone());
    let submitting = tokio::spawn(async move { writer.submit(&post, &[delivery], &[], &[]).await });
    somebody_waits(&mut observer).await;
    let same = format!(
        "INSERT INTO posts (id, workspace, draft, due, zone, submitted_at) VALUES ('{draft}', 'personal', '{{}}', 0, 'UTC', 0)"
    );
    sqlx::query(AssertSqlSafe(same)).execute(&mut *removing).await.unwrap();
    // It was the store's that was ended, and is now done again.
    removing.rollback().await.unwrap();
    submitting.await.unwrap().unwrap();
    assert_eq!(store.post(&id).await.unwrap().id, id);
}
