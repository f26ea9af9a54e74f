//! `cargo xtask fuzz`

mod found;

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher as _;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use self::found::Property;
use crate::test::{stage, summary};
use crate::workspace::Workspace;
use crate::{Misuse, Outcome, unattended};

pub(crate) const USAGE: &str = "\
cargo xtask fuzz [--minutes N]

Runs every property test again and again with other cases, and more of them each time, until the time is over (10 minutes
unless said otherwise; building is not counted). Says how many cases were run. What failed is written to
target/fuzz/failed.txt as the command that repeats it; exit code 1 when anything failed. Needs cargo-nextest.";

const DEFAULT_MINUTES: u64 = 10;
const MINUTES_MAX: u64 = 24 * 60;
/// Cases of each test in the first round.
const FIRST_CASES: u64 = 1_000;
/// A round is not longer than a test may take.
const CASES_MAX: u64 = 64_000;
/// As long as a round takes less than this part of the time that is left, the next one is twice as large.
const ROUNDS_LEFT: u32 = 4;
const FAILED: &str = "failed.txt";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    let minutes = minutes(arguments)?;
    Ok(fuzz(workspace, Duration::from_secs(minutes * 60)))
}

fn minutes(arguments: &[String]) -> Result<u64, Misuse> {
    let given = match arguments {
        [] => return Ok(DEFAULT_MINUTES),
        [option, given] if option == "--minutes" => given,
        _ => return Err(Misuse("this command takes --minutes N and nothing else".to_owned())),
    };
    match given.parse() {
        Ok(minutes @ 1..=MINUTES_MAX) => Ok(minutes),
        _ => Err(Misuse(format!("--minutes takes a whole number from 1 to {MINUTES_MAX}; {given:?} was given"))),
    }
}

/// What was run so far.
#[derive(Default)]
struct Done {
    rounds: u64,
    cases: u64,
    /// The commands that repeat what failed.
    failed: Vec<String>,
}

fn fuzz(workspace: &Workspace, limit: Duration) -> Outcome {
    let properties = found::properties(workspace.root())?;
    if properties.is_empty() {
        bail!("there are no property tests");
    }
    let arguments = arguments(&properties);
    let nextest = |more: &[&str]| {
        let mut command = workspace.cargo(["nextest", "run", "--profile", "fuzz"]);
        command.args(more).args(&arguments);
        command
    };
    unattended::run(&mut nextest(&["--no-run"])).context("the tests do not build, or cargo-nextest is missing")?;
    let mut done = Done::default();
    let started = Instant::now();
    let mut cases = FIRST_CASES;
    loop {
        let round = Instant::now();
        let seed = RandomState::new().hash_one(done.rounds);
        let command = nextest(&["--status-level", "fail", "--final-status-level", "none"]);
        one_round(command, cases, seed, &arguments, &mut done)?;
        let left = limit.saturating_sub(started.elapsed());
        println!("round {}: {cases} cases of each test in {:.0} s", done.rounds, round.elapsed().as_secs_f64());
        if round.elapsed() > left {
            break;
        }
        if round.elapsed() * ROUNDS_LEFT < left {
            cases = (cases * 2).min(CASES_MAX);
        }
    }
    finish(workspace, properties.len(), &done)
}

fn one_round(mut command: Command, cases: u64, seed: u64, arguments: &[String], done: &mut Done) -> anyhow::Result<()> {
    let variables = [("PROPTEST_CASES", cases.to_string()), ("PROPTEST_RNG_SEED", seed.to_string())];
    // The seed says all; a file beside the source would be found by the next build.
    command.envs(variables).env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
    let tally = stage::counted(command, summary::nextest)?;
    done.rounds += 1;
    done.cases += tally.passed * cases;
    if tally.failed > 0 {
        let quoted: Vec<_> = arguments.iter().map(|word| format!("'{word}'")).collect();
        done.failed.push(format!(
            "PROPTEST_CASES={cases} PROPTEST_RNG_SEED={seed} cargo nextest run --profile fuzz {}",
            quoted.join(" ")
        ));
    }
    Ok(())
}

fn finish(workspace: &Workspace, tests: usize, done: &Done) -> Outcome {
    let Done { rounds, cases, failed } = done;
    println!("{cases} cases of {tests} property tests in {rounds} rounds, {} of them with failures", failed.len());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let folder = workspace.target().join("fuzz");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join(FAILED);
    fs::write(&path, failed.join("\n") + "\n").with_context(|| format!("{} cannot be written", path.display()))?;
    println!("repeat them with the commands in {}; the smallest cases are told above", path.display());
    Ok(ExitCode::FAILURE)
}

/// Which packages and which tests, for nextest.
fn arguments(properties: &BTreeSet<Property>) -> Vec<String> {
    let packages: BTreeSet<&str> = properties.iter().map(|property| property.package.as_str()).collect();
    let mut arguments: Vec<String> = packages.iter().flat_map(|name| ["-p".to_owned(), (*name).to_owned()]).collect();
    let test = |Property { package, name }: &Property| format!("(package({package}) & test(/(^|::){name}$/))");
    arguments.push("-E".to_owned());
    arguments.push(properties.iter().map(test).collect::<Vec<_>>().join(" | "));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn minutes_are_given_or_ten() {
        assert_eq!(minutes(&[]), Ok(10));
        assert_eq!(minutes(&words(&["--minutes", "1"])), Ok(1));
        for refused in [&["--minutes", "0"][..], &["--minutes", "1441"], &["--minutes", "x"], &["--minutes"], &["9"]] {
            assert!(minutes(&words(refused)).is_err(), "{refused:?}");
        }
        let told = minutes(&words(&["--minutes", "1.5"])).unwrap_err().0;
        assert!(told.contains("from 1 to 1440") && told.contains("\"1.5\""), "{told}");
    }

    #[test]
    fn each_package_is_named_once_and_each_test_whole() {
        let property = |package: &str, name: &str| Property { package: package.to_owned(), name: name.to_owned() };
        let given = BTreeSet::from([property("skein-a", "one"), property("skein-a", "two"), property("skein", "one")]);
        let expected = "(package(skein) & test(/(^|::)one$/)) | (package(skein-a) & test(/(^|::)one$/)) | \
                        (package(skein-a) & test(/(^|::)two$/))";
        assert_eq!(arguments(&given), ["-p", "skein", "-p", "skein-a", "-E", expected]);
    }
}
