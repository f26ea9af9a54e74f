//! What is counted of limits: changed under the lock, kept all or none.

use std::sync::Arc;
use std::time::Duration;

use skein_store::{Budgets, Counted, KeptTally, MeterRow, StoreError};
use tokio::sync::Barrier;

use crate::calls::call;
use crate::scene::Scene;

pub(crate) const ALICE: MeterRow<'_> = MeterRow { meter: "writes", whose: "did:plc:alice" };
const BOB: MeterRow<'_> = MeterRow { meter: "writes", whose: "did:plc:bob" };

fn kept(row: MeterRow<'_>, tally: &str) -> KeptTally {
    KeptTally { meter: row.meter.to_owned(), whose: row.whose.to_owned(), tally: tally.to_owned() }
}

pub(crate) async fn count_up(budgets: &Budgets, row: MeterRow<'_>) {
    let mut change = |before: Vec<Option<String>>| {
        let count: u64 = before[0].as_deref().map_or(0, |text| text.parse().unwrap());
        Ok(vec![(count + 1).to_string()].into())
    };
    budgets.change(&[row], &mut change).await.unwrap();
}

pub(crate) async fn a_change_sees_what_was_kept_and_keeps_what_it_makes_of_it(file: &Scene) {
    let budgets = file.store().await.budgets();
    assert_eq!(budgets.get(ALICE).await.unwrap(), None);
    let mut seen = Vec::new();
    for tallies in [["1", "2"], ["3", "4"]] {
        let mut change = |before: Vec<Option<String>>| {
            seen.push(before);
            Ok(tallies.map(str::to_owned).to_vec().into())
        };
        budgets.change(&[BOB, ALICE], &mut change).await.unwrap();
    }
    assert_eq!(seen, [vec![None, None], vec![Some("1".to_owned()), Some("2".to_owned())]]);
    assert_eq!(budgets.get(ALICE).await.unwrap().as_deref(), Some("4"));
    assert_eq!(budgets.list().await.unwrap(), [kept(ALICE, "4"), kept(BOB, "3")]);
}

pub(crate) async fn a_change_that_fails_keeps_nothing_and_leaves_the_lock(file: &Scene) {
    let budgets = file.store().await.budgets();
    let mut fails = |_: Vec<Option<String>>| Err(StoreError::Invalid("no".to_owned()));
    assert!(budgets.change(&[ALICE, BOB], &mut fails).await.is_err());
    assert_eq!(budgets.list().await.unwrap(), []);
    count_up(&budgets, ALICE).await;
    assert_eq!(budgets.list().await.unwrap(), [kept(ALICE, "1")]);
}

pub(crate) async fn processes_that_count_at_once_lose_nothing(file: &Scene) {
    let all_are_open = Arc::new(Barrier::new(4));
    let mut counting = Vec::new();
    for _ in 0..4 {
        let (budgets, all_are_open) = (file.store().await.budgets(), Arc::clone(&all_are_open));
        counting.push(tokio::spawn(async move {
            all_are_open.wait().await;
            for _ in 0..25 {
                count_up(&budgets, ALICE).await;
            }
        }));
    }
    for task in counting {
        task.await.unwrap();
    }
    assert_eq!(file.store().await.budgets().get(ALICE).await.unwrap().as_deref(), Some("100"));
}

/// Counts up where that may wait to be kept.
pub(crate) async fn count_up_soon(budgets: &Budgets, row: MeterRow<'_>) {
    let mut change = |before: Vec<Option<String>>| {
        let count: u64 = before[0].as_deref().map_or(0, |text| text.parse().unwrap());
        Ok(Counted { tallies: vec![(count + 1).to_string()], may_wait: true })
    };
    budgets.change(&[row], &mut change).await.unwrap();
}

pub(crate) async fn what_may_wait_is_known_at_once_and_kept_with_the_next(file: &Scene) {
    let (one, other) = (file.store().await.budgets(), file.store().await.budgets());
    let counts = async |budgets: &Budgets| {
        let mut counts = [0, 0];
        for (row, count) in [ALICE, BOB].into_iter().zip(&mut counts) {
            *count = budgets.get(row).await.unwrap().map_or(0, |text| text.parse::<u64>().unwrap());
        }
        counts
    };
    count_up_soon(&one, ALICE).await;
    assert_eq!(counts(&other).await, [1, 0], "the first of a row does not wait");
    count_up_soon(&one, ALICE).await;
    assert_eq!((counts(&one).await, counts(&other).await), ([2, 0], [1, 0]));
    assert_eq!(one.list().await.unwrap(), [kept(ALICE, "2")]);
    count_up(&one, ALICE).await;
    assert_eq!(counts(&other).await, [3, 0], "with one of the same row");
    count_up_soon(&one, ALICE).await;
    count_up(&one, BOB).await;
    assert_eq!(counts(&other).await, [4, 1], "with one of another");
    for _ in 0..20 {
        count_up_soon(&one, ALICE).await;
    }
    assert_eq!(counts(&one).await, [24, 1]);
    assert_eq!(counts(&other).await, [21, 1], "of twenty sixteen wait");
}

