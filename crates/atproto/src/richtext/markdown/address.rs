//! Addresses that stand in Markdown without any markup. Their underscores and asterisks are no emphasis.

use std::ops::Range;

use crate::richtext::chars::next_space;
use crate::richtext::link;

/// What may stand between a space and an address.
const OPENING: [char; 8] = ['*', '_', '~', '(', '[', '"', '\'', '<'];

/// Looks for addresses in a text, from its beginning to its end.
pub(super) struct Addresses<'s> {
    source: &'s str,
    /// The run without spaces that was looked at last.
    run: Range<usize>,
    /// Where in it an address begins.
    begins: Option<usize>,
}

impl<'s> Addresses<'s> {
    pub(super) fn of(source: &'s str) -> Self {
        Self { source, run: 0..0, begins: None }
    }

    /// Whether this byte is within an address, and not its first. Ask from the first byte to the last.
    pub(super) fn holds(&mut self, byte: usize) -> bool {
        while byte >= self.run.end && self.run.end < self.source.len() {
            self.next_run();
        }
        self.begins.is_some_and(|begins| begins < byte)
    }

    fn next_run(&mut self) {
        let rest = &self.source[self.run.end..];
        let start = self.source.len() - rest.trim_start_matches(crate::richtext::chars::is_space).len();
        self.run = start..next_space(self.source.as_bytes(), start);
        let run = &self.source[self.run.clone()];
        let at = self.run.end - run.trim_start_matches(OPENING).len();
        let may = self.source[at..].starts_with(|c: char| c.is_ascii_alphanumeric());
        let found = may.then(|| link::at(self.source, at)).flatten();
        self.begins = found.and_then(|(_, found)| found).map(|found| found.byte_start);
    }
}
