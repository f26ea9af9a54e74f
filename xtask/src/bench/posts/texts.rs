//! The texts: each of other words and another length, with a link and a tag.

const WORDS: [&str; 14] = [
    "The", "geese", "leave", "before", "sunrise", "and", "nobody", "hears", "them", "go", "over", "the", "grünen",
    "fields",
];
const TAGS: [&str; 5] = ["migration", "geese", "skein", "lake", "autumn"];

/// A file of so many, one a line.
pub(super) fn file(count: usize) -> String {
    (1..=count).map(|number| text(number) + "\n").collect()
}

fn text(number: usize) -> String {
    let words = (0..8 + number % 9).filter_map(|place| WORDS.get((number * 5 + place * 3) % WORDS.len()).copied());
    let tag = TAGS.get(number % TAGS.len()).copied().unwrap_or_default();
    let words: Vec<&str> = words.collect();
    format!("Note {number}: {} – more at https://example.com/notes/{number} #{tag}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_each_fits_a_post() {
        let file = file(1_000);
        let mut lines: Vec<&str> = file.lines().collect();
        assert!(
            lines.iter().all(|line| line.chars().count() < 300 && line.contains(" https://") && line.contains(" #"))
        );
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 1_000);
    }
}
