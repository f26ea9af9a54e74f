use std::iter::Peekable;
use std::str::Split;

use super::SyntaxError;
use super::identifier::identifier_traits;

const KIND: &str = "a language tag";
const MAX_BYTES: usize = 128;

/// Tags from before BCP 47 that its grammar does not cover (RFC 5646, section 2.1, "irregular").
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

/// A BCP 47 language tag, as `en`, `pt-BR` or `zh-Hant`. Kept as given: records are hashed with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

identifier_traits!(Language);

impl Language {
    /// Reads a tag by the strict rules of the protocol; whether the language exists is not asked.
    ///
    /// # Errors
    /// The rule broken: the order of the subtags, a primary subtag of 2 or 3 lower-case letters, no variant and no
    /// extension twice, at most 128 characters.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| SyntaxError::new(KIND, rule, text);
        if text.len() > MAX_BYTES {
            return Err(refuse("it may be at most 128 characters long"));
        }
        if !IRREGULAR.contains(&text) {
            check(text).map_err(refuse)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

type Subtags<'a> = Peekable<Split<'a, char>>;

/// The grammar of RFC 5646: language, extended language, script, region, variants, extensions, private use.
fn check(text: &str) -> Result<(), &'static str> {
    let mut subtags = text.split('-').peekable();
    if subtags.next_if(|s| is_private_use(s)).is_some() {
        return check_private_use(subtags);
    }
    if !subtags.next().is_some_and(|s| matches!(s.len(), 2 | 3) && s.bytes().all(|b| b.is_ascii_lowercase())) {
        return Err("it must begin with a language of 2 or 3 lower-case letters, such as en");
    }
    for _extended_language in 0..3 {
        if subtags.next_if(|s| is_alphabetic(s, 3)).is_none() {
            break;
        }
    }
    let _script = subtags.next_if(|s| is_alphabetic(s, 4));
    let _region = subtags.next_if(|s| is_alphabetic(s, 2) || (s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit())));
    check_variants(&mut subtags)?;
    check_extensions(&mut subtags)?;
    if subtags.next_if(|s| is_private_use(s)).is_some() {
        return check_private_use(subtags);
    }
    if subtags.next().is_some() {
        return Err("the parts must be language, script, region and variants, in this order, joined by hyphens");
    }
    Ok(())
}

fn check_variants(subtags: &mut Subtags<'_>) -> Result<(), &'static str> {
    let mut seen: Vec<&str> = Vec::new();
    while let Some(variant) = subtags.next_if(|s| is_variant(s)) {
        if seen.iter().any(|earlier| earlier.eq_ignore_ascii_case(variant)) {
            return Err("no variant may be repeated");
        }
        seen.push(variant);
    }
    Ok(())
}

fn check_extensions(subtags: &mut Subtags<'_>) -> Result<(), &'static str> {
    let mut seen: Vec<&str> = Vec::new();
    while let Some(singleton) = subtags.next_if(|s| is_alphanumeric(s, 1, 1) && !is_private_use(s)) {
        if seen.iter().any(|earlier| earlier.eq_ignore_ascii_case(singleton)) {
            return Err("no extension may be repeated");
        }
        seen.push(singleton);
        if subtags.next_if(|s| is_alphanumeric(s, 2, 8)).is_none() {
            return Err("after a single character there must be an extension of 2 to 8 characters");
        }
        while subtags.next_if(|s| is_alphanumeric(s, 2, 8)).is_some() {}
    }
    Ok(())
}

fn check_private_use(mut subtags: Subtags<'_>) -> Result<(), &'static str> {
    if subtags.peek().is_some() && subtags.all(|s| is_alphanumeric(s, 1, 8)) {
        Ok(())
    } else {
        Err("after x there must be parts of 1 to 8 letters or digits")
    }
}

fn is_private_use(subtag: &str) -> bool {
    subtag.eq_ignore_ascii_case("x")
}

fn is_alphabetic(subtag: &str, length: usize) -> bool {
    subtag.len() == length && subtag.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_alphanumeric(subtag: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_variant(subtag: &str) -> bool {
    is_alphanumeric(subtag, 5, 8) || (is_alphanumeric(subtag, 4, 4) && subtag.starts_with(|c: char| c.is_ascii_digit()))
}
