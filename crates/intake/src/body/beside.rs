//! Fields that say something beside the texts: in which languages they are, and who may answer.

use serde_json::Value;
use skein_domain::{LANG_AUTO, ReplyGate};

use super::{Reader, wrong_type};

impl Reader {
    /// A list of tags, or `auto` alone.
    pub(super) fn langs(&mut self, value: Value) -> Vec<String> {
        match value {
            Value::String(word) if word == LANG_AUTO => vec![word],
            Value::Array(_) => self.texts("langs", value),
            other => {
                self.faults.push(wrong_type("langs", "a list, or \"auto\"", &other).into());
                Vec::new()
            }
        }
    }

    /// `everyone`, `nobody`, or a list of rules.
    pub(super) fn reply_gate(&mut self, value: Value) -> ReplyGate {
        match value {
            Value::String(words) => ReplyGate::read(&words),
            Value::Array(_) => ReplyGate::Only(self.texts("reply_gate", value)),
            other => {
                let expected = "\"everyone\", \"nobody\", or a list of rules";
                self.faults.push(wrong_type("reply_gate", expected, &other).into());
                ReplyGate::Everyone
            }
        }
    }
}
