//! 100,000 texts: facets found, characters counted.

mod answers;
mod corpus;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::json;

use super::peers::Node;
use super::race::{Contender, race, rehearse};
use super::samples::{Sample, Spread, grouped, ratio};
use super::section::{Aim, Section};
use super::{Ground, machine};

const TEXTS: u64 = 100_000;
const SEED: u64 = 2_026;
/// So many times as many texts a second as the peer.
const AIM: u64 = 40;

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    let built = ground.build(["--package", "skein"])?;
    let folder = ground.folder("texts")?;
    let posts = folder.join("posts.jsonl");
    write_posts(&posts).with_context(|| format!("{} cannot be written", posts.display()))?;
    let skein =
        Contender::of("Skein", &built.join("skein")).argument("preview").argument("--offline").argument("--lines");
    let mut contenders = vec![skein];
    let mut names = vec!["`skein preview --offline --lines`".to_owned()];
    for node in [Node::Newest, Node::Oldest] {
        let name = ground.peers.npm_version("@atproto/api", node)?;
        contenders.push(ground.peers.node_script(&name, "texts/atproto-api.mjs", node)?);
        names.push(name);
    }
    let answers: Vec<_> = (0..contenders.len()).map(|index| folder.join(format!("answers-{index}.jsonl"))).collect();
    let io = contenders.into_iter().zip(&answers);
    let contenders: Vec<_> = io.map(|(contender, answers)| contender.reads(&posts).writes(answers.clone())).collect();
    let quiet = machine::wait_until_quiet()?;
    rehearse(ground, &contenders)?;
    let comparison = compared(&answers)?;
    let samples = race(ground, &contenders)?;
    section(&names, &samples, vec![comparison, quiet]).context("there are no samples")
}

/// Our answers, the first, with those of every peer.
fn compared(answers: &[PathBuf]) -> anyhow::Result<String> {
    let (ours, peers) = answers.split_first().context("there are no answers")?;
    let mut told = Vec::new();
    for theirs in peers {
        let comparison = answers::compare(open(ours)?, open(theirs)?)?;
        if comparison.lines != TEXTS {
            bail!("{} answers to {TEXTS} texts", comparison.lines);
        }
        for example in &comparison.examples {
            println!("  different: {example}");
        }
        told.push(comparison.told());
    }
    // One script on two engines: what they answer is most often the same.
    told.dedup();
    Ok(told.join(" "))
}

/// The aim is held against every peer, so that it cannot be met by choosing one.
fn section(names: &[String], samples: &[Vec<Sample>], mut notes: Vec<String>) -> Option<Section> {
    let mut rows = Vec::new();
    let mut medians = Vec::new();
    for (name, samples) in names.iter().zip(samples) {
        let wall = Spread::of(samples, |sample| sample.wall_us)?;
        let cpu = Spread::of(samples, |sample| sample.cpu_us)?;
        let peak = Spread::of(samples, |sample| sample.peak_kib)?;
        let a_second = (TEXTS * 1_000_000).checked_div(wall.median).unwrap_or(0);
        rows.push(vec![name.clone(), wall.seconds(), grouped(a_second), cpu.seconds(), peak.mebibytes()]);
        medians.push((name, wall.median, cpu.median));
    }
    let (&(_, ours, our_cpu), peers) = medians.split_first()?;
    let aim = |(name, wall, _): &(&String, u64, u64)| Aim {
        what: format!("at least {AIM} times as many texts a second as {name}"),
        reached: format!("{} times", ratio(*wall, ours)),
        holds: *wall >= ours * AIM,
    };
    let aims = peers.iter().map(aim).collect();
    let times = |(name, _, cpu): &(&String, u64, u64)| format!("{} times those of {name}", ratio(*cpu, our_cpu));
    let times = peers.iter().map(times).collect::<Vec<_>>().join("; ");
    notes.insert(0, format!("Texts for each second of CPU: {times}."));
    let heading = vec!["program", "whole process", "texts a second", "CPU", "peak memory"];
    Some(Section { heading, rows, aims, notes })
}

fn write_posts(path: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for text in corpus::texts(TEXTS, SEED) {
        serde_json::to_writer(&mut file, &json!({ "text": text }))?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).with_context(|| format!("{} cannot be read", path.display()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(walls_us: [u64; 3]) -> Section {
        let sample = |wall_us| Sample { wall_us, cpu_us: wall_us * 2, peak_kib: 10_240, work_us: 0 };
        let samples = walls_us.map(|wall_us| vec![sample(wall_us); 5]);
        section(&["ours", "newest", "oldest"].map(str::to_owned), &samples, vec!["quiet".to_owned()]).unwrap()
    }

    #[test]
    fn the_aim_holds_from_forty_times_a_peer_on() {
        assert!(found([500_000, 20_000_000, 99_000_000]).aims_hold());
        assert!(!found([500_000, 19_999_999, 99_000_000]).aims_hold());
        let section = found([500_000, 99_000_000, 19_999_999]);
        assert_eq!(section.aims.iter().map(|aim| aim.holds).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn every_peer_is_told_of() {
        let section = found([500_000, 30_000_000, 60_000_000]);
        assert_eq!(section.rows[0][1..], ["0.500 s (0.500..0.500)", "200,000", "1.000 s (1.000..1.000)", "10 MiB"]);
        assert_eq!(section.aims[0].reached, "60.0 times");
        assert_eq!(section.aims[1].reached, "120.0 times");
        let told = "Texts for each second of CPU: 60.0 times those of newest; 120.0 times those of oldest.";
        assert_eq!(section.notes, [told, "quiet"]);
    }
}
