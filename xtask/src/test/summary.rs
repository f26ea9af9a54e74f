//! How many tests a runner says have passed.

/// What a stage amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn of_gate(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    /// A runner that fails without naming a failed test (nothing compiled, it crashed) counts as one failure.
    pub(crate) fn with_exit(self, success: bool) -> Self {
        if success || self.failed > 0 { self } else { Self { failed: 1, ..self } }
    }
}

/// `Summary [ 0.4s] 29 tests run: 23 passed (1 slow), 6 failed, 1 timed out, 0 skipped`
pub(crate) fn nextest(line: &str) -> Option<Tally> {
    let line = without_colours(line);
    let (_, counts) = line.trim_start().strip_prefix("Summary [")?.split_once("run:")?;
    Some(count(counts.split(',')))
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s`
pub(crate) fn libtest(line: &str) -> Option<Tally> {
    let line = without_colours(line);
    let (_, counts) = line.trim_start().strip_prefix("test result:")?.split_once(". ")?;
    Some(count(counts.split(';')))
}

fn count<'a>(parts: impl Iterator<Item = &'a str>) -> Tally {
    let mut tally = Tally::default();
    for part in parts {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what.split(" (").next().unwrap_or_default() {
            "passed" => tally.passed += number,
            "failed" | "exec failed" | "timed out" => tally.failed += number,
            "skipped" | "ignored" | "filtered out" => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

/// Without the escape sequences `ESC [ … letter`.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn nextest_summaries_are_read() {
        let cases = [
            ("     Summary [   0.417s] 29 tests run: 23 passed, 6 failed, 0 skipped", tally(23, 6, 0)),
            ("     Summary [   4.227s] 1 test run: 1 passed, 29 skipped", tally(1, 0, 29)),
            (
                "     Summary [ 9.1s] 3/9 tests run: 1 passed (1 slow, 1 leaky), 1 failed, 1 timed out, 2 skipped",
                tally(1, 2, 2),
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped",
                tally(2, 0, 0),
            ),
            ("     Summary [   0.000s] 0 tests run: 0 passed, 5 skipped", tally(0, 0, 5)),
            ("     Summary [   0.1s] 1 test run: 0 passed, 1 exec failed, 0 skipped", tally(0, 1, 0)),
        ];
        for (line, expected) in cases {
            assert_eq!(nextest(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn libtest_summaries_are_read() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.00s";
        assert_eq!(libtest(line), Some(tally(3, 2, 5)));
        let coloured = "test result: \u{1b}[32mok\u{1b}[0m. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(libtest(coloured), Some(tally(7, 0, 0)));
    }

    #[test]
    fn other_lines_are_not_summaries() {
        for line in ["test a::b ... ok", "Summary of it all", "running 3 tests", "the test result: ok. 3 passed"] {
            assert_eq!((nextest(line), libtest(line)), (None, None), "{line}");
        }
    }

    #[test]
    fn a_runner_that_breaks_is_one_failure() {
        assert_eq!(Tally::default().with_exit(false), tally(0, 1, 0));
        assert_eq!(tally(3, 2, 0).with_exit(false), tally(3, 2, 0));
        assert_eq!(tally(3, 0, 1).with_exit(true), tally(3, 0, 1));
    }
}
