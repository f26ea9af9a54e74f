//! `cargo xtask simulate`

use std::process::ExitCode;

use anyhow::Context;

use crate::workspace::Workspace;
use crate::{Misuse, Outcome};

pub(crate) const USAGE: &str = "\
cargo xtask simulate [--seeds N] [--from S] [--release]

Runs engine, use cases, the Bluesky connector and the sandbox on simulated time, once for each seed from S on (N = 2,000 and
S = 0 unless said otherwise), with crashes, lost answers, failing hosts, restarts of the database, clocks that jump, and
people. Says how often each step and each kind of trouble was met. A seed that breaks a promise is told with the command
that makes the same run again; with --seeds 1 the whole run is shown. Exit code 1 when a promise was broken.

  --release   builds with optimization first, which pays from some ten thousand seeds on";

const SEEDS: u64 = 2_000;
const SEEDS_MAX: u64 = 1_000_000_000;

/// The test that runs the seeds.
const TEST: &str = "no_seed_breaks_a_promise";

#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    seeds: u64,
    from: u64,
    release: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    let wanted = wanted(arguments)?;
    Ok(simulate(workspace, &wanted))
}

fn wanted(arguments: &[String]) -> Result<Wanted, Misuse> {
    let mut wanted = Wanted { seeds: SEEDS, from: 0, release: false };
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        match option.as_str() {
            "--seeds" => wanted.seeds = number(option, rest.next(), 1, SEEDS_MAX)?,
            "--from" => wanted.from = number(option, rest.next(), 0, u64::MAX - SEEDS_MAX)?,
            "--release" => wanted.release = true,
            other => return Err(Misuse(format!("{other:?} is not an option of this command"))),
        }
    }
    Ok(wanted)
}

fn number(option: &str, given: Option<&String>, least: u64, most: u64) -> Result<u64, Misuse> {
    let read = given.and_then(|given| given.parse().ok()).filter(|number| (least..=most).contains(number));
    let shown = given.map_or("nothing", String::as_str);
    read.ok_or_else(|| Misuse(format!("{option} takes a whole number from {least} to {most}; {shown:?} was given")))
}

fn simulate(workspace: &Workspace, wanted: &Wanted) -> Outcome {
    let mut command = workspace.cargo(["test", "-p", "skein-e2e", "--test", "simulation"]);
    if wanted.release {
        command.arg("--release");
    }
    command.args(["--", "--exact", TEST, "--nocapture"]);
    command.env("SKEIN_SIMULATE_SEEDS", wanted.seeds.to_string()).env("SKEIN_SIMULATE_FROM", wanted.from.to_string());
    let status = command.status().context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Wanted, Misuse> {
        wanted(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn seeds_are_given_or_two_thousand_from_the_first() {
        assert_eq!(read(&[]), Ok(Wanted { seeds: 2_000, from: 0, release: false }));
        let given = Wanted { seeds: 1, from: 77, release: true };
        assert_eq!(read(&["--release", "--seeds", "1", "--from", "77"]), Ok(given));
        for refused in [&["--seeds", "0"][..], &["--seeds"], &["--from", "-1"], &["--seeds", "x"], &["7"], &["--seed"]]
        {
            assert!(read(refused).is_err(), "{refused:?}");
        }
        let told = read(&["--seeds", "many"]).unwrap_err().0;
        assert!(told.contains("--seeds") && told.contains("from 1 to") && told.contains("\"many\""), "{told}");
    }
}
