//! Arming looks at the budget, so that sending need not.

use jiff::SignedDuration;
use skein_atproto::syntax::Did;
use skein_bluesky::budget::{Answered, Ceiling, Meter, Said, Tally, Told};
use skein_bluesky::journal::BudgetJournal;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{Connector, FenceFrom};
use skein_domain::{Category, Evidence, Outcome};

use crate::host::{ALICE, Reply, Scene};

fn writes() -> Meter {
    Meter::writes(&Did::parse(ALICE).unwrap())
}

/// The server has said that so much is left, of so much.
async fn left(limit: u64, remaining: u64) -> Scene {
    let scene = Scene::set(7_200).await;
    let resets_at = scene.now + SignedDuration::from_mins(10);
    let said = Some(Said { limit, remaining, window_s: 3_600, resets_at });
    let told = Told { said, closed_until: None };
    let answered = Answered { reservation: None, points: 0, at: scene.now, is_counted: true, told };
    let mut change = |tallies: &mut [Tally]| tallies[0].settle(&writes(), &answered);
    scene.journal.change_tallies(&[writes()], &mut change).await.unwrap();
    scene
}

async fn used(scene: &Scene) -> u64 {
    scene.journal.tally(&writes()).await.unwrap().unwrap().gauges(&writes(), scene.now)[0].used
}

#[tokio::test]
async fn what_does_not_fit_waits_until_it_does_with_a_reason() {
    let scene = left(5_000, 2).await;
    let prepared = scene.prepared().await;
    let obstacle = scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await.err().unwrap();
    let Obstacle::Retry { at, fault } = obstacle else { panic!("{obstacle:?}") };
    assert_eq!(at, Some(scene.now + SignedDuration::from_secs(601)));
    assert_eq!((fault.code.as_str(), fault.category, fault.retry_at), ("rate_limited", Category::RateLimit, at));
    assert_eq!((fault.limit.as_deref(), fault.given.as_deref()), (Some("5000 in 3600 s"), Some("3")));
    assert!(fault.message.contains("4998 of the 5000"), "{fault}");
    assert_eq!(used(&scene).await, 4_998);
}

#[tokio::test]
async fn what_never_fits_is_refused_with_what_to_do() {
    let scene = left(2, 2).await;
    let prepared = scene.prepared().await;
    let obstacle = scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await.err().unwrap();
    let Obstacle::Refused(fault) = obstacle else { panic!("{obstacle:?}") };
    assert_eq!(fault.code, "over_budget");
    assert!(fault.next_step.is_some());
}

#[tokio::test]
async fn what_fits_is_reserved_at_arming_and_not_looked_at_again() {
    let scene = left(5_000, 3).await;
    let prepared = scene.prepared().await;
    let step = scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await.ok().unwrap();
    assert_eq!(used(&scene).await, 5_000);
    scene.host.order("applyWrites", Reply::Answer(500, "{}".to_owned()));
    let outcome = step.send().await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "it was sent: {outcome:?}");
    assert_eq!(used(&scene).await, 5_000, "nothing more was reserved");
    assert!(scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await.is_err());
}

#[tokio::test]
async fn what_settles_a_lost_answer_does_not_wait_for_the_operators_ceiling() {
    let ceiling = Ceiling { points_per_hour: Some(3), points_per_day: None };
    let scene = Scene::under(ceiling, 7_200).await;
    let prepared = scene.prepared().await;
    let first = scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await.ok().unwrap();
    let another = scene.connector.arm(&scene.account, &prepared, FenceFrom::Platform).await.err().unwrap();
    assert!(matches!(another, Obstacle::Retry { fault, .. } if fault.code == "operators_ceiling"));
    let evidence = Evidence::first(scene.now, first.fence().clone());
    let again = scene.connector.arm(&scene.account, &prepared, FenceFrom::Evidence(&evidence)).await.ok().unwrap();
    assert_eq!(again.fence(), first.fence());
}
