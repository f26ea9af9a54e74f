//! Many seeds, on as many threads as there are processors; each run stays on one of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::bugs::Bug;
use crate::record::Violation;
use crate::run::run;

/// What came of many runs.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// How often each kind of thing happened in all of them.
    pub(crate) counts: BTreeMap<String, u64>,
    /// The seeds that broke promises, in their order.
    pub(crate) broken: BTreeMap<u64, Vec<Violation>>,
}

impl Swept {
    fn is_broken(&self, promise: Option<&str>) -> bool {
        promise.is_some_and(|promise| self.broken.values().flatten().any(|violation| violation.promise == promise))
    }
}

/// Runs seeds; where a promise is named, until one breaks it.
pub(crate) fn sweep(from: u64, seeds: u64, bug: Option<Bug>, until: Option<&str>) -> Swept {
    let (next, swept) = (AtomicU64::new(from), Mutex::new(Swept::default()));
    let lock = || swept.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= from + seeds || lock().is_broken(until) {
                return;
            }
            let ended = run(seed, bug);
            let mut swept = lock();
            for (kind, count) in ended.counts {
                *swept.counts.entry(kind).or_default() += count;
            }
            if !ended.violations.is_empty() {
                swept.broken.insert(seed, ended.violations);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    swept.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The one command that makes the same run again.
pub(crate) fn replay(seed: u64) -> String {
    format!("cargo xtask simulate --seeds 1 --from {seed}")
}

/// What was broken, in words, with the command that repeats each.
pub(crate) fn told(swept: &Swept) -> String {
    let mut lines = Vec::new();
    for (seed, violations) in &swept.broken {
        lines.push(format!("seed {seed}; again: {}", replay(*seed)));
        lines.extend(violations.iter().map(|Violation { promise, what }| format!("  {promise}: {what}")));
    }
    lines.join("\n")
}
