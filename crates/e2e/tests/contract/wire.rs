//! HTTP by hand, one connection a call, so that nothing between a test and a server repairs or hides anything.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What goes out.
#[derive(Default)]
pub(crate) struct Call<'a> {
    pub(crate) verb: &'a str,
    pub(crate) path: &'a str,
    pub(crate) host: Option<&'a str>,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: Option<Vec<u8>>,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Null if the body is no JSON.
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
        Some(line[name.len() + 2..].trim())
    }

    pub(crate) fn error(&self) -> &str {
        self.json["error"].as_str().unwrap_or("")
    }

    pub(crate) fn message(&self) -> &str {
        self.json["message"].as_str().unwrap_or("")
    }

    /// The JSON of an answer with status 200.
    pub(crate) fn ok(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        &self.json
    }

    /// A text in the JSON of an answer with status 200.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.ok()
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer}: {self:?}"))
            .to_owned()
    }

    pub(crate) fn is(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.error()), (status, error), "{self:?}");
    }

    pub(crate) fn says(&self, status: u16, error: &str, message: &str) {
        assert_eq!((self.status, self.error(), self.message()), (status, error, message), "{self:?}");
    }
}

pub(crate) async fn send(base_url: &str, call: Call<'_>) -> Answer {
    let port: u16 = base_url.rsplit(':').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let host = call.host.map_or_else(|| format!("localhost:{port}"), str::to_owned);
    let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", call.verb, call.path);
    let length = call.body.as_ref().map(|body| body.len().to_string());
    let headers = [
        ("Authorization", call.authorization.as_deref()),
        ("Content-Type", call.content_type),
        ("Content-Length", length.as_deref()),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            head.extend([name, ": ", value, "\r\n"]);
        }
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses a large body by its length may close before it has read it all.
    let sent_all = stream.write_all(call.body.as_deref().unwrap_or_default()).await.is_ok();
    let mut bytes = Vec::new();
    let read_all = stream.read_to_end(&mut bytes).await.is_ok();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end =
        end.unwrap_or_else(|| panic!("{} {}: no answer (sent {sent_all}, read {read_all})", call.verb, call.path));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let body = bytes.split_off(end + 4);
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = String::from_utf8(if chunked { dechunked(&body) } else { body }).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, json: serde_json::from_str(&body).unwrap_or_default(), body }
}

fn dechunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[line + 4 + size..];
    }
}
