//! HTTP by hand, so that tests see exactly what comes over the wire, also when nothing does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use skein_sandbox::{Sandbox, SandboxAccount, SandboxOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const POST: &str = "app.bsky.feed.post";
pub(crate) const APPLY_WRITES: &str = "com.atproto.repo.applyWrites";
/// 2026-11-21T10:00:00Z
pub(crate) const START_S: i64 = 1_795_255_200;

/// A sandbox with one account, and a clock that tests move.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) alice: SandboxAccount,
    pub(crate) token: String,
    second: Arc<AtomicI64>,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::with_seed(1).await
    }

    pub(crate) async fn with_seed(seed: u64) -> Self {
        let second = Arc::new(AtomicI64::new(START_S));
        let clock = Arc::clone(&second);
        let clock = Arc::new(move || jiff::Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap());
        let sandbox = Sandbox::start(SandboxOptions { port: 0, clock, seed }).await.unwrap();
        let alice = sandbox.create_account("alice.test").unwrap();
        let mut stage = Self { sandbox, alice, token: String::new(), second };
        let login = json!({"identifier": stage.alice.handle, "password": stage.alice.app_password});
        let session = stage.post("/xrpc/com.atproto.server.createSession", None, &login).await.json();
        session["accessJwt"].as_str().unwrap().clone_into(&mut stage.token);
        stage
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.second.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let port = self.sandbox.url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
        TcpStream::connect(("127.0.0.1", port)).await.unwrap()
    }

    /// Writes a request and returns the connection, with the answer still on its way.
    pub(crate) async fn send(&self, verb: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> TcpStream {
        let mut stream = self.connect().await;
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let (content, body) = body.map_or_else(Default::default, |body| {
            let body = body.to_string();
            (format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()), body)
        });
        let request =
            format!("{verb} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{token}{content}\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        Answer::read(self.send("POST", path, token, Some(body)).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.send("GET", path, None, None).await).await
    }

    /// `applyWrites` of one post with this key.
    pub(crate) fn writes(&self, rkey: &str, text: &str) -> Value {
        let record = json!({"$type": POST, "text": text, "createdAt": "2026-11-21T10:00:00.000Z"});
        let create =
            json!({"$type": format!("{APPLY_WRITES}#create"), "collection": POST, "rkey": rkey, "value": record});
        json!({"repo": self.alice.did, "validate": true, "writes": [create]})
    }

    pub(crate) async fn publish(&self, rkey: &str, text: &str) -> Answer {
        self.post(&format!("/xrpc/{APPLY_WRITES}"), Some(&self.token), &self.writes(rkey, text)).await
    }

    pub(crate) async fn is_there(&self, rkey: &str) -> bool {
        let query = format!("repo={}&collection={POST}&rkey={rkey}", self.alice.did);
        self.get(&format!("/xrpc/com.atproto.repo.getRecord?{query}")).await.status == 200
    }

    pub(crate) async fn head(&self) -> String {
        let path = format!("/xrpc/com.atproto.sync.getLatestCommit?did={}", self.alice.did);
        self.get(&path).await.json()["cid"].as_str().unwrap().to_owned()
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(stream: TcpStream) -> Self {
        let text = String::from_utf8(everything(stream).await).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// All bytes until the end of the stream, or its reset.
pub(crate) async fn everything(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes).await {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    bytes
}
