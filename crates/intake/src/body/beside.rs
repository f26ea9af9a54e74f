//! Fields that say something beside the texts: in which languages they are, and who may answer.

use serde_json::Value;
use skein_domain::{CardChoice, GivenCard, LANG_AUTO, ReplyGate};

use super::{Reader, unknown, wrong_type};

/// The fields of a card in its author's words.
const CARD_FIELDS: &str = "url, title, description, image";

impl Reader {
    /// An address, a card in words, or `false` for none.
    pub(super) fn card(&mut self, value: Value) -> CardChoice {
        let fields = match value {
            Value::Bool(false) => return CardChoice::Never,
            Value::String(url) => return CardChoice::Page(url),
            Value::Object(fields) => fields,
            other => {
                let expected = "an address, an object with url and title, or false";
                self.faults.push(wrong_type("card", expected, &other).into());
                return CardChoice::FirstLink;
            }
        };
        let (mut given, mut says_more) = (GivenCard::default(), false);
        for (name, value) in fields {
            let field = format!("card.{name}");
            if !CARD_FIELDS.split(", ").any(|known| known == name) {
                self.faults.push(unknown(&name, "card.", CARD_FIELDS).into());
                continue;
            }
            if value.is_null() {
                continue;
            }
            let Some(words) = self.text(&field, value) else { continue };
            says_more |= name != "url";
            match name.as_str() {
                "url" => given.url = words,
                "title" => given.title = words,
                "description" => given.description = words,
                _ => given.image = Some(words),
            }
        }
        if says_more { CardChoice::Given(given) } else { CardChoice::Page(given.url) }
    }

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
