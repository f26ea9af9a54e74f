//! XRPC over plain loopback HTTP, one connection a call. No TLS, no redirects, no DNS.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::proxy::wire;

const CALL_LIMIT_S: u64 = 30;

/// `/xrpc/NSID?a=b`.
pub(super) fn target(nsid: &str, params: &[(&str, &str)]) -> String {
    let query: Vec<_> = params.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/xrpc/{nsid}{mark}{}", query.join("&"))
}

/// The status and the body: JSON, or the text as a string, or null when empty.
pub(super) async fn call(
    port: u16,
    method: &str,
    target: &str,
    authorization: Option<&str>,
    body: Option<&Value>,
) -> io::Result<(u16, Value)> {
    let body = body.map(Value::to_string);
    let request = request(port, method, target, authorization, body.as_deref());
    let exchange = async {
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
        stream.write_all(request.as_bytes()).await?;
        let answer = wire::read_answer(&mut stream, method).await?;
        Ok((answer.head.status()?, json_or_text(&answer.body()?)))
    };
    timeout(Duration::from_secs(CALL_LIMIT_S), exchange)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {CALL_LIMIT_S} s"))))
}

fn request(port: u16, method: &str, target: &str, authorization: Option<&str>, body: Option<&str>) -> String {
    let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let content = body.map(|body| format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{authorization}{}\r\n{}",
        content.unwrap_or_default(),
        body.unwrap_or_default()
    )
}

fn json_or_text(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded() {
        assert_eq!(target("a.b", &[]), "/xrpc/a.b");
        assert_eq!(target("a.b", &[("uri", "at://x/y"), ("t", "ä b")]), "/xrpc/a.b?uri=at%3A%2F%2Fx%2Fy&t=%C3%A4%20b");
    }

    #[test]
    fn a_body_brings_its_length_in_bytes() {
        let text = request(1, "POST", "/xrpc/a", Some("Bearer t"), Some("\"ä\""));
        assert!(
            text.contains(
                "Authorization: Bearer t\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n\"ä\""
            )
        );
    }

    #[test]
    fn what_is_not_json_is_shown_as_text() {
        assert_eq!(json_or_text(b""), Value::Null);
        assert_eq!(json_or_text(b"{\"a\":1}"), serde_json::json!({"a": 1}));
        assert_eq!(json_or_text(b"<html>"), Value::String("<html>".into()));
    }
}
