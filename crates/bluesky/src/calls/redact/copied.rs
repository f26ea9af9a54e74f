//! JSON copied while it is read, without a tree of values in between: every write passes here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{SECRETS, WORDS, hidden, is_one_of};

/// What may be told of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// All of it.
    Told,
    /// Not its text, nor texts in a list: somebody's words. What is within objects has names of its own.
    Words,
    /// Nothing beneath it but names.
    Secret,
}

/// Copies one value to the end of what is there.
pub(super) struct Copied<'a> {
    pub(super) to: &'a mut Vec<u8>,
    pub(super) rule: Rule,
}

impl Copied<'_> {
    fn literal<E: Error>(self, literal: impl serde::Serialize) -> Result<(), E> {
        if self.rule == Rule::Secret {
            self.to.extend_from_slice(b"\"<hidden>\"");
            return Ok(());
        }
        serde_json::to_writer(self.to, &literal).map_err(Error::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Copied<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Copied<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.to.extend_from_slice(b"null");
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.literal(flag)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.literal(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.literal(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.literal(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let written = match self.rule {
            Rule::Told => serde_json::to_writer(self.to, text),
            Rule::Words | Rule::Secret => serde_json::to_writer(self.to, &hidden(text)),
        };
        written.map_err(Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.to.push(b'[');
        let begin = self.to.len();
        loop {
            let end = self.to.len();
            if end > begin {
                self.to.push(b',');
            }
            if items.next_element_seed(Copied { to: &mut *self.to, rule: self.rule })?.is_none() {
                self.to.truncate(end);
                self.to.push(b']');
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.to.push(b'{');
        let begin = self.to.len();
        loop {
            let end = self.to.len();
            if end > begin {
                self.to.push(b',');
            }
            let Some(rule) = members.next_key_seed(Name { to: &mut *self.to, within: self.rule })? else {
                self.to.truncate(end);
                self.to.push(b'}');
                return Ok(());
            };
            self.to.push(b':');
            members.next_value_seed(Copied { to: &mut *self.to, rule })?;
        }
    }
}

/// Copies the name of a member, and says what may be told of it.
struct Name<'a> {
    to: &'a mut Vec<u8>,
    within: Rule,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Rule;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Rule, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Rule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Rule, E> {
        serde_json::to_writer(self.to, name).map_err(Error::custom)?;
        Ok(if self.within == Rule::Secret || is_one_of(SECRETS, name) {
            Rule::Secret
        } else if is_one_of(WORDS, name) {
            Rule::Words
        } else {
            Rule::Told
        })
    }
}
