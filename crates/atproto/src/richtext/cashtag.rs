use super::chars::is_space;
use super::{Detected, Feature};

/// Most letters and digits after the dollar sign.
const TICKER_MAX_BYTES: usize = 5;

/// The cashtag whose `$` is at `at`: a letter and up to four letters or digits, then a space, the end or punctuation.
pub(super) fn at(text: &str, at: usize) -> Option<Detected> {
    let rest = &text[at + 1..];
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let ends = |c: char| is_space(c) || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | '"' | '\'' | '’');
    if length > TICKER_MAX_BYTES || !rest[length..].chars().next().is_none_or(ends) {
        return None;
    }
    let byte_end = at + 1 + length;
    Some(Detected { byte_start: at, byte_end, feature: Feature::Tag { tag: text[at..byte_end].to_ascii_uppercase() } })
}

#[cfg(test)]
mod tests {
    use crate::richtext::detect;

    #[test]
    fn what_may_follow_a_cashtag() {
        for text in ["$AAPL’s", "$BRK.B", "$AAPL\"", "$AAPL\u{a0}x"] {
            assert_eq!(detect(text).len(), 1, "{text}");
        }
        for text in ["$AAPL-B", "$AAPLé", "$AAPL/USD", "[$AAPL]", "$AAPL_"] {
            assert!(detect(text).is_empty(), "{text}");
        }
    }
}
