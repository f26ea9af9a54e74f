use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{Clock, Connector, FenceFrom, Stamp};
use skein_domain::{Account, Attached, Draft, Evidence, Finding, Outcome, Part, Prepared};

use super::*;
use crate::samples::{Samples, at_ms, draft, fault};
use crate::sim_clock::SimClock;

struct World {
    clock: SimClock,
    connector: FakeConnector,
    account: Account,
}

impl World {
    fn new() -> Self {
        let clock = SimClock::new(at_ms(0));
        let connector = FakeConnector::new(Arc::new(clock.clone()));
        Self { clock, connector, account: Samples::new(1).account("goose.example") }
    }

    async fn frozen(&self, texts: &[&str], ms: i64) -> Prepared {
        let stamp = Stamp { first_created_at: at_ms(ms), clock_id: 7, frozen_at: at_ms(ms - 1) };
        let resolved = self.connector.resolve(&self.account, &draft(texts), &Attached::default()).await.unwrap();
        self.connector.prepare(&self.account, &resolved.content, stamp).await.unwrap()
    }

    async fn send(&self, prepared: &Prepared, earlier: Option<&Evidence>) -> (Evidence, Outcome) {
        let step = self
            .connector
            .arm(&self.account, prepared, earlier.map_or(FenceFrom::Platform, FenceFrom::Evidence))
            .await
            .unwrap();
        let evidence = Evidence::first(self.clock.now(), step.fence().clone());
        (evidence, step.send().await)
    }

    async fn look(&self, prepared: &Prepared, evidence: &Evidence) -> Finding {
        self.connector.witness(&self.account, prepared, evidence).await
    }
}

#[tokio::test]
async fn a_thread_is_published_as_it_was_frozen() {
    let world = World::new();
    let thread = world.frozen(&["One.", "Two."], 5).await;
    assert_eq!(thread, world.frozen(&["One.", "Two."], 5).await, "the same stamp gives the same bytes");
    assert_ne!(thread.records[0], world.frozen(&["One.", "Two."], 6).await.records[0]);
    assert_eq!(thread.last_created_at, at_ms(6));
    assert_ne!(
        thread.records[1].cid,
        world.frozen(&["Uno.", "Two."], 5).await.records[1].cid,
        "the parent is hashed in"
    );

    world.clock.advance(SignedDuration::from_secs(2));
    let (evidence, outcome) = world.send(&thread, None).await;
    let Outcome::Published(proof) = outcome else { panic!("{outcome:?}") };
    assert_eq!(proof.records, thread.records);
    assert!(proof.commit.is_some());
    assert_eq!(world.connector.landings()[0].at, at_ms(2_000));
    assert_eq!(world.connector.landed_texts(&world.account.identity), ["One.", "Two."]);
    assert_eq!(world.connector.public_cid(&thread.records[1].uri), Some(thread.records[1].cid.clone()));
    assert!(matches!(world.look(&thread, &evidence).await, Finding::Found(found) if found.records == thread.records));
    let expected = Calls {
        check: 0,
        cards: 0,
        resolve: 4,
        upload: 0,
        prepare: 4,
        arm: 1,
        head: 1,
        send: 1,
        witness: 1,
        fence: 0,
        unpublish: 0,
    };
    assert_eq!(world.connector.calls(), expected);
}

#[tokio::test]
async fn a_moved_head_refuses_what_was_loaded_before() {
    let world = World::new();
    let one = world.frozen(&["One."], 5).await;
    let step = world.connector.arm(&world.account, &one, FenceFrom::Platform).await.unwrap();
    let evidence = Evidence::first(at_ms(0), step.fence().clone());
    assert_eq!(world.look(&one, &evidence).await, Finding::AbsentUnfenced);
    world.connector.foreign_write(&world.account.identity);
    assert!(matches!(world.look(&one, &evidence).await, Finding::Unknowable(_)));
    world.connector.absence_is_proof();
    assert_eq!(world.look(&one, &evidence).await, Finding::AbsentFenced);
    assert!(matches!(step.send().await, Outcome::RetryAt { at: None, .. }));
    assert!(matches!(world.send(&one, Some(&evidence)).await.1, Outcome::RetryAt { .. }), "the earlier fence is kept");
    assert!(matches!(world.send(&one, None).await.1, Outcome::Published(_)));
    assert_eq!(world.connector.landings().len(), 1);
}

