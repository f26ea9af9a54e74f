//! As much HTTP/1.1 as a loopback harness needs: messages are read whole and kept as the bytes that came.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A request or an answer: its head, and its body in the framing it came in.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) head: Head,
    pub(crate) raw_body: Vec<u8>,
    framing: Framing,
}

impl Message {
    /// Head and body, byte for byte as they were read.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.raw.as_slice(), self.raw_body.as_slice()].concat()
    }

    /// The body without its chunk framing.
    pub(crate) fn body(&self) -> io::Result<Vec<u8>> {
        if self.framing == Framing::Chunked { unchunk(&self.raw_body) } else { Ok(self.raw_body.clone()) }
    }

    /// Whether another message may follow on the same connection.
    pub(crate) fn keeps_connection(&self) -> bool {
        let closes = self.head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        !closes && self.framing != Framing::UntilClose && self.head.first_line.contains("HTTP/1.1")
    }
}

/// The first line and the headers.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) raw: Vec<u8>,
    first_line: String,
    headers: Vec<(String, String)>,
}

impl Head {
    fn parse(raw: Vec<u8>) -> io::Result<Self> {
        let text = std::str::from_utf8(&raw).map_err(|_| invalid("the head is not UTF-8"))?;
        let mut lines = text.trim_end().split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| line.split_once(':').ok_or_else(|| invalid("a header has no colon")))
            .map(|pair| pair.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())))
            .collect::<io::Result<_>>()?;
        Ok(Self { raw, first_line, headers })
    }

    /// The value of a header; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn word(&self, index: usize) -> &str {
        self.first_line.split(' ').nth(index).unwrap_or_default()
    }

    /// Of a request.
    pub(crate) fn method(&self) -> &str {
        self.word(0)
    }

    /// Of a request: path and query.
    pub(crate) fn target(&self) -> &str {
        self.word(1)
    }

    /// Of an answer.
    pub(crate) fn status(&self) -> io::Result<u16> {
        self.word(1).parse().map_err(|_| invalid("the status line has no status"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Reads a request; `None` when the connection ended before its first byte.
pub(crate) async fn read_request_head<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Head>> {
    read_head(reader).await
}

/// Reads the body that belongs to a request's head.
pub(crate) async fn read_request_body<R: AsyncBufRead + Unpin>(reader: &mut R, head: Head) -> io::Result<Message> {
    // A request without a length has no body.
    let framing = declared_framing(&head)?.unwrap_or(Framing::Length(0));
    read_body(reader, head, framing).await
}

/// Reads the answer to a request of `method`, passing over interim answers (1xx).
pub(crate) async fn read_answer<R: AsyncBufRead + Unpin>(reader: &mut R, method: &str) -> io::Result<Message> {
    loop {
        let head = read_head(reader).await?.ok_or_else(|| broken("the server closed without an answer"))?;
        let status = head.status()?;
        if (100..200).contains(&status) {
            continue;
        }
        let framing = if method == "HEAD" || status == 204 || status == 304 {
            Framing::Length(0)
        } else {
            declared_framing(&head)?.unwrap_or(Framing::UntilClose)
        };
        return read_body(reader, head, framing).await;
    }
}

fn declared_framing(head: &Head) -> io::Result<Option<Framing>> {
    if head.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return Ok(Some(Framing::Chunked));
    }
    let Some(length) = head.header("content-length") else { return Ok(None) };
    let length = length.parse().map_err(|_| invalid("Content-Length is not a number"))?;
    if length > MAX_BODY_BYTES {
        return Err(too_large());
    }
    Ok(Some(Framing::Length(length)))
}

async fn read_head<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Head>> {
    let mut raw = Vec::new();
    loop {
        let before = raw.len();
        read_line(reader, &mut raw, MAX_HEAD_BYTES).await?;
        match raw.len() - before {
            0 if raw.is_empty() => return Ok(None),
            0 => return Err(broken("the connection ended within a head")),
            2 if raw.ends_with(b"\r\n\r\n") => return Head::parse(raw).map(Some),
            _ => {}
        }
    }
}

async fn read_body<R: AsyncBufRead + Unpin>(reader: &mut R, head: Head, framing: Framing) -> io::Result<Message> {
    let mut raw_body = Vec::new();
    match framing {
        Framing::Length(length) => {
            raw_body.resize(length, 0);
            reader.read_exact(&mut raw_body).await?;
        }
        Framing::UntilClose => {
            reader.take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut raw_body).await?;
        }
        Framing::Chunked => read_chunks(reader, &mut raw_body).await?,
    }
    if raw_body.len() > MAX_BODY_BYTES {
        return Err(too_large());
    }
    Ok(Message { head, raw_body, framing })
}

async fn read_chunks<R: AsyncBufRead + Unpin>(reader: &mut R, raw: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let start = raw.len();
        read_line(reader, raw, MAX_BODY_BYTES).await?;
        let size = chunk_size(&raw[start..])?;
        if raw.len().saturating_add(size) > MAX_BODY_BYTES {
            return Err(too_large());
        }
        if size == 0 {
            return read_trailers(reader, raw).await;
        }
        let data = raw.len();
        raw.resize(data + size + 2, 0);
        reader.read_exact(&mut raw[data..]).await?;
    }
}