pub(crate) async fn what_has_waited_is_lost_where_another_process_has_counted(file: &Scene) {
    let (one, other) = (file.store().await.budgets(), file.store().await.budgets());
    count_up(&one, ALICE).await;
    count_up_soon(&one, ALICE).await;
    count_up(&other, ALICE).await;
    assert_eq!(other.get(ALICE).await.unwrap().as_deref(), Some("2"));
    count_up(&one, ALICE).await;
    for budgets in [&one, &other] {
        assert_eq!(budgets.get(ALICE).await.unwrap().as_deref(), Some("3"), "on what was there");
    }
}

pub(crate) async fn what_has_waited_beside_a_row_that_another_process_has_counted_is_lost_too(file: &Scene) {
    let (one, other) = (file.store().await.budgets(), file.store().await.budgets());
    for row in [ALICE, BOB] {
        count_up(&one, row).await;
    }
    count_up_soon(&one, ALICE).await;
    count_up(&other, BOB).await;
    count_up(&one, BOB).await;
    for budgets in [&one, &other] {
        assert_eq!(budgets.list().await.unwrap(), [kept(ALICE, "1"), kept(BOB, "3")]);
    }
}

/// What waits is built on the same old count, and makes it no younger.
pub(crate) async fn what_is_built_on_an_old_count_does_not_wait(file: &Scene) {
    const PART_OF_ITS_AGE: Duration = Duration::from_millis(2_500);
    let (one, other) = (file.store().await.budgets(), file.store().await.budgets());
    count_up(&one, ALICE).await;
    count_up(&other, ALICE).await;
    for _ in 0..2 {
        tokio::time::sleep(PART_OF_ITS_AGE).await;
        count_up_soon(&one, ALICE).await;
    }
    for budgets in [&one, &other] {
        assert_eq!(budgets.get(ALICE).await.unwrap().as_deref(), Some("3"), "the one that waited is lost");
    }
}

pub(crate) async fn many_that_count_beside_one_row_in_two_processes_lose_nothing(file: &Scene) {
    const ACCOUNTS: usize = 60;
    let host = MeterRow { meter: "calls", whose: "pds.example" };
    let mut counting = Vec::new();
    for _ in 0..2 {
        let budgets = file.store().await.budgets();
        for account in 0..ACCOUNTS {
            let budgets = budgets.clone();
            counting.push(tokio::spawn(async move {
                let whose = format!("did:plc:{account}");
                for _ in 0..5 {
                    let mut change = |before: Vec<Option<String>>| {
                        let next = |text: Option<String>| text.map_or(0, |text| text.parse::<u64>().unwrap()) + 1;
                        Ok(before.into_iter().map(|text| next(text).to_string()).collect::<Vec<_>>().into())
                    };
                    budgets.change(&[MeterRow { meter: "writes", whose: &whose }, host], &mut change).await.unwrap();
                }
            }));
        }
    }
    for task in counting {
        task.await.unwrap();
    }
    let budgets = file.store().await.budgets();
    assert_eq!(budgets.get(host).await.unwrap().as_deref(), Some("600"));
    let kept = budgets.list().await.unwrap();
    assert_eq!(kept.iter().filter(|row| row.meter == "writes" && row.tally == "10").count(), ACCOUNTS);
}

pub(crate) async fn calls_from_before_there_were_attempts_are_first_ones(file: &Scene) {
    let calls = file.store().await.calls();
    calls.append(&[call("call_a", 1)]).await.unwrap();
    let raw = file.raw().await;
    let columns = "id, at, account, work, verb, method, host, input, request_bytes, status, error, message, \
                   response_bytes, duration, points, rate_limit, rate_remaining, rate_reset, rate_policy";
    let copy = format!("INSERT INTO calls ({columns}) SELECT 'call_b', {} FROM calls", &columns[4..]);
    raw.execute(&copy).await.unwrap();
    let attempts = [calls.find("call_a").await.unwrap()[0].attempt, calls.find("call_b").await.unwrap()[0].attempt];
    assert_eq!(attempts, [2, 1]);
}
