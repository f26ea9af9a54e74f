//! Several processes on one file: stores with connections of their own, at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::scene::{Scene, account, submitted};
use skein_domain::ports::{Change, ClaimRequest, Ledger, LedgerError};
use skein_domain::{Event, StateName};
use skein_store::Store;
use skein_testkit::Samples;
use skein_testkit::samples::{self, at_ms};

const PROCESSES: usize = 4;

async fn processes(file: &Scene) -> Vec<Arc<Store>> {
    let mut stores = Vec::new();
    for _ in 0..PROCESSES {
        stores.push(Arc::new(file.store().await));
    }
    stores
}

fn request(owner: usize) -> ClaimRequest {
    ClaimRequest { owner: format!("worker-{owner}"), now: at_ms(1_000), until: at_ms(61_000), lane: None }
}

pub(crate) async fn each_lane_is_claimed_by_exactly_one(file: &Scene) {
    let stores = processes(file).await;
    let samples = Samples::new(5);
    let mut lanes = BTreeSet::new();
    for number in 0..12 {
        let account = account(&*stores[0], &samples, &format!("a{number}.example")).await;
        submitted(&*stores[0], &samples, &account, StateName::Scheduled, number).await;
        lanes.insert(account.lane());
    }
    let workers: Vec<_> = (0..PROCESSES * 2)
        .map(|worker| {
            let store = Arc::clone(&stores[worker % PROCESSES]);
            tokio::spawn(async move {
                let mut claims = Vec::new();
                while let Some(claim) = store.claim(&request(worker)).await.unwrap() {
                    claims.push(claim);
                }
                claims
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    assert!(claimed.iter().all(|claim| claim.token == 1));
    assert_eq!(claimed.len(), lanes.len());
    assert_eq!(claimed.into_iter().map(|claim| claim.lane).collect::<BTreeSet<_>>(), lanes);
}

pub(crate) async fn of_two_writers_of_one_version_one_wins_and_the_other_leaves_nothing(file: &Scene) {
    let stores = processes(file).await;
    let samples = Samples::new(5);
    let account = account(&*stores[0], &samples, "goose.example").await;
    for round in 0..10 {
        let delivery = submitted(&*stores[0], &samples, &account, StateName::Scheduled, round).await;
        let writers: Vec<_> = (0..)
            .zip(&stores)
            .map(|(writer, store)| {
                let event = Event::PastGrace { late_by_ms: writer };
                let line =
                    skein_domain::story::Line { delivery: delivery.id.clone(), at: at_ms(1), event: event.clone() };
                let change = Change::between(&delivery, delivery.after(event).unwrap(), vec![line]);
                let store = Arc::clone(store);
                tokio::spawn(async move { store.save(&change).await.map(|()| change) })
            })
            .collect();
        let mut winners = Vec::new();
        for writer in writers {
            match writer.await.unwrap() {
                Ok(change) => winners.push(change),
                Err(error) => assert!(matches!(error, LedgerError::Lost), "{error}"),
            }
        }
        let [winner] = winners.as_slice() else { panic!("{} writers won", winners.len()) };
        assert_eq!(stores[1].delivery(&delivery.id).await.unwrap(), winner.delivery);
        assert_eq!(stores[2].story(&delivery.id).await.unwrap(), winner.story);
    }
}

pub(crate) async fn the_clock_of_a_lane_hands_out_an_instant_once(file: &Scene) {
    let stores = processes(file).await;
    let samples = Samples::new(5);
    let account = account(&*stores[0], &samples, "goose.example").await;
    let mut deliveries = Vec::new();
    for number in 0..i64::try_from(PROCESSES).unwrap() {
        deliveries.push(submitted(&*stores[0], &samples, &account, StateName::Preparing, number).await);
    }
    let writers: Vec<_> = stores
        .iter()
        .zip(deliveries)
        .map(|(store, delivery)| {
            let store = Arc::clone(store);
            let mut next = delivery.after(Event::Frozen { wake_at: at_ms(50), records: 1 }).unwrap();
            next.prepared = Some(samples::prepared(&delivery, delivery.due));
            let lane_clock = Some((None, at_ms(100)));
            let change = Change { lane_clock, ..Change::between(&delivery, next, vec![]) };
            tokio::spawn(async move { store.save(&change).await })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        match writer.await.unwrap() {
            Ok(()) => won += 1,
            Err(error) => assert!(matches!(error, LedgerError::Lost), "{error}"),
        }
    }
    assert_eq!(won, 1);
}

pub(crate) async fn many_writers_all_come_through(file: &Scene) {
    let stores = processes(file).await;
    let samples = Samples::new(5);
    let account = account(&*stores[0], &samples, "goose.example").await;
    let writers: Vec<_> = stores
        .iter()
        .enumerate()
        .map(|(process, store)| {
            let (store, account) = (Arc::clone(store), account.clone());
            tokio::spawn(async move {
                let samples = Samples::new(100 + process as u64);
                for ms in 0..25 {
                    submitted(&*store, &samples, &account, StateName::Scheduled, ms).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let filter = skein_domain::ports::QueueFilter { at_most: 1_000, ..Default::default() };
    assert_eq!(stores[0].queue(&filter).await.unwrap().len(), PROCESSES * 25);
}

pub(crate) async fn an_account_is_removed_or_gets_a_post_and_never_both(file: &Scene) {
    let stores = processes(file).await;
    let samples = Samples::new(5);
    for round in 0..10 {
        let account = account(&*stores[0], &samples, &format!("a{round}.example")).await;
        let post = samples.post(&["A goose."], at_ms(round));
        let delivery = samples::in_state(samples.delivery(&post, &account), StateName::Scheduled, at_ms(round));
        let (one, other) = (Arc::clone(&stores[1]), Arc::clone(&stores[2]));
        let id = account.id.clone();
        let removing = tokio::spawn(async move { one.remove_account(&id).await });
        let submitting = tokio::spawn(async move { other.submit(&post, &[delivery], &[], &[]).await });
        match (removing.await.unwrap(), submitting.await.unwrap()) {
            (Ok(()), Err(LedgerError::NotFound(_))) | (Err(LedgerError::Invalid(_)), Ok(())) => {}
            both => panic!("{both:?}"),
        }
    }
}
