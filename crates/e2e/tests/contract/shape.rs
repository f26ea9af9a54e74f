//! What two answers have in common, whatever their identifiers are.

use std::collections::BTreeSet;

use serde_json::Value;

/// One call with its answer, freed of what differs from server to server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) error: String,
    pub(crate) message: String,
    pub(crate) limits: Vec<(String, String)>,
    pub(crate) shape: BTreeSet<String>,
}

/// Every path in a JSON value with the type that stands there; the members of an array count as one.
pub(crate) fn shape_of(value: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    collect(value, "$", &mut paths);
    paths
}

fn collect(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(members) => {
            for member in members {
                collect(member, &format!("{path}[]"), paths);
            }
            "array"
        }
        Value::Object(members) => {
            for (key, member) in members {
                collect(member, &format!("{path}.{key}"), paths);
            }
            "object"
        }
    };
    paths.insert(format!("{path}: {kind}"));
}

pub(crate) fn assert_alike(sandbox: &[Entry], real: &[Entry]) {
    for (ours, theirs) in sandbox.iter().zip(real) {
        assert_eq!(ours, theirs, "left is the sandbox, right the reference PDS");
    }
    assert_eq!(sandbox.len(), real.len(), "both went through the same calls");
}
