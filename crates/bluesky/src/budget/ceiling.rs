//! The operator's ceiling: what this side lets an account write, below what its host allows.

use super::meter::{Meter, MeterKind};

/// Points of repository writes that an account may spend, in windows that open with its first write, as those of hosts do. It holds on
/// every host, whatever that says of its own windows. Give it to all processes that share a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    /// In an hour; unbounded where nothing is said.
    pub points_per_hour: Option<u64>,
    /// In a day.
    pub points_per_day: Option<u64>,
}

impl Ceiling {
    /// How many points a window of this length holds.
    pub(super) fn of(self, meter: &Meter, window_s: i64) -> Option<u64> {
        match (meter.kind(), window_s) {
            (MeterKind::Writes, 3_600) => self.points_per_hour,
            (MeterKind::Writes, 86_400) => self.points_per_day,
            _ => None,
        }
    }

    /// The most points that one write can ever cost.
    pub fn of_one_write(self) -> Option<u64> {
        [self.points_per_hour, self.points_per_day].into_iter().flatten().min()
    }
}
