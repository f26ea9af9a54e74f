//! When frames are shown: at even distances, or not.

use std::collections::BTreeMap;

/// Distances that are told apart. Cameras that waver need some hundreds.
const DISTANCES_MAX: usize = 65_536;
/// A frame whose time is off by more than this share of the usual one counts as off: in percent.
const OFF_PERCENT: u64 = 25;
/// So many of a hundred frames may be off: cameras drop one now and then.
const OFF_FRAMES_PERCENT: u64 = 5;

/// How evenly frames follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameTiming {
    /// Even, but for small wavering and a dropped frame now and then.
    Regular,
    /// Uneven: `off_frames` last more than a quarter shorter or longer than most, or less than half.
    Irregular {
        /// How many frames are off.
        off_frames: u64,
        /// How many there are.
        frames: u64,
    },
}

/// How long the frames of a track last, in units of its clock.
#[derive(Debug, Default)]
pub(super) struct Distances {
    counts: BTreeMap<u32, u64>,
    last: u32,
    frames: u64,
    total: u64,
    is_overfull: bool,
}

impl Distances {
    /// So many frames in a row that last so long each.
    pub(super) fn add(&mut self, frames: u32, each: u32) {
        if frames == 0 {
            return;
        }
        let frames = u64::from(frames);
        self.frames = self.frames.saturating_add(frames);
        self.total = self.total.saturating_add(frames.saturating_mul(u64::from(each)));
        self.last = each;
        if self.counts.len() < DISTANCES_MAX || self.counts.contains_key(&each) {
            let count = self.counts.entry(each).or_default();
            *count = count.saturating_add(frames);
        } else {
            self.is_overfull = true;
        }
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The sum, in units of the track's clock.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// How even they are. The last frame does not count: how long it lasts is often made up.
    pub(super) fn timing(&self) -> FrameTiming {
        let mut counts = self.counts.clone();
        if let Some(count) = counts.get_mut(&self.last) {
            *count = count.saturating_sub(1);
        }
        let frames: u64 = counts.values().fold(0, |sum, count| sum.saturating_add(*count));
        let usual = u64::from(median(&counts, frames));
        let far = |each: u64| each.abs_diff(usual) * 100 > usual * OFF_PERCENT;
        let off_frames = sum_where(&counts, far);
        // What copying cuts leave behind: one frame of next to no length. The network's ingest fails on a single one.
        let runts = sum_where(&counts, |each| each * 2 < usual || each == 0);
        let too_many = off_frames > 0 && off_frames.saturating_mul(100) > frames.saturating_mul(OFF_FRAMES_PERCENT);
        if self.is_overfull || runts > 0 || too_many {
            FrameTiming::Irregular { off_frames: off_frames.max(runts), frames: self.frames }
        } else {
            FrameTiming::Regular
        }
    }
}

fn median(counts: &BTreeMap<u32, u64>, frames: u64) -> u32 {
    let mut seen = 0_u64;
    let middle = counts.iter().find(|(_, count)| {
        seen = seen.saturating_add(**count);
        seen.saturating_mul(2) >= frames
    });
    middle.map_or(0, |(each, _)| *each)
}

fn sum_where(counts: &BTreeMap<u32, u64>, is_meant: impl Fn(u64) -> bool) -> u64 {
    let meant = counts.iter().filter(|(each, _)| is_meant(u64::from(**each)));
    meant.fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(runs: &[(u32, u32)]) -> FrameTiming {
        let mut distances = Distances::default();
        for (frames, each) in runs {
            distances.add(*frames, *each);
        }
        distances.timing()
    }

    #[test]
    fn even_wavering_and_rarely_dropped_frames_are_regular() {
        for runs in [
            &[(300, 512)][..],
            &[(1, 512)],
            &[(100, 3_000), (100, 3_003), (100, 2_990)],
            &[(100, 512), (1, 1_024), (100, 512)],
            &[(100, 512), (1, 1)],
        ] {
            assert_eq!(timing(runs), FrameTiming::Regular, "{runs:?}");
        }
    }

    #[test]
    fn one_runt_or_many_uneven_frames_are_irregular() {
        for (runs, off_frames, frames) in [
            (&[(1, 1), (300, 512)][..], 1, 301),
            (&[(2, 0), (300, 512)], 2, 302),
            (&[(50, 512), (50, 256), (1, 512)], 50, 101),
            (&[(20, 512), (2, 700), (18, 512)], 2, 40),
        ] {
            assert_eq!(timing(runs), FrameTiming::Irregular { off_frames, frames }, "{runs:?}");
        }
    }
}
