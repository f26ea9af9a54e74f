//! A part of a post on one line.

use skein_domain::Part;

use crate::text::{count, shorten};

/// The first words, and how many pictures there are.
pub(crate) fn in_short(part: &Part, max_graphemes: usize) -> String {
    let words = shorten(&part.text, max_graphemes);
    if part.media.is_empty() {
        return words;
    }
    let pictures = format!("[{}]", count(part.media.len(), "picture", "pictures"));
    if words.is_empty() { pictures } else { format!("{words} {pictures}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_domain::Media;

    #[test]
    fn pictures_are_counted_beside_the_words() {
        let media = |count| vec![Media { source: "a.png".to_owned(), alt: String::new() }; count];
        let told = |text: &str, pictures| in_short(&Part { text: text.to_owned(), media: media(pictures) }, 7);
        assert_eq!(told("One two three", 0), "One tw…");
        assert_eq!(told("One", 1), "One [1 picture]");
        assert_eq!(told("", 2), "[2 pictures]");
    }
}
