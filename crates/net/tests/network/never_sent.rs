//! What provably never left is told apart from what may have arrived.

use std::time::Duration;

use crate::servers::{Server, http, http_with, read_request};
use bytes::Bytes;
use skein_net::header::HeaderValue;
use skein_net::{Call, NetError, NotSentCause, StatusCode, UnknownCause};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(150);

fn write_to(url: Url, timeout: Duration) -> Call {
    Call::post(url, HeaderValue::from_static("application/json"), Bytes::from_static(b"{\"a\":1}"), timeout)
}

async fn fail(url: &Url, timeout: Duration) -> NetError {
    http().allowing(url).fetch(write_to(url.clone(), timeout), 10_000).await.unwrap_err()
}

#[tokio::test]
async fn a_refused_port_was_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/x?token=secret", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = fail(&url, LONG).await;
    assert!(matches!(error, NetError::NotSent { cause: NotSentCause::Connect, .. }), "{error:?}");
    assert!(error.provably_not_sent());
    assert!(!error.to_string().contains("secret") && !format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_was_never_sent() {
    let url = Url::parse("https://pds.example/x").unwrap();
    let error = http_with(skein_net::Dns::Off).fetch(write_to(url, LONG), 10).await.unwrap_err();
    assert!(matches!(error, NetError::NotSent { cause: NotSentCause::Dns, .. }), "{error:?}");
}

#[tokio::test]
async fn a_failed_tls_handshake_was_never_sent() {
    let server = Server::start(|mut stream| async move {
        let mut hello = [0_u8; 64];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 this is no TLS\r\n\r\n").await.unwrap();
    })
    .await;
    let url = Url::parse(&format!("https://{}/", server.address)).unwrap();
    let error = fail(&url, LONG).await;
    assert!(matches!(error, NetError::NotSent { cause: NotSentCause::Connect, .. }), "{error:?}");
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_was_never_sent() {
    let server = Server::start(|mut stream| async move {
        let mut sink = Vec::new();
        stream.read_to_end(&mut sink).await.unwrap();
    })
    .await;
    let url = Url::parse(&format!("https://{}/", server.address)).unwrap();
    let config = skein_net::NetConfig { connect_timeout: SHORT, dns: skein_net::Dns::Off, ..Default::default() };
    let http = skein_net::Http::new(config).unwrap().allowing(&url);
    let error = http.fetch(write_to(url, LONG), 10).await.unwrap_err();
    assert!(matches!(error, NetError::NotSent { cause: NotSentCause::ConnectTimeout, .. }), "{error:?}");
}

#[tokio::test]
async fn closed_at_once_is_unknown() {
    let server = Server::start(|stream| async move { drop(stream) }).await;
    let error = fail(&server.url("/"), LONG).await;
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Broken, .. }), "{error:?}");
    assert!(!error.provably_not_sent());
    assert_eq!(server.connections(), 1, "a write is never sent again");
}

#[tokio::test]
async fn closed_after_reading_the_request_is_unknown() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    let error = fail(&server.url("/"), LONG).await;
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Broken, .. }), "{error:?}");
    assert_eq!(server.connections(), 1, "a write is never sent again");
}

#[tokio::test]
async fn half_an_answer_is_unknown() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":").await;
    let error = fail(&server.url("/"), LONG).await;
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Broken, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_unknown() {
    let server = Server::answering("garbage\r\n\r\n").await;
    let error = fail(&server.url("/"), LONG).await;
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Broken, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let error = fail(&server.url("/"), SHORT).await;
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Timeout, .. }), "{error:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_that_never_ends_in_time_is_unknown() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let error = fail(&server.url("/"), SHORT).await;
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Timeout, .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_bound() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        while stream.write_all(b"5\r\nhello\r\n").await.is_ok() {}
    })
    .await;
    let error = fail(&server.url("/"), LONG).await;
    assert!(matches!(error, NetError::TooLarge { limit_bytes: 10_000, .. }), "{error:?}");
    assert!(!error.provably_not_sent());
}

#[tokio::test]
async fn a_content_length_over_the_bound_is_refused_without_reading() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\nx").await;
    let error = fail(&server.url("/"), LONG).await;
    assert!(matches!(error, NetError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_body_of_exactly_the_bound_is_read() {
    let server = Server::answering("HTTP/1.1 500 Oops\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello").await;
    let url = server.url("/path");
    let fetched = http().allowing(&url).fetch(write_to(url.clone(), LONG), 5).await.unwrap();
    assert_eq!(fetched.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(&fetched.body[..], b"hello");
    assert_eq!(fetched.headers["x-a"], "b");
    assert_eq!(fetched.url, url);
}

#[tokio::test]
async fn a_pooled_connection_that_breaks_under_a_write_is_unknown_and_not_sent_again() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        read_request(&mut stream).await;
    })
    .await;
    let url = server.url("/");
    let http = http().allowing(&url);
    http.fetch(write_to(url.clone(), LONG), 10).await.unwrap();
    let error = http.fetch(write_to(url.clone(), LONG), 10).await.unwrap_err();
    assert!(matches!(error, NetError::Unknown { cause: UnknownCause::Broken, .. }), "{error:?}");
    assert_eq!(
        server.connections(),
        1,
        "the second write used the pooled connection and was not repeated on a new one"
    );
}
