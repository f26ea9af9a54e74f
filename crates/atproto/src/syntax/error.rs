//! What is wrong with an identifier, in words for people.

/// How much of the refused text an error keeps, in characters: enough to recognise it, never a whole document.
const GIVEN_MAX_CHARS: usize = 64;

/// A text that is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {kind}: {rule}")]
pub struct SyntaxError {
    kind: &'static str,
    rule: &'static str,
    given: String,
}

impl SyntaxError {
    pub(crate) fn new(kind: &'static str, rule: &'static str, given: &str) -> Self {
        let mut shown: String = given.chars().take(GIVEN_MAX_CHARS).collect();
        if shown.len() < given.len() {
            shown.push('…');
        }
        Self { kind, rule, given: shown }
    }

    /// What was expected, with its article: `a handle`, `an at-uri`.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The rule that the text broke, as a sentence without a full stop.
    pub const fn rule(&self) -> &'static str {
        self.rule
    }

    /// The refused text, cut to 64 characters (a cut shows as `…`).
    pub fn given(&self) -> &str {
        &self.given
    }
}
