//! Cutting long texts into parts.

mod bounds;
mod cuts;

use super::Detected;
use cuts::Cuts;

/// Characters of ` (1/5)` beside the two numbers.
const NUMBER_MARKS: usize = 4;

/// More parts than numbers of so many digits can count are never made: a text is shorter.
const DIGITS_MAX: u32 = 19;

/// A text as it is to be posted, with what has a meaning in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RichText {
    /// The words, after [`super::compose`].
    pub text: String,
    /// Sorted, never overlapping, on character boundaries of the text.
    pub detected: Vec<Detected>,
}

/// How much a part can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Extended grapheme clusters.
    pub graphemes: usize,
    /// Bytes of UTF-8.
    pub bytes: usize,
}

/// A part of a text that was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which of the texts it is from, counted from 0.
    pub of: usize,
    /// Where in that text it begins, in bytes.
    pub from: usize,
    /// Its words, with its number where it has one, and what has a meaning in them.
    pub rich: RichText,
}

/// Cuts each text that has no room into parts that have: at the end of a paragraph, else of a line, else of a sentence,
/// else between words, else between graphemes. The blanks at a cut are left out. What was detected is never cut; where it
/// alone has no room its part is too long. An empty text stays, as an empty part, so that every text has one.
///
/// With `numbered`, parts end in their number, such as ` (1/5)`, for which the room is kept; a part that is alone has none,
/// and neither has an empty one.
pub fn split(texts: &[RichText], room: Room, numbered: bool) -> Vec<Piece> {
    let cuts: Vec<Cuts<'_>> = texts.iter().map(Cuts::of).collect();
    let plain = pieces(&cuts, |_| room);
    if !numbered || plain.len() < 2 {
        return plain;
    }
    // The room for numbers follows from how many digits the last one has, and that from the room.
    for digits in 1..=DIGITS_MAX {
        let left = |part: usize| {
            let number = NUMBER_MARKS + digits_of(part + 1) + digits as usize;
            Room { graphemes: room.graphemes.saturating_sub(number), bytes: room.bytes.saturating_sub(number) }
        };
        let pieces = pieces(&cuts, left);
        if digits_of(pieces.len()) <= digits as usize {
            return with_numbers(pieces);
        }
    }
    plain
}

/// The parts of all texts; `room` is asked for each, counted from 0.
fn pieces(cuts: &[Cuts<'_>], room: impl Fn(usize) -> Room) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (of, cuts) in cuts.iter().enumerate() {
        let mut from = Some(0);
        while let Some(start) = from {
            let (range, next) = cuts.part(start, room(pieces.len()));
            pieces.push(Piece { of, from: range.start, rich: cuts.rich(range) });
            from = next;
        }
    }
    pieces
}

fn with_numbers(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let total = pieces.len();
    for (index, piece) in pieces.iter_mut().enumerate().filter(|(_, piece)| !piece.rich.text.is_empty()) {
        piece.rich.text.extend([" (", &(index + 1).to_string(), "/", &total.to_string(), ")"]);
    }
    pieces
}

fn digits_of(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests;
