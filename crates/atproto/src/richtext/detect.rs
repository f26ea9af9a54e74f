//! One pass over a text that finds what has a meaning in it.

use super::chars::{may_begin_space, space_len};
use super::{cashtag, link, mention, tag};

/// A range of the text with a meaning. Both ends are on character boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// First byte, of UTF-8.
    pub byte_start: usize,
    /// The byte after the last one.
    pub byte_end: usize,
    /// What it means.
    pub feature: Feature,
}

/// What a range of the text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feature {
    /// `@handle`, still to be resolved.
    Mention {
        /// As it was written, without the `@`. Ends in a known top-level domain, but may be no valid handle.
        handle: String,
    },
    /// A link, with or without its scheme in the text.
    Link {
        /// Always parses as a URL; the scheme is `http` or `https`, in lower case.
        uri: String,
    },
    /// `#tag` or `$TICKER`.
    Tag {
        /// Without its first `#`; a cashtag is `$` and upper case.
        tag: String,
    },
}

/// Finds the mentions, links, tags and cashtags of a text, sorted and never overlapping; the one that begins first wins.
///
/// Give it the text as it will be posted, after [`super::compose`]. Takes time in proportion to the text's length.
pub fn detect(text: &str) -> Vec<Detected> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    let mut after_space = true;
    // A run without spaces is looked at once for links, as in the official detector: what follows a domain belongs to it.
    let mut links_from = 0;
    while let Some(byte) = bytes.get(at) {
        let detected = match byte {
            b'@' => mention::at(text, at),
            b'$' => cashtag::at(text, at),
            b'#' | 0xef if after_space => tag::at(text, at),
            byte if byte.is_ascii_alphanumeric() && at >= links_from => {
                let begin = at;
                at = word_end(bytes, begin);
                // Every link begins with the first label of a domain name, or with a scheme.
                let found = if matches!(bytes.get(at), Some(b'.' | b':')) { link::at(text, begin) } else { None };
                found.and_then(|(run_end, detected)| {
                    links_from = run_end;
                    detected
                })
            }
            _ => None,
        };
        if let Some(detected) = detected {
            at = detected.byte_end;
            found.push(detected);
        }
        (at, after_space) = next_place(bytes, at);
    }
    found
}

/// Where the letters, digits and hyphens of ASCII end that begin here.
fn word_end(bytes: &[u8], begin: usize) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    begin + bytes[begin..].iter().take_while(|byte| is_word(byte)).count()
}

/// The next place where something may begin: after a space, or after an opening parenthesis. Says which it was.
fn next_place(bytes: &[u8], from: usize) -> (usize, bool) {
    let mut at = from;
    while let Some(passed) = bytes[at..].iter().position(|byte| *byte == b'(' || may_begin_space(*byte)) {
        at += passed;
        if bytes[at] == b'(' {
            return (at + 1, false);
        }
        let space = space_len(bytes, at);
        if space != 0 {
            return (at + space, true);
        }
        at += 1;
    }
    (bytes.len(), false)
}

#[cfg(test)]
mod tests {
    use super::{Detected, Feature, detect};

    fn shown(text: &str) -> Vec<&str> {
        detect(text).iter().map(|range| &text[range.byte_start..range.byte_end]).collect()
    }

    #[test]
    fn where_two_overlap_the_one_that_begins_first_wins() {
        assert_eq!(shown("https://a.com/(@b.com) @c.com"), ["https://a.com/(@b.com)", "@c.com"]);
        assert_eq!(shown("#a(@b.com)x ($ABC)"), ["#a(@b.com)x", "$ABC"]);
    }

    #[test]
    fn what_is_no_domain_may_still_hold_a_mention() {
        assert_eq!(shown("picture.jpg(@b.com)"), ["@b.com"]);
    }

    #[test]
    fn quirks_that_are_kept() {
        assert_eq!(shown("README.md main.py $BRK.B"), ["README.md", "main.py", "$BRK"]);
        assert_eq!(shown("президент.рф"), [""; 0]);
        assert_eq!(shown("https://президент.рф"), ["https://президент.рф"]);
    }

    #[test]
    fn positions_are_bytes() {
        let expected = Detected { byte_start: 5, byte_end: 9, feature: Feature::Tag { tag: "tag".into() } };
        assert_eq!(detect("🦋 #tag"), [expected]);
    }
}
