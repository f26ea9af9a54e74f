//! One, two and four `skein work` on one PostgreSQL, with a server that takes 50 ms to answer.

use anyhow::Context;

use super::bursts::{Found, Scene, Stage};
use super::samples::{Spread, grouped, ratio};
use super::section::{Aim, Section};
use super::{Ground, machine};

const POSTS: u32 = 10_000;
const DELAY_MS: u32 = 50;
const COUNTS: [u32; 3] = [1, 2, 4];
/// A round takes minutes, so there are fewer than in other benches.
const ROUNDS: usize = 3;
/// Four may be slower than two by one part in so many, where the cores are the limit.
const LEEWAY_PART: u64 = 20;

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    let mut stage = Stage::build(ground)?;
    let quiet = machine::wait_until_quiet()?;
    let mut found: [Vec<Found>; 3] = Default::default();
    for round in 1..=ROUNDS {
        println!("  round {round} of {ROUNDS}");
        for (workers, found) in COUNTS.into_iter().zip(&mut found) {
            let name = format!("{workers} of `skein work`");
            let scene = Scene { posts: POSTS, spread_ms: 0, delay_ms: DELAY_MS, workers: Some(workers) };
            found.push(stage.turn(&stage.skein(&name, "skein-on-postgres"), scene)?);
        }
    }
    section(&found, vec![quiet]).context("there are no figures")
}

/// What was found of each count of workers.
fn section(found: &[Vec<Found>; 3], mut notes: Vec<String>) -> Option<Section> {
    let mut rows = Vec::new();
    let mut a_second = Vec::new();
    for (workers, found) in COUNTS.into_iter().zip(found) {
        let of = |number: fn(&Found) -> u64| Spread::of_numbers(found.iter().map(number).collect());
        let last = of(|found| found.late_max_us)?;
        let rate = (u64::from(POSTS) * 1_000_000).checked_div(last.median)?;
        let a_post = |spread: Spread| format!("{} ms", ratio(spread.median, u64::from(POSTS) * 1_000));
        rows.push(vec![
            workers.to_string(),
            last.seconds(),
            grouped(rate),
            a_post(of(|found| found.cpu_us)?),
            a_post(of(|found| found.server_cpu_us)?),
            of(|found| found.peak_kib)?.mebibytes(),
        ]);
        a_second.push(rate);
    }
    let [one, two, four] = a_second.as_slice() else { return None };
    let aims = vec![
        Aim {
            what: "two workers send more posts a second than one".to_owned(),
            reached: format!("{} times as many", ratio(*two, *one)),
            holds: two > one,
        },
        Aim {
            what: "four send no fewer than two, less 5% where the cores are the limit".to_owned(),
            reached: format!("{} times as many", ratio(*four, *two)),
            holds: four * LEEWAY_PART >= two * (LEEWAY_PART - 1),
        },
    ];
    notes.insert(0, format!("Each count of workers ran {ROUNDS} times; the medians of these are shown."));
    let heading =
        vec!["workers", "last request", "posts a second", "CPU a post", "PostgreSQL's CPU a post", "peak memory"];
    Some(Section { heading, rows, aims, notes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(last_us: [u64; 3]) -> Vec<bool> {
        let found = last_us.map(|last_us| vec![Found::for_test(last_us); ROUNDS]);
        section(&found, Vec::new()).unwrap().aims.iter().map(|aim| aim.holds).collect()
    }

    #[test]
    fn more_workers_must_not_be_slower() {
        assert_eq!(held([4_000_000, 2_000_000, 2_000_000]), [true, true]);
        assert_eq!(held([4_000_000, 4_000_000, 1_000_000]), [false, true]);
        assert_eq!(held([4_000_000, 2_000_000, 2_100_000]), [true, true]);
        assert_eq!(held([4_000_000, 2_000_000, 2_200_000]), [true, false]);
    }
}
