//! What programs cost, as Linux tells it: a program is a process and all that descend from it.

use std::collections::HashMap;
use std::fs;

use crate::Failed;

/// Linux counts CPU time in hundredths of a second for programs, on every machine.
const TICK_US: u64 = 10_000;

/// A table of all processes, as it was a moment ago.
pub(crate) struct Processes {
    children: HashMap<u32, Vec<u32>>,
}

impl Processes {
    pub(crate) fn read() -> Result<Self, Failed> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // It may be gone by now.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            if let Some(parent) = after_name(&stat).nth(1).and_then(|parent| parent.parse().ok()) {
                children.entry(parent).or_default().push(pid);
            }
        }
        Ok(Self { children })
    }

    /// The processes and all that descend from them.
    pub(crate) fn family(&self, roots: &[u32]) -> Vec<u32> {
        let mut family = roots.to_vec();
        let mut next = 0;
        while let Some(pid) = family.get(next) {
            family.extend(self.children.get(pid).into_iter().flatten());
            next += 1;
        }
        family
    }
}

/// The CPU time that all threads of the programs have spent so far, those of children that ended included.
pub(crate) fn cpu_us(roots: &[u32]) -> Result<u64, Failed> {
    let ticks = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // User and system time, its own and of children that were waited for.
        Some(after_name(&stat).skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>())
    };
    Ok(Processes::read()?.family(roots).iter().filter_map(ticks).sum::<u64>() * TICK_US)
}

/// The memory that the programs hold now. What several processes share is counted once.
pub(crate) fn memory_kib(roots: &[u32]) -> Result<u64, Failed> {
    match Processes::read()?.family(roots).as_slice() {
        [pid] => status_kib(*pid, "VmRSS"),
        family => Ok(family.iter().filter_map(|pid| share_kib(*pid)).sum()),
    }
}

/// The most that a program of one process has held so far; `None` for more processes, of which samples must be taken.
pub(crate) fn peak_kib(roots: &[u32]) -> Result<Option<u64>, Failed> {
    match Processes::read()?.family(roots).as_slice() {
        [pid] => status_kib(*pid, "VmHWM").map(Some),
        _ => Ok(None),
    }
}

fn status_kib(pid: u32, name: &str) -> Result<u64, Failed> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    field_kib(&status, name).ok_or_else(|| format!("the status of process {pid} has no {name}").into())
}

fn share_kib(pid: u32) -> Option<u64> {
    field_kib(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, "Pss")
}

/// Lines of `name:   1234 kB`.
fn field_kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The fields of `/proc/PID/stat` from the state on. The name before it may hold spaces.
fn after_name(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ')
}
