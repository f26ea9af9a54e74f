//! Who may answer and quote a post.

use serde::{Deserialize, Serialize};

/// Who may answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyGate {
    /// Everyone.
    #[default]
    Everyone,
    /// Nobody but its author.
    Nobody,
    /// Whoever one of these rules lets in, as they were written: `mentioned`, `followers`, `following`, or the address of
    /// a list.
    Only(Vec<String>),
}

impl ReplyGate {
    /// Reads `everyone`, `nobody`, or rules with commas between them. Whether there are such rules is for the platform to say.
    pub fn read(words: &str) -> Self {
        match words.trim() {
            "everyone" => Self::Everyone,
            "nobody" => Self::Nobody,
            rules => Self::Only(rules.split(',').map(|rule| rule.trim().to_owned()).collect()),
        }
    }
}

/// What its author keeps others from doing with a post.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gates {
    /// Who may answer.
    pub replies: ReplyGate,
    /// Nobody may quote it.
    pub no_quotes: bool,
}

impl Gates {
    /// Whether everybody may do everything.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_a_word_or_rules() {
        assert_eq!(ReplyGate::read(" everyone "), ReplyGate::Everyone);
        assert_eq!(ReplyGate::read("nobody"), ReplyGate::Nobody);
        let rules = |rules: &[&str]| ReplyGate::Only(rules.iter().map(|rule| (*rule).to_owned()).collect());
        assert_eq!(ReplyGate::read("mentioned, followers"), rules(&["mentioned", "followers"]));
        assert_eq!(ReplyGate::read("nobody,mentioned"), rules(&["nobody", "mentioned"]));
        assert_eq!(ReplyGate::read(""), rules(&[""]));
    }
}
