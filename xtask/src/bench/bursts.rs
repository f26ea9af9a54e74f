//! 10,000 posts due at one instant, and 1,000 over twenty seconds: the engine beside job queues that call a client library.

mod found;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use self::found::Found;
use super::peers::Node;
use super::race::Contender;
use super::section::Section;
use super::{Ground, machine};
use crate::debian;
use crate::unattended::said;

const ACCOUNTS: u32 = 1_000;
const BURST: Scene = Scene { posts: 10_000, spread_ms: 0 };
const TRICKLE: Scene = Scene { posts: 1_000, spread_ms: 20_000 };
/// Of the rehearsal.
const FEW: Scene = Scene { posts: 100, spread_ms: 0 };
/// A round takes minutes, so there are fewer than in other benches.
const ROUNDS: usize = 3;
/// What handing in and starting may take at first; how long it did take is known after that.
const FIRST_LEAD_MS: u64 = 30_000;
/// Workers are ready for so long before the first instant.
const AHEAD_MS: u64 = 10_000;
/// Skein begins to prepare a text 30 s ahead, and its idle memory is read before that.
const SKEIN_AHEAD_MS: u64 = 36_000;

/// What is due, and when.
#[derive(Clone, Copy)]
struct Scene {
    posts: u32,
    spread_ms: u32,
}

/// Who works, in the words of the program `burst`.
struct Worker {
    name: String,
    who: &'static str,
    is_skein: bool,
    command: Contender,
}

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    debian::install_servers(&debian::SERVERS)?;
    let built = ground.build(["--package", "skein"])?;
    let burst = ground.build(["--package", "skein-e2e", "--example", "burst"])?.join("examples/burst");
    let workers = workers(ground, &built)?;
    let quiet = machine::wait_until_quiet()?;
    let mut stage = Stage { burst, leads_ms: vec![[FIRST_LEAD_MS; 2]; workers.len()] };
    for worker in &workers {
        stage.play(worker, FEW, FIRST_LEAD_MS + stage_ahead_ms(worker, FEW))?;
    }
    let mut found: Vec<[Vec<Found>; 2]> = workers.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for round in 1..=ROUNDS {
        println!("  round {round} of {ROUNDS}");
        for (index, worker) in workers.iter().enumerate() {
            for (part, scene) in [BURST, TRICKLE].into_iter().enumerate() {
                found[index][part].push(stage.turn(worker, scene, index, part)?);
            }
        }
    }
    let programs: Vec<_> = workers.iter().map(|worker| (worker.name.as_str(), worker.is_skein)).collect();
    table::section(&programs, &found, vec![quiet]).context("there are no figures")
}

/// Ours first, then the peers.
fn workers(ground: &Ground<'_>, built: &Path) -> anyhow::Result<Vec<Worker>> {
    let skein = |name: &str, who| Worker {
        name: name.to_owned(),
        who,
        is_skein: true,
        command: Contender::of(name, &built.join("skein")),
    };
    let mut workers =
        vec![skein("Skein on SQLite", "skein-on-sqlite"), skein("Skein on PostgreSQL", "skein-on-postgres")];
    ground.peers.node_module("bursts/scene.mjs")?;
    let scripts = [
        ("bullmq", "Redis", "peer-on-redis"),
        ("graphile-worker", "PostgreSQL", "peer-on-postgres"),
        ("pg-boss", "PostgreSQL", "peer-on-postgres"),
    ];
    for (package, store, who) in scripts {
        let name = format!("{}, {store}", ground.peers.npm_version(package, Node::Newest)?);
        let command = ground.peers.node_script(&name, &format!("bursts/{package}.mjs"), Node::Newest)?;
        workers.push(Worker { name, who, is_skein: false, command });
    }
    let name = format!("{}, Redis", ground.peers.pypi_version("celery")?);
    let command = ground.peers.python_script(&name, "bursts/by_celery.py");
    workers.push(Worker { name, who: "peer-on-redis", is_skein: false, command });
    Ok(workers)
}

struct Stage {
    burst: PathBuf,
    /// For each worker, of both scenes.
    leads_ms: Vec<[u64; 2]>,
}

fn stage_ahead_ms(worker: &Worker, scene: Scene) -> u64 {
    if worker.is_skein && scene.spread_ms == 0 { SKEIN_AHEAD_MS } else { AHEAD_MS }
}

impl Stage {
    /// One run, tried again with more time ahead where there was too little of it.
    fn turn(&mut self, worker: &Worker, scene: Scene, index: usize, part: usize) -> anyhow::Result<Found> {
        let ahead_ms = stage_ahead_ms(worker, scene);
        let lead_ms = self.leads_ms[index][part];
        let found = match self.play(worker, scene, lead_ms + ahead_ms) {
            Ok(found) => found,
            Err(error) => {
                println!("  {}: {error:#}; once more, with more time ahead", worker.name);
                self.play(worker, scene, lead_ms * 4 + ahead_ms)?
            }
        };
        self.leads_ms[index][part] = found.prepared_ms * 3 / 2;
        Ok(found)
    }

    fn play(&self, worker: &Worker, scene: Scene, lead_ms: u64) -> anyhow::Result<Found> {
        let Scene { posts, spread_ms } = scene;
        let numbers = [
            ("--accounts", u64::from(ACCOUNTS)),
            ("--posts", posts.into()),
            ("--spread-ms", spread_ms.into()),
            ("--lead-ms", lead_ms),
        ];
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
        if worker.is_skein && !found.is_exact(posts) {
            bail!("{} posted {} times, {} different posts of {posts}", worker.name, found.posts, found.different);
        }
        Ok(found)
    }
}
