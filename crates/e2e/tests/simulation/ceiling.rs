//! An operator's ceiling after an outage: what is overdue does not flood.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use skein_bluesky::budget::Ceiling;
use skein_domain::ports::{Ledger, QueueFilter};
use skein_domain::{Delivery, Part, State, StateName, Waiting};
use skein_e2e::submission::submission;
use tokio::time::sleep;

use crate::house::{House, Process};
use crate::life::Fortune;
use crate::people::People;
use crate::plan::Plan;

const POSTS: i64 = 60;
/// What ten posts cost.
const POINTS_PER_HOUR: u64 = 30;
const POSTS_PER_HOUR: usize = 10;
const WAKES_AT_MOST: usize = 100_000;

fn words(place: i64) -> String {
    format!("post {place} part 0 of 1")
}

/// One account, a host that takes 5,000 points an hour and says so, and an operator who does not.
fn house() -> Arc<House> {
    let ceiling = Ceiling { points_per_hour: Some(POINTS_PER_HOUR), points_per_day: None };
    let plan = Plan { accounts: 1, points_per_hour: Some(5_000), ceiling, ..Plan::of(0) };
    // Nobody listens.
    let (tips, _) = tokio::sync::mpsc::unbounded_channel();
    Arc::new(House::new(plan, None, tips))
}

async fn submit(door: &Process, house: &House, place: i64, due: Timestamp) {
    let submission = submission(vec![Part::text(words(place))], Some(&due.to_string()));
    door.intake.submit(submission, house.pictures()).await.unwrap();
}

async fn all(house: &House) -> Vec<Delivery> {
    let filter = QueueFilter { at_most: 1_000, ..QueueFilter::default() };
    house.ledger.queue(&filter).await.unwrap()
}

/// Why a delivery waits, as `skein queue show` tells it.
fn why(delivery: &Delivery) -> (String, String, Option<Timestamp>) {
    match &delivery.state {
        State::Ready { waiting: Some(Waiting::Retry { fault }), .. } => {
            (fault.code.clone(), fault.message.clone(), fault.retry_at)
        }
        other => panic!("{other:?}"),
    }
}

/// Everything that left, in the order in which it left: when, and what.
fn left(house: &House) -> Vec<(Timestamp, String)> {
    let text = |value: &serde_json::Value| value["text"].as_str().map(str::to_owned);
    let posts =
        house.sandbox.commits().into_iter().filter_map(|commit| Some((commit.at, text(&commit.made.first()?.value)?)));
    posts.collect()
}

async fn overdue_posts_are_spread() {
    let house = house();
    People::new(&house, "door").connect_all().await;
    let door = house.process("door", Fortune::default(), 1, false);
    let first = house.wall.right() + SignedDuration::from_mins(5);
    for number in 0..POSTS {
        // In another order than that in which they are due.
        let place = number * 37 % POSTS;
        submit(&door, &house, place, first + SignedDuration::from_secs(place)).await;
    }
    sleep(Duration::from_mins(30)).await;
    let worker = house.process("worker", Fortune::default(), 2, true);
    worker.engine.run_due().await.unwrap();

    let waiting = all(&house).await.split_off(POSTS_PER_HOUR);
    let (code, message, fits_at) = why(&waiting[0]);
    assert_eq!(code, "operators_ceiling");
    let fits_at = fits_at.unwrap();
    assert!(message.contains("the operator lets") && message.contains(&fits_at.to_string()), "{message}");
    let (code, message, not_before) = why(&waiting[49]);
    assert_eq!((code.as_str(), not_before), ("waits_its_turn", Some(fits_at)));
    assert!(message.contains("the operator's ceiling") && message.contains(&fits_at.to_string()), "{message}");

    for _ in 0..WAKES_AT_MOST {
        let Some(wake) = house.ledger.next_wake().await.unwrap() else { break };
        house.wall.reach(wake).await;
        worker.engine.run_due().await.unwrap();
    }
    let left = left(&house);
    let texts: Vec<&String> = left.iter().map(|(_, text)| text).collect();
    assert_eq!(texts, (0..POSTS).map(words).collect::<Vec<_>>().iter().collect::<Vec<_>>(), "earliest first");
    for span in left.windows(POSTS_PER_HOUR + 1) {
        let apart = span[POSTS_PER_HOUR].0.duration_since(span[0].0);
        assert!(apart >= SignedDuration::from_hours(1), "{} left {apart} after {}", span[POSTS_PER_HOUR].1, span[0].1);
    }
    let in_all = left[left.len() - 1].0.duration_since(left[0].0);
    assert!(in_all < SignedDuration::from_mins(5 * 60 + 10), "no longer than the ceiling asks: {in_all}");
    assert!(all(&house).await.iter().all(|delivery| delivery.state.name() == StateName::Published));
}

#[test]
fn after_downtime_sixty_overdue_posts_leave_earliest_first_and_spread_under_the_ceiling() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(overdue_posts_are_spread());
}
