//! Single runs of the program `burst`, each with enough time ahead.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use super::super::Ground;
use super::super::race::Contender;
use super::found::Found;
use crate::debian;
use crate::unattended::said;

const ACCOUNTS: u32 = 1_000;
/// What handing in and starting may take at first; how long it did take is known after that.
const FIRST_LEAD_MS: u64 = 30_000;
/// Workers are ready for so long before the first instant.
const AHEAD_MS: u64 = 10_000;
/// Skein begins to prepare a text 30 s ahead, and its idle memory is read before that.
const SKEIN_AHEAD_MS: u64 = 36_000;

/// What is due, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct Scene {
    pub(in super::super) posts: u32,
    pub(in super::super) spread_ms: u32,
    /// The stub takes so long to answer.
    pub(in super::super) delay_ms: u32,
    /// So many `skein work` instead of one `skein serve`.
    pub(in super::super) workers: Option<u32>,
}

/// Who works, in the words of `burst`.
pub(in super::super) struct Worker {
    pub(in super::super) name: String,
    pub(in super::super) who: &'static str,
    pub(in super::super) is_skein: bool,
    pub(in super::super) command: Contender,
}

/// What was built, and what is known of the runs.
pub(in super::super) struct Stage {
    burst: PathBuf,
    skein: PathBuf,
    leads_ms: HashMap<(String, Scene), u64>,
}

impl Stage {
    pub(in super::super) fn build(ground: &Ground<'_>) -> anyhow::Result<Self> {
        debian::install_servers(&debian::SERVERS)?;
        let skein = ground.build(["--package", "skein"])?.join("skein");
        let burst = ground.build(["--package", "skein-e2e", "--example", "burst"])?.join("examples/burst");
        Ok(Self { burst, skein, leads_ms: HashMap::new() })
    }

    pub(in super::super) fn skein(&self, name: &str, who: &'static str) -> Worker {
        Worker { name: name.to_owned(), who, is_skein: true, command: Contender::of(name, &self.skein) }
    }

    /// One run, tried again with more time ahead where there was too little of it.
    pub(in super::super) fn turn(&mut self, worker: &Worker, scene: Scene) -> anyhow::Result<Found> {
        let is_burst = worker.is_skein && scene.spread_ms == 0;
        let ahead_ms = if is_burst { SKEIN_AHEAD_MS } else { AHEAD_MS };
        let key = (worker.name.clone(), scene);
        let lead_ms = self.leads_ms.get(&key).copied().unwrap_or(FIRST_LEAD_MS);
        let found = match self.play(worker, scene, lead_ms + ahead_ms) {
            Ok(found) if found.prepared_ms <= lead_ms => found,
            Ok(found) => self.again(worker, scene, found.prepared_ms * 3 / 2 + ahead_ms, "it was ready too late")?,
            Err(error) => self.again(worker, scene, lead_ms * 4 + ahead_ms, &format!("{error:#}"))?,
        };
        if worker.is_skein && !found.is_exact(scene.posts) {
            bail!("{}: {} requests for {} of {} posts", worker.name, found.posts, found.different, scene.posts);
        }
        self.leads_ms.insert(key, found.prepared_ms * 3 / 2);
        Ok(found)
    }

    fn again(&self, worker: &Worker, scene: Scene, lead_ms: u64, why: &str) -> anyhow::Result<Found> {
        println!("  {}: {why}; once more, with more time ahead", worker.name);
        self.play(worker, scene, lead_ms)
    }

    fn play(&self, worker: &Worker, scene: Scene, lead_ms: u64) -> anyhow::Result<Found> {
        let Scene { posts, spread_ms, delay_ms, workers } = scene;
        let mut numbers = vec![
            ("--accounts", u64::from(ACCOUNTS)),
            ("--posts", posts.into()),
            ("--spread-ms", spread_ms.into()),
            ("--delay-ms", delay_ms.into()),
            ("--lead-ms", lead_ms),
        ];
        numbers.extend(workers.map(|workers| ("--workers", workers.into())));
        let mut command = Command::new(&self.burst);
        command.args(["run", worker.who]);
        for (option, number) in numbers {
            command.args([option, &number.to_string()]);
        }
        let its = worker.command.command();
        command.arg("--").arg(its.get_program()).args(its.get_args());
        command.envs(its.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let line = said(&mut command).with_context(|| format!("{} was not measured", worker.name))?;
        let found = Found::read(&line).with_context(|| format!("what was found is not understood: {line}"))?;
        println!("  {}: {posts} posts over {spread_ms} ms: {}", worker.name, found.told());
        Ok(found)
    }
}
