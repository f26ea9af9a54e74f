//! 1,000 posts to the reference PDS: what a client spends on them, and what of it is the call log's.

mod server;
mod texts;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use self::server::{HANDLE, Server};
use super::peers::Node;
use super::race::{Contender, run as measured};
use super::samples::{Sample, Spread, ratio};
use super::section::{Aim, Section};
use super::{Ground, machine};
use crate::install;
use crate::unattended::said;

const POSTS: u64 = 1_000;
/// Of the rehearsal.
const FEW_POSTS: u64 = 20;
/// The server takes its time, so there are fewer than in other benches.
const ROUNDS: usize = 3;
/// At most this part of the CPU of each peer.
const AIM_PART: u64 = 5;
/// 15 MB.
const AIM_PEAK_BYTES: u64 = 15_000_000;
/// The log may take one part in so many of a call's time.
const AIM_LOG_PART: u64 = 20;

/// Who posts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Poster {
    Skein,
    SkeinWithoutLog,
    Npm,
    Python,
}

const POSTERS: [Poster; 4] = [Poster::Skein, Poster::SkeinWithoutLog, Poster::Npm, Poster::Python];

/// What all runs share.
struct Scene<'a> {
    ground: &'a Ground<'a>,
    pds: PathBuf,
    folder: PathBuf,
    skein: PathBuf,
    names: [String; 4],
}

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    let built = ground.build(["--package", "skein-journal", "--example", "posts"])?;
    let scene = Scene {
        ground,
        pds: install::prepare(ground.workspace.root(), install::PDS, true)
            .context("the reference PDS cannot be installed")?,
        folder: ground.folder("posts")?,
        skein: built.join("examples/posts"),
        names: [
            "Skein".to_owned(),
            "Skein without its call log".to_owned(),
            ground.peers.npm_version("@atproto/api", Node::Newest)?,
            ground.peers.pypi_version("atproto")?,
        ],
    };
    let quiet = machine::wait_until_quiet()?;
    scene.round(FEW_POSTS)?;
    let mut samples = vec![Vec::with_capacity(ROUNDS); POSTERS.len()];
    for round in 1..=ROUNDS {
        println!("  round {round} of {ROUNDS}");
        for (sample, samples) in scene.round(POSTS)?.into_iter().zip(&mut samples) {
            samples.push(sample);
        }
    }
    section(&scene.names, &samples, vec![quiet]).context("there are no samples")
}

impl Scene<'_> {
    /// Everybody once; what they have posted must be the same.
    fn round(&self, posts: u64) -> anyhow::Result<Vec<Sample>> {
        let texts = self.folder.join("texts.txt");
        let written = fs::write(&texts, texts::file(usize::try_from(posts)?));
        written.with_context(|| format!("{} cannot be written", texts.display()))?;
        let mut samples = Vec::with_capacity(POSTERS.len());
        let mut expected: Option<String> = None;
        for (poster, name) in POSTERS.into_iter().zip(&self.names) {
            let server = Server::start(&self.pds)?;
            let sample = measured(self.ground, &self.contender(poster, name, &server, &texts)?)?;
            let listed = self.listed(&server)?;
            let count = listed.lines().count();
            if u64::try_from(count)? != posts {
                bail!("{name} posted {count} of {posts} texts");
            }
            if expected.get_or_insert_with(|| listed.clone()) != &listed {
                bail!("{name} posted something else than {}", self.names[0]);
            }
            let Sample { wall_us, cpu_us, peak_kib, .. } = sample;
            println!("  {name}: {posts} posts, {wall_us} µs, {cpu_us} µs of CPU, {peak_kib} KiB");
            samples.push(sample);
        }
        Ok(samples)
    }

    fn contender(&self, poster: Poster, name: &str, server: &Server, texts: &Path) -> anyhow::Result<Contender> {
        let peers = &self.ground.peers;
        let contender = match poster {
            Poster::Npm => peers.node_script(name, "posts/atproto-api.mjs", Node::Newest)?,
            Poster::Python => peers.python_script(name, "posts/by_atproto.py"),
            Poster::Skein | Poster::SkeinWithoutLog => Contender::of(name, &self.skein),
        };
        let contender = contender.variable("SKEIN_PASSWORD", server.app_password());
        let contender = contender.argument(HANDLE).argument(server.pds_url());
        Ok(match poster {
            Poster::Npm | Poster::Python => contender.argument(texts),
            Poster::Skein => contender.argument(server.plc_url()).argument(self.memory()?).argument(texts),
            Poster::SkeinWithoutLog => {
                let contender = contender.argument(server.plc_url()).argument(self.memory()?).argument(texts);
                contender.argument("--without-log")
            }
        })
    }

    /// An empty folder for the database of a run.
    fn memory(&self) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join("memory");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(folder)
    }

    /// What the server has of the account, one line a post.
    fn listed(&self, server: &Server) -> anyhow::Result<String> {
        let mut lister = self.ground.peers.bare_python();
        said(lister.arg(self.ground.source("posts/listed.py")).args([server.pds_url(), HANDLE]))
    }
}

