//! The reference network, as the harness starts it, behaves as the rest of the tests count on.

#![expect(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::path::Path;

use serde_json::{Value, json};
use skein_testkit::postgres::Postgres;
use skein_testkit::real_network::RealNetwork;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer of a server that nobody is logged in to.
async fn ask(base: &str, target: &str) -> Value {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {target} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test]
async fn real_network_shows_what_was_written_and_leaves_nothing_behind() {
    let mut network = RealNetwork::start().await.unwrap();
    let alice = network.create_account("alice.test").await.unwrap();
    let token = network.access_token(&alice).await.unwrap();
    let record = json!({"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-01-01T00:00:00.000Z"});
    let input = json!({"repo": alice.did, "collection": "app.bsky.feed.post", "record": record});
    let (status, _) = network.xrpc_post("com.atproto.repo.createRecord", &input, Some(&token)).await.unwrap();
    assert_eq!(status, 200);
    network.settle().await.unwrap();
    let target = format!("/xrpc/app.bsky.actor.getProfile?actor={}", alice.did);
    let profile = ask(network.appview_url(), &target).await;
    assert_eq!((&profile["handle"], &profile["postsCount"]), (&json!("alice.test"), &json!(1)));

    let process = format!("/proc/{}", network.pid());
    assert!(Path::new(&process).exists());
    drop(network);
    assert!(!Path::new(&process).exists());
}

#[tokio::test]
async fn real_postgres_listens_on_loopback_and_leaves_nothing_behind() {
    let postgres = Postgres::start().await.unwrap();
    let address = postgres.url().split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    // Whether it wants TLS, in the words of its protocol; without a certificate it does not.
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'N');
    let process = format!("/proc/{}", postgres.pid());
    let folder = std::fs::read_link(format!("{process}/cwd")).unwrap();
    assert!(folder.join("data").exists());
    drop(postgres);
    assert!(!Path::new(&process).exists() && !folder.exists());
    assert!(TcpStream::connect(&address).await.is_err());
}
