use serde_json::{Map, Value};
use skein_atproto::richtext::graphemes;
use skein_atproto::syntax::Cid;

use super::formats::{Format, is_cid_link};
use super::issue::preview;
use super::{Issue, Schema, Step, lexicons};

/// Integers beyond this are no longer exact in JSON as JavaScript reads it.
const SAFE_INTEGER_MAX: i64 = 9_007_199_254_740_991;
const ANY_LEX_TYPE: &str = "one of null, boolean, integer, string, cid, bytes, array or object";

impl Schema {
    /// Checks a value; the first fault in the order of the schema is returned.
    pub(crate) fn check(&self, value: &Value, path: &mut Vec<Step>) -> Result<(), Issue> {
        match self {
            Self::Record { record, .. } => record.check(value, path),
            Self::Object { .. } => self.check_object(value, path),
            Self::String { max_bytes, max_graphemes, format } => {
                check_string(value, *max_bytes, *max_graphemes, *format, path)
            }
            Self::Integer { minimum, maximum } => check_integer(value, *minimum, *maximum, path),
            Self::Boolean if value.is_boolean() => Ok(()),
            Self::Boolean => Err(Issue::wrong_type(path, "boolean", value)),
            Self::Array { items, max_items } => check_array(value, items, *max_items, path),
            Self::Ref { reference } => check_reference(reference, value, path),
            Self::Union { refs, closed } => check_union(refs, *closed, value, path),
            Self::Blob { accept, max_bytes } => check_blob(value, accept, *max_bytes, path),
            Self::Unknown => match value {
                Value::Object(members) if !is_cid_link(value) => members
                    .iter()
                    .try_for_each(|(key, member)| below(path, key.as_str(), |path| check_lex_value(member, path))),
                other => Err(Issue::wrong_type(path, "object", other)),
            },
        }
    }

    fn check_object(&self, value: &Value, path: &mut Vec<Step>) -> Result<(), Issue> {
        let Self::Object { required, nullable, properties } = self else { return Ok(()) };
        let Value::Object(members) = value else { return Err(Issue::wrong_type(path, "object", value)) };
        for (key, schema) in &properties.0 {
            match members.get(key) {
                None if required.contains(key) => return Err(Issue::missing(path, key)),
                None => {}
                Some(Value::Null) if nullable.contains(key) => {}
                Some(member) => below(path, key.as_str(), |path| schema.check(member, path))?,
            }
        }
        Ok(())
    }
}