/// The first of `names` is ours, the second ours without the log, the others are peers.
fn section(names: &[String], samples: &[Vec<Sample>], mut notes: Vec<String>) -> Option<Section> {
    let mut rows = Vec::new();
    let mut medians = Vec::new();
    for (name, samples) in names.iter().zip(samples) {
        let wall = Spread::of(samples, |sample| sample.wall_us)?;
        let cpu = Spread::of(samples, |sample| sample.cpu_us)?;
        let peak = Spread::of(samples, |sample| sample.peak_kib)?;
        rows.push(vec![name.clone(), cpu.seconds(), peak.mebibytes(), wall.seconds()]);
        medians.push((name, cpu.median, peak.median, wall.median));
    }
    let [(_, ours, peak_kib, wall), (_, without_log, ..), peers @ ..] = medians.as_slice() else { return None };
    let mut aims: Vec<Aim> = peers.iter().map(|(name, cpu, ..)| beside(name, *ours, *cpu)).collect();
    aims.push(Aim {
        what: "at most 15 MB of memory".to_owned(),
        reached: format!("{} MB", ratio(peak_kib * 1_024, 1_000_000)),
        holds: peak_kib * 1_024 <= AIM_PEAK_BYTES,
    });
    let log = ours.saturating_sub(*without_log);
    aims.push(Aim {
        what: "the call log costs less than 5% of a call's time".to_owned(),
        reached: format!("{}% of it", ratio(log * 100, *wall)),
        holds: log * AIM_LOG_PART < *wall,
    });
    let told = format!(
        "The call log takes {} µs of CPU for each post, {}% of what Skein spends; a post takes {} ms, most of it the server's.",
        log / POSTS,
        ratio(log * 100, *ours),
        ratio(*wall, POSTS * 1_000),
    );
    notes.insert(0, format!("Every program posted {POSTS} posts {ROUNDS} times; the medians of these are shown."));
    notes.insert(1, told);
    Some(Section { heading: vec!["program", "CPU", "peak memory", "whole process"], rows, aims, notes })
}

fn beside(name: &str, ours: u64, theirs: u64) -> Aim {
    Aim {
        what: format!("at most a fifth of the CPU of {name}"),
        reached: format!("1/{} of it", ratio(theirs, ours)),
        holds: ours * AIM_PART <= theirs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CPU and memory of each, in the order of [`POSTERS`]; each takes 10 s.
    fn found(costs: [(u64, u64); 4]) -> Vec<bool> {
        let sample = |(cpu_us, peak_kib)| Sample { wall_us: 10_000_000, cpu_us, peak_kib, work_us: 0 };
        let samples = costs.map(|cost| vec![sample(cost); ROUNDS]);
        let names = ["ours", "without", "npm", "python"].map(str::to_owned);
        let section = section(&names, &samples, vec!["quiet".to_owned()]).unwrap();
        assert_eq!((section.rows.len(), section.notes.len()), (4, 3));
        section.aims.iter().map(|aim| aim.holds).collect()
    }

    #[test]
    fn each_peer_the_memory_and_the_log_have_an_aim() {
        let peer = |cpu_us| (cpu_us, 100_000);
        assert_eq!(found([(200_000, 14_648), (190_000, 0), peer(1_000_000), peer(999_999)]), [true, false, true, true]);
        assert_eq!(
            found([(200_000, 14_649), (190_000, 0), peer(999_999), peer(1_000_000)]),
            [false, true, false, true]
        );
        assert_eq!(found([(600_000, 1), (100_000, 0), peer(9_000_000), peer(9_000_000)]), [true, true, true, false]);
        assert_eq!(found([(100_000, 1), (101_000, 0), peer(9_000_000), peer(9_000_000)]), [true, true, true, true]);
    }
}
