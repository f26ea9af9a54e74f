//! A mail in words: of one notice all, of many a list that stays short.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use skein_domain::Letter;

/// Notices that one mail tells in full.
const TOLD_AT_MOST: usize = 20;

/// Subject and text of the mail about these letters.
pub(crate) fn mail(letters: &[Letter]) -> (String, String) {
    match letters {
        [letter] => (format!("Skein: {}", letter.title), whole(letter, "")),
        letters => (format!("Skein: {} notices ({})", letters.len(), kinds(letters)), list(letters)),
    }
}

/// The part of the mail's id before the `@`. The same notices have the same one, so that a mail that comes twice can be known.
pub(crate) fn id(letters: &[Letter]) -> String {
    match letters {
        [] => "ntc_none".to_owned(),
        [letter] => letter.id.clone(),
        [first, ..] => {
            let mut hash = Sha256::new();
            for letter in letters {
                hash.update(letter.id.as_bytes());
                hash.update(b"\n");
            }
            let hash = HEXLOWER.encode(hash.finalize().get(..8).unwrap_or_default());
            format!("{}.{}.{hash}", first.id, letters.len())
        }
    }
}

/// `2 failed, 1 missed`, the most frequent first.
fn kinds(letters: &[Letter]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for letter in letters {
        *counts.entry(&letter.kind).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " "))).collect::<Vec<_>>().join(", ")
}

fn list(letters: &[Letter]) -> String {
    let told = letters.iter().take(TOLD_AT_MOST).enumerate();
    let mut told: Vec<String> =
        told.map(|(number, letter)| format!("{}. {}\n\n{}", number + 1, letter.title, whole(letter, "   "))).collect();
    let left = letters.len().saturating_sub(TOLD_AT_MOST);
    if left > 0 {
        let all = letters.len();
        told.push(format!("And {left} more. This lists them:\n\n    skein notices --all --limit {all}\n"));
    }
    told.join("\n")
}

fn whole(letter: &Letter, indent: &str) -> String {
    let mut lines: Vec<String> = letter.text.iter().map(|line| format!("{indent}{line}")).collect();
    if !letter.next.is_empty() {
        lines.extend([String::new(), format!("{indent}What to do next:"), String::new()]);
        lines.extend(letter.next.iter().map(|step| format!("{indent}    {step}")));
    }
    lines.extend([String::new(), format!("{indent}Notice {}, {}", letter.id, letter.at), String::new()]);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(number: usize, kind: &str) -> Letter {
        let mut letter = Letter::test(jiff::Timestamp::UNIX_EPOCH);
        letter.id = format!("ntc_{number}");
        letter.kind = kind.to_owned();
        letter.title = format!("Title {number}");
        letter.text = vec!["It went wrong.".to_owned()];
        letter.next = vec!["skein queue show post_a".to_owned()];
        letter
    }

    #[test]
    fn one_notice_is_told_whole() {
        let (subject, text) = mail(&[letter(1, "failed")]);
        assert_eq!(subject, "Skein: Title 1");
        assert_eq!(
            text,
            "It went wrong.\n\nWhat to do next:\n\n    skein queue show post_a\n\nNotice ntc_1, 1970-01-01T00:00:00Z\n"
        );
    }

    #[test]
    fn of_many_the_first_are_told_and_the_others_counted() {
        let mut letters: Vec<Letter> = (0..480).map(|number| letter(number, "failed")).collect();
        letters.extend((480..500).map(|number| letter(number, "needs_review")));
        let (subject, text) = mail(&letters);
        assert_eq!(subject, "Skein: 500 notices (480 failed, 20 needs review)");
        assert!(text.contains("20. Title 19\n") && !text.contains("21. "), "{text}");
        assert!(text.contains("And 480 more."), "{text}");
        assert!(text.len() < 10_000, "{} bytes", text.len());
        let (_, few) = mail(&letters[..2]);
        assert!(!few.contains("more"), "{few}");
    }

    #[test]
    fn the_same_notices_have_the_same_id_and_others_another() {
        let letters: Vec<Letter> = (0..3).map(|number| letter(number, "failed")).collect();
        assert_eq!(id(&letters[..1]), "ntc_0");
        assert_eq!(id(&letters), id(&letters));
        assert_ne!(id(&letters), id(&letters[..2]));
        assert_ne!(id(&letters[..2]), id(&[letters[0].clone(), letters[2].clone()]));
    }
}
