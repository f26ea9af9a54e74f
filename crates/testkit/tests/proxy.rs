//! Each order that a proxy takes, against a small server that counts what reaches it.

#![expect(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use skein_testkit::proxy::{Fault, Passed, Proxy, ProxyError, Rule};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
const CHUNKED: &str = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

struct Server {
    address: String,
    seen: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_one(stream, answer, Arc::clone(&counter)));
            }
        });
        Self { address, seen, task }
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer_one(stream: TcpStream, answer: &str, seen: Arc<AtomicUsize>) {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap() == 0 {
            return;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    seen.fetch_add(1, Ordering::SeqCst);
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn send(proxy: &Proxy, path: &str, connection: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    let request = format!(
        "POST /xrpc/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

async fn ask(proxy: &Proxy, path: &str) -> String {
    read_all(send(proxy, path, "close").await).await
}

fn passed(path: &str, status: Option<u16>, fault: Option<Fault>) -> Passed {
    Passed { method: "POST".into(), path: format!("/xrpc/{path}"), status, fault }
}

#[tokio::test]
async fn what_no_order_names_passes_and_is_logged() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&format!("http://{}", server.address)).await.unwrap();
    let order = proxy.order(Rule::cut_before_forward("applyWrites"));
    assert_eq!(ask(&proxy, "getRecord?a=b").await, ANSWER);
    assert_eq!(proxy.log(), [passed("getRecord?a=b", Some(200), None)]);
    assert_eq!(proxy.url(), format!("http://localhost:{}", proxy.port()));
    drop(proxy);
    assert!(matches!(order.arrived().await, Err(ProxyError::Ended { .. })));
}

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let mut stream = send(&proxy, "one", "keep-alive").await;
    let mut answer = vec![0; ANSWER.len()];
    stream.read_exact(&mut answer).await.unwrap();
    stream.write_all(b"GET /xrpc/two HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(read_all(stream).await, ANSWER);
    assert_eq!((server.seen(), proxy.count("/xrpc/")), (2, 2));
}

#[tokio::test]
async fn a_chunked_answer_passes_unchanged() {
    let server = Server::start(CHUNKED).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    assert_eq!(ask(&proxy, "a").await, CHUNKED);
    assert_eq!(proxy.log(), [passed("a", Some(201), None)]);
}

#[tokio::test]
async fn a_held_request_goes_on_when_released() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let held = proxy.hold_request("applyWrites");
    let client = send(&proxy, "applyWrites", "close").await;
    held.arrived().await.unwrap();
    assert_eq!((server.seen(), proxy.log()), (0, vec![]));
    held.release();
    assert_eq!(read_all(client).await, ANSWER);
    assert_eq!(held.done().await.unwrap(), Some(200));
    assert_eq!(server.seen(), 1);
    assert_eq!(proxy.log(), [passed("applyWrites", Some(200), Some(Fault::HoldRequest))]);
}

#[tokio::test]
async fn a_held_request_lands_after_its_client_is_gone() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let held = proxy.hold_request("applyWrites");
    let client = send(&proxy, "applyWrites", "close").await;
    held.arrived().await.unwrap();
    drop(client);
    // A later request passes meanwhile, as it would from the process that was restarted.
    assert_eq!(ask(&proxy, "applyWrites").await, ANSWER);
    assert_eq!(server.seen(), 1);
    held.release();
    assert_eq!(held.done().await.unwrap(), Some(200));
    assert_eq!(server.seen(), 2);
}

#[tokio::test]
async fn a_held_request_that_is_dropped_never_arrives() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let held = proxy.hold_request("applyWrites");
    let client = send(&proxy, "applyWrites", "close").await;
    held.arrived().await.unwrap();
    held.drop_held();
    assert_eq!(read_all(client).await, "");
    assert_eq!(held.done().await.unwrap(), None);
    assert_eq!(server.seen(), 0);
}

#[tokio::test]
async fn a_hold_whose_test_is_gone_drops_the_request() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    drop(proxy.hold_request("applyWrites"));
    assert_eq!(ask(&proxy, "applyWrites").await, "");
    assert_eq!(server.seen(), 0);
}

#[tokio::test]
async fn a_held_answer_is_shown_when_released() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let held = proxy.hold_answer("applyWrites");
    let client = send(&proxy, "applyWrites", "close").await;
    held.arrived().await.unwrap();
    assert_eq!(server.seen(), 1);
    held.release();
    assert_eq!(read_all(client).await, ANSWER);
    assert_eq!(held.done().await.unwrap(), Some(200));
}

#[tokio::test]
async fn a_held_answer_that_is_dropped_breaks_the_connection() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let held = proxy.hold_answer("applyWrites");
    let client = send(&proxy, "applyWrites", "close").await;
    held.arrived().await.unwrap();
    held.drop_held();
    assert_eq!(read_all(client).await, "");
    assert_eq!(held.done().await.unwrap(), Some(200));
    assert_eq!(proxy.log(), [passed("applyWrites", Some(200), Some(Fault::HoldAnswer))]);
}

#[tokio::test]
async fn a_cut_before_forwarding_keeps_the_request_from_the_server() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let cut = proxy.order(Rule::cut_before_forward("applyWrites"));
    assert_eq!(ask(&proxy, "applyWrites").await, "");
    assert_eq!(cut.done().await.unwrap(), None);
    assert_eq!(server.seen(), 0);
    assert_eq!(ask(&proxy, "applyWrites").await, ANSWER);
}

#[tokio::test]
async fn a_cut_after_forwarding_hides_what_the_server_did() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let cut = proxy.order(Rule::cut_after_forward("applyWrites"));
    assert_eq!(ask(&proxy, "applyWrites").await, "");
    cut.arrived().await.unwrap();
    assert_eq!(cut.done().await.unwrap(), Some(200));
    assert_eq!(server.seen(), 1);
}

#[tokio::test]
async fn a_cut_within_the_answer_shows_its_head_and_half_of_its_body() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let cut = proxy.order(Rule::cut_mid_answer("applyWrites"));
    assert_eq!(ask(&proxy, "applyWrites").await, &ANSWER[..ANSWER.len() - 5]);
    assert_eq!(cut.done().await.unwrap(), Some(200));
}

#[tokio::test]
async fn orders_count_and_follow_one_another() {
    let server = Server::start(ANSWER).await;
    let proxy = Proxy::start(&server.address).await.unwrap();
    let third = proxy.order(Rule::cut_before_forward("applyWrites").nth(3));
    let first = proxy.order(Rule::cut_after_forward("applyWrites"));
    let second = proxy.order(Rule::cut_mid_answer("applyWrites"));
    for _ in 0..4 {
        ask(&proxy, "applyWrites").await;
        ask(&proxy, "getRecord").await;
    }
    let faults: Vec<_> = proxy
        .log()
        .into_iter()
        .filter(|passed| passed.path.contains("applyWrites"))
        .map(|passed| passed.fault)
        .collect();
    assert_eq!(faults, [Some(Fault::CutAfterForward), Some(Fault::CutMidAnswer), Some(Fault::CutBeforeForward), None]);
    assert_eq!(first.done().await.unwrap(), Some(200));
    assert_eq!(second.done().await.unwrap(), Some(200));
    assert_eq!(third.done().await.unwrap(), None);
}

#[tokio::test]
async fn a_server_that_is_down_is_a_broken_connection() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let proxy = Proxy::start(&address).await.unwrap();
    assert_eq!(ask(&proxy, "applyWrites").await, "");
    assert_eq!(proxy.log(), [passed("applyWrites", None, None)]);
}
