//! Where a text may be cut, and how good a place that is.

use std::ops::Range;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_segmentation::UnicodeSegmentation;

use crate::richtext::Detected;
use crate::richtext::chars::{is_punctuation, is_space};

/// A place where a text may be cut. Blanks that begin here belong to no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// What ends there, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A word that no blank follows.
    Joined,
    Word,
    Sentence,
    Line,
    Paragraph,
}

/// The bounds of a text without blanks at its end, sorted; none is at its edges, within what was detected, or elsewhere
/// than between two of its graphemes.
pub(super) fn bounds(text: &str, detected: &[Detected], graphemes: &[usize]) -> Vec<Bound> {
    let sentences: Vec<usize> = text.split_sentence_bound_indices().map(|(start, _)| start).collect();
    let sentence_ends = |from: usize, to: usize| {
        let next = sentences.get(sentences.partition_point(|start| *start < from));
        next.is_some_and(|start| *start <= to)
    };
    let is_cut = |at: usize| graphemes.binary_search(&at).is_ok();
    let is_free = |place: &Range<usize>| {
        let next = detected.get(detected.partition_point(|found| found.byte_end <= place.start));
        next.is_none_or(|found| found.byte_start >= place.end)
    };
    let is_allowed =
        |place: &Range<usize>| place.start > 0 && is_free(place) && is_cut(place.start) && is_cut(place.end);

    let after_blanks = blanks(text, graphemes).filter(|blank| !blank.is_empty() && is_allowed(blank)).map(|blank| {
        let kind = match text[blank.clone()].matches('\n').count() {
            0 if sentence_ends(blank.start + 1, blank.end) => Kind::Sentence,
            0 => Kind::Word,
            1 => Kind::Line,
            _ => Kind::Paragraph,
        };
        Bound { at: blank.start, kind }
    });
    let joined = text.split_word_bound_indices().map(|(at, _)| at).filter(|at| is_joined(text, *at));
    let joined = joined.filter(|at| is_allowed(&(*at..*at))).map(|at| {
        let kind = if sentence_ends(at, at) { Kind::Sentence } else { Kind::Joined };
        Bound { at, kind }
    });
    let mut bounds: Vec<Bound> = after_blanks.chain(joined).collect();
    bounds.sort_unstable_by_key(|bound| bound.at);
    bounds
}

/// The runs of blanks in a text.
fn blanks<'a>(text: &'a str, graphemes: &'a [usize]) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(is_space)?;
        let blank = blank_from(text, start, graphemes);
        from = blank.end.max(start + 1);
        from += text.as_bytes()[from..].iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
        Some(blank)
    })
}

/// The blanks that begin here, without one that is part of what follows: a mark may stand on a space.
pub(super) fn blank_from(text: &str, start: usize, graphemes: &[usize]) -> Range<usize> {
    let end = text.len() - text[start..].trim_start_matches(is_space).len();
    let whole = graphemes[graphemes.partition_point(|begins| *begins <= end) - 1];
    start..whole.max(start)
}

/// Whether two words meet here without a blank, so that neither loses the punctuation that belongs to it.
fn is_joined(text: &str, at: usize) -> bool {
    let opens = |c: char| {
        matches!(get_general_category(c), GeneralCategory::OpenPunctuation | GeneralCategory::InitialPunctuation)
    };
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(before), Some(after)) => {
            !is_space(before) && !is_space(after) && !opens(before) && (opens(after) || !is_punctuation(after))
        }
        _ => false,
    }
}
