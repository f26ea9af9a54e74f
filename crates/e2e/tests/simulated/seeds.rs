//! Many seeds: random orders to the platform, and what must hold whatever happens.

use skein_domain::outcome::Obstacle;
use skein_domain::{Outcome, StateName};
use skein_testkit::{SeededEntropy, SendOrder, samples};

use crate::{HOUR_MS, World};

const SEEDS: u64 = 300;
const POSTS: u64 = 8;

fn order(world: &World, random: &SeededEntropy) {
    let retry = || Outcome::RetryAt { at: None, fault: samples::fault("host_unreachable") };
    match random.below(11) {
        0 => world.platform.order_send(SendOrder::ReplyLostAfterWrite),
        1 => world.platform.order_send(SendOrder::ReplyLostBeforeWrite),
        2 => world.platform.order_send(SendOrder::ReplyLostWhileHeld),
        3 => world.platform.order_send(SendOrder::Answer(retry())),
        4 => world.platform.order_send(SendOrder::Answer(Outcome::Rejected(samples::fault("platform_refused")))),
        5 => world.platform.order_send(SendOrder::Answer(Outcome::BlobGone(samples::fault("blob_gone")))),
        6 => world.platform.order_prepare(Obstacle::Retry { at: None, fault: samples::fault("host_unreachable") }),
        7 => world.platform.order_arm(Obstacle::Retry { at: None, fault: samples::fault("host_unreachable") }),
        8 => world.platform.order_inconclusive(2),
        9 => drop(world.platform.release()),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_happens_each_post_lands_at_most_once_and_comes_to_rest() {
    for seed in 0..SEEDS {
        let world = World::new(seed);
        let random = SeededEntropy::new(seed ^ 0x5eed);
        world.account("alice").await;
        world.account("bob").await;
        let mut posts = Vec::new();
        for number in 0..POSTS {
            let account = if random.below(2) == 0 { "alice" } else { "bob" };
            let at = format!("in {}s", 1 + random.below(120));
            posts.push(world.submit(&format!("post {number}|and more"), account, &at).await);
        }
        for _ in 0..60 {
            order(&world, &random);
            world.run_for(i64::try_from(random.below(4_000)).unwrap()).await;
        }
        world.run_for(48 * HOUR_MS).await;
        while world.platform.release().is_some() {}
        holds(&world, &posts, seed).await;
    }
}

async fn holds(world: &World, posts: &[skein_domain::PostId], seed: u64) {
    let landings = world.platform.landings();
    for (number, post) in posts.iter().enumerate() {
        let text = format!("post {number}");
        let landed: Vec<_> = landings.iter().filter(|landing| landing.texts[0] == text).collect();
        assert!(landed.len() <= 1, "seed {seed}: {text} landed {} times", landed.len());
        assert!(
            landed.iter().all(|landing| landing.texts == [text.as_str(), "and more"]),
            "seed {seed}: a torn thread"
        );
        let delivery = world.delivery(post).await;
        let name = delivery.state.name();
        assert!(name.is_at_rest(), "seed {seed}: {text} is still {name:?}");
        match name {
            StateName::Published => assert_eq!(landed.len(), 1, "seed {seed}: {text} has a receipt and is not there"),
            StateName::NeedsReview => {}
            _ => assert_eq!(landed.len(), 0, "seed {seed}: {text} is {name:?} and yet public"),
        }
    }
}
