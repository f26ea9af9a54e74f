//! 10,000 posts due at one instant, and 1,000 over twenty seconds: the engine beside job queues that call a client library.

mod found;
mod stage;
mod table;

use anyhow::Context;

pub(super) use self::found::Found;
pub(super) use self::stage::{Scene, Stage, Worker};
use super::peers::Node;
use super::section::Section;
use super::{Ground, machine};

const BURST: Scene = Scene { posts: 10_000, spread_ms: 0, delay_ms: 0, workers: None };
const TRICKLE: Scene = Scene { posts: 1_000, spread_ms: 20_000, ..BURST };
/// Of the rehearsal.
const FEW: Scene = Scene { posts: 100, ..BURST };
/// A round takes minutes, so there are fewer than in other benches.
const ROUNDS: usize = 3;

pub(super) fn run(ground: &Ground<'_>) -> anyhow::Result<Section> {
    let mut stage = Stage::build(ground)?;
    let workers = workers(ground, &stage)?;
    let quiet = machine::wait_until_quiet()?;
    for worker in &workers {
        stage.turn(worker, FEW)?;
    }
    let mut found: Vec<[Vec<Found>; 2]> = workers.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for round in 1..=ROUNDS {
        println!("  round {round} of {ROUNDS}");
        for (index, worker) in workers.iter().enumerate() {
            for (part, scene) in [BURST, TRICKLE].into_iter().enumerate() {
                found[index][part].push(stage.turn(worker, scene)?);
            }
        }
    }
    let programs: Vec<_> = workers.iter().map(|worker| (worker.name.as_str(), worker.is_skein)).collect();
    table::section(&programs, &found, vec![quiet]).context("there are no figures")
}

/// Ours first, then the peers.
fn workers(ground: &Ground<'_>, stage: &Stage) -> anyhow::Result<Vec<Worker>> {
    let mut workers = vec![
        stage.skein("Skein on SQLite", "skein-on-sqlite"),
        stage.skein("Skein on PostgreSQL", "skein-on-postgres"),
    ];
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
