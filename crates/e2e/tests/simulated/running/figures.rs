//! What the engine tells whoever counts: signs of life also while nothing is due, leases that end, and every change.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{Figures, LeaseStep};
use skein_domain::{Delivery, Event, StateName};

use super::Running;
use super::troubled_ledger::Trouble;

const TEN_SECONDS: SignedDuration = SignedDuration::from_secs(10);

/// Keeps all that it is told.
#[derive(Debug, Default)]
struct Told(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    ticks: Vec<Timestamp>,
    lags: Vec<SignedDuration>,
    states: Vec<StateName>,
    leases: Vec<LeaseStep>,
}

impl Figures for Told {
    fn ticked(&self, at: Timestamp) {
        self.0.lock().unwrap().ticks.push(at);
    }

    fn woke(&self, late_by: SignedDuration) {
        self.0.lock().unwrap().lags.push(late_by);
    }

    fn happened(&self, delivery: &Delivery, _: &Event) {
        self.0.lock().unwrap().states.push(delivery.state.name());
    }

    fn lease(&self, step: LeaseStep) {
        self.0.lock().unwrap().leases.push(step);
    }

    fn ledger_answered(&self, _: &'static str, _: Duration, _: bool) {}
}

async fn told() -> (Running, Arc<Told>) {
    let mut running = Running::new().await;
    let told = Arc::new(Told::default());
    running.engine = running.engine.clone().counted(told.clone());
    (running, told)
}

impl Told {
    /// How often the planner looked since this was asked last.
    fn ticks(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().ticks).len()
    }

    /// How late the planner woke each time since this was asked last.
    fn lags(&self) -> Vec<SignedDuration> {
        std::mem::take(&mut self.0.lock().unwrap().lags)
    }

    fn leases(&self) -> Vec<LeaseStep> {
        std::mem::take(&mut self.0.lock().unwrap().leases)
    }
}

#[tokio::test]
async fn an_idle_planner_looks_every_second_and_wakes_when_it_planned_to() {
    let (mut running, told) = told().await;
    running.start();
    running.pass(TEN_SECONDS).await;
    assert!((10..=12).contains(&told.ticks()), "once a second");
    let lags = told.lags();
    assert!(lags.len() >= 9 && lags.iter().all(SignedDuration::is_zero), "{lags:?}");
    running.end().await;
}

#[tokio::test]
async fn a_planner_that_wakes_late_tells_by_how_much() {
    let (mut running, told) = told().await;
    running.start();
    running.come_to_rest().await;
    // It sleeps for a second, and the machine has no time for it then.
    running.time.advance(SignedDuration::from_millis(1_250));
    running.come_to_rest().await;
    assert_eq!(told.lags(), [SignedDuration::from_millis(250)]);
    running.end().await;
}

#[tokio::test]
async fn a_planner_whose_ledger_fails_gives_no_sign_of_life() {
    let (mut running, told) = told().await;
    running.ledger.order(Trouble::Fails, &["claim_due"]);
    running.start();
    running.pass(TEN_SECONDS).await;
    assert_eq!(told.ticks(), 0);
    running.ledger.heal();
    running.pass(TEN_SECONDS).await;
    assert!(told.ticks() >= 9);
    running.end().await;
}

#[tokio::test]
async fn every_change_is_told_once_and_every_lease_ends() {
    let (mut running, told) = told().await;
    running.submit("hello", "in 5s").await;
    running.start();
    running.pass(TEN_SECONDS).await;
    let states = std::mem::take(&mut told.0.lock().unwrap().states);
    assert_eq!(states, [StateName::Preparing, StateName::Ready, StateName::Publishing, StateName::Published]);
    let leases = told.leases();
    let count = |step: LeaseStep| leases.iter().filter(|told| **told == step).count();
    assert!(count(LeaseStep::Taken) >= 1 && count(LeaseStep::Taken) == count(LeaseStep::Ended), "{leases:?}");
    assert_eq!(count(LeaseStep::Lost) + count(LeaseStep::Failed), 0, "{leases:?}");
    running.end().await;
}

#[tokio::test]
async fn work_that_fails_is_told_and_its_lease_ends_too() {
    let (mut running, told) = told().await;
    running.submit("hello", "now").await;
    running.ledger.order(Trouble::Fails, &["due_run"]);
    running.start();
    running.pass(SignedDuration::from_millis(500)).await;
    assert_eq!(told.leases(), [LeaseStep::Taken, LeaseStep::Failed, LeaseStep::Ended]);
    running.ledger.heal();
    running.end().await;
}
