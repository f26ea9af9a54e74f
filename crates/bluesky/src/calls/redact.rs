//! What of a request may stand in a log: names, addresses, counts. Not what people wrote, and nothing that opens a door.

use serde_json::{Map, Value};
use url::Url;

/// The longest input that is kept, in bytes.
const MAX_INPUT_BYTES: usize = 16 * 1024;

/// Members whose text is somebody's words.
const WORDS: &[&str] = &["text", "alt", "title", "description", "displayName", "message", "reason", "name"];

/// Members that open a door, wherever they stand.
const SECRETS: &[&str] = &[
    "password",
    "token",
    "accessJwt",
    "refreshJwt",
    "authFactorToken",
    "inviteCode",
    "code",
    "secret",
    "plcOp",
    "recoveryKey",
    "email",
];

/// The methods of accounts and sessions, whose bodies are secrets as a whole.
const SECRET_METHODS: &str = "com.atproto.server.";

/// The parameters of an address, as a JSON object; one that is named several times is a list.
pub(super) fn redacted_query(url: &Url) -> Option<String> {
    let mut object = Map::new();
    for (name, value) in url.query_pairs() {
        let value = if is_one_of(SECRETS, &name) { hidden(&value) } else { Value::String(value.into_owned()) };
        match object.get_mut(name.as_ref()) {
            None => drop(object.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    (!object.is_empty()).then(|| cut(Value::Object(object).to_string()))
}

/// A body of JSON. What is no JSON is left out.
pub(super) fn redacted_body(method: &str, body: &[u8]) -> Option<String> {
    if method.starts_with(SECRET_METHODS) {
        return None;
    }
    let mut body: Value = serde_json::from_slice(body).ok()?;
    redact(&mut body);
    Some(cut(body.to_string()))
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if is_one_of(SECRETS, name) || is_one_of(WORDS, name) => *member = hidden(text),
                    other => redact(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// How long it was, and nothing else.
fn hidden(text: &str) -> Value {
    Value::String(format!("<{} characters>", text.chars().count()))
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_INPUT_BYTES {
        let end = (0..=MAX_INPUT_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: &Value) -> Value {
        serde_json::from_str(&redacted_body("com.atproto.repo.applyWrites", value.to_string().as_bytes()).unwrap())
            .unwrap()
    }

    #[test]
    fn words_and_secrets_are_counted_and_not_told() {
        let given = json!({
            "repo": "did:plc:x", "Password": "hunter2",
            "writes": [{"rkey": "3k", "value": {
                "text": "grüße", "langs": ["de"], "createdAt": "2026",
                "embed": {"images": [{"alt": "a cat", "image": {"ref": {"$link": "bafk"}}}]},
            }}],
        });
        let expected = json!({
            "repo": "did:plc:x", "Password": "<7 characters>",
            "writes": [{"rkey": "3k", "value": {
                "text": "<5 characters>", "langs": ["de"], "createdAt": "2026",
                "embed": {"images": [{"alt": "<5 characters>", "image": {"ref": {"$link": "bafk"}}}]},
            }}],
        });
        assert_eq!(body(&given), expected);
    }

    #[test]
    fn bodies_of_sessions_and_what_is_no_json_are_left_out() {
        assert_eq!(redacted_body("com.atproto.server.createSession", br#"{"identifier":"a"}"#), None);
        assert_eq!(redacted_body("com.atproto.repo.createRecord", b"no json"), None);
    }

    #[test]
    fn parameters_are_told_but_for_secrets() {
        let url = Url::parse("https://x.example/xrpc/a?actor=alice&uris=1&uris=2&uris=3&code=secret").unwrap();
        let told: Value = serde_json::from_str(&redacted_query(&url).unwrap()).unwrap();
        assert_eq!(told, json!({"actor": "alice", "uris": ["1", "2", "3"], "code": "<6 characters>"}));
        assert_eq!(redacted_query(&Url::parse("https://x.example/").unwrap()), None);
    }

    #[test]
    fn a_long_input_is_cut_between_characters() {
        let long = body_of(&"é".repeat(20_000));
        assert!(long.len() <= MAX_INPUT_BYTES + '…'.len_utf8() && long.ends_with('…'), "{}", long.len());
    }

    fn body_of(cursor: &str) -> String {
        redacted_body("x", json!({ "cursor": cursor }).to_string().as_bytes()).unwrap()
    }
}