#[tokio::test]
async fn replies_are_lost_before_and_after_the_write() {
    let world = World::new();
    let one = world.frozen(&["One."], 5).await;
    world.connector.order_send(SendOrder::ReplyLostBeforeWrite);
    world.connector.order_send(SendOrder::ReplyLostAfterWrite);
    let (evidence, outcome) = world.send(&one, None).await;
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert_eq!(world.look(&one, &evidence).await, Finding::AbsentUnfenced);
    let (again, outcome) = world.send(&one, Some(&evidence)).await;
    assert_eq!(again.fence, evidence.fence);
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert!(matches!(world.look(&one, &evidence).await, Finding::Found(_)));

    assert!(
        matches!(world.send(&one, None).await.1, Outcome::Unknown(_)),
        "an address that is taken answers a failure"
    );
    assert!(world.connector.delete_record(&world.account.identity, &one.records[0].uri));
    assert!(!world.connector.delete_record(&world.account.identity, &one.records[0].uri));
    assert!(matches!(world.look(&one, &evidence).await, Finding::Unknowable(_)));
    assert_eq!((world.connector.landings().len(), world.connector.sent().len()), (1, 3));
}

#[tokio::test]
async fn a_held_request_lands_when_it_is_released_or_meets_a_moved_fence() {
    let world = World::new();
    let (one, two) = (world.frozen(&["One."], 5).await, world.frozen(&["Two."], 6).await);
    world.connector.order_send(SendOrder::Hold);
    let step = world.connector.arm(&world.account, &one, FenceFrom::Platform).await.unwrap();
    let sending = tokio::spawn(step.send());
    world.connector.wait_for_held(1).await;
    assert!(world.connector.landings().is_empty() && !sending.is_finished());
    world.clock.advance(SignedDuration::from_secs(9));
    assert_eq!(world.connector.release(), Some(Arrival::Landed));
    assert!(matches!(sending.await.unwrap(), Outcome::Published(_)));
    assert_eq!(world.connector.landings()[0].at, at_ms(9_000));

    world.connector.order_send(SendOrder::ReplyLostWhileHeld);
    let (evidence, outcome) = world.send(&two, None).await;
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert!(matches!(world.send(&two, Some(&evidence)).await.1, Outcome::Published(_)), "the resend overtakes it");
    assert_eq!(world.connector.release(), Some(Arrival::FenceMoved));
    assert_eq!((world.connector.release(), world.connector.landings().len()), (None, 2));
}

#[tokio::test]
async fn a_held_request_whose_sender_died_still_lands() {
    let world = World::new();
    let one = world.frozen(&["One."], 5).await;
    world.connector.order_send(SendOrder::Hold);
    let step = world.connector.arm(&world.account, &one, FenceFrom::Platform).await.unwrap();
    let sending = tokio::spawn(step.send());
    world.connector.wait_for_held(1).await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    assert_eq!(world.connector.release(), Some(Arrival::Landed));
    assert_eq!(world.connector.landings().len(), 1);
}

#[tokio::test]
async fn ordered_answers_write_nothing_and_find_their_account() {
    let world = World::new();
    let one = world.frozen(&["One."], 5).await;
    world.connector.order_send_for("did:plc:somebody-else", SendOrder::ReplyLostBeforeWrite);
    let answers = [
        Outcome::RetryAt { at: Some(at_ms(9)), fault: fault("limit") },
        Outcome::Rejected(fault("no")),
        Outcome::BlobGone(fault("blob")),
        Outcome::AuthLost(fault("auth")),
        Outcome::Accepted { look_at: at_ms(3) },
    ];
    for answer in answers.clone() {
        world.connector.order_send(SendOrder::Answer(answer));
    }
    for answer in answers {
        assert_eq!(world.send(&one, None).await.1, answer);
    }
    assert!(world.connector.landings().is_empty());
    assert!(matches!(world.send(&one, None).await.1, Outcome::Published(_)));
}

