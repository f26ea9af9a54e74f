//! Redirects: followed by reads only, guarded at every step, bounded, and never with somebody else's token.

use std::sync::Arc;
use std::time::Duration;

use crate::servers::{Server, http, read_request};
use bytes::Bytes;
use skein_net::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use skein_net::{Call, MAX_REDIRECTS, NetError, Refusal, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_redirect_to_a_private_host_is_refused_and_the_host_never_asked() {
    let secret = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
    for location in [
        secret.url("/").to_string(),
        format!("http://localhost:{}/", secret.address.port()),
        format!("https://localhost:{}/", secret.address.port()),
        format!("https://127.1:{}/", secret.address.port()),
        format!("https://[::ffff:127.0.0.1]:{}/", secret.address.port()),
    ] {
        let open = Server::redirecting(&location).await;
        let url = open.url("/start?token=x");
        let error = http().allowing(&url).fetch(Call::get(url, LONG), 100).await.unwrap_err();
        assert!(matches!(error, NetError::Refused { redirected_from: Some(_), .. }), "{location}: {error:?}");
        assert!(!error.provably_not_sent(), "the first page was asked");
        assert!(error.to_string().contains("redirects there") && !error.to_string().contains("token"), "{error}");
    }
    assert_eq!(secret.connections(), 0);
}

#[tokio::test]
async fn an_allowed_name_does_not_open_its_neighbours() {
    let neighbour = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let url = neighbour.url("/");
    let other = url::Url::parse("http://127.0.0.1:1/").unwrap();
    let error = http().allowing(&other).fetch(Call::get(url, LONG), 10).await.unwrap_err();
    let NetError::Refused { host, port, refusal, .. } = error else { panic!("{error:?}") };
    assert_eq!((host.as_str(), port), ("127.0.0.1", neighbour.address.port()));
    assert!(matches!(refusal, Refusal::NotPublic { kind: "loopback", .. }), "{refusal:?}");
}

#[tokio::test]
async fn a_write_takes_a_redirect_as_its_answer() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let target = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let answer = format!("HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url("/"));
        let server = Server::answering(answer).await;
        let (url, json) = (server.url("/"), HeaderValue::from_static("application/json"));
        let call = Call::post(url.clone(), json, Bytes::from_static(b"{}"), LONG);
        let fetched = http().allowing(&url).allowing(&target.url("/")).fetch(call, 100).await.unwrap();
        assert!(fetched.status.is_redirection(), "{status}");
        assert_eq!(target.connections(), 0, "{status}");
        assert_eq!(server.connections(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_read_follows_and_leaves_its_token_behind() {
    let (seen, mut heads) = mpsc::unbounded_channel();
    let seen = Arc::new(seen);
    let target = Server::start(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            seen.send(read_request(&mut stream).await).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await.unwrap();
        }
    })
    .await;
    let server = Server::redirecting(target.url("/end").as_str()).await;
    let call = Call::get(server.url("/start"), LONG)
        .header(AUTHORIZATION, HeaderValue::from_static("Bearer secret"))
        .header(ACCEPT, HeaderValue::from_static("text/plain"));
    let http = http().allowing(&server.url("/")).allowing(&target.url("/"));
    let fetched = http.fetch(call, 100).await.unwrap();
    assert_eq!((fetched.status, &fetched.body[..]), (StatusCode::OK, &b"done"[..]));
    assert_eq!(fetched.url, target.url("/end"));
    let head = heads.recv().await.unwrap().to_ascii_lowercase();
    assert!(!head.contains("secret") && head.contains("accept: text/plain"), "{head}");
}

#[tokio::test]
async fn circles_end() {
    let server = Server::redirecting("/again").await;
    let url = server.url("/");
    let error = http().allowing(&url).fetch(Call::get(url, LONG), 100).await.unwrap_err();
    assert!(matches!(error, NetError::TooManyRedirects { limit: MAX_REDIRECTS, .. }), "{error:?}");
    assert_eq!(server.connections(), usize::from(MAX_REDIRECTS) + 1);
}

#[tokio::test]
async fn a_redirect_to_a_dead_host_is_not_called_never_sent() {
    let server = Server::redirecting("https://gone.example/").await;
    let url = server.url("/");
    let error = http().allowing(&url).fetch(Call::get(url, LONG), 100).await.unwrap_err();
    assert!(matches!(error, NetError::Unknown { .. }), "{error:?}");
    assert!(error.to_string().contains("gone.example"), "{error}");
}

#[tokio::test]
async fn a_read_can_refuse_to_follow() {
    let server = Server::redirecting("/elsewhere").await;
    let url = server.url("/");
    let fetched = http().allowing(&url).fetch(Call::get(url, LONG).without_redirects(), 100).await.unwrap();
    assert_eq!(fetched.status, StatusCode::FOUND);
}
