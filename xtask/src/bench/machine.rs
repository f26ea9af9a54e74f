//! The machine: what it is, and whether it is quiet.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::unattended::said;
use crate::workspace::Workspace;

/// More than this many programs that want to run, on average over a minute, in hundredths.
const BUSY_LOAD_CENTI: u64 = 100;
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_secs(5);

/// What the numbers depend on.
#[derive(Debug)]
pub(super) struct Machine {
    description: String,
}

impl Machine {
    pub(super) fn read(workspace: &Workspace) -> anyhow::Result<Self> {
        let cpu = file("/proc/cpuinfo")?;
        let model = field(&cpu, "model name").unwrap_or("unknown processor");
        let cores = thread::available_parallelism().context("the cores cannot be counted")?;
        let memory = file("/proc/meminfo")?;
        let kib = field(&memory, "MemTotal").and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
        let memory_gib = (kib.unwrap_or(0) + 512 * 1_024) / (1_024 * 1_024);
        let system = said(Command::new("uname").args(["-s", "-r", "-m"]))?;
        let rustc = said(Command::new("rustc").arg("--version").current_dir(workspace.root()))?;
        let commit = commit(workspace)?;
        let description = format!(
            "Measured at commit {commit} on {cores} cores of {model}, {memory_gib} GiB of memory, {system}, with {rustc}."
        );
        Ok(Self { description })
    }

    /// One sentence.
    pub(super) fn describe(&self) -> &str {
        &self.description
    }

    #[cfg(test)]
    pub(super) fn for_test(description: &str) -> Self {
        Self { description: description.to_owned() }
    }
}

/// Waits until other programs leave the machine alone, for two minutes at most; returns a note for the reader.
pub(super) fn wait_until_quiet() -> anyhow::Result<String> {
    let started = Instant::now();
    let mut has_said = false;
    loop {
        let text = file("/proc/loadavg")?;
        let load = text.split(' ').next().unwrap_or_default().to_owned();
        let centi = load_centi(&load).with_context(|| format!("{load:?} is no load average"))?;
        if centi <= BUSY_LOAD_CENTI {
            return Ok(format!("Load average at the start: {load}."));
        }
        if started.elapsed() >= PATIENCE {
            println!("the machine is still busy (load average {load}); measuring all the same");
            return Ok(format!(
                "The machine was busy: load average {load} at the start, after {} s of waiting. Times are longer than \
                 on a quiet machine.",
                PATIENCE.as_secs()
            ));
        }
        if !has_said {
            println!("the machine is busy (load average {load}); waiting up to {} s …", PATIENCE.as_secs());
            has_said = true;
        }
        thread::sleep(LOOK);
    }
}

fn commit(workspace: &Workspace) -> anyhow::Result<String> {
    let git = |arguments: &[&str]| said(Command::new("git").args(arguments).current_dir(workspace.root()));
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", "crates", "Cargo.toml", "Cargo.lock"])?;
    Ok(if changed.is_empty() { commit } else { format!("{commit} with changes") })
}

fn file(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{path} cannot be read; benches run on Linux"))
}

/// The first value of `name` in lines of `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

fn load_centi(load: &str) -> Option<u64> {
    let (whole, part) = load.split_once('.')?;
    let part: u64 = if part.len() == 2 { part.parse().ok()? } else { return None };
    Some(whole.parse::<u64>().ok()? * 100 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC: 2\nmodel name\t: other\nMemTotal:   24 kB\n";
        assert_eq!(field(text, "model name"), Some("AMD EPYC: 2"));
        assert_eq!(field(text, "MemTotal"), Some("24 kB"));
        assert_eq!(field(text, "model"), None);
    }

    #[test]
    fn loads_are_read_exactly() {
        assert_eq!(load_centi("0.07"), Some(7));
        assert_eq!(load_centi("12.30"), Some(1_230));
        assert_eq!([load_centi("1"), load_centi("1.5"), load_centi("x.00")], [None; 3]);
    }
}
