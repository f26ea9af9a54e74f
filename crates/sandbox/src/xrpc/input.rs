use serde_json::{Map, Number, Value};

use super::{BLOB_MAX_BYTES, Incoming, JSON_MAX_BYTES, Refusal, VIDEO_MAX_BYTES, WRITE_MAX_BYTES};
use crate::schema::{Schema, lexicons};

/// Integers beyond this are not exact in JavaScript; the reference PDS answers them with a plain 500.
const SAFE_INTEGER_MAX: f64 = 9_007_199_254_740_991.0;

/// What comes with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Nothing,
    /// Parameters in the URL, by the schema of the method.
    Parameters,
    /// JSON, by the schema of the method.
    Json,
    /// JSON that holds records.
    Records,
    /// A file.
    Blob,
    /// A video, or a part of one.
    Video,
}

impl Input {
    /// Reads the parameters of a query.
    pub(super) fn read_parameters(self, nsid: &str, query: &str) -> Result<Option<Value>, Refusal> {
        let Some(schema) = lexicons().method(nsid).filter(|_| self == Self::Parameters) else { return Ok(None) };
        let mut parameters = Map::new();
        for (key, text) in url::form_urlencoded::parse(query.as_bytes()) {
            match schema.property(&key) {
                Some(Schema::Array { items, .. }) => {
                    let values = parameters.entry(key).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(values) = values {
                        values.push(parameter(&text, items));
                    }
                }
                Some(single) => {
                    let value = parameter(&text, single);
                    parameters.insert(key.into_owned(), value);
                }
                None => {}
            }
        }
        let parameters = Value::Object(parameters);
        schema
            .check(&parameters, &mut Vec::new())
            .map_err(|issue| Refusal::invalid(format!("Invalid {nsid} params: {}", issue.message())))?;
        Ok(Some(parameters))
    }

    /// Reads the body, by its kind, and its media type.
    pub(super) fn read_body(self, nsid: &str, incoming: &Incoming) -> Result<(Value, String), Refusal> {
        let max_bytes = match self {
            Self::Nothing | Self::Parameters if incoming.body.is_empty() => return Ok((Value::Null, String::new())),
            Self::Nothing | Self::Parameters => {
                return Err(Refusal::invalid("A request body was provided when none was expected"));
            }
            Self::Json => JSON_MAX_BYTES,
            Self::Records => WRITE_MAX_BYTES,
            Self::Blob => BLOB_MAX_BYTES,
            Self::Video => VIDEO_MAX_BYTES,
        };
        if !incoming.has_body {
            return Err(Refusal::invalid("A request body is expected but none was provided"));
        }
        let content_type = incoming.content_type.as_deref().map(media_type).filter(|kind| !kind.is_empty());
        let content_type = content_type
            .ok_or_else(|| Refusal::invalid("Request encoding (Content-Type) required but not provided"))?;
        let is_file = matches!(self, Self::Blob | Self::Video);
        if !is_file && content_type != "application/json" {
            return Err(Refusal::invalid(format!("Wrong request encoding (Content-Type): {content_type}")));
        }
        if incoming.body.len() > max_bytes {
            let error = if is_file { "PayloadTooLarge" } else { "PayloadTooLargeError" };
            return Err(Refusal::new(413, error, "request entity too large"));
        }
        let input = if is_file { Value::Null } else { read_json(nsid, incoming)? };
        Ok((input, content_type))
    }
}

fn media_type(header: &str) -> String {
    header.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

fn parameter(text: &str, schema: &Schema) -> Value {
    match schema {
        Schema::Integer { .. } => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Schema::Boolean => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::from(other),
        },
        _ => Value::from(text),
    }
}

fn read_json(nsid: &str, incoming: &Incoming) -> Result<Value, Refusal> {
    let mut value: Value =
        serde_json::from_slice(&incoming.body).map_err(|error| Refusal::new(400, "SyntaxError", error.to_string()))?;
    as_javascript_reads(&mut value)?;
    if let Some(object) = value.as_object_mut().filter(|_| incoming.ignores_swap) {
        object.shift_remove("swapCommit");
    }
    if let Some(schema) = lexicons().method(nsid) {
        schema.check(&value, &mut Vec::new()).map_err(|issue| Refusal::invalid(issue.to_string()))?;
    }
    Ok(value)
}

/// JSON numbers as JavaScript has them: `1.0` is the integer 1.
fn as_javascript_reads(value: &mut Value) -> Result<(), Refusal> {
    match value {
        Value::Array(members) => members.iter_mut().try_for_each(as_javascript_reads),
        Value::Object(members) => members.values_mut().try_for_each(as_javascript_reads),
        Value::Number(number) => {
            let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0) else { return Ok(()) };
            if float.abs() > SAFE_INTEGER_MAX {
                return Err(Refusal::internal());
            }
            if let Ok(whole) = format!("{float:.0}").parse::<i64>() {
                *number = Number::from(whole);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_what_javascript_makes_of_them() {
        let mut value: Value = serde_json::from_str(r#"{"a": 1.0, "b": [1.5, -3], "c": 1e3}"#).unwrap();
        as_javascript_reads(&mut value).unwrap();
        assert_eq!(value, json!({"a": 1, "b": [1.5, -3], "c": 1000}));
        assert!(as_javascript_reads(&mut json!(9_007_199_254_740_993_i64)).is_err());
    }

    #[test]
    fn parameters_are_read_by_their_schema() {
        let read = |nsid, query| Input::Parameters.read_parameters(nsid, query);
        let list =
            read("com.atproto.repo.listRecords", "repo=a.test&collection=a.b.c&limit=2&reverse=true&x=1").unwrap();
        assert_eq!(list, Some(json!({"repo": "a.test", "collection": "a.b.c", "limit": 2, "reverse": true})));
        let posts = read("app.bsky.feed.getPosts", "uris=at%3A%2F%2Fa.test%2Fa.b.c%2F1").unwrap();
        assert_eq!(posts, Some(json!({"uris": ["at://a.test/a.b.c/1"]})));
        let refused = read("com.atproto.repo.listRecords", "repo=a.test&collection=a.b.c&limit=101").unwrap_err();
        let message = "Invalid com.atproto.repo.listRecords params: integer too big (maximum 100, got 101)";
        assert_eq!(refused, Refusal::invalid(message));
    }
}