fn below<T>(path: &mut Vec<Step>, step: impl Into<Step>, check: impl FnOnce(&mut Vec<Step>) -> T) -> T {
    path.push(step.into());
    let result = check(path);
    path.pop();
    result
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Checks that a value could be stored at all: no fractions, and integers that JSON carries exactly.
fn check_lex_value(value: &Value, path: &mut Vec<Step>) -> Result<(), Issue> {
    match value {
        Value::Number(number) if number.as_i64().is_none_or(|n| n.abs() > SAFE_INTEGER_MAX) => {
            Err(Issue::wrong_type(path, ANY_LEX_TYPE, value))
        }
        Value::Array(members) => {
            (0..).zip(members).try_for_each(|(index, member)| below(path, index, |path| check_lex_value(member, path)))
        }
        Value::Object(members) => {
            members.iter().try_for_each(|(key, member)| below(path, key.as_str(), |path| check_lex_value(member, path)))
        }
        _ => Ok(()),
    }
}

fn check_string(
    value: &Value,
    max_bytes: Option<usize>,
    max_graphemes: Option<usize>,
    format: Option<Format>,
    path: &[Step],
) -> Result<(), Issue> {
    let Some(text) = value.as_str() else { return Err(Issue::wrong_type(path, "string", value)) };
    if let Some(maximum) = max_bytes.filter(|&maximum| text.len() > maximum) {
        return Err(Issue::too_big(path, "string", maximum, text.len()));
    }
    // Counting graphemes is slow, and a text has at most as many as it has bytes.
    if let Some(maximum) = max_graphemes.filter(|&maximum| text.len() > maximum) {
        let count = graphemes(text);
        if count > maximum {
            return Err(Issue::too_big(path, "grapheme", maximum, count));
        }
    }
    match format.filter(|format| !format.accepts(text)) {
        Some(format) => Err(Issue::new(path, format!("Invalid {} (got {})", format.described(), preview(value)))),
        None => Ok(()),
    }
}

fn check_integer(value: &Value, minimum: Option<i64>, maximum: Option<i64>, path: &[Step]) -> Result<(), Issue> {
    let Some(number) = value.as_i64().filter(|n| n.abs() <= SAFE_INTEGER_MAX) else {
        return Err(Issue::wrong_type(path, "integer", value));
    };
    if let Some(minimum) = minimum.filter(|&minimum| number < minimum) {
        return Err(Issue::too_small(path, "integer", minimum, number));
    }
    match maximum.filter(|&maximum| number > maximum) {
        Some(maximum) => Err(Issue::too_big(path, "integer", maximum, number)),
        None => Ok(()),
    }
}

fn check_array(value: &Value, items: &Schema, max_items: Option<usize>, path: &mut Vec<Step>) -> Result<(), Issue> {
    let Value::Array(members) = value else { return Err(Issue::wrong_type(path, "array", value)) };
    if let Some(maximum) = max_items.filter(|&maximum| members.len() > maximum) {
        return Err(Issue::too_big(path, "array", maximum, members.len()));
    }
    (0..).zip(members).try_for_each(|(index, member)| below(path, index, |path| items.check(member, path)))
}

fn check_reference(reference: &str, value: &Value, path: &mut Vec<Step>) -> Result<(), Issue> {
    if let Some(given) = value.get("$type").filter(|given| given.as_str() != Some(reference)) {
        return below(path, "$type", |path| Err(Issue::not_one_of(path, &[reference.to_owned()], Some(given))));
    }
    lexicons().reference(reference).map_or(Ok(()), |schema| schema.check(value, path))
}

fn check_union(refs: &[String], closed: bool, value: &Value, path: &mut Vec<Step>) -> Result<(), Issue> {
    let Some(given) = value.as_object().and_then(|object| object.get("$type")) else {
        return Err(Issue::wrong_type(path, "an object which includes the \"$type\" property", value));
    };
    if let Some(reference) = refs.iter().find(|reference| given.as_str() == Some(reference.as_str())) {
        return check_reference(reference, value, path);
    }
    if closed {
        return below(path, "$type", |path| Err(Issue::not_one_of(path, refs, Some(given))));
    }
    if given.is_string() { Ok(()) } else { below(path, "$type", |path| Err(Issue::wrong_type(path, "string", given))) }
}

fn check_blob(value: &Value, accept: &[String], max_bytes: u64, path: &mut Vec<Step>) -> Result<(), Issue> {
    let Some(blob) = BlobRef::read(value) else { return Err(Issue::wrong_type(path, "blob", value)) };
    if !accept.iter().any(|accepted| mime_matches(blob.mime_type, accepted)) {
        return below(path, "mimeType", |path| Err(Issue::not_one_of(path, accept, Some(&value["mimeType"]))));
    }
    if blob.size > max_bytes {
        return Err(Issue::too_big(path, "blob", max_bytes, blob.size));
    }
    Ok(())
}

fn mime_matches(given: &str, accepted: &str) -> bool {
    given == accepted || accepted.strip_suffix('*').is_some_and(|prefix| given.starts_with(prefix))
}

/// A reference to a blob inside a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlobRef<'a> {
    /// The CID of the bytes.
    pub(crate) cid: &'a str,
    /// The type that the record claims.
    pub(crate) mime_type: &'a str,
    /// The size in bytes that the record claims.
    pub(crate) size: u64,
}

impl<'a> BlobRef<'a> {
    /// Reads `{"$type": "blob", "ref": {"$link": CID}, "mimeType": …, "size": …}` and nothing else.
    pub(crate) fn read(value: &'a Value) -> Option<Self> {
        let object: &Map<String, Value> = value.as_object()?;
        let mime_type = object.get("mimeType")?.as_str().filter(|mime| mime.contains('/'))?;
        let cid = object.get("ref")?.get("$link")?.as_str().filter(|cid| Cid::parse(cid).is_ok())?;
        let size = object.get("size")?.as_u64()?;
        let exact = object.len() == 4 && object.get("$type")?.as_str() == Some("blob");
        exact.then_some(Self { cid, mime_type, size })
    }

