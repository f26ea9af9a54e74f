//! `cargo xtask bench`

mod bursts;
mod machine;
mod page;
mod peers;
mod pictures;
mod posts;
mod race;
mod samples;
mod section;
mod texts;
mod waiting;
mod workers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use self::machine::Machine;
use self::peers::Peers;
use self::section::Section;
use crate::workspace::Workspace;
use crate::{Misuse, Outcome, unattended};

pub(crate) const USAGE: &str = "\
cargo xtask bench [--check] [NAME…]

Measures Skein beside its peers and writes the tables into docs/BENCHMARKS.md, each bench its own. What is missing of the
peers is installed: npm and PyPI packages into target/bench, Debian packages (as root). Without a name all are run:

  texts      100,000 texts previewed; the peer is npm's @atproto/api
  pictures   three pictures fitted under 1,000,000 bytes; the peers are npm's sharp and Pillow
  posts      1,000 posts to the reference PDS, some minutes long; the peers are npm's @atproto/api and Python's atproto
  bursts     10,000 posts due at one instant, 1,000 over 20 s, half an hour long; the peers are npm's BullMQ,
             graphile-worker and pg-boss with @atproto/api, and Python's Celery with atproto
  workers    10,000 posts at once by one, two and four workers on one PostgreSQL, a quarter of an hour long
  waiting    claim, wake-up, list and insert while a million posts wait, beside a thousand

  --check    exit code 1 when an aim is missed";

const PAGE: &str = "docs/BENCHMARKS.md";

/// One file each.
struct Bench {
    name: &'static str,
    run: fn(&Ground<'_>) -> anyhow::Result<Section>,
}

const BENCHES: [Bench; 6] = [
    Bench { name: "texts", run: texts::run },
    Bench { name: "pictures", run: pictures::run },
    Bench { name: "posts", run: posts::run },
    Bench { name: "bursts", run: bursts::run },
    Bench { name: "workers", run: workers::run },
    Bench { name: "waiting", run: waiting::run },
];

/// What every bench stands on.
struct Ground<'a> {
    workspace: &'a Workspace,
    peers: Peers,
    machine: Machine,
}

impl Ground<'_> {
    /// A folder for the inputs and outputs of one bench.
    fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.workspace.target().join("bench").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(folder)
    }

    /// A file of the bench that is part of the checkout.
    fn source(&self, path: &str) -> PathBuf {
        self.workspace.root().join("xtask/bench").join(path)
    }

    /// Builds with optimization; returns the folder of what was built.
    fn build<const N: usize>(&self, what: [&str; N]) -> anyhow::Result<PathBuf> {
        let mut command = self.workspace.cargo(["build", "--release"]);
        unattended::run(command.args(what)).with_context(|| format!("{} does not build", what.join(" ")))?;
        Ok(self.workspace.target().join("release"))
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    let (options, names): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|word| word.starts_with('-'));
    if let Some(option) = options.iter().find(|option| **option != "--check") {
        return Err(Misuse(format!("{option:?} is not an option of this command")));
    }
    if let Some(name) = names.iter().find(|name| BENCHES.iter().all(|bench| bench.name != **name)) {
        return Err(Misuse(format!("there is no bench {name:?}")));
    }
    let is_wanted = |bench: &&Bench| names.is_empty() || names.iter().any(|name| *name == bench.name);
    let wanted: Vec<_> = BENCHES.iter().filter(is_wanted).collect();
    Ok(measure(workspace, &wanted, !options.is_empty()))
}

fn measure(workspace: &Workspace, benches: &[&Bench], check: bool) -> Outcome {
    let peers = Peers::install(workspace)?;
    let ground = Ground { workspace, machine: Machine::read(workspace)?, peers };
    println!("{}", ground.machine.describe());
    let page = workspace.root().join(PAGE);
    let mut all_hold = true;
    for bench in benches {
        println!("\n== {}", bench.name);
        let section = (bench.run)(&ground).with_context(|| format!("the bench {:?} failed", bench.name))?;
        println!("{}", section.for_terminal());
        all_hold &= section.aims_hold();
        write(&page, bench.name, &section.for_page(&ground.machine))?;
    }
    println!("\nwritten to {PAGE}");
    Ok(if check && !all_hold { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn write(page: &Path, name: &str, body: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("{PAGE} cannot be read"))?;
    let replaced = page::replaced(&text, name, body).with_context(|| format!("{PAGE} is not as expected"))?;
    fs::write(page, replaced).with_context(|| format!("{PAGE} cannot be written"))
}
