//! Lexicon schemas: the record types and the inputs that the sandbox checks, read from two JSON files that use the
//! Lexicon schema language (only the parts that constrain a value).

mod check;
mod formats;
mod issue;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

pub(crate) use check::BlobRef;
pub(crate) use issue::{Issue, Step};

const RECORDS: &str = include_str!("../../lexicons/records.json");
const METHODS: &str = include_str!("../../lexicons/methods.json");

static LEXICONS: LazyLock<Lexicons> = LazyLock::new(|| Lexicons {
    records: serde_json::from_str(RECORDS).unwrap_or_default(),
    methods: serde_json::from_str(METHODS).unwrap_or_default(),
});

type Definitions = BTreeMap<String, BTreeMap<String, Schema>>;

/// Every schema the sandbox knows.
pub(crate) struct Lexicons {
    records: Definitions,
    methods: Definitions,
}

impl Lexicons {
    /// The schema of a record type, if it is one that the sandbox knows.
    pub(crate) fn record(&self, nsid: &str) -> Option<(&str, &Schema)> {
        match self.records.get(nsid)?.get("main")? {
            Schema::Record { key, record } => Some((key, record)),
            _ => None,
        }
    }

    /// The schema of a method's input (a procedure) or parameters (a query).
    pub(crate) fn method(&self, nsid: &str) -> Option<&Schema> {
        self.methods.get(nsid)?.get("main")
    }

    fn reference(&self, reference: &str) -> Option<&Schema> {
        let (nsid, name) = reference.split_once('#').unwrap_or((reference, "main"));
        self.records.get(nsid).or_else(|| self.methods.get(nsid))?.get(name)
    }
}

/// The schemas, read once.
pub(crate) fn lexicons() -> &'static Lexicons {
    &LEXICONS
}

/// One node of the schema language.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Schema {
    Record {
        key: String,
        record: Box<Schema>,
    },
    Object {
        #[serde(default)]
        required: Vec<String>,
        #[serde(default)]
        nullable: Vec<String>,
        properties: Properties,
    },
    String {
        #[serde(rename = "maxLength")]
        max_bytes: Option<usize>,
        #[serde(rename = "maxGraphemes")]
        max_graphemes: Option<usize>,
        format: Option<formats::Format>,
    },
    Integer {
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    Boolean,
    Array {
        items: Box<Schema>,
        #[serde(rename = "maxLength")]
        max_items: Option<usize>,
    },
    Ref {
        #[serde(rename = "ref")]
        reference: String,
    },
    Union {
        refs: Vec<String>,
        #[serde(default)]
        closed: bool,
    },
    Blob {
        accept: Vec<String>,
        #[serde(rename = "maxSize")]
        max_bytes: u64,
    },
    Unknown,
}

impl Schema {
    /// The schema of one property of an object.
    pub(crate) fn property(&self, name: &str) -> Option<&Schema> {
        match self {
            Self::Object { properties, .. } => properties.0.iter().find(|(key, _)| key == name).map(|(_, found)| found),
            _ => None,
        }
    }
}

/// Properties in the order they are written: the first fault in this order is the one that is reported.
#[derive(Debug, Default)]
pub(crate) struct Properties(Vec<(String, Schema)>);

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Properties;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of schemas")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut properties = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    properties.push(entry);
                }
                Ok(Properties(properties))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs_of(schema: &Schema, found: &mut Vec<String>) {
        match schema {
            Schema::Record { record, .. } => refs_of(record, found),
            Schema::Object { properties, .. } => properties.0.iter().for_each(|(_, inner)| refs_of(inner, found)),
            Schema::Array { items, .. } => refs_of(items, found),
            Schema::Ref { reference } => found.push(reference.clone()),
            Schema::Union { refs, .. } => found.extend(refs.iter().cloned()),
            _ => {}
        }
    }

    #[test]
    fn both_files_are_readable_and_every_reference_leads_somewhere() {
        let records: Definitions = serde_json::from_str(RECORDS).unwrap();
        let methods: Definitions = serde_json::from_str(METHODS).unwrap();
        let mut references = Vec::new();
        for definitions in records.values().chain(methods.values()) {
            for schema in definitions.values() {
                refs_of(schema, &mut references);
            }
        }
        assert!(references.len() > 20);
        for reference in references {
            assert!(lexicons().reference(&reference).is_some(), "{reference} leads nowhere");
        }
    }
}
