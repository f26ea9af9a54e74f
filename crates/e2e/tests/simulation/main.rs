//! Thousands of runs, each from a seed: engine, use cases, the real Bluesky connector and the sandbox on one thread and in
//! simulated time, with everything going wrong that can. A seed always makes the same run.
//!
//! `SKEIN_SIMULATE_SEEDS` and `SKEIN_SIMULATE_FROM` say which seeds are run: `cargo xtask simulate` sets them.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod buggy_ledger;
mod bugs;
mod ceiling;
mod connector;
mod coverage;
mod house;
mod ledger;
mod life;
mod people;
mod plan;
mod promises;
mod record;
mod run;
mod sweep;
mod transport;
mod trouble;
mod wall;

use bugs::Bug;
use run::run;
use sweep::{sweep, told};

const SEEDS: u64 = 2_200;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|given| given.parse().unwrap())
}

#[test]
fn no_seed_breaks_a_promise() {
    let from = variable("SKEIN_SIMULATE_FROM").unwrap_or(0);
    let seeds = variable("SKEIN_SIMULATE_SEEDS").unwrap_or(SEEDS);
    let swept = sweep(from, seeds, None, None);
    for (kind, count) in &swept.counts {
        println!("{count:>8}  {kind}");
    }
    if let (1, Some(_)) = (seeds, swept.broken.first_key_value()) {
        println!("{}", run(from, None).lines.join("\n"));
    }
    assert!(swept.broken.is_empty(), "{}", told(&swept));
    let surprising = coverage::surprising(&swept.counts);
    assert!(surprising.is_empty(), "{surprising:#?}");
    if seeds >= SEEDS {
        let missing = coverage::missing(&swept.counts);
        assert!(missing.is_empty(), "too seldom in {seeds} seeds: {missing:#?}");
    }
}

#[test]
fn a_seed_always_makes_the_same_run() {
    for seed in [3, 4, 7, 8, 11, 17] {
        let (one, other) = (run(seed, None), run(seed, None));
        let differs = one.lines.iter().zip(&other.lines).find(|(one, other)| one != other);
        assert_eq!((differs, one.trace), (None, other.trace), "seed {seed}");
    }
}

/// The first seed that finds a bug, within so many.
#[track_caller]
fn finds(bug: Bug, within: u64, promise: &str) {
    let swept = sweep(0, within, Some(bug), Some(promise));
    let found: Vec<_> = swept.broken.values().flatten().map(|violation| violation.promise).collect();
    println!("{:?} {bug:?}: {}", swept.broken.first_key_value().map(|(seed, _)| seed), told(&swept));
    assert!(found.contains(&promise), "{bug:?} broke {found:?} within {within} seeds, and not {promise:?}");
}

#[test]
fn a_skipped_witness_is_found() {
    finds(Bug::WitnessSkipped, 400, "never twice");
}

#[test]
fn a_lease_without_fencing_is_found() {
    finds(Bug::LeaseUnfenced, 400, "only who has the lane writes");
}

#[test]
fn a_retry_on_a_server_error_is_found() {
    finds(Bug::RetryOnServerError, 400, "never twice");
}

#[test]
fn a_settle_outside_of_the_transaction_is_found() {
    finds(Bug::SettleInTwo, 400, "the story tells the state");
}

#[test]
fn a_cancel_that_ignores_the_state_is_found() {
    finds(Bug::CancelIgnoresState, 400, "nothing is sent after a cancel");
}

#[test]
fn a_resend_without_the_fence_is_found() {
    finds(Bug::ResendUnfenced, 400, "never twice");
}
