//! 100,000 texts: facets found, characters counted.

mod answers;
mod corpus;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::json;

use super::race::{Contender, race, rehearse};
use super::samples::{Spread, grouped, ratio};
use super::section::{Aim, Section};
use super::{Ground, machine};

use self::answers::Comparison;

const TEXTS: u64 = 100_000;
const SEED: u64 = 2_026;
/// So many times as many texts a second as the peer.
const AIM: u64 = 40;

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    let built = ground.build(["--package", "skein"])?;
    let folder = ground.folder("texts")?;
    let posts = folder.join("posts.jsonl");
    write_posts(&posts).with_context(|| format!("{} cannot be written", posts.display()))?;
    let (our_answers, their_answers) = (folder.join("skein.jsonl"), folder.join("atproto-api.jsonl"));
    let skein = Contender::of("Skein", &built.join("skein"))
        .argument("preview")
        .argument("--offline")
        .argument("--lines")
        .reads(&posts)
        .writes(our_answers.clone());
    let peer = ground.peers.node_script("@atproto/api", "texts/atproto-api.mjs")?;
    let contenders = [skein, peer.reads(&posts).writes(their_answers.clone())];
    let quiet = machine::wait_until_quiet()?;
    rehearse(ground, &contenders)?;
    let comparison = answers::compare(open(&our_answers)?, open(&their_answers)?)?;
    if comparison.lines != TEXTS {
        bail!("{} answers to {TEXTS} texts", comparison.lines);
    }
    for example in &comparison.examples {
        println!("  different: {example}");
    }
    let samples = race(ground, &contenders)?;
    let names = ["`skein preview --offline --lines`".to_owned(), ground.peers.npm_version("@atproto/api")?];
    section(&names, &samples, &comparison, quiet).context("there are no samples")
}

fn section(
    names: &[String; 2],
    samples: &[Vec<super::samples::Sample>],
    comparison: &Comparison,
    quiet: String,
) -> Option<Section> {
    let mut rows = Vec::new();
    let mut medians = Vec::new();
    for (name, samples) in names.iter().zip(samples) {
        let wall = Spread::of(samples, |sample| sample.wall_us)?;
        let cpu = Spread::of(samples, |sample| sample.cpu_us)?;
        let peak = Spread::of(samples, |sample| sample.peak_kib)?;
        let a_second = (TEXTS * 1_000_000).checked_div(wall.median).unwrap_or(0);
        rows.push(vec![name.clone(), wall.seconds(), grouped(a_second), cpu.seconds(), peak.mebibytes()]);
        medians.push((wall.median, cpu.median));
    }
    let &[(ours, our_cpu), (theirs, their_cpu)] = medians.as_slice() else { return None };
    let aim = Aim {
        what: format!("at least {AIM} times as many texts a second"),
        reached: format!("{} times", ratio(theirs, ours)),
        holds: theirs >= ours * AIM,
    };
    let per_cpu = format!("For each second of CPU: {} times as many.", ratio(their_cpu, our_cpu));
    let heading = vec!["program", "whole process", "texts a second", "CPU", "peak memory"];
    Some(Section { heading, rows, aims: vec![aim], notes: vec![per_cpu, comparison.told(), quiet] })
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
    use super::super::samples::Sample;
    use super::*;

    fn found(ours_us: u64, theirs_us: u64) -> Section {
        let samples = [ours_us, theirs_us].map(|wall_us| {
            let sample = Sample { wall_us, cpu_us: wall_us * 2, peak_kib: 10_240, work_us: 0 };
            vec![sample; 5]
        });
        let names = ["ours".to_owned(), "theirs".to_owned()];
        section(&names, &samples, &Comparison::default(), "quiet".to_owned()).unwrap()
    }

    #[test]
    fn the_aim_holds_from_forty_times_on() {
        assert!(found(500_000, 20_000_000).aims_hold());
        assert!(!found(500_000, 19_999_999).aims_hold());
        let section = found(500_000, 30_000_000);
        assert_eq!(section.rows[0][1..], ["0.500 s (0.500..0.500)", "200,000", "1.000 s (1.000..1.000)", "10 MiB"]);
        assert_eq!(section.aims[0].reached, "60.0 times");
    }
}
