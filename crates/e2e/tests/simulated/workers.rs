//! Several workers on one ledger, and ledgers that fail.

use jiff::SignedDuration;
use skein_domain::StateName;
use skein_testkit::SendOrder;

use crate::{HOUR_MS, World};

#[tokio::test]
async fn a_worker_that_is_paused_beyond_its_lease_cannot_write_any_more() {
    let world = World::new(31);
    world.account("alice").await;
    world.platform.order_send(SendOrder::Hold);
    let post = world.submit("hello", "alice", "now").await;
    let first = world.engine.run_due();
    tokio::pin!(first);
    tokio::select! {
        biased;
        _ = &mut first => panic!("its answer is held"),
        () = world.platform.wait_for_held(1) => {}
    }
    // The first worker is not polled from here on: paused, while its lease runs out.
    world.clock.advance(SignedDuration::from_secs(20));
    let second = world.second_engine();
    world.pass(&second).await;
    for _ in 0..10 {
        world.clock.advance(SignedDuration::from_secs(1));
        world.pass(&second).await;
    }
    assert_eq!(world.state(&post).await, StateName::Published);
    let settled = world.delivery(&post).await;
    world.platform.release();
    world.drive(first).await.unwrap();
    assert_eq!(world.delivery(&post).await, settled, "the first worker's answer came too late to be written");
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["hello"]);
}

#[tokio::test]
async fn two_workers_share_a_burst_and_nothing_leaves_twice() {
    let world = World::new(32);
    let names = ["ann", "ben", "cem", "dan", "eva"];
    for name in names {
        world.account(name).await;
        for number in 0..20 {
            world.submit(&format!("{name} {number}"), name, "in 1m").await;
        }
    }
    world.clock.advance(SignedDuration::from_mins(1));
    let second = world.second_engine();
    world.drive(async { tokio::join!(world.engine.run_due(), second.run_due()) }).await.0.unwrap();
    world.run_for(HOUR_MS).await;
    for name in names {
        let expected: Vec<_> = (0..20).map(|number| format!("{name} {number}")).collect();
        assert_eq!(world.platform.landed_texts(&format!("did:plc:{name}")), expected);
    }
    assert_eq!(world.platform.calls().send, 100);
}
