//! The schema defends the invariants by itself, and what was damaged anyway is told and not used.

use crate::scene::{Scene, account, submitted};
use skein_domain::ports::{Change, ContentHash, Ledger, LedgerError, NoticeFilter, Outbox};
use skein_domain::{
    Category, Delivery, Fault, Named, OnFailure, Policy, Post, PostName, Standing, StateName, WorkspaceId,
};
use skein_store::Store;
use skein_testkit::Samples;
use skein_testkit::samples::at_ms;

/// Every state once, an account that is fine and one that is not, with the notice of that, a lease, a session.
pub(crate) async fn full(store: &Store) {
    let samples = Samples::new(8);
    let account = account(store, &samples, "goose.example").await;
    for (ms, state) in (0..).zip(StateName::ALL) {
        submitted(store, &samples, &account, state, ms).await;
    }
    let other = crate::scene::account(store, &samples, "swan.example").await;
    let fault = Fault::new("ended", Category::AuthExpired, "It ended.");
    store.set_standing(&other.id, &Standing::NeedsReconnect { fault }, at_ms(3)).await.unwrap();
}

/// What breaks an invariant, and the name of that.
const BREACHES: &[(&str, &str)] = &[
    ("UPDATE accounts SET standing = 'gone'", "account_standing_is_known"),
    ("UPDATE accounts SET standing_fault = '{}' WHERE standing = 'active'", "account_fault_exactly_when_unusable"),
    ("UPDATE accounts SET standing_fault = NULL", "account_fault_exactly_when_unusable"),
    ("UPDATE accounts SET held = 2", "account_held_is_a_flag"),
    ("UPDATE posts SET name = 'launch'", "post_name_has_its_body"),
    ("UPDATE lanes SET lease_owner = 'w'", "lane_lease_is_whole"),
    ("UPDATE lanes SET lease_until = 1", "lane_lease_is_whole"),
    ("UPDATE lanes SET lease_token = -1", "lane_token_only_rises_from_zero"),
    ("UPDATE deliveries SET state = 'sent', state_json = '{\"state\":\"sent\"}'", "delivery_state_is_known"),
    (
        "UPDATE deliveries SET state = 'ready', armed_at = NULL WHERE state = 'publishing'",
        "delivery_state_agrees_with_its_data",
    ),
    ("UPDATE deliveries SET wake_at = NULL WHERE state = 'blocked'", "delivery_wakes_exactly_when_not_at_rest"),
    ("UPDATE deliveries SET wake_at = 1 WHERE state = 'published'", "delivery_wakes_exactly_when_not_at_rest"),
    ("UPDATE deliveries SET prepared = NULL WHERE state = 'ready'", "delivery_is_frozen_from_ready_on"),
    ("UPDATE deliveries SET prepared = NULL WHERE state = 'publishing'", "delivery_is_frozen_from_ready_on"),
    ("UPDATE deliveries SET prepared = NULL WHERE state = 'settling'", "delivery_is_frozen_from_ready_on"),
    ("UPDATE deliveries SET prepared = NULL WHERE state = 'needs_review'", "delivery_is_frozen_from_ready_on"),
    ("UPDATE deliveries SET prepared = NULL WHERE state = 'published'", "delivery_is_frozen_from_ready_on"),
    ("UPDATE deliveries SET prepared = '{}' WHERE state = 'scheduled'", "delivery_has_no_bytes_before_the_freeze"),
    ("UPDATE deliveries SET prepared = '{}' WHERE state = 'preparing'", "delivery_has_no_bytes_before_the_freeze"),
    ("UPDATE deliveries SET armed_at = NULL WHERE state = 'settling'", "delivery_has_evidence_exactly_while_unsettled"),
    ("UPDATE deliveries SET armed_at = 1 WHERE state = 'ready'", "delivery_has_evidence_exactly_while_unsettled"),
    ("UPDATE deliveries SET settled_at = NULL WHERE state = 'removed'", "delivery_has_a_receipt_exactly_when_public"),
    ("UPDATE deliveries SET settled_at = 1 WHERE state = 'failed'", "delivery_has_a_receipt_exactly_when_public"),
    ("UPDATE deliveries SET is_over = 1 WHERE state = 'needs_review'", "delivery_is_over_only_at_its_end"),
    ("UPDATE deliveries SET is_over = 1 WHERE state = 'scheduled'", "delivery_is_over_only_at_its_end"),
    ("UPDATE deliveries SET is_over = 2 WHERE state = 'canceled'", "delivery_is_over_only_at_its_end"),
    (
        "UPDATE deliveries SET state = 'scheduled', state_json = '{\"state\":\"scheduled\"}', wake_at = 1 WHERE state = 'missed'",
        "delivery_is_over_only_at_its_end",
    ),
    ("UPDATE deliveries SET attempts = -1", "delivery_attempts_are_counted"),
    ("UPDATE deliveries SET version = -1", "delivery_version_only_rises_from_zero"),
    ("UPDATE records SET part = -1", "record_part_is_counted"),
    ("INSERT INTO records SELECT lane, uri, cid, delivery, 99 FROM records LIMIT 1", "unique"),
    ("UPDATE deliveries SET lane = 'nowhere'", "foreign key"),
    ("DELETE FROM posts", "foreign key"),
    (
        "INSERT INTO story (delivery, at, event, event_json) SELECT id, 0, 'armed', '{\"event\":\"canceled\"}' FROM deliveries",
        "story_event_agrees_with_its_data",
    ),
    ("INSERT INTO sessions (did, service, version) VALUES ('d', 's', -1)", "session_version_only_rises_from_zero"),
    ("INSERT INTO sessions (did, service, version, lease_owner) VALUES ('d', 's', 0, 'w')", "session_lease_is_whole"),
    ("INSERT INTO profiles (actor, asked_at) VALUES ('did:plc:a', 0)", "profile_is_there_or_gone"),
    ("INSERT INTO profiles (actor, gone, asked_at) VALUES ('did:plc:a', 'away', 0)", "profile_gone_is_known"),
    ("UPDATE outbox SET stage = 'lost', wake_at = NULL, over_at = 1", "outbox_stage_is_known"),
    ("UPDATE outbox SET wake_at = NULL", "outbox_wakes_exactly_while_it_waits"),
    ("UPDATE outbox SET over_at = 1", "outbox_is_over_exactly_when_it_does_not_wait"),
    ("UPDATE outbox SET delivery = 'dlv'", "outbox_post_has_its_delivery"),
    ("UPDATE outbox SET event = 'missed'", "outbox_event_agrees_with_its_data"),
    ("UPDATE outbox SET token = -1", "outbox_token_only_rises_from_zero"),
    ("UPDATE outbox SET attempts = -1", "outbox_attempts_are_counted"),
    (
        "INSERT INTO video_uploads (did, file, changed_at, lease_owner) VALUES ('d', 'f', 0, 'w')",
        "video_upload_lease_is_whole",
    ),
    (
        "INSERT INTO video_uploads (did, file, changed_at, done_at) VALUES ('d', 'f', 0, 0)",
        "video_upload_is_done_with_its_state",
    ),
];