#[tokio::test]
async fn obstacles_and_findings_come_as_ordered() {
    let world = World::new();
    let one = world.frozen(&["One."], 5).await;
    let evidence = Evidence::first(at_ms(0), json!({ "head": 1 }));
    let stamp = Stamp { first_created_at: at_ms(5), clock_id: 7, frozen_at: at_ms(4) };
    let obstacle = Obstacle::Retry { at: None, fault: fault("busy") };
    world.connector.order_prepare(obstacle.clone());
    let content = crate::samples::content(&draft(&["One."]));
    assert_eq!(world.connector.prepare(&world.account, &content, stamp).await, Err(obstacle));
    world.connector.order_arm(Obstacle::AuthLost(fault("auth")));
    assert!(
        world
            .connector
            .arm(&world.account, &one, FenceFrom::Platform)
            .await
            .is_err_and(|o| o == Obstacle::AuthLost(fault("auth")))
    );
    assert!(world.connector.arm(&world.account, &one, FenceFrom::Platform).await.is_ok());
    assert!(matches!(
        world.connector.prepare(&world.account, &json!({}), stamp).await,
        Err(Obstacle::Refused(fault)) if fault.code == "no_content"
    ));

    world.connector.order_inconclusive(2);
    world.connector.order_witness(Finding::Different(fault("other")));
    for _ in 0..2 {
        assert!(matches!(world.look(&one, &evidence).await, Finding::Inconclusive(_)));
    }
    assert_eq!(world.look(&one, &evidence).await, Finding::Different(fault("other")));
    assert_eq!(world.look(&one, &evidence).await, Finding::AbsentUnfenced);
}

#[tokio::test]
async fn something_else_at_the_address_is_different() {
    let world = World::new();
    let thread = world.frozen(&["One.", "Two."], 5).await;
    let (evidence, _) = world.send(&thread, None).await;
    let mut changed = thread.clone();
    changed.records[1].cid = "cid-other".to_owned();
    assert!(matches!(world.look(&changed, &evidence).await, Finding::Different(_)));
    world.connector.delete_record(&world.account.identity, &thread.records[0].uri);
    assert!(matches!(world.look(&thread, &evidence).await, Finding::Different(_)), "half a thread is not ours");
}

#[tokio::test]
async fn every_text_to_refuse_is_refused_and_every_text_to_warn_of_is_warned_of() {
    let world = World::new();
    let refused = draft(&["please refuse me", "fine", "refuse me"]);
    let faults = world.connector.resolve(&world.account, &refused, &Attached::default()).await.unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_deref().unwrap()).collect();
    assert_eq!(fields, ["parts[0].text", "parts[2].text"]);
    let resolved =
        world.connector.resolve(&world.account, &draft(&["fine", "warn me"]), &Attached::default()).await.unwrap();
    assert_eq!(resolved.warnings.iter().map(|w| w.field.as_str()).collect::<Vec<_>>(), ["parts[1].text"]);

    let long = Part::text("x".repeat(301));
    let empty = Part::text("");
    let codes = |draft: &Draft| world.connector.check(draft).into_iter().map(|fault| fault.code).collect::<Vec<_>>();
    let bad = Draft { parts: vec![long, empty], ..Draft::default() };
    assert_eq!(codes(&bad), ["too_many_graphemes", "empty_text"]);
    assert_eq!(codes(&Draft::default()), ["no_parts"]);
    assert_eq!(codes(&draft(&["x"; 26])), ["too_many_parts"]);
    assert!(codes(&draft(&["fine"])).is_empty());
}
