//! What an author says of a post beside its text: labels, tags and languages.

use skein_atproto::richtext;
use skein_atproto::syntax::Language;
use skein_domain::{Draft, Fault, LANG_AUTO};

use super::capabilities::{LABELS, LIMITS, MAX_LABEL_BYTES, MAX_LABELS, MAX_TAG_BYTES, MAX_TAG_GRAPHEMES, MAX_TAGS};

/// Checks languages, labels and tags.
pub(crate) fn check(draft: &Draft, faults: &mut Vec<Fault>) {
    check_langs(&draft.langs, faults);
    check_labels(&draft.labels, faults);
    check_tags(&draft.tags, faults);
}

fn check_langs(langs: &[String], faults: &mut Vec<Fault>) {
    if langs.len() > LIMITS.langs {
        let message = format!("A post can name {} languages, and this one names {}.", LIMITS.langs, langs.len());
        let fault = Fault::content("too_many_langs", "langs", message);
        faults.push(fault.over(format!("{} languages", LIMITS.langs), format!("{} languages", langs.len())));
    }
    for (index, lang) in langs.iter().enumerate().filter(|(_, lang)| *lang != LANG_AUTO) {
        if Language::parse(lang).is_err() {
            let message = format!("`{lang}` is no language tag.");
            let fault = Fault::content("lang_invalid", format!("langs[{index}]"), message).given(lang);
            faults.push(fault.next("Use BCP-47 tags such as `en` or `pt-BR`, or `auto` to have it guessed."));
        }
    }
}

fn check_labels(labels: &[String], faults: &mut Vec<Fault>) {
    if labels.len() > MAX_LABELS {
        let message = format!("A post can carry {MAX_LABELS} labels of its author, and this one has {}.", labels.len());
        let fault = Fault::content("too_many_labels", "content_labels", message);
        faults.push(fault.over(format!("{MAX_LABELS} labels"), format!("{} labels", labels.len())));
    }
    for (index, label) in labels.iter().enumerate() {
        let field = format!("content_labels[{index}]");
        if label.len() > MAX_LABEL_BYTES {
            let message = format!("A label has {} bytes, and Bluesky takes {MAX_LABEL_BYTES}.", label.len());
            let fault = Fault::content("label_too_long", field, message);
            faults.push(fault.over(format!("{MAX_LABEL_BYTES} bytes"), format!("{} bytes", label.len())));
        } else if !LABELS.contains(&label.as_str()) {
            let known = LABELS.join(", ");
            let fault = Fault::content("label_unknown", field, format!("`{label}` is no label that an author gives."));
            faults.push(fault.over(&known, label).next(format!("Known are {known}.")));
        }
    }
}

fn check_tags(tags: &[String], faults: &mut Vec<Fault>) {
    if tags.len() > MAX_TAGS {
        let message = format!("A post can have {MAX_TAGS} tags beside its text, and this one has {}.", tags.len());
        let fault = Fault::content("too_many_tags", "record_tags", message);
        faults.push(fault.over(format!("{MAX_TAGS} tags"), format!("{} tags", tags.len())));
    }
    for (index, tag) in tags.iter().enumerate() {
        let field = || format!("record_tags[{index}]");
        let graphemes = richtext::graphemes(tag);
        if tag.trim().is_empty() {
            let fault = Fault::content("tag_empty", field(), "A tag is empty.");
            faults.push(fault.over("at least 1 character", "0 characters"));
        }
        if tag.starts_with(['#', '＃']) {
            let fault = Fault::content("tag_with_hash", field(), "A tag is written without the # before it.");
            faults.push(fault.given(tag).next("Take the # away."));
        }
        if tag.contains('\0') {
            let fault = Fault::content("text_has_nul", field(), "A tag holds a NUL character.");
            faults.push(fault.next("Take it out; no network shows it."));
        }
        if graphemes > MAX_TAG_GRAPHEMES {
            let message = format!("A tag has {graphemes} characters, and Bluesky takes {MAX_TAG_GRAPHEMES}.");
            let fault = Fault::content("tag_too_long", field(), message);
            faults.push(fault.over(format!("{MAX_TAG_GRAPHEMES} graphemes"), format!("{graphemes} graphemes")));
        }
        if tag.len() > MAX_TAG_BYTES {
            let message = format!("A tag has {} bytes of UTF-8, and Bluesky takes {MAX_TAG_BYTES}.", tag.len());
            let fault = Fault::content("tag_too_many_bytes", field(), message);
            faults.push(fault.over(format!("{MAX_TAG_BYTES} bytes"), format!("{} bytes", tag.len())));
        }
    }
}

