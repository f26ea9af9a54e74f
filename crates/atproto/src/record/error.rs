//! Why something is not a record.

/// Why something is not a record of the protocol's data model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The JSON is something else than an object.
    #[error("a record must be a JSON object, as {{\"$type\": \"app.bsky.feed.post\", …}}")]
    NotAnObject,
    /// A value that the data model does not have. The path is a JSON pointer, empty for the record itself.
    #[error("at \"{path}\" in the record: {rule}")]
    Value {
        /// JSON pointer (RFC 6901) to the value.
        path: String,
        /// The rule broken.
        rule: &'static str,
    },
    /// Bytes that are not DAG-CBOR in its one canonical form.
    #[error("these bytes are not a record in canonical DAG-CBOR: {reason}")]
    Bytes {
        /// What the decoder found.
        reason: String,
    },
    /// More than 1 MiB of DAG-CBOR.
    #[error("a record may be at most 1048576 bytes as DAG-CBOR; this one has {given_bytes}")]
    TooLarge {
        /// The size that was found.
        given_bytes: usize,
    },
}

/// A broken rule and the way to it, collected from the inside out while the walk returns.
pub(super) struct Fault {
    rule: &'static str,
    way: Vec<String>,
}

impl Fault {
    pub(super) const fn new(rule: &'static str) -> Self {
        Self { rule, way: Vec::new() }
    }

    pub(super) fn under(mut self, segment: &str) -> Self {
        self.way.push(segment.replace('~', "~0").replace('/', "~1"));
        self
    }
}

impl From<Fault> for RecordError {
    fn from(fault: Fault) -> Self {
        let path = fault.way.iter().rev().fold(String::new(), |path, segment| path + "/" + segment);
        Self::Value { path, rule: fault.rule }
    }
}