async fn read_trailers<R: AsyncBufRead + Unpin>(reader: &mut R, raw: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let start = raw.len();
        read_line(reader, raw, MAX_BODY_BYTES).await?;
        match &raw[start..] {
            b"\r\n" => return Ok(()),
            b"" => return Err(broken("the connection ended within a chunked body")),
            _ => {}
        }
    }
}

/// Appends one line to `into`, nothing at the end of the stream.
async fn read_line<R: AsyncBufRead + Unpin>(reader: &mut R, into: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    let room = (limit + 1).saturating_sub(into.len());
    reader.take(room as u64).read_until(b'\n', into).await?;
    if into.len() > limit { Err(too_large()) } else { Ok(()) }
}

fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let text = std::str::from_utf8(line).map_err(|_| invalid("a chunk size is not UTF-8"))?;
    let digits = text.split(';').next().unwrap_or_default().trim();
    usize::from_str_radix(digits, 16).map_err(|_| invalid("a chunk size is not hexadecimal"))
}

fn unchunk(raw: &[u8]) -> io::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(raw.len());
    let mut rest = raw;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| invalid("a chunk has no size line"))?;
        let size = chunk_size(&rest[..=end])?;
        if size == 0 {
            return Ok(body);
        }
        let data = &rest[end + 1..];
        let (chunk, after) = data.split_at_checked(size).ok_or_else(|| invalid("a chunk is cut short"))?;
        body.extend_from_slice(chunk);
        rest = after.get(2..).ok_or_else(|| invalid("a chunk has no end"))?;
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn broken(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "a message is larger than the harness reads ({MAX_HEAD_BYTES} bytes of head, {MAX_BODY_BYTES} of body)"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn request(text: &str) -> io::Result<Message> {
        let mut reader = text.as_bytes();
        let head = read_request_head(&mut reader).await?.ok_or_else(|| broken("empty"))?;
        read_request_body(&mut reader, head).await
    }

    #[tokio::test]
    async fn a_request_is_kept_as_the_bytes_that_came() {
        let text = "POST /xrpc/a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
        let message = request(text).await.unwrap();
        assert_eq!(message.bytes(), text.as_bytes());
        assert_eq!((message.head.method(), message.head.target()), ("POST", "/xrpc/a?b=c"));
        assert!(message.keeps_connection());
    }

    #[tokio::test]
    async fn a_request_without_a_length_has_no_body() {
        let message = request("GET / HTTP/1.1\r\nConnection: close\r\n\r\nrest").await.unwrap();
        assert!(message.raw_body.is_empty());
        assert!(!message.keeps_connection());
    }

    #[tokio::test]
    async fn chunks_are_kept_raw_and_read_joined() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nWiki\r\nA\r\npedia\r\nabc\r\n0\r\nT: 1\r\n\r\n";
        let message = read_answer(&mut text.as_bytes(), "GET").await.unwrap();
        assert_eq!(message.bytes(), text.as_bytes());
        assert_eq!(message.body().unwrap(), b"Wikipedia\r\nabc");
    }

    #[tokio::test]
    async fn interim_answers_are_passed_over() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n";
        let message = read_answer(&mut text.as_bytes(), "POST").await.unwrap();
        assert_eq!(message.head.status().unwrap(), 204);
        assert!(message.keeps_connection());
    }

    #[tokio::test]
    async fn an_answer_without_a_length_ends_with_the_connection() {
        let message = read_answer(&mut "HTTP/1.1 200 OK\r\n\r\nall of it".as_bytes(), "GET").await.unwrap();
        assert_eq!(message.body().unwrap(), b"all of it");
        assert!(!message.keeps_connection());
    }

    #[tokio::test]
    async fn a_cut_message_is_an_error() {
        for text in ["POST / HTTP/1.1\r\nContent-Le", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"] {
            assert_eq!(request(text).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{text}");
        }
        let huge = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", MAX_BODY_BYTES + 1);
        assert_eq!(request(&huge).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