/// The labels of a draft, each once.
pub(crate) fn labels(draft: &Draft) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in &draft.labels {
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(draft: &Draft) -> Vec<(String, String, Option<String>, Option<String>)> {
        let mut faults = Vec::new();
        check(draft, &mut faults);
        faults
            .into_iter()
            .map(|fault| (fault.code, fault.field.unwrap_or_default(), fault.limit, fault.given))
            .collect()
    }

    fn named(code: &str, field: &str, limit: &str, given: &str) -> (String, String, Option<String>, Option<String>) {
        (code.to_owned(), field.to_owned(), Some(limit.to_owned()), Some(given.to_owned()))
    }

    fn strings<const N: usize>(given: [&str; N]) -> Vec<String> {
        given.map(str::to_owned).to_vec()
    }

    #[test]
    fn labels_that_authors_give_are_taken_and_others_refused_by_name() {
        let draft = |labels| Draft { labels, ..Draft::default() };
        assert_eq!(faults(&draft(LABELS.map(str::to_owned).to_vec())), []);
        let known = "sexual, nudity, porn, graphic-media, !no-unauthenticated";
        let long = "x".repeat(129);
        let told = faults(&draft(strings(["porn", "gore", "!hide", &long])));
        let expected = [
            named("label_unknown", "content_labels[1]", known, "gore"),
            named("label_unknown", "content_labels[2]", known, "!hide"),
            named("label_too_long", "content_labels[3]", "128 bytes", "129 bytes"),
        ];
        assert_eq!(told, expected);
        assert_eq!(faults(&draft(vec!["porn".to_owned(); 10])), []);
        let many = [named("too_many_labels", "content_labels", "10 labels", "11 labels")];
        assert_eq!(faults(&draft(vec!["porn".to_owned(); 11])), many);
        assert_eq!(labels(&draft(strings(["porn", "nudity", "porn"]))), ["porn", "nudity"]);
    }

    #[test]
    fn tags_are_counted_in_characters_and_in_bytes() {
        let draft = |tags| Draft { tags, ..Draft::default() };
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        let fine = [&"é".repeat(64), &family.repeat(25), "two words", "c#"].map(str::to_owned);
        assert_eq!(faults(&draft(fine.to_vec())), []);
        let told = faults(&draft(strings([&"é".repeat(65), &family.repeat(26), "#rust", "＃rust", " "])));
        let expected = [
            named("tag_too_long", "record_tags[0]", "64 graphemes", "65 graphemes"),
            named("tag_too_many_bytes", "record_tags[1]", "640 bytes", "650 bytes"),
            ("tag_with_hash".to_owned(), "record_tags[2]".to_owned(), None, Some("#rust".to_owned())),
            ("tag_with_hash".to_owned(), "record_tags[3]".to_owned(), None, Some("＃rust".to_owned())),
            named("tag_empty", "record_tags[4]", "at least 1 character", "0 characters"),
        ];
        assert_eq!(told, expected);
        assert_eq!(faults(&draft(vec!["a".to_owned(); 8])), []);
        let many = [named("too_many_tags", "record_tags", "8 tags", "9 tags")];
        assert_eq!(faults(&draft(vec!["a".to_owned(); 9])), many);
    }

    #[test]
    fn auto_is_a_language_here_and_counts_as_one() {
        let draft = |langs| Draft { langs, ..Draft::default() };
        assert_eq!(faults(&draft(strings(["en", "auto"]))), []);
        let told = faults(&draft(strings(["en", "de", "fr", "auto"])));
        assert_eq!(told, [named("too_many_langs", "langs", "3 languages", "4 languages")]);
    }
}