pub(crate) async fn what_breaks_an_invariant_is_refused_by_its_name(file: &Scene) {
    full(&file.store().await).await;
    let raw = file.raw().await;
    for &(sql, constraint) in BREACHES {
        let Err(refusal) = raw.execute(sql).await else { panic!("{sql} is taken") };
        assert!(refusal.to_lowercase().contains(constraint), "{sql}: {refusal}");
    }
    for name in crate::schema::checks(&raw).await {
        assert!(BREACHES.iter().any(|(_, tested)| *tested == name), "no case breaks {name}");
    }
}

/// A notice about a post, and an earlier one that is given up.
async fn given_up(store: &Store, samples: &Samples, account: &skein_domain::Account) {
    let failed = submitted(store, samples, account, StateName::Scheduled, 800).await;
    let refused = skein_domain::Event::Refused { fault: Fault::new("refused", Category::PlatformRejected, "No.") };
    let line = skein_domain::story::Line { delivery: failed.id.clone(), at: at_ms(800), event: refused.clone() };
    let change = Change::between(&failed, failed.after(refused).unwrap(), vec![line]);
    store.save(&change).await.unwrap();
    let held = store.claim_notices(at_ms(3), at_ms(4), 1).await.unwrap().remove(0);
    let given_up = skein_domain::ports::SettledNotice {
        id: held.kept.notice.id,
        token: held.token,
        stage: skein_domain::ports::Stage::GivenUp { at: at_ms(5) },
        attempts: 1,
        told: vec![],
        trouble: Some("mail: 550".to_owned()),
    };
    assert_eq!(store.settle_notices(&[given_up]).await.unwrap(), 1);
}

