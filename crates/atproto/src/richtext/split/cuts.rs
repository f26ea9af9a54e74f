//! Choosing among the bounds of one text.

use std::cell::OnceCell;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

use super::bounds::{Bound, Kind, blank_from, bounds};
use super::{RichText, Room};
use crate::richtext::chars::is_space;
use crate::richtext::{Detected, graphemes};

/// A text, and where it can be cut.
pub(super) struct Cuts<'t> {
    /// Without the blanks at its end.
    text: &'t str,
    detected: &'t [Detected],
    /// Most texts need none.
    places: OnceCell<Places>,
}

struct Places {
    /// Where each grapheme begins, and where the last one ends.
    graphemes: Vec<usize>,
    bounds: Vec<Bound>,
}

impl<'t> Cuts<'t> {
    pub(super) fn of(rich: &'t RichText) -> Self {
        let text = rich.text.trim_end_matches(is_space);
        Self { text, detected: &rich.detected, places: OnceCell::new() }
    }

    /// The longest good part that begins here and has room, and where the next one begins, if there is more.
    pub(super) fn part(&self, from: usize, room: Room) -> (Range<usize>, Option<usize>) {
        let has_room = |text: &str| text.len() <= room.bytes && graphemes(text) <= room.graphemes;
        if has_room(&self.text[from..]) {
            return (from..self.text.len(), None);
        }
        // Blanks that indent a line belong to it, unless they take the room from its words.
        let indent = self.blank_from(from);
        let is_indented = has_room(&self.text[indent.clone()].repeat(2));
        let from = if is_indented { from } else { indent.end };
        let full = self.places().farthest(from, room);
        if full == self.text.len() && full > indent.end {
            return (from..full, None);
        }
        let words_from = from.max(indent.end);
        let cut = self.places().best(words_from, from, full).unwrap_or_else(|| self.torn(words_from, full));
        let end = from + self.text[from..cut].trim_end_matches(is_space).len();
        (from..end, self.after(cut))
    }

    /// A part of the text, with what was detected in it.
    pub(super) fn rich(&self, range: Range<usize>) -> RichText {
        let first = self.detected.partition_point(|found| found.byte_start < range.start);
        let within = self.detected[first..].iter().take_while(|found| found.byte_end <= range.end);
        let moved = within.map(|found| Detected {
            byte_start: found.byte_start - range.start,
            byte_end: found.byte_end - range.start,
            feature: found.feature.clone(),
        });
        RichText { detected: moved.collect(), text: self.text[range].to_owned() }
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let starts = self.text.grapheme_indices(true).map(|(start, _)| start);
            let graphemes: Vec<usize> = starts.chain([self.text.len()]).collect();
            Places { bounds: bounds(self.text, self.detected, &graphemes), graphemes }
        })
    }

    /// The end of a part where nothing better is: between two graphemes, but not within what was detected.
    fn torn(&self, words_from: usize, full: usize) -> usize {
        let graphemes = &self.places().graphemes;
        let at_least =
            |byte: usize| graphemes[graphemes.partition_point(|start| *start < byte).min(graphemes.len() - 1)];
        let end = full.max(at_least(words_from + 1));
        let cut = self.detected.get(self.detected.partition_point(|found| found.byte_end <= end));
        match cut.filter(|found| found.byte_start < end) {
            None => end,
            Some(found) => {
                let before = graphemes[graphemes.partition_point(|start| *start <= found.byte_start) - 1];
                if before > words_from { before } else { at_least(found.byte_end) }
            }
        }
    }

    /// Where the text goes on: blanks at a cut belong to no part, but for those that indent its next line.
    fn after(&self, end: usize) -> Option<usize> {
        let blank = self.blank_from(end);
        let newline = self.text[blank.clone()].rfind('\n');
        (blank.end < self.text.len()).then(|| newline.map_or(blank.end, |newline| end + newline + 1))
    }

    fn blank_from(&self, from: usize) -> Range<usize> {
        blank_from(self.text, from, &self.places().graphemes)
    }
}

impl Places {
    /// How far the room reaches.
    fn farthest(&self, from: usize, room: Room) -> usize {
        let first = self.graphemes.partition_point(|start| *start <= from) - 1;
        let by_bytes = self.graphemes.partition_point(|start| *start <= from.saturating_add(room.bytes)) - 1;
        let last = first.saturating_add(room.graphemes).min(by_bytes);
        self.graphemes[last]
    }

    /// The best bound after `words_from`: of the best kind and the last of it, as long as the part is at least half full;
    /// else the last one that tears no word.
    fn best(&self, words_from: usize, from: usize, full: usize) -> Option<usize> {
        let half = from + full.saturating_sub(from) / 2;
        let first = self.bounds.partition_point(|bound| bound.at <= words_from);
        let within = self.bounds[first..].iter().take_while(|bound| bound.at <= full);
        let worth = |bound: &&Bound| match bound.kind {
            kind if bound.at >= half => (2, kind, bound.at),
            Kind::Joined => (0, Kind::Joined, bound.at),
            _ => (1, Kind::Word, bound.at),
        };
        within.max_by_key(worth).map(|bound| bound.at)
    }
}
