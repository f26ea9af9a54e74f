//! Domain names within a text.

use psl::{List, Psl};

/// Longest label that DNS has; also the room for lower-casing one.
const LABEL_MAX_BYTES: usize = 63;

/// A domain name at the beginning of a text: labels of ASCII letters, digits and inner hyphens, joined by dots.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hostname<'a> {
    /// At least two labels.
    pub(super) name: &'a str,
    /// The last label.
    pub(super) tld: &'a str,
}

/// The longest domain name that the text begins with, if its first label holds a letter.
pub(super) fn leading_hostname(text: &str) -> Option<Hostname<'_>> {
    let bytes = text.as_bytes();
    let first_end = label_end(bytes, 0)?;
    if bytes.get(first_end) != Some(&b'.') || !bytes[..first_end].iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let mut tld = first_end..first_end;
    while bytes.get(tld.end) == Some(&b'.')
        && let Some(end) = label_end(bytes, tld.end + 1)
    {
        tld = tld.end + 1..end;
    }
    (!tld.is_empty()).then(|| Hostname { name: &text[..tld.end], tld: &text[tld] })
}

/// Where the label that begins at `from` ends: after its last letter or digit. None if there is no label.
fn label_end(bytes: &[u8], from: usize) -> Option<usize> {
    if !bytes.get(from)?.is_ascii_alphanumeric() {
        return None;
    }
    let run = bytes[from..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let hyphens = bytes[from..from + run].iter().rev().take_while(|b| **b == b'-').count();
    Some(from + run - hyphens)
}

/// Whether this is a top-level domain of the Public Suffix List, in any case.
pub(super) fn is_known_tld(label: &str) -> bool {
    let mut room = [0; LABEL_MAX_BYTES];
    let Some(lower) = room.get_mut(..label.len()) else {
        return false;
    };
    lower.copy_from_slice(label.as_bytes());
    lower.make_ascii_lowercase();
    let lower: &[u8] = lower;
    // Some countries are listed only by their second level, as `*.ck`.
    List.find([lower].into_iter()).typ.is_some() || List.find([lower, b"x"].into_iter()).typ.is_some()
}

#[cfg(test)]
mod tests {
    use super::{is_known_tld, leading_hostname};

    fn names(text: &str) -> Option<(&str, &str)> {
        leading_hostname(text).map(|host| (host.name, host.tld))
    }

    #[test]
    fn a_hostname_ends_where_its_last_label_ends() {
        assert_eq!(names("a.b.com/x"), Some(("a.b.com", "com")));
        assert_eq!(names("my-site.com."), Some(("my-site.com", "com")));
        assert_eq!(names("a.com-"), Some(("a.com", "com")));
        assert_eq!(names("3blue1brown.com"), Some(("3blue1brown.com", "com")));
        assert_eq!(names("a..com"), None);
        assert_eq!(names("com"), None);
        assert_eq!(names("3.14"), None);
        assert_eq!(names("a-.com"), None);
        assert_eq!(names(""), None);
    }

    #[test]
    fn known_top_level_domains() {
        for known in ["com", "COM", "app", "uk", "ck", "bd", "blog", "dev"] {
            assert!(is_known_tld(known), "{known}");
        }
        for unknown in ["", "jpg", "g", "url", "php", "html", "test", "x", &"a".repeat(64)] {
            assert!(!is_known_tld(unknown), "{unknown}");
        }
    }
}
