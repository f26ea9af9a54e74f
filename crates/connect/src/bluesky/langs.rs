//! The languages of a post: those that were named, and the one that its texts seem to be in where that was asked for.

use skein_atproto::syntax::Language;
use skein_domain::{Draft, LANG_AUTO, Warning};

use super::layout::LaidPart;

/// So much of a text tells its language; more only takes longer.
const LOOK_AT_MAX_BYTES: usize = 8_000;

/// Fewer letters than this tell nothing, whatever their trigrams look like.
const LETTERS_LEAST: usize = 20;

/// How far the first language must be ahead of the second, from 0 to 1. A plain sentence of a dozen words has 0.8 or more; what is
/// guessed wrongly, mostly names, has less than 0.2.
const CONFIDENCE_LEAST: f64 = 0.75;

/// The tags of a draft, with the guessed one in the place of `auto`, or a warning where there is no telling.
pub(crate) fn of_draft(draft: &Draft, laid: &[LaidPart]) -> (Vec<Language>, Option<Warning>) {
    let asked = draft.langs.iter().any(|lang| lang == LANG_AUTO);
    let guessed = if asked { guess(&words(laid)) } else { None };
    let mut langs: Vec<Language> = Vec::with_capacity(draft.langs.len());
    for lang in &draft.langs {
        let tag = if lang == LANG_AUTO { guessed } else { Some(lang.as_str()) };
        let lang = tag.and_then(|tag| Language::parse(tag).ok());
        langs.extend(lang.filter(|lang| !langs.contains(lang)));
    }
    (langs, (asked && guessed.is_none()).then(not_guessed))
}

fn not_guessed() -> Warning {
    let message = "Its language could not be told with certainty from its words, so none is named for it.";
    Warning::new("lang_not_guessed", "langs", message)
}

/// The texts without what is no language: links, mentions and tags.
fn words(laid: &[LaidPart]) -> String {
    let mut words = String::new();
    for part in laid {
        let mut from = 0;
        for found in &part.detected {
            words.push_str(part.text.get(from..found.byte_start).unwrap_or_default());
            from = found.byte_end;
        }
        words.push_str(part.text.get(from..).unwrap_or_default());
        words.push('\n');
        if words.len() > LOOK_AT_MAX_BYTES {
            break;
        }
    }
    words.truncate(words.floor_char_boundary(LOOK_AT_MAX_BYTES));
    words
}

/// The language of a text, if it is certain.
fn guess(text: &str) -> Option<&'static str> {
    let found = whatlang::detect(text).filter(|found| found.confidence() >= CONFIDENCE_LEAST)?;
    let letters = text.chars().filter(|c| c.is_alphabetic()).take(LETTERS_LEAST).count();
    // A script that only one language is written in tells it with few letters.
    let is_told_by_script = found.script().langs().len() == 1;
    if letters < LETTERS_LEAST && !is_told_by_script {
        return None;
    }
    let code = found.lang().code();
    SHORTEST.iter().find(|(long, _)| *long == code).map(|(_, short)| *short)
}

/// The tag that BCP-47 wants, the shortest, for each code of three letters that the detector knows.
const SHORTEST: [(&str, &str); 70] = [
    ("afr", "af"),
    ("aka", "ak"),
    ("amh", "am"),
    ("ara", "ar"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("jav", "jv"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("khm", "km"),
    ("kor", "ko"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mkd", "mk"),
    ("mya", "my"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("ori", "or"),
    ("pan", "pa"),
    ("pes", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sna", "sn"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tuk", "tk"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("uzb", "uz"),
    ("vie", "vi"),
    ("yid", "yi"),
    ("zul", "zu"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bluesky::layout::lay_out;
    use skein_domain::Part;

    fn guessed(text: &str, langs: &[&str]) -> (Vec<String>, bool) {
        let langs = langs.iter().map(|lang| (*lang).to_owned()).collect();
        let draft = Draft { parts: vec![Part::text(text)], langs, ..Draft::default() };
        let (langs, warning) = of_draft(&draft, &lay_out(&draft).parts);
        (langs.iter().map(|lang| lang.as_str().to_owned()).collect(), warning.is_some())
    }

    #[test]
    fn every_language_that_is_detected_has_its_tag() {
        for lang in whatlang::Lang::all() {
            let tag = SHORTEST.iter().find(|(long, _)| *long == lang.code());
            assert!(tag.is_some_and(|(_, short)| Language::parse(short).is_ok()), "{lang}");
        }
        assert_eq!(SHORTEST.len(), whatlang::Lang::all().len());
    }

    #[test]
    fn a_text_tells_its_language() {
        let texts = [
            ("The quick brown fox jumps over the lazy dog, and then it goes home to sleep.", "en"),
            ("Heute haben wir endlich die neue Fassung veröffentlicht, und sie läuft schon überall.", "de"),
            ("Aujourd'hui nous avons enfin publié la nouvelle version, et tout le monde est content.", "fr"),
            ("今日は新しいバージョンを公開しました。", "ja"),
            ("สวัสดีครับ", "th"),
            ("Сегодня мы наконец опубликовали новую версию, и все очень довольны этим.", "ru"),
        ];
        for (text, lang) in texts {
            assert_eq!(guessed(text, &["auto"]), (vec![lang.to_owned()], false), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_left_out_with_a_warning() {
        for text in
            ["ok", "", "1234 5678 !!! 9", "@alice.test https://example.com/the/quick/brown/fox #the", "Skein 2.0 alpha"]
        {
            assert_eq!(guessed(text, &["auto"]), (vec![], true), "{text}");
        }
    }

    #[test]
    fn what_was_named_stays() {
        let english = "The quick brown fox jumps over the lazy dog, and then it goes home to sleep.";
        assert_eq!(guessed(english, &["de"]), (vec!["de".to_owned()], false));
        assert_eq!(guessed(english, &["pt-BR", "auto"]), (vec!["pt-BR".to_owned(), "en".to_owned()], false));
        assert_eq!(guessed(english, &["en", "auto"]), (vec!["en".to_owned()], false));
        assert_eq!(guessed("ok", &["de", "auto"]), (vec!["de".to_owned()], true));
    }
}
