//! Small servers that behave badly, each on a loopback port of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use skein_net::{Dns, Http, NetConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use url::Url;

/// A TCP server that handles each connection with the given closure, and counts connections.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start<F, R>(handle: F) -> Self
    where
        F: Fn(TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handle(stream));
            }
        });
        Self { address, connections }
    }

    /// Reads each request and answers it with these bytes, then closes.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<Vec<u8>> = Arc::new(answer.into());
        Self::start(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                read_request(&mut stream).await;
                stream.write_all(&answer).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        })
        .await
    }

    pub(crate) async fn redirecting(location: &str) -> Self {
        Self::answering(format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")).await
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads head and body of one HTTP/1.1 request and gives the text of both.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the client closed before its request was complete");
        read.extend_from_slice(&buffer[..count]);
    }
}

pub(crate) fn http() -> Http {
    http_with(Dns::Off)
}

pub(crate) fn http_with(dns: Dns) -> Http {
    let connect_timeout = Duration::from_secs(5);
    Http::new(NetConfig { dns, connect_timeout, ..NetConfig::default() }).unwrap()
}

/// What the test's DNS server knows about one name and type.
#[derive(Clone)]
pub(crate) enum Known {
    Txt(Vec<Vec<&'static str>>),
    A(Vec<[u8; 4]>),
    /// An answer without records and with this response code.
    Code(u8),
}

/// A DNS server over UDP that answers from a list and says NXDOMAIN to everything else.
pub(crate) async fn dns_server(known: Vec<(&'static str, Known)>) -> Dns {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0_u8; 1500];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            let answer = dns_answer(&buffer[..length], &known);
            socket.send_to(&answer, peer).await.unwrap();
        }
    });
    Dns::Server(address)
}

fn dns_answer(query: &[u8], known: &[(&'static str, Known)]) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let name = labels.join(".");
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let question_end = at + 5;
    let entries: Vec<&Known> = known.iter().filter(|(n, _)| *n == name).map(|(_, known)| known).collect();
    let mut code = if entries.is_empty() { 3 } else { 0 };
    let mut records: Vec<Vec<u8>> = Vec::new();
    for entry in entries {
        match entry {
            Known::Code(given) => code = *given,
            Known::Txt(texts) if kind == 16 => records.extend(texts.iter().map(|strings| {
                strings.iter().flat_map(|s| [&[u8::try_from(s.len()).unwrap()], s.as_bytes()].concat()).collect()
            })),
            Known::A(addresses) if kind == 1 => records.extend(addresses.iter().map(|a| a.to_vec())),
            Known::Txt(_) | Known::A(_) => {}
        }
    }
    let mut answer = query[..2].to_vec();
    answer.extend([0x85, 0x80 | code, 0, 1]);
    answer.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    answer.extend([0, 0, 0, 0]);
    answer.extend(&query[12..question_end]);
    for data in records {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    answer
}
