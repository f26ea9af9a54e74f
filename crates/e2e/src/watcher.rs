//! Whoever watches a process through its HTTP door.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::rig::Serve;

/// A bound on everything that is waited for; a test that reaches it fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What makes a process answer at a port that is free.
pub const ANYWHERE: (&str, &str) = ("SKEIN_LISTEN", "127.0.0.1:0");

/// What makes its leases hold for long: one that is lost on a slow machine is counted, and told.
pub const LONG_LEASE: (&str, &str) = ("SKEIN_LEASE_MS", "60000");

/// A client of one process.
#[derive(Debug)]
pub struct Watcher {
    address: String,
}

impl Watcher {
    /// Waits until the process says in its log where it answers.
    pub async fn of(serve: &mut Serve) -> Self {
        let line = serve.line_with("answers HTTP").await;
        let address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next());
        Self { address: address.unwrap_or_else(|| panic!("no address: {line}")).to_owned() }
    }

    /// Status and body of an answer.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("no status: {head}")), body.to_owned())
    }

    /// The body of the first answer with this status.
    pub async fn until(&self, path: &str, status: u16) -> String {
        let answered = async {
            loop {
                match self.get(path).await {
                    (is, body) if is == status => return body,
                    _ => tokio::time::sleep(PAUSE).await,
                }
            }
        };
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        answered.unwrap_or_else(|_| panic!("{path} never answered {status}"))
    }

    /// All figures.
    pub async fn figures(&self) -> Figures {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200, "{text}");
        Figures { text }
    }
}

/// The figures of a moment.
#[derive(Debug)]
pub struct Figures {
    /// As they are told.
    pub text: String,
}

impl Figures {
    /// One figure, by its name and labels.
    #[track_caller]
    pub fn of(&self, line: &str) -> f64 {
        let found = self.text.lines().find_map(|have| have.strip_prefix(line)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("`{line}` is missing in:\n{}", self.text)).parse().unwrap()
    }

    /// A figure that is a whole number.
    #[track_caller]
    pub fn shows(&self, line: &str, expected: u32) {
        let is = self.of(line);
        assert!((is - f64::from(expected)).abs() < 1e-9, "{line} is {is} and not {expected}:\n{}", self.text);
    }
}
