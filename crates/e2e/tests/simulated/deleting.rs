//! Taking back what was published, account by account.

use skein_domain::{Event, PostStatus, StateName};
use skein_intake::IntakeError;
use skein_testkit::samples;

use crate::{HOUR_MS, World};

#[tokio::test]
async fn what_is_public_is_taken_back_once_and_what_waits_is_left_alone() {
    let world = World::new(1);
    world.account("alice").await;
    let public = world.submit("hello|again", "alice", "in 1m").await;
    let waiting = world.submit("later", "alice", "in 2h").await;
    world.run_for(HOUR_MS).await;
    let never = world.intake.unpublish(&world.found(&waiting).await).await.unwrap_err();
    assert!(matches!(&never, IntakeError::Conflict(fault) if fault.code == "not_published"), "{never}");

    for _ in 0..2 {
        assert_eq!(world.intake.unpublish(&world.found(&public).await).await.unwrap(), []);
        assert_eq!(world.state(&public).await, StateName::Removed);
    }
    assert_eq!(world.platform.calls().unpublish, 1, "what is gone is not asked for again");
    let story = world.ledger.story(&world.delivery(&public).await.id).await.unwrap();
    assert_eq!(story.iter().filter(|line| line.event == Event::Unpublished).count(), 1);
    let found = world.found(&public).await;
    let view = world.intake.view(found.post, Vec::new()).await.unwrap();
    assert_eq!((view.status, view.deliveries[0].records.len()), (PostStatus::Removed, 2), "the receipt stays");
    world.run_for(2 * HOUR_MS).await;
    assert_eq!(world.state(&waiting).await, StateName::Published);
}

#[tokio::test]
async fn an_account_that_fails_stays_public_and_is_told_and_tried_again() {
    let world = World::new(2);
    world.account("alice").await;
    world.account("bob").await;
    let post = world.submit_to("hello", &["alice", "bob"], "in 1m").await;
    world.run_for(HOUR_MS).await;
    world.platform.order_unpublish(samples::fault("cannot_be_reached"));
    let faults = world.intake.unpublish(&world.found(&post).await).await.unwrap();
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].account.as_deref().is_some_and(|account| ["alice.test", "bob.test"].contains(&account)),
        "{faults:?}"
    );
    let view = world.intake.view(world.found(&post).await.post, Vec::new()).await.unwrap();
    let mut states: Vec<_> = view.deliveries.iter().map(|delivery| delivery.state).collect();
    states.sort();
    assert_eq!((states, view.status), (vec![StateName::Published, StateName::Removed], PostStatus::Published));
    assert_eq!(world.intake.unpublish(&world.found(&post).await).await.unwrap(), []);
    let view = world.intake.view(world.found(&post).await.post, Vec::new()).await.unwrap();
    assert_eq!(view.status, PostStatus::Removed);
}
