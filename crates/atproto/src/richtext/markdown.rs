//! Posts written in Markdown: words and links for the text, pictures beside it.

mod address;
mod flow;
mod nesting;
mod reader;

use super::beside::detect_beside;
use super::chars::is_space;
use super::compose::{Moved, compose};
use super::{Detected, Feature};
use reader::{Link, Read};

/// A post that was written in Markdown, as it can be posted: networks of the AT Protocol know no markup, only plain text
/// with ranges that lead somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Markdown {
    /// The words, composed as by [`super::compose`].
    pub text: String,
    /// The links that were written as such, and what the detector finds outside of them and of code. Sorted, never
    /// overlapping; links always parse as a URL of the web.
    pub facets: Vec<Detected>,
    /// The pictures, in their order.
    pub images: Vec<Image>,
    /// Links and pictures that could not be kept, in their order.
    pub lost: Vec<LostLink>,
}

/// A picture in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where in the text it stood, in bytes; on a character boundary.
    pub at: usize,
    /// A path or an address, as it was written. May be empty.
    pub source: String,
    /// What it shows; may be empty.
    pub alt: String,
}

/// A link, or what was meant as a picture, that became nothing but its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostLink {
    /// Where in the text its words are, or would be, in bytes; on a character boundary.
    pub at: usize,
    /// Where it leads, as it was written; of a picture, where it would be.
    pub target: String,
    /// What keeps it from being a link.
    pub why: WhyLost,
}

/// What keeps a link or a picture from being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyLost {
    /// It leads to something else than an `http` or `https` address.
    NoWebAddress,
    /// It has no words that a reader could follow, only a picture or nothing.
    NoWords,
    /// It looks like a picture and is text, as `![a cat](my cat.png)` is: a path with spaces stands between `<` and `>`.
    NoPicture,
}

impl Markdown {
    /// Reads `CommonMark` with struck-out words (`~~so~~`). Emphasis becomes its words, a heading a line, a list lines with
    /// `•` or their number, a quotation lines with `>`; line breaks stay where they were typed, and so does HTML. Every
    /// text is Markdown, so this cannot fail. Takes time in proportion to the length.
    pub fn read(source: &str) -> Self {
        let lines = source.replace("\r\n", "\n").replace('\r', "\n");
        let Read { text, links, code, images } = reader::read(&nesting::bounded(&lines));
        let moved = Moved::by_composing(&text);
        let text = compose(&text);
        let (mut facets, mut lost) = (Vec::new(), Vec::new());
        for Link { range, target } in links {
            let (byte_start, byte_end) = without_edges(&text, moved.place(range.start), moved.place(range.end));
            let why = match super::link::web_address(&target) {
                Some(uri) if byte_start < byte_end => {
                    facets.push(Detected { byte_start, byte_end, feature: Feature::Link { uri } });
                    continue;
                }
                Some(_) => WhyLost::NoWords,
                None => WhyLost::NoWebAddress,
            };
            lost.push(LostLink { at: byte_start, target, why });
        }
        let code: Vec<_> = code.into_iter().map(|range| moved.place(range.start)..moved.place(range.end)).collect();
        lost.extend(unread_pictures(&text).filter(|picture| !code.iter().any(|code| code.contains(&picture.at))));
        lost.sort_by_key(|lost| lost.at);
        let facets = detect_beside(&text, facets, &code);
        let images = images.into_iter().map(|image| Image { at: moved.place(image.at), ..image }).collect();
        Self { text, facets, images, lost }
    }
}

/// What is left in the text of pictures that are none.
fn unread_pictures(text: &str) -> impl Iterator<Item = LostLink> {
    let mut from = 0;
    text.split_inclusive('\n').flat_map(move |line| {
        let start = from;
        from += line.len();
        line.match_indices("![").filter_map(move |(at, _)| {
            let (_, after) = line[at..].split_once("](")?;
            let (target, _) = after.split_once(')')?;
            Some(LostLink { at: start + at, target: target.to_owned(), why: WhyLost::NoPicture })
        })
    })
}

/// The range without the spaces at its edges.
fn without_edges(text: &str, start: usize, end: usize) -> (usize, usize) {
    let end = start + text[start..end].trim_end_matches(is_space).len();
    (end - text[start..end].trim_start_matches(is_space).len(), end)
}

#[cfg(test)]
mod tests;
