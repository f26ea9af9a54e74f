//! Names: TXT records, and addresses that the guard lets through.

use std::time::Duration;

use crate::servers::{Known, Server, dns_server, http, http_with};
use skein_net::{AllowPrivate, Call, Dns, Http, NetConfig, NetError, NotSentCause, Refusal};
use url::Url;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn txt_records_are_joined() {
    let dns = dns_server(vec![(
        "_atproto.alice.example",
        Known::Txt(vec![vec!["did=did:plc:", "abc"], vec!["something else"]]),
    )])
    .await;
    let mut texts = http_with(dns).txt("_atproto.alice.example").await.unwrap();
    texts.sort();
    assert_eq!(texts, ["did=did:plc:abc", "something else"]);
}

#[tokio::test]
async fn no_such_name_and_no_such_record_are_empty_answers() {
    let dns = dns_server(vec![("bare.example", Known::A(vec![[1, 1, 1, 1]]))]).await;
    let http = http_with(dns);
    assert_eq!(http.txt("nobody.example").await.unwrap(), Vec::<String>::new());
    assert_eq!(http.txt("bare.example").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failing_server_is_an_error_and_not_an_empty_answer() {
    let dns = dns_server(vec![("broken.example", Known::Code(2)), ("refused.example", Known::Code(5))]).await;
    let http = http_with(dns);
    for name in ["broken.example", "refused.example"] {
        let error = http.txt(name).await.unwrap_err();
        assert!(matches!(error, NetError::NotSent { cause: NotSentCause::Dns, .. }), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn off_fails_at_once_for_everything_but_localhost() {
    let error = http().txt("_atproto.alice.example").await.unwrap_err();
    assert!(error.to_string().contains("turned off"), "{error}");
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let url = Url::parse(&format!("http://localhost:{}/", server.address.port())).unwrap();
    let fetched = http().allowing(&url).fetch(Call::get(url, LONG), 10).await.unwrap();
    assert_eq!(&fetched.body[..], b"ok");
}

#[tokio::test]
async fn a_name_that_points_inside_is_refused() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let dns = dns_server(vec![("evil.example", Known::A(vec![[127, 0, 0, 1], [10, 0, 0, 1]]))]).await;
    let url = Url::parse(&format!("https://evil.example:{}/", server.address.port())).unwrap();
    let error = http_with(dns).fetch(Call::get(url, LONG), 10).await.unwrap_err();
    let text = error.to_string();
    assert!(error.provably_not_sent());
    assert!(matches!(error, NetError::Refused { refusal: Refusal::NotPublic { .. }, .. }), "{error:?}");
    let hint = format!("SKEIN_ALLOW_PRIVATE=evil.example:{}", server.address.port());
    assert!(text.contains("evil.example") && text.contains(&hint) && text.contains("0.0.1"), "{text}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_named_origin_may_point_inside() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let dns = dns_server(vec![("pds.example", Known::A(vec![[127, 0, 0, 1]]))]).await;
    let url = Url::parse(&format!("http://pds.example:{}/", server.address.port())).unwrap();
    let fetched = http_with(dns).allowing(&url).fetch(Call::get(url, LONG), 10).await.unwrap();
    assert_eq!(&fetched.body[..], b"ok");
}

#[tokio::test]
async fn plain_http_to_a_public_address_is_refused_even_where_private_ones_are_allowed() {
    let dns = dns_server(vec![("public.example", Known::A(vec![[1, 1, 1, 1]]))]).await;
    let http = Http::new(NetConfig { allow_private: AllowPrivate::All, dns, ..NetConfig::default() }).unwrap();
    let url = Url::parse("http://public.example/").unwrap();
    let error = http.fetch(Call::get(url, LONG), 10).await.unwrap_err();
    assert!(matches!(error, NetError::Refused { refusal: Refusal::PlainHttpToPublic { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_file_that_is_none_is_named() {
    let config = |path: &str| NetConfig { extra_ca: Some(path.into()), dns: Dns::Off, ..NetConfig::default() };
    let missing = Http::new(config("/nonexistent/ca.pem")).unwrap_err().to_string();
    assert!(missing.contains("/nonexistent/ca.pem") && missing.contains("SKEIN_EXTRA_CA"), "{missing}");
    let wrong = Http::new(config(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).unwrap_err().to_string();
    assert!(wrong.contains("no PEM certificate"), "{wrong}");
    let folder = tempfile::tempdir().unwrap();
    let half = folder.path().join("half.pem");
    std::fs::write(&half, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let half = Http::new(config(half.to_str().unwrap())).unwrap_err().to_string();
    assert!(half.contains("half.pem holds no PEM certificate"), "{half}");
}