    /// Every blob reference anywhere in a record.
    pub(crate) fn all_in(record: &'a Value) -> Vec<Self> {
        let mut found = Vec::new();
        let mut waiting = vec![record];
        while let Some(value) = waiting.pop() {
            match (Self::read(value), value) {
                (Some(blob), _) => found.push(blob),
                (None, Value::Object(members)) => waiting.extend(members.values()),
                (None, Value::Array(members)) => waiting.extend(members),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CID: &str = "bafyreieawtmh7hwfrqpamqkodza5r62bbfhsepe2iyustgxhgbhi6b2lfi";
    const BLOB: &str = "bafkreieq5jui4j25lacwomsqgjeswwl3y5zcdrresptwgmfylxo2depppq";

    fn fault(change: impl FnOnce(&mut Value)) -> String {
        let mut post = json!({"$type": "app.bsky.feed.post", "text": "hi", "createdAt": "2026-11-21T10:00:00.000Z"});
        change(&mut post);
        let (_, schema) = lexicons().record("app.bsky.feed.post").unwrap();
        schema.check(&post, &mut vec!["record".into()]).map_or_else(|issue| issue.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn what_the_reference_accepts_is_accepted() {
        assert_eq!(fault(|_| ()), "fine");
        assert_eq!(fault(|post| post["text"] = json!("")), "fine");
        assert_eq!(fault(|post| post["text"] = json!("👨‍👩‍👧‍👦".repeat(120))), "fine");
        assert_eq!(fault(|post| post["embed"] = json!({"$type": "com.example.embed", "x": 1})), "fine");
        let dangling =
            json!({"uri": "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3m5aaaaaaaa22", "cid": CID});
        assert_eq!(fault(|post| post["reply"] = json!({"root": dangling, "parent": dangling})), "fine");
    }

    #[test]
    fn faults_are_worded_as_the_reference_words_them() {
        let cases: [(Value, &str, &str); 12] = [
            (json!("a".repeat(301)), "text", "grapheme too big (maximum 300, got 301) at $.record.text"),
            (json!("é".repeat(1501)), "text", "string too big (maximum 3000, got 3002) at $.record.text"),
            (json!(5), "text", "Expected string value type (got 5) at $.record.text"),
            (json!("yesterday"), "createdAt", "Invalid datetime (got \"yesterday\") at $.record.createdAt"),
            (
                json!("2026-11-21T10:00:00"),
                "createdAt",
                "Invalid datetime (got \"2026-11-21T10:00:00\") at $.record.createdAt",
            ),
            (json!(["en", "de", "fr", "es"]), "langs", "array too big (maximum 3, got 4) at $.record.langs"),
            (json!(["EN"]), "langs", "Invalid language (got \"EN\") at $.record.langs[0]"),
            (
                json!({"x": 1}),
                "embed",
                "Expected an object which includes the \"$type\" property value type (got {\"x\": ...}) at $.record.embed",
            ),
            (json!({}), "facets", "Expected array value type (got {}) at $.record.facets"),
            (
                json!({"root": {"uri": "https://x.com", "cid": CID}, "parent": {}}),
                "reply",
                "Invalid at-uri (got \"https://x.com\") at $.record.reply.root.uri",
            ),
            (
                json!({"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": {"a": 1}}]}),
                "embed",
                "Expected blob value type (got {\"a\": ...}) at $.record.embed.images[0].image",
            ),
            (
                json!({"$type": "app.bsky.embed.images", "images": [{"alt": "", "image":
                    {"$type": "blob", "ref": {"$link": BLOB}, "mimeType": "text/plain", "size": 7}}]}),
                "embed",
                "Expected \"image/*\" (got \"text/plain\") at $.record.embed.images[0].image.mimeType",
            ),
        ];
        for (value, field, expected) in cases {
            assert_eq!(fault(|post| post[field] = value), expected);
        }
    }

    #[test]
    fn fractions_and_inexact_integers_cannot_be_stored() {
        let at_x = |value: Value| check_lex_value(&json!({"x": value}), &mut vec!["record".into()]);
        assert_eq!(
            at_x(json!(1.5)).unwrap_err().to_string(),
            "Expected one of null, boolean, integer, string, cid, bytes, array or object value type (got 1.5) at $.record.x"
        );
        assert!(at_x(json!(9_007_199_254_740_993_i64)).is_err());
        assert!(at_x(json!([null, true, -3, "x", {"y": 1}])).is_ok());
    }

    #[test]
    fn blobs_are_found_anywhere_and_only_in_their_exact_form() {
        let blob = json!({"$type": "blob", "ref": {"$link": BLOB}, "mimeType": "image/png", "size": 7});
        let record = json!({"a": [{"b": blob}], "c": {"$type": "blob", "size": 1}});
        assert_eq!(BlobRef::all_in(&record), [BlobRef { cid: BLOB, mime_type: "image/png", size: 7 }]);
    }
}
