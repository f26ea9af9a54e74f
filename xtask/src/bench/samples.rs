//! Numbers of several runs, and how people read them. Whole numbers only: a microsecond and a kibibyte are exact enough.

/// What one run cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// From before the start to after the end of the whole process.
    pub(super) wall_us: u64,
    /// What all threads of the process spent.
    pub(super) cpu_us: u64,
    /// The most memory that the process held.
    pub(super) peak_kib: u64,
    /// What the process says that its work took, without its start and end; 0 where it says nothing.
    pub(super) work_us: u64,
}

/// The middle, the least and the most of several numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) median: u64,
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Spread {
    /// Of one number of every sample. `None` without samples; of an even count, the lower of the two in the middle.
    pub(super) fn of(samples: &[Sample], number: fn(&Sample) -> u64) -> Option<Self> {
        Self::of_numbers(samples.iter().map(number).collect())
    }

    /// The same of numbers.
    pub(super) fn of_numbers(mut sorted: Vec<u64>) -> Option<Self> {
        sorted.sort_unstable();
        let middle = sorted.len().checked_sub(1)? / 2;
        Some(Self { median: *sorted.get(middle)?, min: *sorted.first()?, max: *sorted.last()? })
    }

    /// `0.361 s (0.355..0.402)`
    pub(super) fn seconds(self) -> String {
        let show = |us: u64| format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1_000);
        format!("{} s ({}..{})", show(self.median), show(self.min), show(self.max))
    }

    /// `201 ms (198..230)`
    pub(super) fn milliseconds(self) -> String {
        let show = |us: u64| (us + 500) / 1_000;
        format!("{} ms ({}..{})", show(self.median), show(self.min), show(self.max))
    }

    /// `14 MiB`: the median.
    pub(super) fn mebibytes(self) -> String {
        format!("{} MiB", (self.median + 512) / 1_024)
    }
}

/// `of` divided by `by`, with one digit after the point; by nothing, it is endless.
pub(super) fn ratio(of: u64, by: u64) -> String {
    match (of * 10 + by / 2).checked_div(by) {
        Some(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
        None => "∞".to_owned(),
    }
}

/// `of` as part of `by`: `83%`; of nothing, it is endless.
pub(super) fn percent(of: u64, by: u64) -> String {
    (of * 100 + by / 2).checked_div(by).map_or("∞".to_owned(), |percent| format!("{percent}%"))
}

/// `1,234,567`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(walls: &[u64]) -> Option<Spread> {
        let sample = |wall_us: &u64| Sample { wall_us: *wall_us, cpu_us: 0, peak_kib: 0, work_us: 0 };
        Spread::of(&walls.iter().map(sample).collect::<Vec<_>>(), |sample| sample.wall_us)
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(spread(&[5, 1, 400, 2, 3]), Some(Spread { median: 3, min: 1, max: 400 }));
        assert_eq!(spread(&[9]), Some(Spread { median: 9, min: 9, max: 9 }));
        assert_eq!(spread(&[4, 1, 3, 2]), Some(Spread { median: 2, min: 1, max: 4 }));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn times_and_sizes_are_rounded_for_people() {
        let spread = Spread { median: 1_234_567, min: 999_499, max: 29_000_000 };
        assert_eq!(spread.seconds(), "1.234 s (0.999..29.000)");
        assert_eq!(spread.milliseconds(), "1235 ms (999..29000)");
        assert_eq!(Spread { median: 14_500, min: 0, max: 0 }.mebibytes(), "14 MiB");
    }

    #[test]
    fn ratios_have_one_digit_and_large_numbers_commas() {
        assert_eq!(ratio(249, 50), "5.0");
        assert_eq!(ratio(1, 3), "0.3");
        assert_eq!(ratio(1, 0), "∞");
        assert_eq!([percent(1, 3), percent(2, 1), percent(1, 0)], ["33%", "200%", "∞"]);
        assert_eq!(["7", "999", "1,000", "1,234,567"], [7, 999, 1_000, 1_234_567].map(grouped)[..]);
    }
}
