use std::fmt::{self, Write as _};

use serde_json::Value;

/// How much of a refused string a message repeats.
const PREVIEW_CHARS: usize = 256;
const PREVIEW_MEMBERS: usize = 2;

/// One step of the way to a value inside a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A property of an object.
    Key(String),
    /// A place in an array.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

/// What is wrong with a value, and where; worded as the reference PDS words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    message: String,
    path: Vec<Step>,
}

impl Issue {
    pub(crate) fn new(path: &[Step], message: String) -> Self {
        Self { message, path: path.to_vec() }
    }

    pub(crate) fn wrong_type(path: &[Step], expected: &str, got: &Value) -> Self {
        Self::new(path, format!("Expected {expected} value type (got {})", preview(got)))
    }

    pub(crate) fn missing(path: &[Step], key: &str) -> Self {
        Self::new(path, format!("Missing required key \"{key}\""))
    }

    pub(crate) fn too_big(path: &[Step], what: &str, maximum: impl fmt::Display, got: impl fmt::Display) -> Self {
        Self::new(path, format!("{what} too big (maximum {maximum}, got {got})"))
    }

    pub(crate) fn too_small(path: &[Step], what: &str, minimum: impl fmt::Display, got: impl fmt::Display) -> Self {
        Self::new(path, format!("{what} too small (minimum {minimum}, got {got})"))
    }

    pub(crate) fn not_one_of(path: &[Step], allowed: &[String], got: Option<&Value>) -> Self {
        let allowed: Vec<String> = allowed.iter().map(|one| Value::from(one.as_str()).to_string()).collect();
        let got = got.map_or_else(|| "undefined".to_owned(), preview);
        Self::new(path, format!("Expected {} (got {got})", one_of(&allowed)))
    }

    /// The message without the path: parameters of a query are reported so.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at $", self.message)?;
        for step in &self.path {
            match step {
                Step::Index(index) => write!(formatter, "[{index}]")?,
                Step::Key(key) if is_plain(key) => write!(formatter, ".{key}")?,
                Step::Key(key) => write!(formatter, "[{}]", Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && chars.all(|next| next.is_ascii_alphanumeric() || next == '_' || next == '$')
}

fn one_of(allowed: &[String]) -> String {
    match allowed {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("one of {} or {last}", first.join(", ")),
    }
}

/// A short form of a refused value: strings are cut, objects and arrays show their first members.
pub(crate) fn preview(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() >= PREVIEW_CHARS => {
            let cut: String = text.chars().take(PREVIEW_CHARS - 1).collect();
            Value::from(format!("{cut}…")).to_string()
        }
        Value::Array(members) => bracketed('[', ']', members.iter().map(preview), members.len()),
        Value::Object(_) if super::formats::is_cid_link(value) => "cid".to_owned(),
        Value::Object(members) => {
            let keys = members.keys().map(|key| format!("{}: ...", Value::from(key.as_str())));
            bracketed('{', '}', keys, members.len())
        }
        other => other.to_string(),
    }
}

fn bracketed(open: char, close: char, members: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = String::from(open);
    for (index, member) in members.take(PREVIEW_MEMBERS).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        write!(text, "{separator}{member}").unwrap_or_default();
    }
    if count > PREVIEW_MEMBERS {
        text.push_str(", ...");
    }
    text.push(close);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_read_like_the_reference_ones() {
        let path = ["writes".into(), Step::Index(3), "record".into(), "a b".into()];
        assert_eq!(
            Issue::missing(&path, "text").to_string(),
            "Missing required key \"text\" at $.writes[3].record[\"a b\"]"
        );
    }

    #[test]
    fn previews_are_short() {
        assert_eq!(preview(&json!({"a": 1, "b": 2, "c": 3})), r#"{"a": ..., "b": ..., ...}"#);
        assert_eq!(preview(&json!({})), "{}");
        assert_eq!(preview(&json!([1, "x", 3])), r#"[1, "x", ...]"#);
        assert_eq!(preview(&json!("x".repeat(300))).chars().count(), 258);
        assert_eq!(preview(&json!(1.5)), "1.5");
    }
}
