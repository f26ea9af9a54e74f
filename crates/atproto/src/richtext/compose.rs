use std::ops::Range;

use super::chars::is_space;
use super::clean_newlines;
use super::newlines::{KEPT, too_many};

/// The text as the official composer posts it: without blank lines before it or spaces after it, and never more than
/// one blank line in a row. Spaces before the first word stay, for drawings in text.
pub fn compose(text: &str) -> String {
    clean_newlines(&text[kept(text)])
}

/// What is left of a text without blank lines before it and spaces after it.
fn kept(text: &str) -> Range<usize> {
    let end = text.trim_end_matches(is_space).len();
    let blank = end - text[..end].trim_start_matches(is_space).len();
    text[..blank].rfind('\n').map_or(0, |newline| newline + 1)..end
}

/// Where the places of a text are after [`compose`].
pub(super) struct Moved {
    cuts: Vec<Cut>,
}

/// A range that became shorter.
struct Cut {
    was: Range<usize>,
    /// Where what is left of it begins now.
    now: usize,
    left: usize,
}

impl Moved {
    /// Looks at a text before it is composed.
    pub(super) fn by_composing(text: &str) -> Self {
        let kept = kept(text);
        let mut moved = Self { cuts: Vec::new() };
        moved.cut(0..kept.start, 0);
        for run in too_many(&text[kept.clone()]) {
            moved.cut(kept.start + run.start..kept.start + run.end, KEPT.len());
        }
        moved.cut(kept.end..text.len(), 0);
        moved
    }

    fn cut(&mut self, was: Range<usize>, left: usize) {
        let now = self.place(was.start);
        self.cuts.push(Cut { was, now, left });
    }

    /// The place of a character boundary; one within what was cut is at what is left of it.
    pub(super) fn place(&self, byte: usize) -> usize {
        match self.cuts[..self.cuts.partition_point(|cut| cut.was.start <= byte)].last() {
            Some(cut) if byte < cut.was.end => cut.now + cut.left.min(byte - cut.was.start),
            Some(cut) => cut.now + cut.left + (byte - cut.was.end),
            None => byte,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Moved, compose};

    #[test]
    fn only_spaces_make_an_empty_text() {
        assert_eq!(compose(" \n\u{feff} \n"), "");
        assert_eq!(compose(""), "");
    }

    #[test]
    fn composing_twice_changes_nothing() {
        let once = compose("\r\n \n  a\n\n\n\n b \u{3000}");
        assert_eq!(once, "  a\n\n b");
        assert_eq!(compose(&once), once);
    }

    #[test]
    fn places_move_with_the_text() {
        for text in ["\r\n \n  a\n\n\n\n b \u{3000}", "a", "\n\n\na\r\n\r\nb\n\n\nc\n", "", " \n ", "é\n\n\n\u{1f98b} "]
        {
            let (composed, moved) = (compose(text), Moved::by_composing(text));
            for (at, c) in text.char_indices() {
                let place = moved.place(at);
                assert!(composed.is_char_boundary(place), "{text:?} {at}");
                if !c.is_whitespace() {
                    assert!(composed[place..].starts_with(c), "{text:?} {at}");
                    assert_eq!(moved.place(at + c.len_utf8()), place + c.len_utf8(), "{text:?} {at}");
                }
            }
            assert_eq!(moved.place(text.len()), composed.len(), "{text:?}");
        }
    }
}