pub(crate) async fn every_nullable_column_is_written_with_and_without_a_value(file: &Scene) {
    let store = file.store().await;
    full(&store).await;
    let sessions = store.sessions();
    sessions.put("did:plc:a", "s", b"secret", None).await.unwrap();
    sessions.lease_refresh("did:plc:b", "s", "w", at_ms(0), at_ms(1)).await.unwrap();
    let samples = Samples::new(21);
    let leased = account(&store, &samples, "leased.example").await;
    let delivery = submitted(&store, &samples, &leased, StateName::Preparing, 700).await;
    let next = delivery.after(skein_domain::Event::LeaseLost { at: at_ms(700) }).unwrap();
    let change = Change { lane_clock: Some((None, at_ms(700))), ..Change::between(&delivery, next, vec![]) };
    store.save(&change).await.unwrap();
    let request = skein_domain::ports::ClaimRequest {
        owner: "w".to_owned(),
        now: at_ms(0),
        until: at_ms(1),
        lane: Some(leased.lane()),
    };
    store.claim(&request).await.unwrap().unwrap();

    let named = Named { name: PostName::parse("launch").unwrap(), body: ContentHash::of(b"body") };
    let post = Post { named: Some(named), ..samples.post(&["A goose."], at_ms(0)) };
    let policy = Policy { late: None, on_failure: Some(OnFailure::GiveUp) };
    store.set_policy(&WorkspaceId::parse("team").unwrap(), &policy).await.unwrap();
    let of_policy = Delivery { policy, ..samples.delivery(&post, &leased) };
    store.submit(&post, &[of_policy], &[], &[]).await.unwrap();

    store.calls().append(&[crate::calls::call("call_a", 1), crate::calls::bare("call_b", 2)]).await.unwrap();

    for known in [crate::profiles::seen("did:plc:a", "alice.test", 1), crate::profiles::gone("did:plc:b", 2)] {
        assert_eq!(store.profiles().keep(&known).await.unwrap(), None);
    }
    let videos = store.videos();
    for name in ["begun", "done"] {
        let of = skein_store::VideoFile { did: "did:plc:a", file: name };
        let lease = skein_store::UploadLease { owner: "w", now: at_ms(0), until: at_ms(1) };
        assert!(videos.lease(of, lease).await.unwrap());
        if name == "done" {
            let kept = skein_store::KeptUpload { state: "{}".to_owned(), done_at: Some(at_ms(0)) };
            assert!(videos.keep(of, &kept, lease).await.unwrap());
            videos.release(of, "w").await.unwrap();
        }
    }

    given_up(&store, &samples, &leased).await;

    let raw = file.raw().await;
    let columns = crate::schema::columns(&raw).await;
    let nullable: Vec<_> = columns.iter().filter(|column| column.is_nullable).collect();
    assert!(nullable.len() >= 10, "{nullable:?}");
    for crate::schema::Column { table, name: column, .. } in nullable {
        let sql = format!("SELECT COUNT(*) - COUNT({column}), COUNT({column}) FROM {table}");
        let [(without, with)] = raw.rows::<(i64, i64)>(&sql).await[..] else { panic!("a count is one row") };
        assert!(without > 0 && with > 0, "{table}.{column}: {without} without, {with} with a value");
    }
    let filter = skein_domain::ports::QueueFilter { at_most: 100, ..Default::default() };
    assert_eq!(store.queue(&filter).await.unwrap().len(), StateName::ALL.len() + 3);
}

pub(crate) async fn a_damaged_row_is_named_and_not_used(file: &Scene) {
    let damages = [
        ("state = 'canceled', wake_at = NULL", "state"),
        ("wake_at = wake_at + 1", "wake_at"),
        ("is_over = 1", "is_over"),
        ("state_json = '{'", "state_json"),
        ("state_json = '{\"state\":\"scheduled\"}'", "state_json"),
        ("content = 'x'", "content"),
        ("policy = '{\"late\":1}'", "policy"),
        ("prepared = '[]'", "prepared"),
        ("account = 'acc'", "account"),
        ("attempts = 4294967296", "attempts"),
        ("due = 9223372036854775807", "due"),
    ];
    for (damage, column) in damages {
        let file = file.another().await;
        let store = file.store().await;
        let samples = Samples::new(8);
        let account = account(&store, &samples, "goose.example").await;
        let delivery = submitted(&store, &samples, &account, StateName::Scheduled, 10).await;
        let raw = file.raw().await;
        raw.without_checks().await;
        raw.execute(&format!("UPDATE deliveries SET {damage}")).await.unwrap();
        let refused = store.delivery(&delivery.id).await;
        let Err(LedgerError::Invalid(told)) = refused else { panic!("{damage}: {refused:?}") };
        assert!(told.contains(column) && told.contains(delivery.id.as_str()), "{damage}: {told}");
    }
}

pub(crate) async fn a_damaged_policy_of_a_workspace_is_named_and_not_used(file: &Scene) {
    let (store, personal) = (file.store().await, WorkspaceId::personal());
    file.raw().await.execute("UPDATE workspaces SET policy = '{\"late\":\"2h\"}'").await.unwrap();
    let refused = store.policy(&personal).await;
    let Err(LedgerError::Invalid(told)) = refused else { panic!("{refused:?}") };
    assert!(told.contains("workspace personal") && told.contains("policy"), "{told}");
}

pub(crate) async fn a_damaged_notice_is_named_and_not_used(file: &Scene) {
    let damages = [
        ("stage = 'given_up', wake_at = NULL, over_at = NULL", "stage"),
        ("event = 'missed'", "event"),
        ("event_json = '{'", "event_json"),
        ("id = 'x'", "id"),
        ("account = 'x'", "account"),
        ("at = 9223372036854775807", "at"),
        ("attempts = 4294967296", "attempts"),
        ("told = '{}'", "told"),
    ];
    for (damage, column) in damages {
        let file = file.another().await;
        let store = file.store().await;
        full(&store).await;
        let raw = file.raw().await;
        raw.without_checks().await;
        raw.execute(&format!("UPDATE outbox SET {damage}")).await.unwrap();
        let refused = store.notices(&NoticeFilter { handed_on: true, at_most: 10 }).await;
        let Err(LedgerError::Invalid(told)) = refused else { panic!("{damage}: {refused:?}") };
        assert!(told.contains("notice ") && told.contains(column), "{damage}: {told}");
    }
}
