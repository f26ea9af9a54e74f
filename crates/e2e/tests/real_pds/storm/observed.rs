//! What the engine says in its log, and what it takes of the machine.

use std::collections::BTreeMap;

/// The states in which nothing more happens by itself.
const AT_REST: [&str; 6] = ["needs_review", "published", "failed", "missed", "canceled", "removed"];

/// Sums over the log.
#[derive(Debug, Default)]
pub(super) struct Observed {
    steps: BTreeMap<String, usize>,
    lines: usize,
    bytes: usize,
    others: BTreeMap<String, usize>,
}

impl Observed {
    /// Takes in one line.
    pub(super) fn read(&mut self, line: &str) {
        self.lines += 1;
        self.bytes += line.len() + 1;
        let word = |name: &str| line.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next());
        if let (Some(from), Some(to)) = (word("from"), word("to")) {
            *self.steps.entry(step(from, to)).or_default() += 1;
        } else {
            // Without its time; the few words that are left name the kind of line.
            let words: Vec<_> = line.split_whitespace().skip(1).take(6).collect();
            *self.others.entry(words.join(" ")).or_default() += 1;
        }
    }

    /// How often a delivery went from one state to another.
    pub(super) fn steps(&self, from: &str, to: &str) -> usize {
        self.steps.get(&step(from, to)).copied().unwrap_or(0)
    }

    /// How many deliveries came to rest.
    pub(super) fn at_rest(&self) -> usize {
        self.steps.iter().filter(|(step, _)| AT_REST.iter().any(|state| step.ends_with(state))).map(|(_, n)| n).sum()
    }
}

fn step(from: &str, to: &str) -> String {
    format!("{from} -> {to}")
}

/// What a process has taken so far.
#[derive(Debug)]
#[expect(dead_code, reason = "shown whole in the test's output")]
pub(super) struct Process {
    cpu_ms: u64,
    most_memory_kib: u64,
}

impl Process {
    /// Of a process of this machine.
    pub(super) fn of(id: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        // The second field, the name in brackets, may hold spaces.
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        // A tick is a hundredth of a second on every Linux.
        Self {
            cpu_ms: (ticks(11) + ticks(12)) * 10,
            most_memory_kib: most.trim().trim_end_matches(" kB").parse().unwrap(),
        }
    }
}
