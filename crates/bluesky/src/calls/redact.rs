//! What of a request may stand in a log: names, addresses, counts. Not what people wrote, and nothing that opens a door.

mod copied;

use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value};
use url::Url;

use self::copied::{Copied, Rule};

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
    let mut told = Vec::with_capacity(body.len());
    let mut reader = serde_json::Deserializer::from_slice(body);
    Copied { to: &mut told, rule: Rule::Told }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    String::from_utf8(told).ok().map(cut)
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
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::*;
    use crate::properties::{near, value};

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

    proptest! {
        #[test]
        fn no_secret_and_no_words_are_told_wherever_they_stand(
            secret in select(SECRETS), words in select(WORDS), around in select(vec!["writes", "x", "value"]), given in value(), place in 0..3,
        ) {
            let hunter = match place {
                0 => json!("hunter2"),
                1 => json!(["x", ["hunter2"]]),
                _ => json!({"x": {"y": ["hunter2", 77_777_777]}}),
            };
            let words_of = if place == 2 { json!({"text": ["hunter2"]}) } else { hunter.clone() };
            let body = json!({around: [{secret: hunter, words: words_of, "beside": given}]}).to_string();
            let told = redacted_body("a.b.c", body.as_bytes()).unwrap();
            prop_assert!(!told.contains("hunter2") && !told.contains("77777777"), "{}", told);
        }

        #[test]
        fn any_body_is_copied_or_left_out(body in near(&json!({"repo": "did:x", "writes": [{"value": {"text": "a", "n": [1, 2.5, null, true]}}]}))) {
            let parsed = serde_json::from_slice::<Value>(&body);
            match redacted_body("a.b.c", &body) {
                Some(told) => prop_assert!(parsed.is_ok() && (told.ends_with('…') || serde_json::from_str::<Value>(&told).is_ok()), "{}", told),
                None => prop_assert!(parsed.is_err()),
            }
        }

        #[test]
        fn any_query_is_told_but_for_secrets(query in "([a-z]{0,3}=?[a-z%&+=]{0,4}&){0,4}", secret in select(SECRETS)) {
            let url = Url::parse(&format!("https://x.example/xrpc/a?{query}{secret}=hunter2")).unwrap();
            prop_assert!(!redacted_query(&url).unwrap().contains("hunter2"));
        }
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
